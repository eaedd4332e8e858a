//! TherapyFlow's ready-made documents as its users run them, and its separation from the portal.

use praxis::systems::therapyflow::{EXAMPLES, WALKS};
use serde_json::{Value, json};

use crate::fixture::oracle;
use crate::harness::{Answer, App};

const THERAPIST: &str = "therapist@mindful.example";
const PATIENT: &str = "patient@mindful.example";
const ADMIN: &str = "admin@mindful.example";

/// Returns a ready-made query and its variables.
fn example(title: &str) -> (&'static str, Value) {
    let example = EXAMPLES.iter().find(|example| example.title.ends_with(title)).unwrap();
    let variables = if example.variables.is_empty() {
        json!({})
    } else {
        serde_json::from_str(example.variables).unwrap()
    };
    (example.query, variables)
}

async fn ask(app: &App, email: &str, title: &str) -> Answer {
    let (query, variables) = example(title);
    app.user(email).await.ask_with(query, &variables).await
}

#[tokio::test]
async fn a_therapist_sees_the_calendar_and_the_slots_between() {
    let app = App::shared().await;
    let answer = ask(&app, THERAPIST, "calendar").await;
    let answer = &answer.data()["therapyflow"];
    let sessions = answer["sessions"]["nodes"].as_array().unwrap();
    assert_eq!(sessions.len(), 5, "one for each patient, each on a day of the week");
    assert!(sessions.iter().all(|it| it["patient"]["fullName"].is_string()));
    let slots = answer["freeSlots"]["nodes"].as_array().unwrap();
    assert_eq!(slots.len(), 10);
    for slot in slots {
        for session in sessions {
            let begin = session["scheduledAt"].as_str().unwrap();
            let is_within =
                slot["startsAt"].as_str().unwrap() <= begin && begin < slot["endsAt"].as_str().unwrap();
            assert!(!is_within, "{slot} and {session}");
        }
    }
    // A colleague of another organization has another calendar; a patient has no free slots.
    let other = ask(&app, "therapist@riverbank.example", "calendar").await;
    assert_ne!(other.data()["therapyflow"]["sessions"], answer["sessions"]);
    let patient = ask(&app, PATIENT, "calendar").await;
    assert_eq!(patient.data()["therapyflow"]["freeSlots"]["nodes"], json!([]));
}

#[tokio::test]
async fn a_patient_is_shown_as_far_as_one_may_see() {
    let app = App::shared().await;
    let answer = ask(&app, THERAPIST, "patient").await;
    let patient = &answer.data()["therapyflow"]["patient"];
    assert_eq!(patient["fullName"], "Arjun Nair");
    assert_eq!(patient["sessions"]["nodes"].as_array().unwrap().len(), 5);
    let sessions = patient["sessions"]["nodes"].as_array().unwrap();
    let note = sessions.iter().find_map(|it| it["clinicalNotes"]["nodes"].get(0)).unwrap();
    assert_eq!(note["noteType"], "SOAP");
    assert!(note["content"]["plan"].is_string());

    // A patient sees their own row and no notes.
    let own = ask(&app, PATIENT, "patient").await;
    let own = &own.data()["therapyflow"]["patient"];
    assert_eq!(own["fullName"], "Arjun Nair");
    assert_eq!(own["assignedTherapist"], Value::Null);
    for session in own["sessions"]["nodes"].as_array().unwrap() {
        assert_eq!(session["clinicalNotes"]["nodes"], json!([]));
        assert_eq!(session["recordings"]["nodes"], json!([]));
    }
    let other = ask(&app, "therapist@riverbank.example", "patient").await;
    assert_eq!(other.data()["therapyflow"]["patient"], Value::Null);
}

