//! Subscribers receive changes under their own rights, once, in order, and despite failures.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, join, person, protocol, signed_in};
use crate::harness::{App, Socket, eventually};

const LOGGED: &str = "subscription($of: BigInt!, $after: String) { sessionEventLogged(protocolId: $of, after: $after) {
    operation cursor changedAt sessionEvent { eventId notes eventType { eventName } protocol { recordId } } } }";

/// Logs an event, past every policy.
async fn log(owner: &Client, protocol: i64, note: &str) -> i64 {
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes)
        VALUES ($1, 1, now(), $2) RETURNING event_id";
    owner.query_one(sql, &[&protocol, &note]).await.unwrap().get(0)
}

fn of(protocol: i64) -> Value {
    json!({ "of": protocol.to_string() })
}

/// Returns the notes of the next events.
async fn notes(socket: &mut Socket, id: &str, count: usize) -> Vec<String> {
    let mut notes = Vec::new();
    for _ in 0..count {
        let data = socket.data(id).await;
        notes.push(data["sessionEventLogged"]["sessionEvent"]["notes"].as_str().unwrap().to_owned());
    }
    notes
}

#[tokio::test]
async fn an_event_is_told_as_deeply_as_it_is_asked_for_and_as_the_subscriber_sees_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (mine, site) = clinician(&app, &owner, "mine").await;
    let (theirs, _) = clinician(&app, &owner, "theirs").await;
    let record = protocol(&owner, site).await;
    let mut watching = Socket::of(&app, &mine).await;
    watching.subscribe("1", LOGGED, &of(record)).await;
    let mut elsewhere = Socket::of(&app, &theirs).await;
    elsewhere.subscribe("1", LOGGED, &of(record)).await;
    let mut nobody = Socket::of(&app, &app.anonymous()).await;
    nobody.subscribe("1", LOGGED, &of(record)).await;

    let event = log(&owner, record, "first").await;
    let data = watching.data("1").await;
    let told = &data["sessionEventLogged"];
    assert_eq!(told["operation"], "INSERTED");
    assert_eq!(
        told["sessionEvent"],
        json!({
            "eventId": event.to_string(),
            "notes": "first",
            "eventType": { "eventName": "Distress" },
            "protocol": { "recordId": record.to_string() }
        })
    );
    assert!(told["changedAt"].as_str().unwrap().starts_with(&chrono::Utc::now().format("%Y-").to_string()));
    elsewhere.quiet().await;
    nobody.quiet().await;
    // Changes of an event are not created events; events of another protocol do not match.
    owner.execute("UPDATE session_events SET notes = 'other' WHERE event_id = $1", &[&event]).await.unwrap();
    log(&owner, protocol(&owner, site).await, "elsewhere").await;
    watching.quiet().await;
}

#[tokio::test]
async fn who_is_no_member_any_more_is_told_nothing_more() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "leaver").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    log(&owner, record, "before").await;
    assert_eq!(notes(&mut socket, "1", 1).await, ["before"]);
    owner.execute("UPDATE user_sites SET is_active = false WHERE site_id = $1", &[&site]).await.unwrap();
    log(&owner, record, "after").await;
    socket.quiet().await;
}

#[tokio::test]
async fn a_connection_tells_what_matches_its_filter_and_operations() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "filter").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    let watch = "subscription { sessionEventsChanged(filter: { notes: { startsWith: \"a\" }, protocol: { siteId: { isNull: \
        false } } }, operations: [UPDATED]) { operation sessionEvent { notes } } }";
    socket.subscribe("1", watch, &json!({})).await;
    // Subscribers get a row's state at the time of the read, so each is changed only once.
    let change = async |from: &str, to: &str| {
        let event = log(&owner, record, from).await;
        let sql = "UPDATE session_events SET notes = $2 WHERE event_id = $1";
        owner.execute(sql, &[&event, &to]).await.unwrap();
    };
    let expected = |note: &str| json!({ "operation": "UPDATED", "sessionEvent": { "notes": note } });
    change("a1", "b").await;
    change("b", "a2").await;
    assert_eq!(socket.data("1").await["sessionEventsChanged"], expected("a2"));
    // An update that changes nothing is no change.
    change("a2", "a2").await;
    change("a2", "a3").await;
    assert_eq!(socket.data("1").await["sessionEventsChanged"], expected("a3"));
    socket.quiet().await;
}

