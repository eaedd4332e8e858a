//! What takes too long is ended, in the gateway and in Postgres, and costs nobody a connection.

use std::io::Write as _;
use std::time::Duration;

use praxis::server::ServerConfig;
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{App, eventually, http_client, somebody, somebody_else};

const SITES: &str = "{ sites { nodes { id } } }";
const POOL: usize = 2;
/// More often than the pool has connections: a lost one would be missed.
const OFTEN: usize = 2 * POOL + 1;

fn small_pool(config: &mut ServerConfig) {
    config.database.pool_size = POOL;
    config.database.pool_timeout = Duration::from_millis(500);
    config.database.statement_timeout = Duration::from_mins(1);
}

/// A request of somebody else each time that is under way on a connection of its own.
fn in_flight(app: &App) -> JoinHandle<reqwest::Result<reqwest::Response>> {
    let request = http_client().post(app.url("/graphql")).bearer_auth(somebody_else());
    tokio::spawn(request.json(&json!({ "query": SITES })).send())
}

/// A statement that is not slow, and not answered from memory.
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
        let request = in_flight(&app);
        eventually("the statement runs", async || app.running().await == 1).await;
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
    let busy = [in_flight(&app), in_flight(&app)];
    eventually("the statements run", async || app.running().await == 2).await;
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
    let busy = [in_flight(&app), in_flight(&app)];
    eventually("the statements run", async || app.running().await == 2).await;
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
    let request = in_flight(&app);
    eventually("the statement runs", async || app.running().await == 1).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'praxis_gateway'";
    app.owner().await.execute(end, &[]).await.unwrap();
    let answer = request.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    assert_usable(&app).await;
}
