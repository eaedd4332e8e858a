//! A network that drops the gateway's connections to Postgres without a word. Whatever the gateway used a connection for, it goes on over
//! new ones: no request waits for ever, no change is lost or delivered twice, and an unsafe database is not served.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use praxis::server::ServerConfig;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, protocol};
use crate::harness::{Actor, App, Relay, Socket, clone_database, eventually, socket_folder, somebody_else};

const WATCH: &str =
    "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";
const ROWS: &str = "{ protocols(first: 1) { nodes { recordId } } }";
/// The requests that are sent at the same time, so that the pool has as many connections.
const AT_ONCE: usize = 6;
/// The longest wait for what the gateway does by itself. It takes about ten seconds, and took at least thirty or for ever before
/// exchanges had limits.
const BY_ITSELF: Duration = Duration::from_secs(28);

/// What the gateway uses a connection for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Requests, subscribers' rows, and the dispatcher's stored changes.
    Requests,
    /// Reference tables, and the notification that proves that others arrive.
    Aside,
    /// The check that the database is safe.
    Guard,
    /// Notifications.
    Listening,
}

impl Purpose {
    /// Returns the purpose of a connection on which the gateway has said this.
    fn of(said: &str) -> Self {
        if said.contains("LISTEN ") {
            Self::Listening
        } else if said.contains("pg_catalog.set_config('search_path'") {
            Self::Guard
        } else if said.contains("pg_notify(") || said.contains("\"ref_substances\"") {
            Self::Aside
        } else {
            Self::Requests
        }
    }
}

/// Starts a gateway behind a network, with short limits.
async fn start(change: impl FnOnce(&mut ServerConfig)) -> (App, Relay) {
    let (database, relay) = (clone_database().await, Relay::before(socket_folder()).await);
    let url = relay.url("praxis_gateway", &database);
    let app = App::over(&database, |config| {
        config.database.url = url;
        config.database.statement_timeout = Duration::from_secs(2);
        config.http.request_timeout = Duration::from_secs(8);
        config.feeds.ping_every = Duration::from_mins(5);
        change(config);
    })
    .await;
    (app, relay)
}

/// Waits until a condition holds that the gateway brings about by itself.
async fn by_itself(what: &str, holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(BY_ITSELF, eventually(what, holds)).await;
    assert!(waited.is_ok(), "not in time: {what}");
}

async fn is_ready(app: &App) -> bool {
    app.http().get(app.url("/health/ready")).send().await.unwrap().status() == StatusCode::OK
}

/// Sends requests of several callers at the same time, for rows of their own and for reference rows that are not cached. Returns true if
/// all are answered.
async fn all_answered(app: &App) -> bool {
    static NUMBER: AtomicUsize = AtomicUsize::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let reference =
        format!("{{ substances(filter: {{ substanceId: {{ gt: {number} }} }}) {{ nodes {{ id }} }} }}");
    let mut queries = vec![ROWS; AT_ONCE];
    queries.push(&reference);
    let answers = queries.into_iter().map(async |query| app.bearer(&somebody_else()).ask(query).await);
    join_all(answers).await.iter().all(|answer| answer.body.get("errors").is_none())
}

/// Logs an event, past the gateway and its network.
async fn log(owner: &Client, protocol: i64, notes: &str) {
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes)
        VALUES ($1, 1, now(), $2)";
    owner.execute(sql, &[&protocol, &notes]).await.unwrap();
}

/// Returns the notes of the next event.
async fn told(socket: &mut Socket) -> Value {
    let mut message = None;
    by_itself("a change is delivered", async || {
        message = socket.next_within(Duration::from_secs(1)).await;
        message.is_some()
    })
    .await;
    let message = message.unwrap();
    assert_eq!(message["type"], "next", "{message}");
    message["payload"]["data"]["sessionEventLogged"]["sessionEvent"]["notes"].clone()
}

async fn watch(app: &App, caller: &Actor<'_>, protocol: i64) -> Socket {
    let mut socket = Socket::of(app, caller).await;
    socket.subscribe("1", WATCH, &json!({ "of": protocol.to_string() })).await;
    socket
}

