//! The demo users walk through each use case with the ready-made documents of GraphiQL.

use praxis::systems::ppn::WALKS;
use serde_json::{Value, json};

use crate::harness::App;

fn walk(title: &str) -> &'static str {
    WALKS.iter().find(|walk| walk.title == title).unwrap().query
}

#[tokio::test]
async fn a_session_is_logged_and_writes_its_note() {
    let app = App::start().await;
    let clinician = app.clinician_north().await;
    let document = walk("Session logger");
    let sites = clinician.run(document, "MySites", &json!({})).await;
    let site = &sites.nodes("userSites")[0]["site"]["siteId"];
    let started = clinician.run(document, "StartSession", &json!({ "site": site })).await;
    let protocol = &started.data()["createProtocol"]["protocol"];
    assert_eq!(protocol["events"]["nodes"][0]["heartRate"], 72);
    let variables = json!({ "protocol": protocol["recordId"] });

    let tap = clinician.run(document, "LogEvent", &variables).await;
    let event = &tap.data()["logSessionEvent"]["sessionEvent"];
    assert_eq!(event["eventType"]["eventName"], "Distress");
    assert_eq!(event["protocol"]["events"]["totalCount"], 2);
    clinician.run(document, "LogVitals", &variables).await.data();
    clinician.run(document, "LogBoosterDose", &variables).await.data();
    let first = clinician.run(document, "LogOffline", &variables).await;
    let again = clinician.run(document, "LogOffline", &variables).await;
    assert_eq!(first.data(), again.data(), "a resend adds nothing and gives the same");

    let note = clinician.run(document, "Note", &variables).await;
    let note = &note.data()["sessionNote"];
    assert_eq!(
        (&note["doses"], &note["totalDoseMg"], &note["peakIntensity"]),
        (&json!(1), &json!(10.0), &json!(9))
    );
    let counted: i64 =
        note["counts"]["nodes"].as_array().unwrap().iter().map(|it| it["events"].as_i64().unwrap()).sum();
    assert_eq!(counted, 7);
    for word in ["Booster Dose, 10 mg", "Strings", "BP 124/78"] {
        assert!(note["text"].as_str().unwrap().contains(word), "{word} in {}", note["text"]);
    }
    // A user of another site sees none of it.
    let stranger = app.clinician_south().await;
    assert_eq!(stranger.run(document, "Note", &variables).await.data()["sessionNote"], Value::Null);
    assert_eq!(stranger.run(document, "LogEvent", &variables).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn homework_is_given_and_ticked_off() {
    let app = App::start().await;
    let clinician = app.clinician_north().await;
    let document = walk("Integration hub");
    let mut variables = json!({ "protocol": "1", "due": "2027-01-15", "at": "2026-11-01T09:00:00Z" });
    let before = clinician.run(document, "Adherence", &variables).await;
    let given = clinician.run(document, "Assign", &variables).await;
    let given = &given.data()["assignHomework"];
    assert_eq!(given["affectedCount"], 2);
    assert_eq!(given["nodes"][0]["homeworkType"]["homeworkName"], "Journaling");
    let lists = clinician.run(document, "Lists", &variables).await;
    for list in ["overdue", "upcoming"] {
        assert!(!lists.nodes(list).is_empty(), "{list}");
    }
    variables["homework"] = given["nodes"][0]["homeworkId"].clone();
    let done = clinician.run(document, "Complete", &variables).await;
    let done = &done.data()["completeHomework"]["integrationHomework"];
    assert_eq!(done["isCompleted"], true);
    assert!(done["completedDate"].is_string());
    let scores = clinician.run(document, "RecordScores", &variables).await;
    let scores = &scores.data()["createIntegrationScores"]["nodes"];
    assert!(scores[0]["daysPostDose"].is_i64(), "{scores}");
    let after = clinician.run(document, "Adherence", &variables).await;
    let number = |answer: &Value, field: &str| answer["homeworkAdherence"][field].as_i64().unwrap();
    assert_eq!(number(after.data(), "assigned"), number(before.data(), "assigned") + 2);
    assert_eq!(number(after.data(), "completed"), number(before.data(), "completed") + 1);
}

#[tokio::test]
async fn supervision_is_asked_for_and_accepted() {
    let app = App::start().await;
    let (north, south) = (app.clinician_north().await, app.clinician_south().await);
    let document = walk("Supervision");
    let mut variables = json!({ "supervisor": "25", "relationship": "31" });
    let both = app.user("both.sites@praxis.example").await;
    let profile = both.run(document, "MyProfile", &variables).await;
    let profile = &profile.data()["upsertPractitionerProfile"]["practitionerProfile"];
    assert_eq!(profile["displayName"], "Priya Raman");

    let asked = north.run(document, "Ask", &variables).await;
    assert_eq!(asked.data()["requestSupervision"]["supervisionRelationship"]["status"], "PENDING");
    assert_eq!(north.run(document, "Ask", &variables).await.code(), "CONFLICT", "once is enough");
    // The requester cannot accept.
    let own = asked.data()["requestSupervision"]["supervisionRelationship"]["relationshipId"].clone();
    let refused = north.run(document, "Accept", &json!({ "relationship": own })).await;
    assert!(["CONFLICT", "FORBIDDEN"].contains(&refused.code()), "{}", refused.body);

    // A user of another site has sent the first one a request, who accepts.
    let seen = south.run(document, "MySupervision", &variables).await;
    assert!(
        seen.nodes("supervisionRelationships")
            .iter()
            .any(|it| it["relationshipId"] == variables["relationship"])
    );
    let accepted = north.run(document, "Accept", &variables).await;
    assert_eq!(accepted.data()["acceptSupervision"]["supervisionRelationship"]["status"], "ACTIVE");
    let ended = south.run(document, "Complete", &variables).await;
    assert_eq!(ended.data()["completeSupervision"]["supervisionRelationship"]["status"], "COMPLETED");
    assert_eq!(north.run(document, "Accept", &variables).await.code(), "CONFLICT");

    let circle = north.run(document, "StartCircle", &variables).await;
    let circle = &circle.data()["createSupervisionCircle"]["supervisionCircle"];
    assert_eq!(circle["members"]["nodes"][0]["profile"]["displayName"], "Amara Okafor");
    variables["circle"] = circle["circleId"].clone();
    let joined = south.run(document, "Join", &variables).await;
    assert_eq!(joined.data()["joinCircle"]["circleMember"]["circle"]["members"]["totalCount"], 2);
    let circles = south.run(document, "Circles", &variables).await;
    assert!(circles.nodes("supervisionCircles").iter().any(|it| it["circleId"] == circle["circleId"]));
}
