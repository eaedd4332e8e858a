//! Health checks: live, ready, and the shutdown of the gateway.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{App, eventually, http_client, somebody};

async fn health(app: &App, which: &str) -> (StatusCode, Value) {
    let answer = app.http().get(app.url(&format!("/health/{which}"))).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_gateway_over_a_database_is_live_and_ready() {
    let app = App::start().await;
    assert_eq!(health(&app, "live").await, (StatusCode::OK, json!({ "status": "live" })));
    assert_eq!(
        health(&app, "ready").await,
        (StatusCode::OK, json!({ "status": "ready", "database": "primary" }))
    );
}

#[tokio::test]
async fn it_is_not_ready_while_the_database_is_gone_and_ready_when_it_is_back() {
    let app = App::start().await;
    assert_eq!(health(&app, "ready").await.0, StatusCode::OK);

    let server = app.let_in(false).await;
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    server.execute(end, &[&app.database]).await.unwrap();
    eventually("not ready", async || health(&app, "ready").await.0 == StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(health(&app, "ready").await.1["status"], "not ready");
    assert_eq!(health(&app, "live").await.0, StatusCode::OK);
    let answer = app.bearer(&somebody()).ask("{ sites { nodes { id } } }").await;
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.body.to_string().contains(&app.database), "{:#}", answer.body);

    app.let_in(true).await;
    assert_eq!(health(&app, "ready").await.0, StatusCode::OK);
    app.bearer(&somebody()).ask("{ sites { nodes { id } } }").await.data();
}

#[tokio::test]
async fn it_is_not_ready_while_the_database_does_not_answer() {
    let app = App::with(|config| {
        config.database.pool_size = 1;
        config.database.pool_timeout = Duration::from_secs(2);
    })
    .await;
    assert_eq!(health(&app, "ready").await.0, StatusCode::OK);
    // Over a new connection it would answer.
    let server = app.let_in(false).await;
    let signal = async |signal| {
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND usename = 'praxis_gateway'";
        for row in server.query(sql, &[&app.database]).await.unwrap() {
            let pid = rustix::process::Pid::from_raw(row.get(0)).unwrap();
            rustix::process::kill_process(pid, signal).unwrap();
        }
    };
    // A gateway that has just started may still open connections.
    eventually("not ready", async || {
        signal(rustix::process::Signal::STOP).await;
        let answer = tokio::time::timeout(Duration::from_secs(20), health(&app, "ready")).await;
        answer.expect("an answer").0 == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    signal(rustix::process::Signal::CONT).await;
    app.let_in(true).await;
    eventually("ready", async || health(&app, "ready").await.0 == StatusCode::OK).await;
}

#[tokio::test]
async fn it_is_ready_while_every_connection_is_busy() {
    let app = App::with(|config| {
        config.database.pool_size = 1;
        config.database.pool_timeout = Duration::from_secs(2);
    })
    .await;
    app.slow_down(60).await;
    let [busy] = app.occupy().await;
    assert_eq!(health(&app, "ready").await.0, StatusCode::OK);
    busy.abort();
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_the_gateway_is_told_to_stop() {
    let app = App::start().await;
    app.slow_down(2).await;
    let (address, health) = (app.address, app.url("/health/live"));
    let [slow] = app.occupy().await;

    let stopped = tokio::spawn(app.stop());
    eventually("new connections are refused", async || {
        tokio::net::TcpStream::connect(address).await.is_err()
    })
    .await;
    assert!(http_client().get(health).send().await.is_err());
    assert!(!slow.is_finished());
    assert!(!stopped.is_finished());

    let answer = slow.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.json::<Value>().await.unwrap()["data"]["sites"]["nodes"].is_array());
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_request_that_outlives_the_grace_is_given_up() {
    let app = App::with(|config| config.http.request_timeout = Duration::from_millis(500)).await;
    // Headers that never end: no limit of a request applies yet.
    let mut connection = tokio::net::TcpStream::connect(app.address).await.unwrap();
    std::pin::pin!(&mut connection).writable().await.unwrap();
    connection.try_write(b"POST /graphql HTTP/1.1\r\nHost: a\r\n").unwrap();
    tokio::time::timeout(Duration::from_secs(20), app.stop()).await.expect("the gateway to stop");
}