/// Drops the connections of some purposes, and asserts that the gateway goes on.
async fn goes_on_without(dropped: &[Purpose]) {
    let (app, relay) = start(|_| {}).await;
    let owner = app.owner().await;
    let (north, site) = clinician(&app, &owner, "north").await;
    let protocol = protocol(&owner, site).await;
    let mut socket = watch(&app, &north, protocol).await;
    let drop_connections = async || {
        by_itself("every purpose has a connection", async || {
            let has_answered = all_answered(&app).await && is_ready(&app).await;
            has_answered && dropped.iter().all(|one| relay.count(|said| Purpose::of(said) == *one) > 0)
        })
        .await;
        relay.freeze(|said| dropped.contains(&Purpose::of(said)));
    };

    log(&owner, protocol, "before").await;
    assert_eq!(told(&mut socket).await, "before");
    drop_connections().await;
    for notes in ["first", "second"] {
        log(&owner, protocol, notes).await;
    }
    assert_eq!(told(&mut socket).await, "first");
    assert_eq!(told(&mut socket).await, "second");
    by_itself("requests are answered", async || all_answered(&app).await).await;
    by_itself("the gateway is ready", async || is_ready(&app).await).await;

    drop_connections().await;
    owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
    by_itself("the unsafe database is not served", async || {
        north.ask(ROWS).await.body["errors"][0]["extensions"]["reason"] == "UNSAFE_DATABASE"
    })
    .await;
    assert!(!is_ready(&app).await);
    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    by_itself("the gateway is ready", async || is_ready(&app).await).await;
    by_itself("requests are answered", async || all_answered(&app).await).await;

    log(&owner, protocol, "after").await;
    assert_eq!(told(&mut socket).await, "after");
    socket.quiet().await;
}

#[tokio::test]
async fn the_gateway_goes_on_without_the_connections_of_its_requests() {
    goes_on_without(&[Purpose::Requests]).await;
}

#[tokio::test]
async fn the_gateway_goes_on_without_the_connection_beside_its_requests() {
    goes_on_without(&[Purpose::Aside]).await;
}

#[tokio::test]
async fn the_gateway_goes_on_without_the_connection_of_its_checks() {
    goes_on_without(&[Purpose::Guard]).await;
}

#[tokio::test]
async fn the_gateway_goes_on_without_the_connection_that_listens() {
    goes_on_without(&[Purpose::Listening]).await;
}

#[tokio::test]
async fn the_gateway_goes_on_without_any_of_its_connections() {
    goes_on_without(&[Purpose::Requests, Purpose::Aside, Purpose::Guard, Purpose::Listening]).await;
}

#[tokio::test]
async fn one_request_at_most_pays_for_the_connections_of_all() {
    let (app, relay) = start(|_| {}).await;
    by_itself("the pool has connections", async || {
        all_answered(&app).await && relay.count(|said| Purpose::of(said) == Purpose::Requests) >= AT_ONCE / 2
    })
    .await;
    relay.freeze(|_| true);
    let mut failed = 0;
    while app.bearer(&somebody_else()).ask(ROWS).await.body.get("errors").is_some() {
        failed += 1;
        assert!(failed < 2, "each lost connection fails a request");
    }
    assert!(all_answered(&app).await);
}

#[tokio::test]
async fn a_commit_on_a_connection_that_is_dropped_has_an_unknown_outcome() {
    let (app, relay) = start(|config| {
        config.database.statement_timeout = Duration::from_secs(4);
        config.http.request_timeout = Duration::from_mins(2);
    })
    .await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "writer").await;
    let protocol = protocol(&owner, site).await;
    let slow = "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON session_events DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION linger();";
    owner.batch_execute(slow).await.unwrap();
    by_itself("the database is checked", async || is_ready(&app).await).await;
    let mutation = format!(
        "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\" }}) {{
           sessionEvent {{ id }} }} }}"
    );
    let none = json!({});
    let (answer, ()) = tokio::join!(writer.ask_once("once", &mutation, &none), async {
        eventually("the commit runs", async || app.running().await == 1).await;
        assert!(relay.freeze(|said| Purpose::of(said) == Purpose::Requests) > 0);
    });
    assert_eq!((answer.code(), answer.status), ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(answer.error()["extensions"]["reason"], "OUTCOME_UNKNOWN");
    // The request had more time: it has learned that the connection is lost.
    let message = answer.error()["message"].as_str().unwrap();
    assert!(message.contains("database was lost"), "{message}");
    let again = writer.ask_once("once", &mutation, &none).await;
    again.data();
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let events = format!("SELECT count(*) FROM session_events WHERE protocol_id = {protocol}");
    assert_eq!(owner.query_one(&events, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn the_gateway_is_not_ready_while_the_network_is_down_and_ready_when_it_is_up() {
    let (app, relay) = start(|config| config.database.pool_timeout = Duration::from_secs(2)).await;
    let owner = app.owner().await;
    let (north, site) = clinician(&app, &owner, "north").await;
    let protocol = protocol(&owner, site).await;
    let mut socket = watch(&app, &north, protocol).await;
    by_itself("the gateway is ready", async || is_ready(&app).await).await;
    relay.set_down(true);
    by_itself("the gateway is not ready", async || !is_ready(&app).await).await;
    assert_eq!(north.ask(ROWS).await.body["data"], Value::Null);
    log(&owner, protocol, "meanwhile").await;
    relay.set_down(false);
    by_itself("the gateway is ready", async || is_ready(&app).await).await;
    by_itself("requests are answered", async || all_answered(&app).await).await;
    assert_eq!(told(&mut socket).await, "meanwhile");
    socket.quiet().await;
}