#[tokio::test]
async fn the_numbers_of_wearables_are_those_of_plain_sql() {
    let app = App::shared().await;
    let answer = ask(&app, THERAPIST, "wearables").await;
    let days = answer.data()["therapyflow"]["heart"][0]["points"].as_array().unwrap().clone();
    assert_eq!(days.len(), 60);
    let expected = oracle(
        &app,
        "SELECT avg((metrics ->> 'bpm')::float8) AS avg FROM therapyflow.wearable_data
         WHERE patient_id = '7f100003-0000-4000-8000-000000000000' AND data_type = 'heart_rate'
         GROUP BY date_trunc('day', recorded_at AT TIME ZONE 'UTC')
         ORDER BY date_trunc('day', recorded_at AT TIME ZONE 'UTC')",
    )
    .await;
    for (day, expected) in days.iter().zip(expected.as_array().unwrap()) {
        let (found, expected) = (&day["aggregate"]["metrics"]["avg"], &expected["avg"]);
        assert!((found.as_f64().unwrap() - expected.as_f64().unwrap()).abs() < 1e-6, "{day}");
    }

    // A value that is not a number there, or is absent, counts as missing.
    let query = "{ therapyflow { wearableSamples(filter: { dataType: { eq: SLEEP } }) { aggregate {
      count
      hours: metrics(at: [\"duration_hours\"]) { countDistinct }
      begins: metrics(at: [\"start_time\"]) { avg countDistinct }
      none: metrics(at: \"nothing\") { sum countDistinct }
    } } } }";
    let answer = app.user(PATIENT).await.ask(query).await;
    let numbers = &answer.data()["therapyflow"]["wearableSamples"]["aggregate"];
    assert!(
        numbers["count"].as_i64().unwrap() > 0 && numbers["hours"]["countDistinct"].as_i64().unwrap() > 0,
        "{numbers}"
    );
    assert_eq!(numbers["begins"], json!({ "avg": null, "countDistinct": 0 }));
    assert_eq!(numbers["none"], json!({ "sum": null, "countDistinct": 0 }));

    // The patient withdraws consent: staff see no data, and the patient sees all.
    let patient = app.user(PATIENT).await;
    let document = WALKS[0].query;
    let consents = patient.run(document, "MyConsents", &json!({})).await;
    let consents = consents.data()["therapyflow"]["consentRecords"]["nodes"].as_array().unwrap().clone();
    let granted = consents.iter().find(|it| it["status"] == "GRANTED").unwrap();
    let revoked = patient.run(document, "Revoke", &json!({ "consent": granted["rowId"] })).await;
    assert_eq!(revoked.data()["therapyflowRevokeConsent"]["consentRecord"]["status"], "REVOKED");
    for (email, expected) in [(THERAPIST, 0), (ADMIN, 0), (PATIENT, 60)] {
        let answer = ask(&app, email, "wearables").await;
        let days = answer.data()["therapyflow"]["heart"][0]["points"].as_array().map_or(0, Vec::len);
        assert_eq!(days, expected, "{email}");
    }
}

#[tokio::test]
async fn a_session_is_scheduled_held_and_written_up() {
    let app = App::start().await;
    let therapist = app.user(THERAPIST).await;
    let document = WALKS[0].query;
    let mut variables: Value =
        json!({ "patient": "7f100003-0000-4000-8000-000000000000", "at": "2027-02-01T03:30:00Z" });
    let scheduled = therapist.run(document, "Schedule", &variables).await;
    let session = &scheduled.data()["therapyflowScheduleSession"]["session"];
    assert_eq!(session["status"], "SCHEDULED");
    let again = therapist.run(document, "Schedule", &variables).await;
    assert_eq!(again.code(), "CONFLICT");
    assert_eq!(again.error()["message"], "The therapist has another session at that time.");
    variables["session"] = session["rowId"].clone();
    let early = therapist.run(document, "Complete", &variables).await;
    assert_eq!(early.error()["message"], "A session that is scheduled cannot become completed.");
    let started = therapist.run(document, "Start", &variables).await;
    assert!(started.data()["therapyflowStartSession"]["session"]["startedAt"].is_string());
    let written = therapist.run(document, "Write", &variables).await;
    variables["note"] = written.data()["createTherapyflowClinicalNote"]["clinicalNote"]["rowId"].clone();
    therapist.run(document, "Complete", &variables).await.data();
    let approved = therapist.run(document, "Approve", &variables).await;
    let note = &approved.data()["therapyflowApproveNote"]["clinicalNote"];
    assert_eq!(
        (&note["approvedByTherapist"], &note["approver"]["fullName"]),
        (&json!(true), &json!("Ananya Rao"))
    );
    let rewrite = "mutation($note: UUID!) {
      updateTherapyflowClinicalNote(rowId: $note, patch: { aiGeneratedSummary: \"Something else\" }) { clinicalNote { rowId } }
    }";
    let rewritten = therapist.ask_with(rewrite, &json!({ "note": variables["note"] })).await;
    assert_eq!(rewritten.code(), "CONFLICT");
    let lacking = "mutation($session: UUID!) { createTherapyflowClinicalNote(
        input: { sessionId: $session, noteType: DAP, content: { data: \"x\" } }) { clinicalNote { rowId } } }";
    let lacking = therapist.ask_with(lacking, &json!({ "session": variables["session"] })).await;
    assert_eq!(lacking.code(), "BAD_USER_INPUT");
    assert_eq!(lacking.error()["message"], "A DAP note lacks: assessment, plan.");

    // The log, which administrators read, names the author.
    let log = "query($record: UUID!) { therapyflow { auditLogs(filter: { recordId: { eq: $record } },
        orderBy: [{ createdAt: ASC }]) { nodes { action userId } } } }";
    let record = json!({ "record": variables["session"] });
    let entries = app.user(ADMIN).await.ask_with(log, &record).await;
    let entries = entries.data()["therapyflow"]["auditLogs"]["nodes"].as_array().unwrap().clone();
    let actions: Vec<&str> = entries.iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["CREATE", "UPDATE", "UPDATE"]);
    let therapist_id = app.user_id(THERAPIST).await;
    assert!(entries.iter().all(|it| it["userId"] == json!(therapist_id)));
    let own = app.user(THERAPIST).await.ask_with(log, &record).await;
    assert_eq!(own.data()["therapyflow"]["auditLogs"]["nodes"], json!([]));
}

