//! The removal of a row is sent to subscribers who could see it just before, under their filter, and to no others.

mod matrix;

use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, join, person, protocol, signed_in};
use crate::harness::{Actor, App, Socket};

const ROW: &str = "subscription($id: BigInt!) { sessionEventChanged(eventId: $id) { operation nodeId sessionEvent { eventId } } }";
const OF_PROTOCOL: &str = "subscription($id: BigInt!, $after: String) {
    sessionEventsChanged(filter: { protocolId: { eq: $id } }, after: $after) {
        operation nodeId cursor sessionEvent { eventId notes } } }";
const ANY: &str = "subscription { sessionEventsChanged { operation nodeId sessionEvent { eventId } } }";

/// Logs an event, past every policy.
async fn event(owner: &Client, protocol: i64, notes: &str) -> i64 {
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes)
        VALUES ($1, 1, now(), $2) RETURNING event_id";
    owner.query_one(sql, &[&protocol, &notes]).await.unwrap().get(0)
}

async fn delete(owner: &Client, event: i64) {
    owner.execute("DELETE FROM session_events WHERE event_id = $1", &[&event]).await.unwrap();
}

fn id(id: i64) -> Value {
    json!({ "id": id.to_string() })
}

/// Opens a connection with one subscription.
async fn watching(app: &App, actor: &Actor<'_>, query: &str, variables: &Value) -> Socket {
    let mut socket = Socket::of(app, actor).await;
    socket.subscribe("1", query, variables).await;
    socket
}

/// Returns the next change.
async fn told(socket: &mut Socket) -> Value {
    let data = socket.data("1").await;
    data.as_object().unwrap().values().next().unwrap().clone()
}

/// Asserts that the next change is the removal of a row, by this operation.
async fn gone(socket: &mut Socket, operation: &str) {
    let mut told = told(socket).await;
    // A subscription that begins just after an insertion may receive it.
    while told["operation"] == "INSERTED" {
        told = self::told(socket).await;
    }
    assert_eq!(told["operation"], operation, "{told}");
    assert_eq!(told.get("sessionEvent").unwrap_or(&Value::Null), &Value::Null);
}

#[tokio::test]
async fn every_feed_of_whoever_saw_a_row_tells_that_it_was_deleted() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (mine, site) = clinician(&app, &owner, "mine").await;
    let (theirs, _) = clinician(&app, &owner, "theirs").await;
    let record = protocol(&owner, site).await;
    let event = event(&owner, record, "here").await;
    let feeds = [(ROW, id(event)), (OF_PROTOCOL, id(record)), (ANY, json!({}))];
    let (mut told_of, mut silent) = (Vec::new(), Vec::new());
    for (query, variables) in &feeds {
        told_of.push(watching(&app, &mine, query, variables).await);
        silent.push(watching(&app, &theirs, query, variables).await);
        silent.push(watching(&app, &app.anonymous(), query, variables).await);
    }
    delete(&owner, event).await;
    for socket in &mut told_of {
        gone(socket, "DELETED").await;
    }
    for socket in told_of.iter_mut().chain(&mut silent) {
        socket.quiet().await;
    }
}

