//! Mutations: rows are added, changed and deleted, all or none, and errors have the text of the broken rule.

use serde_json::{Value, json};

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::App;

/// Adds an event and selects as many levels as a query.
const CREATE: &str = "mutation($input: SessionEventInput!) {
  createSessionEvent(input: $input) {
    sessionEvent {
      id eventId intensityLevel createdAt eventType { eventName } protocol { recordId events { totalCount } }
    }
  }
}";

#[tokio::test]
async fn a_new_row_comes_back_as_deeply_as_a_query_asks() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "writer").await;
    let protocol = protocol(&owner, site).await.to_string();

    let input = json!({
        "protocolId": protocol, "eventTypeId": 1, "eventTimestamp": "2026-01-01T10:00:00Z", "intensityLevel": 7
    });
    let answer = clinician.ask_with(CREATE, &json!({ "input": input })).await;
    let event = &answer.data()["createSessionEvent"]["sessionEvent"];
    assert_eq!(event["intensityLevel"], 7);
    assert_eq!(event["eventType"]["eventName"], "Distress");
    assert_eq!(event["protocol"], json!({ "recordId": protocol, "events": { "totalCount": 1 } }));
    assert!(event["createdAt"].is_string());
    // The columns that the database sets: the author and the site.
    let row = oracle(
        &app,
        "SELECT created_by IS NOT NULL AS signed, site_id FROM session_events ORDER BY event_id DESC LIMIT 1",
    )
    .await;
    assert_eq!(row, json!([{ "signed": true, "site_id": site }]));
    // One statement to write, one for the row with its protocol, one for the row that this references; in addition only the
    // commit waits.
    assert_eq!((answer.statements(), answer.round_trips()), (3, 4));
}

#[tokio::test]
async fn many_rows_are_one_statement() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "bulk").await;
    let protocol = protocol(&owner, site).await.to_string();
    let inputs: Vec<Value> = (0..500)
        .map(|n| {
            let mut input = json!({ "protocolId": protocol, "eventTimestamp": format!("2026-01-01T10:{:02}:00Z", n % 60) });
            if n % 2 == 0 {
                input["intensityLevel"] = json!(n % 10 + 1);
            }
            input
        })
        .collect();
    let mutation = "mutation($inputs: [SessionEventInput!]!) {
      createSessionEvents(inputs: $inputs) { affectedCount nodes { intensityLevel } }
    }";
    let answer = clinician.ask_with(mutation, &json!({ "inputs": inputs })).await;
    let created = &answer.data()["createSessionEvents"];
    assert_eq!(created["affectedCount"], 500);
    let levels: Vec<&Value> =
        created["nodes"].as_array().unwrap().iter().map(|it| &it["intensityLevel"]).collect();
    let expected: Vec<Value> = inputs.iter().map(|it| it["intensityLevel"].clone()).collect();
    assert_eq!(levels, expected.iter().collect::<Vec<_>>(), "in the order given");
    assert_eq!(answer.statements(), 2);
}

