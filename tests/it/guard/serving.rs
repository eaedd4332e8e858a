//! A gateway over an unsafe database, at its start and while it serves.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_postgres::{AsyncMessage, NoTls};

use crate::binary::{over, praxis};
use crate::fixture::{clinician, protocol};
use crate::harness::{App, Socket, clone_database, connect, database_url, eventually, somebody};

#[tokio::test]
async fn serve_refuses_and_says_what_to_do() {
    let name = clone_database().await;
    connect(&database_url("postgres", &name))
        .await
        .batch_execute("ALTER TABLE session_events NO FORCE ROW LEVEL SECURITY")
        .await
        .unwrap();
    let mut command = praxis();
    let url = database_url("praxis_gateway", &name);
    command.arg("serve").args(over(&url));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("public.session_events: row-level security does not apply to its owner"), "{said}");
    assert!(said.contains("→ ALTER TABLE public.session_events FORCE ROW LEVEL SECURITY;"), "{said}");
}

#[tokio::test]
async fn a_database_that_becomes_unsafe_is_not_served_until_it_is_mended() {
    let app = App::start().await;
    let owner = app.owner().await;
    let ready = async || app.http().get(app.url("/health/ready")).send().await.unwrap().status();
    let asker = app.bearer(&somebody());
    let ask = async || asker.ask("{ refSubstances: substances(first: 1) { nodes { id } } }").await;
    assert_eq!(ready().await, StatusCode::OK);
    ask().await.data();
    // The event trigger notifies the gateway as soon as it listens.
    eventually("noticed", async || {
        owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
        ready().await == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    let answer = ask().await;
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert_eq!(answer.body["errors"][0]["extensions"]["reason"], "UNSAFE_DATABASE");
    assert!(!answer.body.to_string().contains("session_events"), "{}", answer.body);

    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("healed", async || ready().await == StatusCode::OK).await;
    ask().await.data();
}

/// Returns the gateway's readiness.
async fn readiness(app: &App) -> (StatusCode, Value) {
    let answer = app.http().get(app.url("/health/ready")).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Waits until the gateway receives changes of the schema.
async fn hears(app: &App) {
    let owner = app.owner().await;
    eventually("the gateway hears", async || {
        owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
        readiness(app).await.0 == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("all is well", async || readiness(app).await.0 == StatusCode::OK).await;
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_told_after_it() {
    let app = App::start().await;
    hears(&app).await;
    let owner = app.owner().await;
    app.slow_down(4).await;
    let asker = app.clinician_north().await;
    let ask = asker.ask("{ sites { nodes { siteId } } }");
    let change = async {
        eventually("it is asked", async || app.running().await == 1).await;
        owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask, change);
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert_eq!(answer.body["errors"][0]["extensions"]["reason"], "UNSAFE_DATABASE");
}

/// Ends the gateway's listening connection, prevents another one, and waits until the gateway has noticed.
async fn deafen(app: &App) {
    let server = app.let_in(false).await;
    let listening = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
        WHERE datname = $1 AND usename = 'praxis_gateway' AND query ~* 'listen|notify'";
    let ended: i64 = server.query_one(listening, &[&app.database]).await.unwrap().get(0);
    assert!(ended > 0);
    eventually("it is noticed", async || readiness(app).await.0 == StatusCode::SERVICE_UNAVAILABLE).await;
}

/// Some changes of the objects that protect rows, and of those that watch them.
const CHANGES: [&str; 6] = [
    "ALTER TABLE session_events DISABLE ROW LEVEL SECURITY",
    "DROP POLICY session_events_read ON session_events",
    "CREATE POLICY open ON session_events FOR SELECT USING (true)",
    "GRANT DELETE ON session_events TO authenticated",
    "ALTER TABLE session_events DISABLE TRIGGER announce_insert",
    "ALTER FUNCTION praxis.auth_sites() STRICT",
];

#[tokio::test]
async fn gateways_hear_of_a_change_in_whatever_mode_it_is_made() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (client, mut connection) =
        tokio_postgres::connect(&app.database_url("postgres"), NoTls).await.unwrap();
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(message) = message {
                let _ = sender.send(message.payload().to_owned());
            }
        }
    });
    client.batch_execute("LISTEN praxis_schema").await.unwrap();
    for mode in ["origin", "local", "replica"] {
        for change in CHANGES {
            let changed = format!(
                "SET session_replication_role = {mode}; {change}; SELECT pg_notify('praxis_schema', 'after')"
            );
            owner.batch_execute(&changed).await.unwrap();
            let mut said = Vec::new();
            while said.last().is_none_or(|last| last != "after") {
                said.push(
                    tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.unwrap().unwrap(),
                );
            }
            assert_eq!(said, ["", "after"], "{mode}: {change}");
        }
        let undo = "ALTER TABLE session_events ENABLE ALWAYS TRIGGER announce_insert; DROP POLICY open ON session_events;
            CREATE POLICY session_events_read ON session_events FOR SELECT USING (false);
            SELECT pg_notify('praxis_schema', 'undone')";
        owner.batch_execute(undo).await.unwrap();
        while tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.unwrap().unwrap() != "undone"
        {
        }
    }
}

#[tokio::test]
async fn nothing_is_told_while_nothing_is_heard_of_the_schema() {
    let app = App::start().await;
    hears(&app).await;
    let owner = app.owner().await;
    let newcomer = app.user("newcomer@praxis.example").await;
    let count = "{ sessionEvents { totalCount } }";
    assert_eq!(newcomer.ask(count).await.data()["sessionEvents"]["totalCount"], 0);
    deafen(&app).await;
    owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
    for _ in 0..3 {
        let answer = newcomer.ask(count).await;
        assert_eq!(answer.code(), "UNAVAILABLE", "{}", answer.body);
    }
    app.let_in(true).await;
    eventually("it is known", async || {
        let answer = newcomer.ask(count).await;
        assert_eq!(answer.code(), "UNAVAILABLE", "{}", answer.body);
        answer.body["errors"][0]["extensions"]["reason"] == "UNSAFE_DATABASE"
    })
    .await;
    // Nor does a new subscription receive changes.
    let mut socket = Socket::of(&app, &newcomer).await;
    socket.begin("1", "subscription { sessionEventsChanged { operation } }", &json!({})).await;
    assert_eq!(socket.error("1").await["extensions"]["reason"], "UNSAFE_DATABASE");
    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("healed", async || readiness(&app).await.0 == StatusCode::OK).await;
    assert_eq!(newcomer.ask(count).await.data()["sessionEvents"]["totalCount"], 0);
}

#[tokio::test]
async fn where_listening_is_not_to_be_had_for_long_looking_has_to_do() {
    let app = App::start().await;
    hears(&app).await;
    let north = app.clinician_north().await;
    let rows = "{ sessionEvents(first: 1) { nodes { eventId } } }";
    north.ask(rows).await.data();
    deafen(&app).await;
    assert_eq!(north.ask(rows).await.code(), "UNAVAILABLE");
    eventually("it is answered again", async || north.ask(rows).await.body.get("errors").is_none()).await;
    // It stays so, though listening is retried every two seconds.
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        north.ask(rows).await.data();
    }
}

#[tokio::test]
async fn nothing_is_told_or_written_between_a_change_and_the_look_at_it() {
    let app = App::with(|config| config.feeds.ping_every = Duration::from_mins(5)).await;
    hears(&app).await;
    let (owner, locker) = (app.owner().await, app.owner().await);
    let (north, site) = clinician(&app, &owner, "doubt").await;
    let protocol = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &north).await;
    let watch =
        "subscription($of: BigInt!) { sessionEventsChanged(filter: {protocolId: {eq: $of}}) { operation } }";
    socket.subscribe("1", watch, &json!({ "of": protocol.to_string() })).await;
    // A table that the check reads is locked.
    locker.batch_execute("BEGIN; LOCK TABLE praxis.baseline IN ACCESS EXCLUSIVE MODE").await.unwrap();
    owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("it is in doubt", async || {
        readiness(&app).await.1["reason"].to_string().contains("may have changed")
    })
    .await;
    let rows = "{ sessionEvents(first: 1) { nodes { eventId } } }";
    let write = "mutation($input: SessionEventInput!) { createSessionEvent(input: $input) { __typename } }";
    let input = json!({ "input": {
        "protocolId": protocol.to_string(), "eventTypeId": 1, "eventTimestamp": "2026-01-01T10:00:00Z"
    } });
    for query in [rows, "{ substances(first: 1) { nodes { substanceName } } }", "{ __typename }", write] {
        let answer = north.ask_with(query, &input).await;
        let told = (answer.code(), answer.status);
        assert_eq!(told, ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE), "{query}: {}", answer.body);
    }
    let count = format!("SELECT count(*) FROM session_events WHERE protocol_id = {protocol}");
    assert_eq!(owner.query_one(&count, &[]).await.unwrap().get::<_, i64>(0), 0);
    let event = format!(
        "INSERT INTO session_events (protocol_id, site_id, event_type_id, event_timestamp)
         VALUES ({protocol}, {site}, 1, now())"
    );
    owner.batch_execute(&event).await.unwrap();
    assert_eq!(socket.next_within(Duration::from_secs(2)).await, None);
    locker.batch_execute("ROLLBACK").await.unwrap();
    eventually("it is known", async || {
        north.ask(rows).await.body["errors"][0]["extensions"]["reason"] == "UNSAFE_DATABASE"
    })
    .await;
    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("healed", async || readiness(&app).await.0 == StatusCode::OK).await;
    north.ask(rows).await.data();
}

