//! Shares: one caller never gets more than a share of the connections to Postgres and of other scarce resources.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{App, Socket, eventually, http_client, somebody, somebody_else};

const SITES: &str = "{ sites { nodes { id } } }";
const PROTOCOLS: &str = "{ protocols(first: 1) { nodes { id } } }";
const POOL: usize = 4;
const ALL: i64 = 4;
const HALF: i64 = 2;

/// Starts a gateway whose statements on `sites` take a minute.
async fn slow_app() -> App {
    let app = App::with(|config| {
        config.database.pool_size = POOL;
        config.database.pool_timeout = Duration::from_secs(20);
        config.database.statement_timeout = Duration::from_mins(2);
        config.http.request_timeout = Duration::from_mins(2);
    })
    .await;
    app.slow_down(60).await;
    app
}

/// Sends concurrent requests with one token, each over a connection of its own.
fn ask_at_once(app: &App, token: &str, many: usize) -> JoinSet<u16> {
    let mut asking = JoinSet::new();
    for _ in 0..many {
        let request = http_client().post(app.url("/graphql")).bearer_auth(token);
        let request = request.json(&json!({ "query": SITES }));
        asking.spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) });
    }
    asking
}

#[tokio::test]
async fn two_hundred_slow_requests_of_one_caller_leave_half_of_the_connections() {
    let app = slow_app().await;
    let greedy = somebody();
    let mut asking = ask_at_once(&app, &greedy, 200);
    // Requests beyond the queue's length are refused at once.
    eventually("those that cannot wait are refused", async || {
        asking.try_join_next().is_some_and(|status| status.unwrap() == 503)
    })
    .await;
    eventually("half of the connections are busy", async || app.running().await == HALF).await;
    // Another caller gets an answer every time, and so does one without a token.
    for _ in 0..10 {
        app.bearer(&somebody_else()).ask(PROTOCOLS).await.data();
        app.anonymous().ask(PROTOCOLS).await.data();
    }
    assert_eq!(app.running().await, HALF);
    // The greedy caller has to wait for its own requests.
    assert_eq!(app.bearer(&greedy).ask(PROTOCOLS).await.code(), "UNAVAILABLE");
    asking.abort_all();
    eventually("the statements are cancelled", async || app.running().await == 0).await;
    app.bearer(&greedy).ask(PROTOCOLS).await.data();
}

#[tokio::test]
async fn connections_that_all_are_busy_go_to_each_in_turn() {
    let app = slow_app().await;
    let (first, second) = (somebody_else(), somebody_else());
    let mut busy = [ask_at_once(&app, &first, 20), ask_at_once(&app, &second, 20)];
    eventually("all connections are busy", async || app.running().await == ALL).await;
    let asking = app.bearer(&somebody());
    let mut asked = Box::pin(asking.ask(PROTOCOLS));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut asked).await.is_err());
    // The next free connection does not go to the thirty-six earlier requests, whose callers have their share.
    let statement = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event = 'PgSleep' LIMIT 1";
    app.owner().await.execute(statement, &[]).await.unwrap();
    asked.await.data();
    busy.iter_mut().for_each(JoinSet::abort_all);
}

#[tokio::test]
async fn the_gateway_tells_of_changes_while_somebody_asks_for_too_much() {
    let app = slow_app().await;
    let clinician = app.clinician_north().await;
    let mut socket = Socket::of(&app, &clinician).await;
    socket.subscribe("a", "subscription { protocolsChanged { nodeId } }", &json!({})).await;
    let _busy = ask_at_once(&app, &somebody(), 50);
    eventually("half of the connections are busy", async || app.running().await == HALF).await;
    app.owner().await.batch_execute("UPDATE log_clinical_records SET updated_at = now()").await.unwrap();
    socket.data("a").await;
}
