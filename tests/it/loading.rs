//! The number of statements of a query depends on its levels and relations, not on the number of rows.

use std::time::{Duration, Instant};

use praxis::database::WAITING_PER_CONNECTION;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use crate::fixture::{clinician, protocol};
use crate::harness::{Answer, App};

/// Inserts protocols with a substance, three events and two homework items each.
async fn protocols(owner: &Client, site: i64, number: i64) {
    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records (site_id, substance_id)
               SELECT {site}, n % 3 + 1 FROM generate_series(1, {number}) n;
             INSERT INTO session_events (protocol_id, event_timestamp, event_type_id, intensity_level)
               SELECT record_id, '2026-01-01Z'::timestamptz + n * interval '1 minute', n, n
               FROM log_clinical_records, generate_series(1, 3) n WHERE site_id = {site};
             INSERT INTO integration_homework (protocol_id, homework_type_id, assigned_date, due_date)
               SELECT record_id, n, '2026-01-01', '2026-01-02'
               FROM log_clinical_records, generate_series(1, 2) n WHERE site_id = {site};
             ANALYZE;"
        ))
        .await
        .unwrap();
}

/// Five levels of rows: sites' protocols → events → their protocol → its site → its memberships. Aliases and fragments select the
/// same relations again.
const FIVE_LEVELS: &str = "
  query {
    protocols(first: 500, orderBy: {recordId: ASC}) {
      nodes {
        ...summary
        recordId
        events(orderBy: {eventTimestamp: ASC}, first: 5) {
          nodes {
            eventType { eventName }
            kind: eventType { colorCode }
            protocol { ...summary site { siteName memberships { nodes { role } } } }
          }
        }
        again: events(orderBy: {eventTimestamp: ASC}, first: 5) { nodes { eventId intensityLevel } }
        homework(first: 5) { totalCount nodes { dueDate homeworkType { homeworkName } } }
      }
    }
  }
  fragment summary on Protocol {
    id
    substance { substanceName }
    events(orderBy: {eventTimestamp: ASC}, first: 5) { nodes { notes } }
  }";

#[tokio::test]
async fn a_query_of_five_levels_takes_the_same_statements_for_one_parent_and_for_five_hundred() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (few, few_site) = clinician(&app, &owner, "few").await;
    let (many, many_site) = clinician(&app, &owner, "many").await;
    protocols(&owner, few_site, 1).await;
    protocols(&owner, many_site, 500).await;
    // The first request fills the cache of reference tables: event types, substances, types of homework.
    few.ask(FIVE_LEVELS).await.data();

    let (one, five_hundred) = (few.ask(FIVE_LEVELS).await, many.ask(FIVE_LEVELS).await);
    assert_eq!(one.nodes("protocols").len(), 1);
    assert_eq!(five_hundred.nodes("protocols").len(), 500);
    for answer in [&one, &five_hundred] {
        for node in answer.nodes("protocols") {
            assert!(node["substance"]["substanceName"].is_string());
            let events = node["events"]["nodes"].as_array().unwrap();
            assert_eq!(events.len(), 3);
            assert_eq!(node["again"]["nodes"].as_array().unwrap().len(), 3);
            assert!(events.iter().all(|event| event["protocol"]["id"] == node["id"]));
            assert_eq!(
                events[0]["protocol"]["site"]["memberships"]["nodes"],
                json!([{ "role": "CLINICIAN" }])
            );
            assert_eq!(node["homework"]["totalCount"], 2);
        }
    }
    // protocols; their events, homework and count of homework; the events' protocols, with their sites; these protocols' events
    // (the same relation and arguments as above: rows are not loaded twice); memberships. Event types, substances and types of
    // homework come from memory.
    assert_eq!(one.statements(), 6);
    assert_eq!(five_hundred.statements(), one.statements());
    // At most one for each level: the statements of a branch that is a level ahead travel with another's.
    assert!(one.round_trips() <= 4);
    assert!(five_hundred.round_trips() <= 4);
}