#[tokio::test]
async fn everybody_is_answered_while_the_schema_changes_all_the_time() {
    let app = App::start().await;
    hears(&app).await;
    let owner = app.owner().await;
    let north = app.clinician_north().await;
    let changes = async {
        for number in 0.. {
            let index = format!("CREATE INDEX often_{number} ON session_events ((event_id + {number}))");
            owner.batch_execute(&index).await.unwrap();
            owner.batch_execute(&format!("DROP INDEX often_{number}")).await.unwrap();
        }
    };
    let answers = async {
        for _ in 0..10 {
            north.ask("{ protocols(first: 1) { nodes { recordId } } }").await.data();
        }
    };
    tokio::select! {
        () = changes => {}
        () = answers => {}
    }
}

#[tokio::test]
async fn the_look_needs_no_connection_of_the_callers() {
    let app = App::with(|config| config.database.pool_size = 1).await;
    hears(&app).await;
    let owner = app.owner().await;
    app.slow_down(60).await;
    let asked = app.http().post(app.url("/graphql")).bearer_auth(somebody());
    let asked = tokio::spawn(asked.json(&json!({ "query": "{ sites { nodes { siteId } } }" })).send());
    eventually("the only connection is busy", async || app.running().await == 1).await;
    owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("noticed", async || {
        readiness(&app).await.1["reason"].to_string().contains("does not protect")
    })
    .await;
    assert!(!asked.is_finished());
    asked.abort();
}