#[tokio::test]
async fn rows_that_belong_to_a_new_row_are_added_with_it_or_not_at_all() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "nested").await;
    let create = |score: i32| {
        format!(
            "mutation {{
              createProtocol(input: {{
                siteId: \"{site}\", sessionType: DOSING, sessionDate: \"2026-01-01\",
                events: [{{ eventTypeId: 1, eventTimestamp: \"2026-01-01T10:00:00Z\" }},
                         {{ eventTypeId: 2, eventTimestamp: \"2026-01-01T11:00:00Z\", intensityLevel: 3 }}],
                integrationScores: {{ scaleType: IES, scoreValue: {score}, measuredAt: \"2026-01-08T10:00:00Z\" }}
              }}) {{
                protocol {{
                  events(orderBy: {{ eventTimestamp: ASC }}) {{ nodes {{ intensityLevel eventType {{ eventName }} }} }}
                  integrationScores {{ nodes {{ scoreValue daysPostDose }} }}
                }}
              }}
            }}"
        )
    };
    let answer = clinician.ask(&create(40)).await;
    assert_eq!(
        answer.data()["createProtocol"]["protocol"],
        json!({
            "events": { "nodes": [
                { "intensityLevel": null, "eventType": { "eventName": "Distress" } },
                { "intensityLevel": 3, "eventType": { "eventName": "Breakthrough" } }
            ] },
            "integrationScores": { "nodes": [{ "scoreValue": 40.0, "daysPostDose": 7 }] }
        })
    );
    let count = format!("SELECT count(*) AS n FROM log_clinical_records WHERE site_id = {site}");
    assert_eq!(oracle(&app, &count).await, json!([{ "n": 1 }]));

    let refused = clinician.ask(&create(101)).await;
    assert_eq!(refused.code(), "BAD_USER_INPUT");
    assert_eq!(refused.error()["extensions"]["constraint"], "valid_integration_score");
    assert_eq!(refused.error()["extensions"]["table"], "integration_scores");
    assert_eq!(refused.error()["extensions"]["argument"], "input.integrationScores.0.scoreValue");
    assert_eq!(refused.body["data"], Value::Null);
    assert_eq!(oracle(&app, &count).await, json!([{ "n": 1 }]), "the protocol neither");
}

#[tokio::test]
async fn a_request_of_several_fields_happens_whole_or_not_at_all() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "whole").await;
    let protocol = protocol(&owner, site).await;
    let refused = clinician
        .ask(&format!(
            "mutation {{
              good: createIntegrationScore(input: {{ protocolId: {protocol}, scaleType: IES, scoreValue: 5,
                measuredAt: \"2026-01-08T10:00:00Z\" }}) {{ integrationScore {{ id }} }}
              bad: createIntegrationScore(input: {{ protocolId: {protocol}, scaleType: IES, scoreValue: 500,
                measuredAt: \"2026-01-08T10:00:00Z\" }}) {{ integrationScore {{ id }} }}
            }}"
        ))
        .await;
    assert_eq!(refused.error()["path"], json!(["bad"]));
    let count = format!("SELECT count(*) AS n FROM integration_scores WHERE protocol_id = {protocol}");
    assert_eq!(oracle(&app, &count).await, json!([{ "n": 0 }]));
}

#[tokio::test]
async fn a_row_is_changed_by_its_key_or_its_global_id() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "changer").await;
    let protocol = protocol(&owner, site).await;
    let by_key = clinician
        .ask(&format!(
            "mutation {{ updateProtocol(recordId: {protocol}, patch: {{ sessionType: DOSING, dosageMg: 25.5 }}) {{
               protocol {{ id sessionType dosageMg sessionStatus }} }} }}"
        ))
        .await;
    let changed = by_key.data()["updateProtocol"]["protocol"].clone();
    assert_eq!(changed["dosageMg"], 25.5);
    assert_eq!(changed["sessionStatus"], "DRAFT", "what is left out stays");
    let by_id =
        "mutation($id: ID!) { updateProtocol(id: $id, patch: { dosageMg: null }) { protocol { dosageMg } } }";
    let answer = clinician.ask_with(by_id, &json!({ "id": changed["id"] })).await;
    assert_eq!(answer.data()["updateProtocol"]["protocol"]["dosageMg"], Value::Null);

    let empty = clinician
        .ask(&format!(
            "mutation {{ updateProtocol(recordId: {protocol}, patch: {{}}) {{ protocol {{ id }} }} }}"
        ))
        .await;
    assert_eq!((empty.code(), &empty.error()["extensions"]["argument"]), ("BAD_USER_INPUT", &json!("patch")));
    let both = "mutation($id: ID!) { updateProtocol(id: $id, recordId: 1, patch: { dosageMg: 1 }) { protocol { id } } }";
    assert_eq!(clinician.ask_with(both, &json!({ "id": changed["id"] })).await.code(), "BAD_USER_INPUT");
    let other = "mutation($id: ID!) { deleteIntegrationScore(id: $id) { integrationScore { id } } }";
    let wrong = clinician.ask_with(other, &json!({ "id": changed["id"] })).await;
    assert_eq!(wrong.error()["message"], "id: this is not the id of a IntegrationScore");
}

