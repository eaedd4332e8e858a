//! A refused write has an error with the text of the broken rule, however few connections there are: no request holds one while
//! it waits for another.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Actor, App, eventually};

/// Longer than the test may take: a request that waits for a second connection fails it.
const WAIT: Duration = Duration::from_mins(5);

/// Returns a mutation for each kind of rule, and the constraint that it breaks.
fn broken(protocol: i64) -> [(String, &'static str); 4] {
    let event = |fields: &str| {
        format!(
            "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\", {fields} }}) {{
               sessionEvent {{ id }} }} }}"
        )
    };
    let homework = format!(
        "mutation {{ createIntegrationHomework(input: {{ protocolId: {protocol}, homeworkTypeId: 1,
           assignedDate: \"2026-01-02\", dueDate: \"2026-01-01\" }}) {{ integrationHomework {{ id }} }} }}"
    );
    [
        (event("intensityLevel: 11"), "session_events_intensity_level_check"),
        (event("intensityLevel: 0"), "session_events_intensity_level_check"),
        (event("eventTypeId: \"999\""), "session_events_event_type_id_fkey"),
        (homework, "valid_dates"),
    ]
}

async fn words(app: &App, constraint: &str) -> Value {
    let sql = format!(
        "SELECT obj_description(oid, 'pg_constraint') AS words FROM pg_constraint WHERE conname = '{constraint}'"
    );
    oracle(app, &sql).await[0]["words"].clone()
}

async fn assert_told(app: &App, writer: &Actor<'_>, mutation: &str, constraint: &str) {
    let refused = writer.ask(mutation).await;
    let expected = words(app, constraint).await;
    assert!(expected.is_string(), "{constraint} has words");
    assert_eq!(refused.error()["message"], expected, "{mutation}");
    assert_eq!(refused.error()["extensions"]["constraint"], constraint);
}

#[tokio::test]
async fn every_refusal_has_its_words_over_one_connection() {
    let app = App::with(|config| {
        config.database.pool_size = 1;
        config.database.pool_timeout = WAIT;
    })
    .await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "refused").await;
    let protocol = protocol(&owner, site).await;
    // Twice: the text is read once, and then cached.
    for _ in 0..2 {
        for (mutation, constraint) in broken(protocol) {
            assert_told(&app, &writer, &mutation, constraint).await;
        }
    }
    let admin = app.user("network@praxis.example").await;
    let create =
        "mutation { createMedication(input: { medicationName: \"Testazine\" }) { medication { id } } }";
    admin.ask(create).await.data();
    assert_told(&app, &admin, create, "ref_medications_medication_name_key").await;
    // The refused write leaves nothing, neither rows nor the writer.
    let events = format!("SELECT count(*) AS n FROM session_events WHERE protocol_id = {protocol}");
    assert_eq!(oracle(&app, &events).await[0]["n"], 0);
    assert_eq!(
        app.anonymous().ask("{ protocols { totalCount } }").await.data()["protocols"]["totalCount"],
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_refusals_at_once_have_their_words_over_two_connections() {
    let app = App::with(|config| {
        config.database.pool_size = 2;
        config.database.pool_timeout = WAIT;
    })
    .await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "all at once").await;
    let protocol = protocol(&owner, site).await;
    let broken = broken(protocol);
    join_all((0..16).map(|number| {
        let (mutation, constraint) = &broken[number % broken.len()];
        assert_told(&app, &writer, mutation, constraint)
    }))
    .await;
}

#[tokio::test]
async fn other_words_for_a_rule_are_told_once_they_are_written() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "words").await;
    let protocol = protocol(&owner, site).await;
    let (mutation, constraint) = &broken(protocol)[0];
    assert_told(&app, &writer, mutation, constraint).await;
    for words in ["'How it was, from 1 to 10.'", "NULL"] {
        let sql = format!("COMMENT ON CONSTRAINT {constraint} ON session_events IS {words}");
        owner.batch_execute(&sql).await.unwrap();
        let expected = words
            .trim_matches('\'')
            .replace("NULL", &format!("The row violates the constraint {constraint}."));
        eventually("the new words are told", async || {
            writer.ask(mutation).await.error()["message"] == expected
        })
        .await;
    }
}

#[tokio::test]
async fn more_rows_than_a_field_may_add_are_refused_where_they_are_given() {
    let app = App::with(|config| config.limits.written_rows = 3).await;
    let actor = app.clinician_north().await;
    let input = "{protocolId: 1}";
    let homework = "{protocolId: 1, assignedDate: \"2026-01-01\", dueDate: \"2026-01-02\"}";
    let event = "{eventType: \"Distress\"}";
    for (mutation, argument) in [
        (format!("createSessionEvents(inputs: [{}]) {{ affectedCount }}", [input; 4].join(",")), "inputs"),
        (
            format!("createIntegrationHomeworks(inputs: [{}]) {{ affectedCount }}", [homework; 4].join(",")),
            "inputs",
        ),
        (
            format!(
                "logSessionEvents(protocolId: 1, events: [{}]) {{ affectedCount }}",
                [event; 4].join(",")
            ),
            "events",
        ),
    ] {
        let answer = actor.ask(&format!("mutation {{ {mutation} }}")).await;
        assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{mutation}: {:#}", answer.body);
        assert_eq!(answer.error()["extensions"]["argument"], argument);
        let message = answer.error()["message"].as_str().unwrap();
        assert_eq!(
            message,
            format!("{argument}: one field adds at most 3 rows, together with those that belong to them")
        );
    }
}
