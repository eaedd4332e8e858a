//! The rules of `graphql-transport-ws`.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use praxis::auth::KeySource;
use praxis::auth::development::{DevelopmentClaims, issue};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::harness::{Answer, App, SECRET, Socket, eventually};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// Returns a token of a demo user that lasts this long.
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
    let error = socket.error("d").await;
    assert_eq!(error["extensions"]["argument"], "after");
    assert_eq!(error["path"], json!(["sessionEventsChanged"]));
    assert_eq!(error["locations"], json!([{ "line": 1, "column": 44 }]));
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
    let payload = json!({ "headers": { "Authorization": bearer } });
    let mut by_headers = Socket::silent(&app).await;
    by_headers.send(&json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(by_headers.next().await["type"], "connection_ack");
    by_headers.begin("a", mine, &json!({})).await;
    assert_eq!(by_headers.data("a").await["practitionerProfiles"]["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_stands_for_a_token_and_is_none_is_refused() {
    let app = App::start().await;
    for payload in [
        json!({ "token": "x" }),
        json!({ "token": "" }),
        json!({ "token": 1 }),
        json!({ "authorization": "" }),
        json!({ "authorization": 1 }),
        json!({ "authorization": "x" }),
        json!({ "headers": { "Authorization": "" } }),
        json!({ "headers": { "Authorization": [] } }),
        json!({ "headers": "x" }),
        json!({ "headers": [] }),
        json!({ "headers": 1 }),
    ] {
        let mut socket = Socket::silent(&app).await;
        socket.send(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await.0, 4401, "{payload}");
    }
    for header in ["", "x", "Bearer"] {
        let refused = Socket::open(&app, &[PROTOCOL, ("authorization", header)]).await;
        assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 401), "{header}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_reason_to_sign_in_again() {
    // No server listens there.
    let keys = "http://127.0.0.1:9/keys".to_owned();
    let app = App::with(|config| config.auth.keys = Some(KeySource::Url(keys))).await;
    let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let expires = chrono::Utc::now().timestamp() + 600;
    let token =
        format!("{}.{}.c2ln", part(json!({ "alg": "RS256", "kid": "a" })), part(json!({ "exp": expires })));
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        let request = app.http().post(app.url("/graphql")).bearer_auth(&token).header("accept", accept);
        let answer =
            Answer::read(request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE"), "{accept}");
        assert_eq!(answer.error()["extensions"]["reason"], "keys_unavailable");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    let bearer = format!("Bearer {token}");
    let Err(Error::Http(refused)) = Socket::open(&app, &[PROTOCOL, ("authorization", &bearer)]).await else {
        panic!("the connection is not refused")
    };
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"] == "1"), (503, true));
    let mut socket = Socket::silent(&app).await;
    socket.send(&json!({ "type": "connection_init", "payload": { "token": token } })).await;
    assert_eq!(socket.closed().await.0, 1013);
}

#[tokio::test]
async fn a_token_is_taken_as_long_over_a_socket_as_by_http() {
    let app = App::start().await;
    let email = "clinician.north@praxis.example";
    let claims = DevelopmentClaims::new(app.user_id(email).await, email);
    let claims = DevelopmentClaims { ttl: Duration::from_mins(1), ..claims };
    // The token expired ten seconds ago, and clocks may differ by thirty.
    let token = issue(SECRET, &claims, chrono::Utc::now() - Duration::from_secs(70)).unwrap();
    let actor = app.bearer(&token);
    actor.ask("{ __typename }").await.data();
    let mut socket = Socket::of(&app, &actor).await;
    socket.begin("a", "{ __typename }", &json!({})).await;
    assert_eq!(socket.data("a").await, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn a_goodbye_is_answered() {
    let app = App::start().await;
    let north = app.clinician_north().await;
    let mut sockets = vec![Socket::silent(&app).await, Socket::of(&app, &north).await];
    let mut watching = Socket::of(&app, &north).await;
    watching.subscribe("a", "subscription { protocolsChanged { nodeId } }", &json!({})).await;
    sockets.push(watching);
    for mut socket in sockets {
        socket.close(1000, "Normal Closure").await;
        assert_eq!(socket.closed().await.0, 1000);
        assert!(socket.is_cut().await);
    }
}

/// Returns a frame of a client with a mask of zeros, which changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = 0x80 | u8::try_from(payload.len()).unwrap();
    [&[first, length, 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn what_is_no_frame_and_no_text_is_told_so() {
    let app = App::start().await;
    let unmasked = vec![0x81, 2, b'{', b'}'];
    let long_ping = [&[0x89, 0xfe, 0, 200, 0, 0, 0, 0][..], &[0; 200]].concat();
    for (wrong, code) in [
        (unmasked, 1002),
        (long_ping, 1002),
        (frame(0xf1, b"{}"), 1002),
        (frame(0x83, b"{}"), 1002),
        (frame(0x8b, b""), 1002),
        (frame(0x09, b""), 1002),
        (frame(0x80, b"{}"), 1002),
        ([frame(0x01, b"{"), frame(0x81, b"}")].concat(), 1002),
        (frame(0x81, b"\xff\xff"), 1007),
        ([frame(0x01, b"\xe2\x82"), frame(0x80, b"{")].concat(), 1007),
    ] {
        let mut socket = Socket::of(&app, &app.anonymous()).await;
        socket.send_bytes(&wrong).await;
        assert_eq!(socket.closed().await.0, code, "{wrong:x?}");
    }
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let app = App::with(|config| config.auth.leeway = Duration::ZERO).await;
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
    // The client ends an operation, which frees its place.
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
    let parts = [frame(0x01, &[b'x'; 100]), frame(0x00, &[b'x'; 100]).repeat(10)].concat();
    // The last of them is still being sent when the connection ends.
    for length in [1_001, 2_000, 4_000_000] {
        let mut socket = Socket::of(&app, &app.anonymous()).await;
        socket.send_text(&"x".repeat(length)).await;
        assert_eq!(socket.closed().await.0, 1009, "{length}");
    }
    let mut socket = Socket::of(&app, &app.anonymous()).await;
    socket.send_bytes(&parts).await;
    assert_eq!(socket.closed().await.0, 1009);
}