#[tokio::test]
async fn who_sees_the_parent_and_not_the_row_is_not_told_that_it_was_deleted() {
    let app = App::start().await;
    let owner = app.owner().await;
    // A session that its patient sees, with notes that the patient does not see.
    let sql = "SELECT n.id::text, n.session_id::text FROM therapyflow.clinical_notes n
        JOIN therapyflow.sessions s ON s.id = n.session_id JOIN therapyflow.patients p ON p.id = s.patient_id
        JOIN therapyflow.therapists t ON t.id = s.therapist_id
        JOIN auth.users pu ON pu.id = p.user_id JOIN auth.users tu ON tu.id = t.user_id
        WHERE pu.email = 'patient@mindful.example' AND tu.email = 'therapist@mindful.example'
          AND n.approved_by_therapist IS NOT TRUE LIMIT 1";
    let row = owner.query_one(sql, &[]).await.unwrap();
    let (note, session): (String, String) = (row.get(0), row.get(1));
    let patient = app.user("patient@mindful.example").await;
    let seen = format!("{{ therapyflow {{ session(rowId: \"{session}\") {{ rowId }} }} }}");
    assert!(!patient.ask(&seen).await.data()["therapyflow"]["session"].is_null(), "the parent is seen");
    let watch = "subscription($id: UUID!) {
        therapyflowClinicalNotesChanged(filter: { sessionId: { eq: $id } }) { operation nodeId } }";
    let session = json!({ "id": session });
    let mut patient = watching(&app, &patient, watch, &session).await;
    let therapist = app.user("therapist@mindful.example").await;
    let mut therapist = watching(&app, &therapist, watch, &session).await;
    owner
        .execute("DELETE FROM therapyflow.clinical_notes WHERE id = $1::text::uuid", &[&note])
        .await
        .unwrap();
    gone(&mut therapist, "DELETED").await;
    patient.quiet().await;
}

#[tokio::test]
async fn who_is_no_member_any_more_is_not_told_what_is_deleted() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "leaver").await;
    let colleague = person(&owner, "stays").await;
    join(&owner, &colleague, site, "analyst").await;
    let record = protocol(&owner, site).await;
    let sql = "INSERT INTO integration_homework (protocol_id, assigned_date, due_date)
        VALUES ($1, '2026-01-01', '2026-01-02') RETURNING homework_id";
    let homework: i64 = owner.query_one(sql, &[&record]).await.unwrap().get(0);
    let row = "subscription($id: BigInt!) { integrationHomeworkChanged(homeworkId: $id) { operation } }";
    let mut sockets = vec![
        watching(&app, &actor, row, &id(homework)).await,
        watching(
            &app,
            &actor,
            "subscription($id: BigInt!) { homeworkChanged(protocolId: $id) { operation } }",
            &id(record),
        )
        .await,
        watching(&app, &actor, "subscription { integrationHomeworksChanged { operation } }", &json!({}))
            .await,
    ];
    let mut stays = watching(&app, &signed_in(&app, &colleague), row, &id(homework)).await;
    let leave = "UPDATE user_sites SET is_active = false WHERE site_id = $1 AND role = 'clinician'";
    owner.execute(leave, &[&site]).await.unwrap();
    owner.execute("DELETE FROM integration_homework WHERE homework_id = $1", &[&homework]).await.unwrap();
    gone(&mut stays, "DELETED").await;
    for socket in &mut sockets {
        // As in `gone`, the insertion may have arrived.
        while let Some(message) = socket.next_within(Duration::from_millis(500)).await {
            assert!(message.to_string().contains("INSERTED"), "{message}");
        }
    }
}

#[tokio::test]
async fn a_row_that_moves_leaves_one_parent_and_comes_to_the_other() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "mover").await;
    let (other, elsewhere) = clinician(&app, &owner, "elsewhere").await;
    let (from, to) = (protocol(&owner, site).await, protocol(&owner, site).await);
    let away = protocol(&owner, elsewhere).await;
    let event = event(&owner, from, "moves").await;
    let mut left = watching(&app, &actor, OF_PROTOCOL, &id(from)).await;
    let mut reached = watching(&app, &actor, OF_PROTOCOL, &id(to)).await;
    let mut row = watching(&app, &actor, ROW, &id(event)).await;
    let mut theirs = watching(&app, &other, ANY, &json!({})).await;
    let sql = "UPDATE session_events SET protocol_id = $2 WHERE event_id = $1";
    owner.execute(sql, &[&event, &to]).await.unwrap();
    gone(&mut left, "LEFT").await;
    assert_eq!(told(&mut reached).await["operation"], "UPDATED");
    assert_eq!(told(&mut row).await["operation"], "UPDATED");
    theirs.quiet().await;
    // The event moves to another site: it is no longer visible here, and becomes visible there.
    owner.execute(sql, &[&event, &away]).await.unwrap();
    gone(&mut reached, "LEFT").await;
    gone(&mut row, "LEFT").await;
    assert_eq!(told(&mut theirs).await["operation"], "UPDATED");
    // Its later changes there are not sent here.
    delete(&owner, event).await;
    gone(&mut theirs, "DELETED").await;
    for socket in [&mut left, &mut reached, &mut row] {
        socket.quiet().await;
    }
}