#[tokio::test]
async fn a_change_can_demand_that_nobody_else_made_one() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "careful").await;
    let protocol = protocol(&owner, site).await;
    let read = format!("{{ protocol(recordId: {protocol}) {{ updatedAt }} }}");
    let seen = clinician.ask(&read).await.data()["protocol"]["updatedAt"].clone();
    let change = "mutation($key: BigInt!, $mg: Float!, $seen: DateTime!) {
      updateProtocol(recordId: $key, patch: { dosageMg: $mg }, ifUnchangedSince: $seen) { protocol { dosageMg updatedAt } }
    }";
    let first = clinician.ask_with(change, &json!({ "key": protocol, "mg": 10, "seen": seen })).await;
    assert_eq!(first.data()["updateProtocol"]["protocol"]["dosageMg"], 10.0);
    let second = clinician.ask_with(change, &json!({ "key": protocol, "mg": 20, "seen": seen })).await;
    assert_eq!(second.code(), "CONFLICT");
    let present = &second.error()["extensions"]["present"]["protocol"];
    assert_eq!(*present, first.data()["updateProtocol"]["protocol"], "the row as it is now");
    let again =
        clinician.ask_with(change, &json!({ "key": protocol, "mg": 20, "seen": present["updatedAt"] })).await;
    assert_eq!(again.data()["updateProtocol"]["protocol"]["dosageMg"], 20.0);
}

#[tokio::test]
async fn a_deleted_row_is_returned_as_it_was() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "deleter").await;
    let protocol = protocol(&owner, site).await;
    let sql = "INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
      VALUES ($1, 'EIS', 61, '2026-01-01Z') RETURNING score_id";
    let score: i64 = owner.query_one(sql, &[&protocol]).await.unwrap().get(0);
    let delete = format!(
        "mutation {{ deleteIntegrationScore(scoreId: {score}) {{
           integrationScore {{ scoreId scoreValue protocol {{ recordId }} }} }} }}"
    );
    let answer = clinician.ask(&delete).await;
    assert_eq!(
        answer.data()["deleteIntegrationScore"]["integrationScore"],
        json!({ "scoreId": score.to_string(), "scoreValue": 61.0, "protocol": { "recordId": protocol.to_string() } })
    );
    assert_eq!(clinician.ask(&delete).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn what_one_may_not_see_is_not_found_and_what_one_may_not_write_is_forbidden() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (stranger, _) = clinician(&app, &owner, "stranger").await;
    let (clinician, site) = clinician(&app, &owner, "owner").await;
    let protocol = protocol(&owner, site).await;
    let update = format!(
        "mutation {{ updateProtocol(recordId: {protocol}, patch: {{ dosageMg: 1 }}) {{ protocol {{ id }} }} }}"
    );
    assert_eq!(stranger.ask(&update).await.code(), "NOT_FOUND");
    clinician.ask(&update).await.data();

    // Every user sees profiles, and none can change another's.
    let profile =
        oracle(&app, "SELECT min(profile_id) AS id FROM practitioner_profiles").await[0]["id"].clone();
    let update = format!(
        "mutation {{ updatePractitionerProfile(profileId: {profile}, patch: {{ bio: \"x\" }}) {{ practitionerProfile {{ id }} }} }}"
    );
    assert_eq!(clinician.ask(&update).await.code(), "FORBIDDEN");

    let create = format!(
        "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\" }}) {{
           sessionEvent {{ id }} }} }}"
    );
    assert_eq!(stranger.ask(&create).await.code(), "FORBIDDEN");
    assert_eq!(app.anonymous().ask(&create).await.code(), "FORBIDDEN");
}