#[tokio::test]
async fn supervision_is_told_to_those_who_take_part() {
    let app = App::start().await;
    let owner = app.owner().await;
    let mut people = Vec::new();
    for name in ["supervisor", "supervisee", "stranger"] {
        let person = person(&owner, name).await;
        let sql = "INSERT INTO practitioner_profiles (user_id, display_name) VALUES ($1::text::uuid, $2)
            RETURNING profile_id";
        let profile: i64 = owner.query_one(sql, &[&person, &name]).await.unwrap().get(0);
        let mut socket = Socket::of(&app, &signed_in(&app, &person)).await;
        let watch = "subscription { supervisionChanged { operation supervisionRelationship { status } } }";
        socket.subscribe("1", watch, &json!({})).await;
        people.push((profile, socket));
    }
    let sql = "INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status) VALUES ($1, $2, 'pending')";
    owner.execute(sql, &[&people[0].0, &people[1].0]).await.unwrap();
    for (_, socket) in &mut people[..2] {
        let told = socket.data("1").await;
        assert_eq!(told["supervisionChanged"]["supervisionRelationship"]["status"], "PENDING");
    }
    people[2].1.quiet().await;
}

#[tokio::test]
async fn what_is_written_in_the_mode_of_replication_is_told() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "replica").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    let watch = "subscription($of: BigInt!) { sessionEventsChanged(filter: {protocolId: {eq: $of}}) {
        operation sessionEvent { notes } } }";
    socket.subscribe("1", watch, &of(record)).await;
    owner.batch_execute("SET session_replication_role = replica").await.unwrap();
    // The triggers that would set the site are off.
    let log = format!(
        "INSERT INTO session_events (protocol_id, site_id, event_type_id, event_timestamp, notes)
         VALUES ({record}, {site}, 1, now(), 'loaded')"
    );
    owner.batch_execute(&log).await.unwrap();
    assert_eq!(socket.data("1").await["sessionEventsChanged"]["sessionEvent"]["notes"], "loaded");
    let change = format!("UPDATE session_events SET notes = 'changed' WHERE protocol_id = {record}");
    owner.batch_execute(&change).await.unwrap();
    assert_eq!(socket.data("1").await["sessionEventsChanged"]["sessionEvent"]["notes"], "changed");
    owner.batch_execute(&format!("DELETE FROM session_events WHERE protocol_id = {record}")).await.unwrap();
    assert_eq!(socket.data("1").await["sessionEventsChanged"]["operation"], "DELETED");
    // A load that must not notify subscribers sets `praxis.announce`.
    owner.batch_execute(&format!("SET praxis.announce = off; {log}")).await.unwrap();
    socket.quiet().await;
}

#[tokio::test]
async fn equal_subscribers_are_read_for_once() {
    const SUBSCRIBERS: usize = 50;
    const EVENTS: i64 = 20;
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "many").await;
    let record = protocol(&owner, site).await;
    let mut sockets = Vec::new();
    for _ in 0..SUBSCRIBERS {
        let mut socket = Socket::of(&app, &actor).await;
        socket.subscribe("1", LOGGED, &of(record)).await;
        sockets.push(socket);
    }
    let scans = async || -> i64 {
        let sql = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'session_events_pkey'";
        owner.query_one(sql, &[]).await.unwrap().get(0)
    };
    let before = scans().await;
    for number in 0..EVENTS {
        log(&owner, record, &number.to_string()).await;
        for socket in &mut sockets {
            assert_eq!(notes(socket, "1", 1).await, [number.to_string()]);
        }
    }
    // One look-up by the primary key per event, however many receive it. Postgres counts with some delay.
    eventually("all look-ups are counted", async || scans().await >= before + EVENTS).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(scans().await, before + EVENTS);
}