#[tokio::test]
async fn a_row_leaves_a_filter_on_its_own_columns_and_on_those_of_other_rows() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "filters").await;
    let (first, second) = (protocol(&owner, site).await, protocol(&owner, site).await);
    owner
        .execute("UPDATE log_clinical_records SET dosage_mg = 25 WHERE record_id = $1", &[&first])
        .await
        .unwrap();
    let event = event(&owner, first, "a note").await;
    let own = "subscription { sessionEventsChanged(filter: { notes: { startsWith: \"a\" } }, operations: [LEFT, DELETED]) \
        { operation nodeId } }";
    let related = "subscription { sessionEventsChanged(filter: { or: [{ protocol: { dosageMg: { eq: 25 } } }, \
        { not: { eventTypeId: { eq: \"1\" } } }] }) { operation nodeId } }";
    let updates = "subscription { sessionEventsChanged(filter: { notes: { startsWith: \"a\" } }, operations: [UPDATED]) \
        { operation nodeId } }";
    let mut own = watching(&app, &actor, own, &json!({})).await;
    let mut related = watching(&app, &actor, related, &json!({})).await;
    let mut updates = watching(&app, &actor, updates, &json!({})).await;
    let update = async |set: &str| {
        let sql = format!("UPDATE session_events SET {set} WHERE event_id = $1");
        owner.execute(&sql, &[&event]).await.unwrap();
    };
    update("notes = 'b'").await;
    gone(&mut own, "LEFT").await;
    assert_eq!(told(&mut related).await["operation"], "UPDATED");
    update(&format!("protocol_id = {second}")).await;
    gone(&mut related, "LEFT").await;
    update("notes = 'again'").await;
    assert_eq!(told(&mut updates).await["operation"], "UPDATED");
    delete(&owner, event).await;
    gone(&mut own, "DELETED").await;
    // Updates that are read late show the latest state of the row, and may be combined in one change.
    for socket in [&mut own, &mut related] {
        socket.quiet().await;
    }
}

#[tokio::test]
async fn what_nobody_saw_within_a_transaction_is_not_told() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "within").await;
    let (other, elsewhere) = clinician(&app, &owner, "beyond").await;
    let (here, there) = (protocol(&owner, site).await, protocol(&owner, elsewhere).await);
    let (mine, theirs) = (event(&owner, here, "mine").await, event(&owner, there, "theirs").await);
    let mut mover = watching(&app, &actor, ANY, &json!({})).await;
    let mut beyond = watching(&app, &other, ANY, &json!({})).await;
    // Each is for a moment where the other caller would see it.
    let through = |event: i64, way: i64| {
        format!("UPDATE session_events SET protocol_id = {way} WHERE event_id = {event};")
    };
    let transaction = format!(
        "BEGIN; {} {} DELETE FROM session_events WHERE event_id IN ({mine}, {theirs}); COMMIT",
        through(mine, there),
        through(theirs, here)
    );
    owner.batch_execute(&transaction).await.unwrap();
    gone(&mut mover, "DELETED").await;
    gone(&mut beyond, "DELETED").await;
    // Neither is a row that was inserted and deleted.
    let flash = format!(
        "BEGIN; INSERT INTO session_events (protocol_id, event_type_id, event_timestamp) VALUES ({here}, 1, now());
         UPDATE session_events SET protocol_id = {there} WHERE event_id = (SELECT max(event_id) FROM session_events);
         COMMIT"
    );
    owner.batch_execute(&flash).await.unwrap();
    assert_eq!(told(&mut beyond).await["operation"], "INSERTED");
    mover.quiet().await;
    beyond.quiet().await;
}

