//! The rules of `graphql-transport-ws`.

use std::time::Duration;

use praxis::auth::development::{DevelopmentClaims, issue};
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::harness::{App, SECRET, Socket, eventually};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// A token of a demo user that lasts so long.
async fn short_token(app: &App, email: &str, lasts: Duration) -> String {
    let claims = DevelopmentClaims { ttl: lasts, ..DevelopmentClaims::new(app.user_id(email).await, email) };
    issue(SECRET, &claims, chrono::Utc::now()).unwrap()
}

#[tokio::test]
async fn queries_and_mutations_are_answered_and_complete() {
    let app = App::start().await;
    let mut socket = Socket::of(&app, &app.clinician_north().await).await;
    socket.begin("a", "{ eventTypes(first: 1) { nodes { eventName } } }", &json!({})).await;
    assert_eq!(socket.data("a").await["eventTypes"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(socket.next().await, json!({ "id": "a", "type": "complete" }));
    // The id is free again.
    let create = "mutation($of: BigInt!) { createSessionEvent(input: { protocolId: $of, eventTypeId: \"1\", eventTimestamp: \
        \"2026-02-01T10:00:00Z\" }) { sessionEvent { eventId } } }";
    let protocol = app.clinician_north().await.ask("{ protocols(first: 1) { nodes { recordId } } }").await;
    let id = &protocol.nodes("protocols")[0]["recordId"];
    socket.begin("a", create, &json!({ "of": id })).await;
    assert!(socket.data("a").await["createSessionEvent"]["sessionEvent"]["eventId"].is_string());
    assert_eq!(socket.next().await, json!({ "id": "a", "type": "complete" }));
}

#[tokio::test]
async fn an_operation_that_is_not_valid_ends_with_its_errors_and_nothing_else() {
    let app = App::start().await;
    let mut socket = Socket::of(&app, &app.clinician_north().await).await;
    socket.begin("a", "{ nothing }", &json!({})).await;
    assert_eq!(socket.error("a").await["extensions"]["code"], "GRAPHQL_INVALID");
    let two = "subscription { sessionEventsChanged { nodeId } protocolsChanged { nodeId } }";
    socket.begin("b", two, &json!({})).await;
    assert_eq!(socket.error("b").await["extensions"]["code"], "GRAPHQL_INVALID");
    let wrong = "subscription { sessionEventChanged(eventId: \"x\") { nodeId } }";
    socket.begin("c", wrong, &json!({})).await;
    let error = socket.error("c").await;
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(error["extensions"]["argument"], "eventId");
    let cursor = "subscription { sessionEventsChanged(after: \"x\") { nodeId } }";
    socket.begin("d", cursor, &json!({})).await;
    assert_eq!(socket.error("d").await["extensions"]["argument"], "after");
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn whoever_does_not_keep_to_the_protocol_is_told_why() {
    let app = App::with(|config| config.feeds.init_within = Duration::from_millis(300)).await;
    let init = json!({ "type": "connection_init" });

    let mut socket = Socket::silent(&app).await;
    assert_eq!(socket.closed().await.0, 4408);

    let mut socket = Socket::silent(&app).await;
    socket.begin("a", "{ __typename }", &json!({})).await;
    assert_eq!(socket.closed().await, (4401, "Unauthorized".into()));

    let mut socket = Socket::silent(&app).await;
    socket.send(&init).await;
    socket.send(&init).await;
    assert_eq!(socket.closed().await.0, 4429);

    for wrong in ["", "{}", "{\"type\":\"start\"}", "{\"type\":\"subscribe\",\"payload\":{}}"] {
        let mut socket = Socket::of(&app, &app.anonymous()).await;
        socket.send_text(wrong).await;
        assert_eq!(socket.closed().await.0, 4400, "{wrong}");
    }
    let mut socket = Socket::of(&app, &app.anonymous()).await;
    socket.send_binary(b"{}").await;
    assert_eq!(socket.closed().await.0, 4400);

    let mut socket = Socket::of(&app, &app.clinician_north().await).await;
    let watch = "subscription { protocolsChanged { nodeId } }";
    socket.subscribe("a", watch, &json!({})).await;
    socket.begin("a", watch, &json!({})).await;
    assert_eq!(socket.closed().await.0, 4409);

    let (mut socket, _) = Socket::open(&app, &[]).await.unwrap();
    assert_eq!(socket.closed().await.0, 4406);
}

#[tokio::test]
async fn who_asks_is_said_by_the_payload_or_by_the_header() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    let token = actor.token.clone().unwrap();
    let mine = "{ practitionerProfiles(first: 1) { nodes { profileId } } }";

    let mut by_token = Socket::silent(&app).await;
    by_token.send(&json!({ "type": "connection_init", "payload": { "token": token } })).await;
    assert_eq!(by_token.next().await["type"], "connection_ack");
    by_token.begin("a", mine, &json!({})).await;
    assert_eq!(by_token.data("a").await["practitionerProfiles"]["nodes"].as_array().unwrap().len(), 1);

    let bearer = format!("Bearer {token}");
    let (mut by_header, _) = Socket::open(&app, &[PROTOCOL, ("authorization", &bearer)]).await.unwrap();
    by_header.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(by_header.next().await["type"], "connection_ack");
    by_header.begin("a", mine, &json!({})).await;
    assert_eq!(by_header.data("a").await["practitionerProfiles"]["nodes"].as_array().unwrap().len(), 1);

    let refused = Socket::open(&app, &[PROTOCOL, ("authorization", "Bearer x")]).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 401));
    let mut bad = Socket::silent(&app).await;
    bad.send(&json!({ "type": "connection_init", "payload": { "token": "x" } })).await;
    assert_eq!(bad.closed().await.0, 4401);
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let app = App::start().await;
    let token = short_token(&app, "clinician.north@praxis.example", Duration::from_secs(2)).await;
    let mut socket = Socket::of(&app, &app.bearer(&token)).await;
    socket.subscribe("a", "subscription { sessionEventsChanged { nodeId } }", &json!({})).await;
    assert_eq!(socket.closed().await, (4401, "Token expired".into()));
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let app = App::with(|config| config.http.allowed_origins = vec!["https://portal.example".into()]).await;
    let own = format!("http://{}", app.address);
    for origin in [own.as_str(), "https://portal.example"] {
        assert!(Socket::open(&app, &[PROTOCOL, ("origin", origin)]).await.is_ok(), "{origin}");
    }
    let refused = Socket::open(&app, &[PROTOCOL, ("origin", "https://elsewhere.example")]).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 403));
}