#[tokio::test]
async fn the_same_question_is_asked_once_and_another_one_again() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "sharing").await;
    protocols(&owner, site, 3).await;
    let ask = async |selection: &str| -> (u32, u32, Value) {
        let query = format!(
            "query($n: Int = 2) {{ protocols {{ nodes {{ recordId {selection} }} }} }} fragment f on Protocol {{
               events(first: 2) {{ nodes {{ eventId }} }} }}"
        );
        let query = if selection.contains("...f") {
            query
        } else {
            query.split(" fragment").next().unwrap().to_owned()
        };
        let query = if selection.contains("$n") { query } else { query.replace("($n: Int = 2)", "") };
        let answer = asker.ask(&query).await;
        (answer.statements(), answer.round_trips(), answer.data()["protocols"]["nodes"].clone())
    };

    for (selection, statements) in [
        ("", 1),
        ("events(first: 2) { nodes { eventId } }", 2),
        (
            "a: events(first: 2) { nodes { eventId } } b: events(first: 2) { edges { cursor node { notes } } }",
            2,
        ),
        ("a: events(first: 2) { nodes { eventId } } ...f ... on Node { ...f }", 2),
        ("a: events(first: 2) { nodes { eventId } } b: events(first: $n) { nodes { eventId } }", 2),
        ("a: events(first: 2) { nodes { eventId } } b: events(first: 1) { nodes { eventId } }", 3),
        ("a: events(first: 2) { nodes { eventId } } b: events(last: 2) { nodes { eventId } }", 3),
        ("a: events { nodes { eventId } } b: events(orderBy: {notes: ASC}) { nodes { eventId } }", 3),
        (
            "a: events { nodes { eventId } } b: events(filter: {intensityLevel: {gt: 1}}) { nodes { eventId } }",
            3,
        ),
        ("a: events(first: 1) { totalCount } b: events(first: 2) { totalCount }", 2),
        ("a: events { totalCount } b: events(filter: {intensityLevel: {gt: 1}}) { totalCount }", 3),
        ("a: site { siteName } b: site { siteId } c: site { region }", 2),
        ("events { nodes { eventId } } homework { nodes { homeworkId } } site { siteId }", 4),
        ("events @skip(if: true) { nodes { eventId } } site @include(if: false) { siteId }", 1),
    ] {
        let (took, round_trips, nodes) = ask(selection).await;
        assert_eq!(took, statements, "{selection}");
        assert_eq!(
            round_trips,
            statements.min(2),
            "what does not depend on one another travels together: {selection}"
        );
        assert_eq!(nodes.as_array().unwrap().len(), 3);
    }

    // Each alias still has its own result.
    let (_, _, nodes) =
        ask("a: events(first: 2) { nodes { eventId } } b: events(first: 2) { nodes { intensityLevel } }")
            .await;
    assert_eq!(nodes[0]["a"]["nodes"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["eventId"]);
    assert_eq!(nodes[0]["b"], json!({ "nodes": [{ "intensityLevel": 1 }, { "intensityLevel": 2 }] }));
}

/// The events of the first protocol are asked for twice, and on the third level together with those of the second protocol.
#[tokio::test]
async fn a_level_that_repeats_a_question_and_asks_another_one_of_the_same_load_has_both_answers() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "repeating").await;
    protocols(&owner, site, 2).await;
    let ids = asker.ask("{ protocols { nodes { recordId } } }").await.data()["protocols"]["nodes"].clone();
    let (first, second) = (&ids[0]["recordId"], &ids[1]["recordId"]);
    let query = format!(
        "{{
          protocol(recordId: {first}) {{ events(first: 1) {{ nodes {{ protocol {{ events(first: 1) {{ nodes {{ protocolId }} }} }} }} }} }}
          homework: integrationHomeworks(first: 1, filter: {{ protocolId: {{ eq: {second} }} }}) {{
            nodes {{ protocol {{ events(first: 1) {{ nodes {{ protocolId }} }} }} }}
          }}
        }}"
    );
    // The answers of a level have no order: one would be lost in every second request.
    for _ in 0..20 {
        let answer = asker.ask(&query).await;
        let data = answer.data();
        let near = &data["protocol"]["events"]["nodes"][0]["protocol"]["events"]["nodes"];
        let far = &data["homework"]["nodes"][0]["protocol"]["events"]["nodes"];
        assert_eq!((near, far), (&json!([{ "protocolId": first }]), &json!([{ "protocolId": second }])));
    }
}