#[tokio::test]
async fn who_was_away_is_told_what_is_gone_by_the_same_measure() {
    let app = App::start().await;
    let other = App::over(&app.database, |_| {}).await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "away").await;
    let token = actor.token.clone().unwrap();
    let colleague = person(&owner, "leaves").await;
    join(&owner, &colleague, site, "analyst").await;
    let (from, to) = (protocol(&owner, site).await, protocol(&owner, site).await);
    let mut cursors = Vec::new();
    let actors = [actor, signed_in(&app, &colleague)];
    let mut sockets = Vec::new();
    for actor in &actors {
        sockets.push(watching(&app, actor, OF_PROTOCOL, &id(from)).await);
    }
    let (deleted, moved) = (event(&owner, from, "1").await, event(&owner, from, "2").await);
    for mut socket in sockets {
        told(&mut socket).await;
        cursors.push(told(&mut socket).await["cursor"].clone());
    }
    delete(&owner, deleted).await;
    let sql = "UPDATE session_events SET protocol_id = $2 WHERE event_id = $1";
    owner.execute(sql, &[&moved, &to]).await.unwrap();
    owner
        .execute("UPDATE user_sites SET is_active = false WHERE role = 'analyst' AND site_id = $1", &[&site])
        .await
        .unwrap();
    let after = |cursor: &Value| json!({ "id": from.to_string(), "after": cursor });
    // At either gateway.
    let mut here = watching(&app, &actors[0], OF_PROTOCOL, &after(&cursors[0])).await;
    let mut there = watching(&other, &other.bearer(&token), OF_PROTOCOL, &after(&cursors[0])).await;
    let mut left = watching(&app, &actors[1], OF_PROTOCOL, &after(&cursors[1])).await;
    for socket in [&mut here, &mut there] {
        gone(socket, "DELETED").await;
        gone(socket, "LEFT").await;
        socket.quiet().await;
    }
    left.quiet().await;
}

#[tokio::test]
async fn what_is_not_remembered_of_a_long_row_is_not_guessed() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "long").await;
    let record = protocol(&owner, site).await;
    let event = event(&owner, record, &"long ".repeat(4_000)).await;
    let by_note = "subscription { sessionEventsChanged(filter: { notes: { startsWith: \"long\" } }, operations: [DELETED, LEFT]) { operation } }";
    let by_absence = "subscription { sessionEventsChanged(filter: { notes: { isNull: true } }, operations: [DELETED, LEFT]) { operation } }";
    let mut unknown = Vec::new();
    for query in [by_note, by_absence] {
        unknown.push(watching(&app, &actor, query, &json!({})).await);
    }
    let mut known = watching(&app, &actor, OF_PROTOCOL, &id(record)).await;
    delete(&owner, event).await;
    gone(&mut known, "DELETED").await;
    for socket in &mut unknown {
        socket.quiet().await;
    }
}

/// The changes of watched rows, whose filter requires a text that begins with `w`: inserted, updated, out of the filter, deleted.
/// `TABLE`, `TEXT` and `MORE` are replaced by the table, the column of that text, and the other columns of a new row.
const STORY: [(&str, &str); 4] = [
    ("INSERTED", "INSERT INTO TABLE (TEXT, MORE) VALUES ('w', MORE)"),
    ("UPDATED", "UPDATE TABLE SET TEXT = 'www' WHERE TEXT = 'ww'"),
    ("LEFT", "UPDATE TABLE SET TEXT = 'away' WHERE TEXT = 'www'"),
    ("DELETED", "DELETE FROM TABLE WHERE TEXT = 'wwww'"),
];