#[tokio::test]
async fn connections_and_operations_have_their_bounds() {
    let app = App::with(|config| {
        config.feeds.connections = 2;
        config.feeds.operations = 1;
    })
    .await;
    let mut first = Socket::of(&app, &app.clinician_north().await).await;
    let watch = "subscription { protocolsChanged { nodeId } }";
    first.subscribe("a", watch, &json!({})).await;
    first.begin("b", watch, &json!({})).await;
    assert_eq!(first.error("b").await["extensions"]["code"], "LIMIT_EXCEEDED");
    // Ended by the client, an operation makes room.
    first.send(&json!({ "id": "a", "type": "complete" })).await;
    first.begin("b", "{ __typename }", &json!({})).await;
    assert_eq!(first.data("b").await, json!({ "__typename": "Query" }));

    let _second = Socket::of(&app, &app.clinician_south().await).await;
    let third = Socket::open(&app, &[PROTOCOL]).await;
    assert!(matches!(third, Err(Error::Http(response)) if response.status() == 503));
    drop(first);
    eventually("the place is free again", async || Socket::open(&app, &[PROTOCOL]).await.is_ok()).await;
}

#[tokio::test]
async fn a_server_that_ends_says_goodbye() {
    let app = App::start().await;
    let mut socket = Socket::of(&app, &app.clinician_north().await).await;
    socket.subscribe("a", "subscription { protocolsChanged { nodeId } }", &json!({})).await;
    let begun = std::time::Instant::now();
    let (closed, ()) = tokio::join!(socket.closed(), app.stop());
    assert_eq!(closed.0, 1001);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let app = App::with(|config| config.http.body_limit = 1_000).await;
    let mut socket = Socket::of(&app, &app.anonymous()).await;
    socket.send_text(&"x".repeat(2_000)).await;
    assert!(socket.is_cut().await);
}