#[tokio::test]
async fn the_audit_trail_tells_of_the_demo() {
    let app = App::shared().await;
    let answer = ask(&app, ADMIN, "audit trail").await;
    let logs = &answer.data()["therapyflow"]["auditLogs"];
    assert_eq!(logs["nodes"].as_array().unwrap().len(), 20);
    assert!(logs["nodes"].as_array().unwrap().iter().all(|it| it["oldData"] != it["newData"]));
}

#[tokio::test]
async fn a_token_of_one_system_gives_nothing_in_the_other() {
    let app = App::start().await;
    let tables = "{ therapyflow {
        organizations { totalCount } therapists { totalCount } patients { totalCount } sessions { totalCount }
        clinicalNotes { totalCount } sessionRecordings { totalCount } wearableSamples { totalCount }
        consentRecords { totalCount } auditLogs { totalCount } upcomingSessions { totalCount } } }";
    for email in ["clinician.north@praxis.example", "network@praxis.example"] {
        let answer = app.user(email).await.ask(tables).await;
        for (table, count) in answer.data()["therapyflow"].as_object().unwrap() {
            assert_eq!(count["totalCount"], 0, "{table} for {email}");
        }
    }
    // Every signed-in user may read the portal's reference tables, but no clinical data.
    let clinical = "{ protocols { totalCount } sessionEvents { totalCount } integrationScores { totalCount }
        integrationHomeworks { totalCount } assessmentResponses { totalCount } userSites { totalCount } }";
    for email in [THERAPIST, "owner@mindful.example", PATIENT] {
        let answer = app.user(email).await.ask(clinical).await;
        for (table, count) in answer.data().as_object().unwrap() {
            assert_eq!(count["totalCount"], 0, "{table} for {email}");
        }
        let create = "mutation { createProtocol(input: { siteId: \"1\" }) { protocol { recordId } } }";
        assert_eq!(app.user(email).await.ask(create).await.code(), "FORBIDDEN");
    }
}