#[tokio::test]
async fn ten_look_ups_by_key_share_one_statement() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "keys").await;
    let mut records = Vec::new();
    for _ in 0..10 {
        records.push(protocol(&owner, site).await);
    }
    let fields: Vec<String> = records
        .iter()
        .map(|id| format!("p{id}: protocol(recordId: {id}) {{ recordId site {{ siteName }} }}"))
        .collect();
    let answer = asker.ask(&format!("{{ {} }}", fields.join(" "))).await;
    for id in &records {
        assert_eq!(
            answer.data()[format!("p{id}")],
            json!({ "recordId": id.to_string(), "site": { "siteName": "keys" } })
        );
    }
    assert_eq!(answer.statements(), 1, "protocols, with their sites");
    assert_eq!(answer.round_trips(), 1);
}

#[tokio::test]
async fn nothing_is_asked_for_what_needs_no_row() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, _) = clinician(&app, &owner, "empty").await;
    let statements = async |query: &str| asker.ask(query).await.statements();
    assert_eq!(statements("{ __typename __schema { queryType { name } } }").await, 0);
    assert_eq!(statements("{ protocols { __typename } }").await, 0);
    // Without protocols there are no keys for the next level.
    assert_eq!(statements("{ protocols { nodes { events { nodes { protocol { recordId } } } } } }").await, 1);
    assert_eq!(statements("{ protocol(recordId: 999999) { site { siteName } } }").await, 1);
}

const EVENT_TYPES: &str = "{
  eventTypes(orderBy: {eventTypeId: ASC}) { totalCount nodes { eventName } }
  eventType(eventTypeId: 1) { eventName }
  byName: eventType(eventName: \"Breakthrough\") { colorCode }
  sessionEvents { nodes { eventType { eventName } } }
}";