#[tokio::test]
async fn rules_of_the_database_are_told_in_words() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "rules").await;
    let protocol = protocol(&owner, site).await;
    let event = |fields: &str| {
        format!(
            "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\", {fields} }}) {{
               sessionEvent {{ id }} }} }}"
        )
    };
    // A CHECK, with its comment in the database.
    let check = clinician.ask(&event("intensityLevel: 11")).await;
    let words = oracle(
        &app,
        "SELECT obj_description(oid, 'pg_constraint') AS words FROM pg_constraint
         WHERE conname = 'session_events_intensity_level_check'",
    )
    .await;
    assert_eq!((check.code(), &check.error()["message"]), ("BAD_USER_INPUT", &words[0]["words"]));
    assert_eq!(check.error()["extensions"]["table"], "session_events");
    // A foreign key.
    let missing = clinician.ask(&event("eventTypeId: \"999\"")).await;
    assert_eq!(missing.code(), "BAD_USER_INPUT");
    assert_eq!(missing.error()["extensions"]["argument"], "input.eventTypeId");
    // A value that its column cannot hold.
    let score = format!(
        "mutation {{ createAssessmentResponse(input: {{ protocolId: {protocol}, score: 1e9, completedAt: \"2026-01-01T10:00:00Z\" }}) {{
           assessmentResponse {{ id }} }} }}"
    );
    assert_eq!(clinician.ask(&score).await.code(), "BAD_USER_INPUT");
    // A value of the wrong type is refused before any statement.
    let wrong = clinician.ask(&event("eventTypeId: \"many\"")).await;
    assert_eq!(
        (wrong.code(), &wrong.error()["extensions"]["argument"]),
        ("BAD_USER_INPUT", &json!("input.eventTypeId"))
    );
    // A required field is required by the schema.
    let query = format!(
        "mutation {{ createIntegrationScore(input: {{ protocolId: {protocol}, scoreValue: 5 }}) {{ integrationScore {{ id }} }} }}"
    );
    assert_eq!(clinician.ask(&query).await.code(), "GRAPHQL_INVALID");
}

#[tokio::test]
async fn a_unique_key_is_kept_or_used() {
    let app = App::start().await;
    let admin = app.user("network@praxis.example").await;
    let create = "mutation { createMedication(input: { medicationName: \"Testazine\", drugClass: \"A\" }) {
      medication { medicationId drugClass } } }";
    let first = admin.ask(create).await;
    let key = first.data()["createMedication"]["medication"]["medicationId"].clone();
    let again = admin.ask(create).await;
    assert_eq!(again.code(), "CONFLICT");
    assert_eq!(again.error()["extensions"]["argument"], "input.medicationName");
    let upsert = "mutation { upsertMedication(onConflict: MEDICATION_NAME, input: { medicationName: \"Testazine\", drugClass: \"B\" }) {
      medication { medicationId drugClass } } }";
    let changed = admin.ask(upsert).await;
    assert_eq!(
        changed.data()["upsertMedication"]["medication"],
        json!({ "medicationId": key, "drugClass": "B" }),
        "also where reference tables are kept in memory"
    );
    let read = "{ medication(medicationName: \"Testazine\") { drugClass } }";
    assert_eq!(
        admin.ask(read).await.data()["medication"]["drugClass"],
        "B",
        "its own writer sees it at once"
    );
    // A referenced row stays.
    let delete = "mutation { deleteEventType(eventTypeId: 1) { eventType { id } } }";
    let used = admin.ask(delete).await;
    assert_eq!((used.code(), &used.error()["extensions"]["table"]), ("CONFLICT", &json!("session_events")));
}

#[tokio::test]
async fn there_are_fields_for_what_somebody_may_do_and_for_nothing_else() {
    let app = App::start().await;
    let schema = app.anonymous().ask("{ __schema { mutationType { fields { name } } } }").await;
    let fields: Vec<&str> = schema.data()["__schema"]["mutationType"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    for there in [
        "createSessionEvent",
        "createSessionEvents",
        "updateProtocol",
        "deleteIntegrationHomework",
        "upsertMedication",
    ] {
        assert!(fields.contains(&there), "{there}");
    }
    // A logged event is immutable; summaries are computed.
    for none in [
        "updateSessionEvent",
        "deleteSessionEvent",
        "createOutcomesSummary",
        "createTimelineEvent",
        "updateSite",
    ] {
        assert!(!fields.contains(&none), "{none}");
    }
    let by_get = app.http().get(app.url("/graphql?query=mutation%7B__typename%7D")).send().await.unwrap();
    assert_eq!(by_get.status(), 405);
}
