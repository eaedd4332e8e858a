//! `Retry-After`: every route sends it with every temporary refusal, and with no other.

use std::time::Duration;

use praxis::auth::KeySource;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::harness::{App, Socket, eventually, http_client, somebody};

/// The routes: name, request, and Accept header.
const ROUTES: [(&str, &str); 7] = [
    ("POST /graphql", "application/json"),
    ("POST /graphql", "application/graphql-response+json"),
    ("POST /graphql", "text/event-stream"),
    ("GET /graphql?query=%7Bsites%7BtotalCount%7D%7D", "application/json"),
    ("GET /graphql?query=%7Bsites%7BtotalCount%7D%7D", "application/graphql-response+json"),
    ("GET /health/ready", "application/json"),
    ("GET /graphql/ws", ""),
];

/// Returns the statuses of all routes, each with whether it has `Retry-After`.
async fn told(app: &App, token: &str) -> Vec<(String, u16, bool)> {
    let mut told = Vec::new();
    for (route, accept) in ROUTES {
        let (method, target) = route.split_once(' ').unwrap();
        let bearer = format!("Bearer {token}");
        let (status, headers) = if target == "/graphql/ws" {
            let headers = [("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", &*bearer)];
            match Socket::open(app, &headers).await {
                Err(Error::Http(refused)) => (refused.status().as_u16(), refused.headers().clone()),
                Ok((_, opened)) => (opened.status().as_u16(), opened.headers().clone()),
                Err(error) => panic!("{error}"),
            }
        } else {
            let method = method.parse().unwrap();
            // A new connection: one that is kept alive has its place already.
            let asked = http_client().request(method, app.url(target)).header(ACCEPT, accept);
            let asked = asked.header(AUTHORIZATION, &bearer).timeout(Duration::from_secs(30));
            let is_post = route.starts_with("POST");
            let body = json!({ "query": "{ sites { totalCount } }" });
            let asked = if is_post { asked.json(&body) } else { asked };
            let answer = asked.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            assert!(status != 503 || !answer.bytes().await.unwrap().is_empty(), "{route}");
            (status, headers)
        };
        told.push((format!("{route} {accept}"), status, headers.contains_key("retry-after")));
    }
    told
}

/// Returns the routes that refuse, and checks whether each sends `Retry-After`.
fn refusing(told: &[(String, u16, bool)], passes: bool) -> Vec<&str> {
    let refused = told.iter().filter(|(_, status, _)| matches!(status, 429 | 503));
    refused
        .map(|(route, status, says)| {
            assert_eq!(*says, passes, "{route}: {status}");
            route.as_str()
        })
        .collect()
}

async fn readiness(app: &App) -> (StatusCode, String) {
    let answer = app.http().get(app.url("/health/ready")).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn without_a_database_one_comes_again() {
    let app = App::start().await;
    let server = app.let_in(false).await;
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    server.execute(end, &[&app.database]).await.unwrap();
    eventually("not ready", async || readiness(&app).await.0 == StatusCode::SERVICE_UNAVAILABLE).await;
    // A stream begins before its operation fails, and a socket before it has one.
    assert_eq!(refusing(&told(&app, &somebody()).await, true).len(), 5);
}

#[tokio::test]
async fn who_waits_for_a_look_at_the_schema_comes_again_and_who_meets_an_unsafe_one_does_not() {
    let app = App::start().await;
    let (owner, locker) = (app.owner().await, app.owner().await);
    eventually("the gateway hears", async || {
        owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
        readiness(&app).await.0 == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    assert_eq!(refusing(&told(&app, &somebody()).await, false).len(), 5);
    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("all is well", async || readiness(&app).await.0 == StatusCode::OK).await;
    assert_eq!(refusing(&told(&app, &somebody()).await, true), Vec::<&str>::new());
    // A table that the gateway's check of the database reads is locked.
    locker.batch_execute("BEGIN; LOCK TABLE praxis.baseline IN ACCESS EXCLUSIVE MODE").await.unwrap();
    owner.batch_execute("COMMENT ON TABLE session_events IS 'Changed'").await.unwrap();
    eventually("it is in doubt", async || readiness(&app).await.1.contains("may have changed")).await;
    assert_eq!(refusing(&told(&app, &somebody()).await, true).len(), 5);
    locker.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn where_there_is_no_place_one_comes_again_whatever_one_wants() {
    let app = App::with(|config| {
        config.http.connections = 1;
        config.database.statement_timeout = Duration::from_mins(2);
        config.http.request_timeout = Duration::from_mins(2);
    })
    .await;
    app.slow_down(60).await;
    let [busy] = app.occupy().await;
    let told = told(&app, &somebody()).await;
    assert_eq!(refusing(&told, true).len(), 6, "all but readiness: {told:?}");
    for target in ["/graphiql/index.js", "/nothing", "/"] {
        let refused = http_client().get(app.url(target)).send().await.unwrap();
        assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"] == "1"), (503, true));
    }
    busy.abort();
}

#[tokio::test]
async fn where_there_are_no_places_for_streams_one_comes_again() {
    let app = App::with(|config| config.feeds.connections_per_caller = Some(1)).await;
    let token = somebody();
    let _only = Socket::of(&app, &app.bearer(&token)).await;
    assert_eq!(refusing(&told(&app, &token).await, true).len(), 2);
}

#[tokio::test]
async fn where_keys_cannot_be_had_one_comes_again() {
    // No server listens there.
    let keys = "http://127.0.0.1:9/keys".to_owned();
    let app = App::with(|config| config.auth.keys = Some(KeySource::Url(keys))).await;
    // {"alg":"RS256","kid":"a"} {"exp":4102444800}
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln";
    assert_eq!(refusing(&told(&app, token).await, true).len(), 6);
}