#[tokio::test]
async fn reference_rows_come_from_memory_until_they_change() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "memory").await;
    protocols(&owner, site, 1).await;
    // Returns how long it takes until a change is visible in repeated requests.
    let seen_after = async |change: String, seen: &dyn Fn(&Answer) -> bool| {
        asker.ask(EVENT_TYPES).await.data();
        owner.batch_execute(&change).await.unwrap();
        let start = Instant::now();
        loop {
            let answer = asker.ask(EVENT_TYPES).await;
            if seen(&answer) {
                return start.elapsed();
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{:#}", answer.body);
            sleep(Duration::from_millis(10)).await;
        }
    };
    let rename =
        |name: &str| format!("UPDATE ref_event_types SET event_name = '{name}' WHERE event_type_id = 1");
    let shows = |pointer: &'static str, value: Value| {
        move |answer: &Answer| *answer.data().pointer(pointer).unwrap() == value
    };
    // The gateway may not have begun to listen yet; until then it reads again every few seconds.
    seen_after(rename("First"), &shows("/eventType/eventName", "First".into())).await;
    seen_after(rename("Then"), &shows("/eventType/eventName", "Then".into())).await;

    // A change is visible soon: by key, in a list, behind a relation, and in a count.
    for (change, pointer, value) in [
        (rename("Second"), "/eventType/eventName", json!("Second")),
        (rename("Third"), "/eventTypes/nodes/0/eventName", json!("Third")),
        (rename("Fourth"), "/sessionEvents/nodes/0/eventType/eventName", json!("Fourth")),
        (
            "INSERT INTO ref_event_types (event_name) VALUES ('Ninth')".into(),
            "/eventTypes/totalCount",
            json!(9),
        ),
        ("DELETE FROM ref_event_types WHERE event_name = 'Ninth'".into(), "/eventTypes/totalCount", json!(8)),
    ] {
        let took = seen_after(change, &shows(pointer, value)).await;
        assert!(took < Duration::from_secs(1), "{pointer}: {took:?}");
    }

    // No one can read the table now, and the gateway need not.
    asker.ask(EVENT_TYPES).await.data();
    owner.batch_execute("BEGIN; LOCK TABLE ref_event_types IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let answer =
        timeout(Duration::from_secs(2), asker.ask(EVENT_TYPES)).await.expect("an answer without the table");
    assert_eq!(answer.data()["eventTypes"]["nodes"][0]["eventName"], "Fourth");
    assert_eq!(answer.statements(), 1, "the events");
    owner.batch_execute("ROLLBACK").await.unwrap();

    // The policies apply to the cache too.
    let nobody = app.anonymous().ask(EVENT_TYPES).await;
    assert_eq!(nobody.data()["eventTypes"], json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(nobody.data()["eventType"], Value::Null);
}

#[tokio::test]
async fn a_row_found_by_its_key_brings_along_what_it_points_to() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "along").await;
    let record = protocol(&owner, site).await;
    let score = "INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
                 VALUES ($1, 'IES', 50, now()) RETURNING score_id";
    let score: i64 = owner.query_one(score, &[&record]).await.unwrap().get(0);
    let query = format!(
        "{{ integrationScore(scoreId: {score}) {{
          protocol {{ recordId site {{ siteName memberships {{ nodes {{ role }} }} }} substance {{ substanceName }}
            integrationScores {{ nodes {{ scoreId }} }} }}
        }} }}"
    );
    let answer = asker.ask(&query).await;
    let found = json!({
        "recordId": record.to_string(),
        "site": { "siteName": "along", "memberships": { "nodes": [{ "role": "CLINICIAN" }] } },
        "substance": null,
        "integrationScores": { "nodes": [{ "scoreId": score.to_string() }] },
    });
    assert_eq!(answer.data()["integrationScore"]["protocol"], found);
    assert_eq!(answer.statements(), 3, "score with its protocol and site; memberships, scores");
    assert_eq!(answer.round_trips(), 2);

    // A row that the caller may not see is absent wherever it is selected.
    owner.batch_execute("CREATE POLICY hidden ON sites AS RESTRICTIVE USING (false)").await.unwrap();
    let answer = asker.ask(&query).await;
    assert_eq!(answer.data()["integrationScore"]["protocol"]["site"], json!(null));
    owner.batch_execute("DELETE FROM user_sites").await.unwrap();
    assert_eq!(asker.ask(&query).await.data()["integrationScore"], json!(null));
}

#[tokio::test]
async fn many_requests_over_one_connection_do_not_wait_for_one_another_for_ever() {
    let app = App::with(|config| {
        config.database.pool_size = 1;
        config.database.pool_timeout = Duration::from_secs(10);
    })
    .await;
    let north = app.clinician_north().await;
    // As many requests as may wait at once. Each needs uncached reference tables while it holds the only connection.
    let query = "{ protocols(first: 5) { nodes { substance { substanceName } events(first: 5) { nodes {
        eventType { eventName } protocol { id } } } } } }";
    let answers = futures_util::future::join_all((0..WAITING_PER_CONNECTION).map(|_| north.ask(query))).await;
    for answer in answers {
        assert_eq!(answer.nodes("protocols").len(), 5);
    }
}

#[tokio::test]
async fn pages_from_either_end_are_not_taken_for_one_another_in_memory() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    // The same rows by the same statement: the last rows of the opposite order are the first ones, reversed.
    let ids = async |page: &str| {
        let answer =
            north.ask(&format!("{{ homeworkTypes({page}) {{ nodes {{ homeworkTypeId }} }} }}")).await;
        let nodes = answer.nodes("homeworkTypes").clone();
        nodes.iter().map(|node| node["homeworkTypeId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("last: 2, orderBy: [{homeworkTypeId: DESC}]").await, ["2", "1"]);
    assert_eq!(ids("first: 2").await, ["1", "2"]);
}