#[tokio::test]
async fn each_gateway_of_a_database_tells() {
    let app = App::start().await;
    let other = App::over(&app.database, |_| {}).await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "two").await;
    let record = protocol(&owner, site).await;
    let token = actor.token.clone().unwrap();
    let mut first = Socket::of(&app, &actor).await;
    let mut second = Socket::of(&other, &other.bearer(&token)).await;
    first.subscribe("1", LOGGED, &of(record)).await;
    second.subscribe("1", LOGGED, &of(record)).await;
    log(&owner, record, "both").await;
    assert_eq!(notes(&mut first, "1", 1).await, ["both"]);
    assert_eq!(notes(&mut second, "1", 1).await, ["both"]);
}

#[tokio::test]
async fn what_is_written_while_the_listener_is_away_is_told_once_and_in_order() {
    const EVENTS: usize = 60;
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "listener").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    for number in 0..EVENTS {
        if number % 25 == 10 {
            let killed: i64 = owner.query_one(kill, &[]).await.unwrap().get(0);
            assert!(killed <= 1, "one listening connection");
            assert!(number != 10 || killed == 1);
        }
        log(&owner, record, &number.to_string()).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let expected: Vec<String> = (0..EVENTS).map(|number| number.to_string()).collect();
    assert_eq!(notes(&mut socket, "1", EVENTS).await, expected);
    socket.quiet().await;
}

#[tokio::test]
async fn a_transaction_that_stays_open_neither_loses_nor_repeats_anything() {
    const EVENTS: usize = 300;
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "open").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    // The open transaction keeps the horizon where it is, for all later writes.
    let open = app.owner().await;
    open.batch_execute("BEGIN").await.unwrap();
    log(&open, record, "open").await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let mut expected = Vec::new();
    for number in 0..EVENTS {
        if number % 100 == 50 {
            owner.query_one(kill, &[]).await.unwrap();
        }
        log(&owner, record, &number.to_string()).await;
        expected.push(number.to_string());
    }
    assert_eq!(notes(&mut socket, "1", EVENTS).await, expected);
    open.batch_execute("COMMIT").await.unwrap();
    assert_eq!(notes(&mut socket, "1", 1).await, ["open"]);
    log(&owner, record, "after").await;
    assert_eq!(notes(&mut socket, "1", 1).await, ["after"]);
    socket.quiet().await;
}

#[tokio::test]
async fn a_statement_that_does_not_fit_into_a_message_is_told_as_well() {
    const EVENTS: i32 = 300;
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "bulk").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes)
        SELECT $1, 1, now(), number::text FROM generate_series(1, $2::int) AS one(number) ORDER BY one.number";
    owner.execute(sql, &[&record, &EVENTS]).await.unwrap();
    let expected: Vec<String> = (1..=EVENTS).map(|number| number.to_string()).collect();
    assert_eq!(notes(&mut socket, "1", expected.len()).await, expected);
    socket.quiet().await;
}

#[tokio::test]
async fn what_a_trigger_writes_into_a_new_row_is_part_of_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "scores").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    let watch = "subscription { integrationScoresChanged { operation integrationScore { baselineScore } } }";
    socket.subscribe("1", watch, &json!({})).await;
    // Each new score makes the database write the baseline of all.
    let sql = "INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
        VALUES ($1, 'IES', 40, now() - interval '1 day' * $2::int)";
    for days in 0..3 {
        owner.execute(sql, &[&record, &days]).await.unwrap();
        let told = socket.data("1").await["integrationScoresChanged"].clone();
        assert_eq!(told["operation"], "INSERTED");
        assert_eq!(told["integrationScore"]["baselineScore"], 40.0);
    }
    socket.quiet().await;
}