/// Tests all feeds of a list, each with a choice of operations and with and without the row.
async fn choices(app: &App, actor: &Actor<'_>, field: &str, row: &str, step: impl Fn(&str) -> String) {
    let owner = app.owner().await;
    owner.batch_execute("SET praxis.announce = off").await.unwrap();
    for text in ["ww", "wwww"] {
        owner.batch_execute(&step(STORY[0].1).replace("'w'", &format!("'{text}'"))).await.unwrap();
    }
    owner.batch_execute("RESET praxis.announce").await.unwrap();
    let mut watchers = Vec::new();
    for choice in 1..1_usize << STORY.len() {
        let of: Vec<&str> = STORY
            .iter()
            .enumerate()
            .filter(|(at, _)| choice >> at & 1 == 1)
            .map(|(_, (it, _))| *it)
            .collect();
        for selection in ["operation".to_owned(), format!("operation nodeId {row} {{ id }}")] {
            let query = format!(
                "subscription($of: [ChangeOperation!]) {{ {field}, operations: $of) {{ {selection} }} }}"
            );
            watchers.push((of.clone(), watching(app, actor, &query, &json!({ "of": of })).await));
        }
    }
    // Each step is received before the next one, so that no two changes are combined.
    for (operation, sql) in STORY {
        owner.batch_execute(&step(sql)).await.unwrap();
        for (of, socket) in watchers.iter_mut().filter(|(of, _)| of.contains(&operation)) {
            let mut told = told(socket).await;
            // A subscriber who reads the update after the row has left receives `LEFT` for it, and again for the next change.
            while operation == "DELETED" && of.contains(&"LEFT") && told["operation"] == "LEFT" {
                told = self::told(socket).await;
            }
            assert_eq!(told["operation"], operation, "{field} {of:?}");
            let is_gone = ["DELETED", "LEFT"].contains(&operation);
            assert!(told.get(row).is_none_or(|row| row.is_null() == is_gone), "{field} {of:?}: {told}");
        }
    }
    for (of, socket) in &mut watchers {
        // A subscriber who reads the update after the row has left receives `LEFT` for it, and again for the next change.
        while let Some(more) = socket.next_within(Duration::ZERO).await {
            let told = more["payload"]["data"].as_object().and_then(|data| data.values().next()).cloned();
            assert_eq!(told.unwrap_or_default()["operation"], "LEFT", "{field} {of:?}: {more}");
            assert!(of.contains(&"LEFT"), "{field} {of:?}: {more}");
        }
    }
}

#[tokio::test]
async fn every_choice_of_operations_tells_these_and_no_others() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "chooses").await;
    let record = protocol(&owner, site).await;
    let event = |sql: &str| {
        let columns = "protocol_id, event_type_id, event_timestamp";
        let sql = sql.replace("(TEXT, MORE)", &format!("(TEXT, {columns})"));
        sql.replace("MORE", &format!("{record}, 1, now()"))
            .replace("TABLE", "session_events")
            .replace("TEXT", "notes")
    };
    let of_protocol = format!(
        "sessionEventsChanged(filter: {{ protocolId: {{ eq: {record} }}, notes: {{ startsWith: \"w\" }} }}"
    );
    choices(&app, &actor, &of_protocol, "sessionEvent", event).await;
    let any = "sessionEventsChanged(filter: { notes: { startsWith: \"w\" } }";
    choices(&app, &actor, any, "sessionEvent", event).await;
    let medication = |sql: &str| {
        let sql = sql.replace("(TEXT, MORE)", "(TEXT, drug_class)").replace("MORE", "'A'");
        sql.replace("TABLE", "ref_medications").replace("TEXT", "medication_name")
    };
    let reference = "medicationsChanged(filter: { medicationName: { startsWith: \"w\" } }";
    choices(&app, &actor, reference, "medication", medication).await;
}

#[tokio::test]
async fn a_subscription_to_no_operation_is_refused() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    for (query, variables) in [
        ("subscription { sessionEventsChanged(operations: []) { operation } }", json!({})),
        (
            "subscription($of: [ChangeOperation!]) { sessionEventsChanged(operations: $of) { operation } }",
            json!({ "of": [] }),
        ),
        ("subscription { therapyflowSessionsChanged(operations: []) { operation } }", json!({})),
    ] {
        let mut socket = Socket::of(&app, &actor).await;
        socket.begin("1", query, &variables).await;
        let error = socket.error("1").await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(error["extensions"]["argument"], "operations");
    }
}
