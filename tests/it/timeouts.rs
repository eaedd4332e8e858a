//! Timeouts end requests that take too long, in the gateway and in Postgres, without losing a connection.

use std::io::Write as _;
use std::time::Duration;

use praxis::server::ServerConfig;
use reqwest::StatusCode;
use serde_json::json;

use crate::fixture::{clinician, protocol};
use crate::harness::{App, connect, eventually, http_client, somebody};

const SITES: &str = "{ sites { nodes { id } } }";
const POOL: usize = 2;
/// More requests than the pool has connections: a lost connection would be missed.
const OFTEN: usize = 2 * POOL + 1;

fn small_pool(config: &mut ServerConfig) {
    config.database.pool_size = POOL;
    config.database.pool_timeout = Duration::from_secs(2);
    config.database.statement_timeout = Duration::from_mins(1);
}

/// Sends a query that is fast and not answered from memory, and asserts that it works.
async fn assert_usable(app: &App) {
    app.bearer(&somebody()).ask("{ protocols { nodes { id } } }").await.data();
}

#[tokio::test]
async fn a_statement_that_runs_too_long_is_a_timeout() {
    let app = App::with(|config| {
        small_pool(config);
        config.database.statement_timeout = Duration::from_millis(200);
    })
    .await;
    app.slow_down(60).await;
    for _ in 0..OFTEN {
        let answer = app.bearer(&somebody()).ask(SITES).await;
        assert_eq!(answer.code(), "TIMEOUT");
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(answer.body["data"], json!(null));
        assert_usable(&app).await;
    }
    assert_eq!(app.running().await, 0);
}

#[tokio::test]
async fn a_request_that_runs_too_long_is_a_timeout_and_its_statement_is_cancelled() {
    let app = App::with(|config| {
        small_pool(config);
        config.http.request_timeout = Duration::from_millis(300);
    })
    .await;
    app.slow_down(60).await;
    for _ in 0..OFTEN {
        let answer = app.bearer(&somebody()).ask(SITES).await;
        assert_eq!(answer.code(), "TIMEOUT");
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
        eventually("the statement is cancelled", async || app.running().await == 0).await;
        assert_usable(&app).await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_work() {
    let app = App::with(small_pool).await;
    app.slow_down(60).await;
    for _ in 0..OFTEN {
        let [request] = app.occupy().await;
        request.abort();
        eventually("the statement is cancelled", async || app.running().await == 0).await;
        assert_usable(&app).await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_before_a_connection_is_free_takes_none() {
    let app = App::with(|config| {
        small_pool(config);
        config.database.pool_timeout = Duration::from_secs(10);
    })
    .await;
    app.slow_down(60).await;
    let busy = app.occupy::<2>().await;
    for _ in 0..OFTEN {
        let body = json!({ "query": SITES }).to_string();
        let mut connection = std::net::TcpStream::connect(app.address).unwrap();
        write!(
            connection,
            "POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            somebody(),
            body.len()
        )
        .unwrap();
    }
    for request in busy {
        request.abort();
    }
    eventually("the statements are cancelled", async || app.running().await == 0).await;
    assert_usable(&app).await;
}

#[tokio::test]
async fn where_every_connection_is_busy_the_gateway_says_so_in_time() {
    let app = App::with(small_pool).await;
    app.slow_down(60).await;
    let busy = app.occupy::<2>().await;
    let answer = app.bearer(&somebody()).ask("{ protocols { nodes { id } } }").await;
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    for request in busy {
        request.abort();
    }
    eventually("the statements are cancelled", async || app.running().await == 0).await;
    assert_usable(&app).await;
}

#[tokio::test]
async fn after_postgres_has_closed_every_connection_the_next_request_works() {
    let app = App::with(small_pool).await;
    let owner = app.owner().await;
    for _ in 0..OFTEN {
        assert_usable(&app).await;
        let ended = owner
            .execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                  WHERE datname = current_database() AND usename = 'praxis_gateway'",
                &[],
            )
            .await
            .unwrap();
        assert!(ended > 0);
        assert_usable(&app).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_under_a_request_makes_it_unavailable() {
    let app = App::with(small_pool).await;
    app.slow_down(60).await;
    let [request] = app.occupy().await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'praxis_gateway'";
    app.owner().await.execute(end, &[]).await.unwrap();
    let answer = request.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    assert_usable(&app).await;
}

#[tokio::test]
async fn a_statement_that_does_not_heed_its_cancellation_is_ended_and_nobody_else_is() {
    let app = App::with(|config| {
        small_pool(config);
        config.http.request_timeout = Duration::from_millis(300);
    })
    .await;
    app.slow_down(60).await;
    app.owner()
        .await
        .batch_execute(
            "CREATE FUNCTION stubborn() RETURNS boolean LANGUAGE plpgsql AS $$
             BEGIN
               LOOP
                 BEGIN
                   PERFORM pg_sleep(60);
                 EXCEPTION WHEN query_canceled THEN
                   NULL;
                 END;
               END LOOP;
             END $$;
             ALTER POLICY slow ON sites USING ((SELECT stubborn()))",
        )
        .await
        .unwrap();
    // Another connection of the same role works for long, beside the gateway.
    let other = connect(&app.database_url("praxis_gateway")).await;
    let other = tokio::spawn(async move { other.batch_execute("SELECT pg_sleep(1.5)").await });
    for _ in 0..2 {
        assert_eq!(app.bearer(&somebody()).ask(SITES).await.code(), "TIMEOUT");
        eventually("the statement is ended", async || app.running().await == 0).await;
        assert_usable(&app).await;
    }
    other.await.unwrap().unwrap();
}

/// Makes every commit of an event take this long.
async fn slow_commits(app: &App, seconds: u32) {
    let slow = format!(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON session_events DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION linger();"
    );
    app.owner().await.batch_execute(&slow).await.unwrap();
}

#[tokio::test]
async fn a_mutation_whose_time_is_up_during_its_commit_has_an_unknown_outcome() {
    let app = App::with(|config| {
        small_pool(config);
        config.http.request_timeout = Duration::from_secs(2);
    })
    .await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "slow").await;
    let protocol = protocol(&owner, site).await;
    slow_commits(&app, 6).await;
    let log = format!(
        "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\" }}) {{
           sessionEvent {{ id }} }} }}"
    );
    let answer = writer.ask_once("slow", &log, &json!({})).await;
    assert_eq!((answer.code(), answer.status), ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(answer.error()["extensions"]["reason"], "OUTCOME_UNKNOWN");
    // The commit continues, so the same request finds its result.
    let events = format!("SELECT count(*) FROM session_events WHERE protocol_id = {protocol}");
    let written = async || owner.query_one(&events, &[]).await.unwrap().get::<_, i64>(0);
    eventually("the commit has ended", async || written().await == 1).await;
    let again = writer.ask_once("slow", &log, &json!({})).await;
    again.data();
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(written().await, 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_during_a_commit_does_not_stop_it() {
    let app = App::with(small_pool).await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "gone").await;
    let protocol = protocol(&owner, site).await;
    slow_commits(&app, 3).await;
    let log = format!(
        "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\" }}) {{
           sessionEvent {{ id }} }} }}"
    );
    let request = http_client().post(app.url("/graphql")).bearer_auth(writer.token.as_ref().unwrap());
    let request = tokio::spawn(request.json(&json!({ "query": log })).send());
    eventually("the commit runs", async || app.running().await == 1).await;
    request.abort();
    let events = format!("SELECT count(*) FROM session_events WHERE protocol_id = {protocol}");
    eventually("the commit has ended", async || {
        owner.query_one(&events, &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;
    assert_usable(&app).await;
}