#[tokio::test]
async fn who_was_away_goes_on_where_it_stopped() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "away").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    log(&owner, record, "0").await;
    let cursor = socket.data("1").await["sessionEventLogged"]["cursor"].clone();
    drop(socket);
    for number in 1..=10 {
        log(&owner, record, &number.to_string()).await;
    }
    let mut socket = Socket::of(&app, &actor).await;
    let variables = json!({ "of": record.to_string(), "after": cursor });
    socket.begin("1", LOGGED, &variables).await;
    // Further changes arrive while missed ones are delivered.
    for number in 11..=30 {
        log(&owner, record, &number.to_string()).await;
    }
    let expected: Vec<String> = (1..=30).map(|number| number.to_string()).collect();
    assert_eq!(notes(&mut socket, "1", 30).await, expected);
    socket.quiet().await;

    // Forgotten changes are reported as an error, not skipped.
    owner.batch_execute("SELECT praxis.forget_changes('0')").await.unwrap();
    let mut socket = Socket::of(&app, &actor).await;
    socket.begin("1", LOGGED, &variables).await;
    assert_eq!(socket.error("1").await["extensions"]["code"], "GONE");
}

#[tokio::test]
async fn who_takes_nothing_loses_the_connection_and_nobody_else_does() {
    const EVENTS: usize = 40;
    let app = App::with(|config| config.feeds.queue_bytes = 100_000).await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "slow").await;
    let record = protocol(&owner, site).await;
    let mut slow = Socket::of(&app, &actor).await;
    let mut quick = Socket::of(&app, &actor).await;
    slow.subscribe("1", LOGGED, &of(record)).await;
    quick.subscribe("1", LOGGED, &of(record)).await;
    let long = "x".repeat(90_000);
    for number in 0..EVENTS * 5 {
        let note = format!("{number} {long}");
        log(&owner, record, &note).await;
        assert_eq!(notes(&mut quick, "1", 1).await, [note]);
    }
    // It receives what was on its way, and then the end.
    assert!(slow.is_cut_after_messages().await);
    log(&owner, record, "still").await;
    assert_eq!(notes(&mut quick, "1", 1).await, ["still"]);
}

#[tokio::test]
async fn a_reference_table_is_told_as_it_is_now() {
    let app = App::start().await;
    let owner = app.owner().await;
    let actor = app.clinician_north().await;
    let mut socket = Socket::of(&app, &actor).await;
    let watch = "subscription { eventTypesChanged { operation eventType { colorCode } } }";
    socket.subscribe("1", watch, &json!({})).await;
    for colour in ["#000001", "#000002"] {
        let sql = "UPDATE ref_event_types SET color_code = $1 WHERE event_type_id = 1";
        owner.execute(sql, &[&colour]).await.unwrap();
        let told = socket.data("1").await;
        assert_eq!(told["eventTypesChanged"]["eventType"]["colorCode"], colour);
    }
}

#[tokio::test]
async fn who_watches_a_table_that_is_emptied_at_once_is_told_to_read_it_anew() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "emptied").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    socket.subscribe("2", "subscription { eventTypesChanged { operation } }", &json!({})).await;
    log(&owner, record, "before").await;
    let told = socket.data("1").await;
    owner.batch_execute("TRUNCATE session_events CASCADE").await.unwrap();
    assert_eq!(socket.error("1").await["extensions"]["code"], "GONE");
    // A subscriber that reconnects gets missed changes, and a subscriber to another table is undisturbed.
    let mut after = of(record);
    after["after"] = told["sessionEventLogged"]["cursor"].clone();
    socket.subscribe("3", LOGGED, &after).await;
    assert_eq!(socket.error("3").await["extensions"]["code"], "GONE");
    owner
        .batch_execute("UPDATE ref_event_types SET color_code = '#000003' WHERE event_type_id = 1")
        .await
        .unwrap();
    assert_eq!(socket.data("2").await["eventTypesChanged"]["operation"], "UPDATED");
}

#[tokio::test]
async fn what_a_mutation_writes_is_told() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "writer").await;
    let colleague = person(&owner, "colleague").await;
    join(&owner, &colleague, site, "analyst").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &signed_in(&app, &colleague)).await;
    socket.subscribe("1", LOGGED, &of(record)).await;
    let create = format!(
        "mutation {{ createSessionEvent(input: {{ protocolId: \"{record}\", eventTypeId: \"1\", eventTimestamp: \
         \"2026-02-01T10:00:00Z\", notes: \"tapped\" }}) {{ sessionEvent {{ eventId }} }} }}"
    );
    actor.ask(&create).await.data();
    assert_eq!(notes(&mut socket, "1", 1).await, ["tapped"]);
}
