//! The gateway under the services of async-graphql-axum, as docs/embedding.md shows it.

mod example;

use std::time::Duration;

use praxis::auth::development::{DevelopmentClaims, issue};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fixture::{clinician, protocol};
use crate::harness::{App, SECRET, Socket, config};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// The same database, served by a gateway of its own through the services of async-graphql-axum.
async fn embedded(app: &App) -> App {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = config(&app.database);
    config.auth.leeway = Duration::ZERO;
    let served = tokio::spawn(async move {
        example::serve(config, listener).await.unwrap();
    });
    App::elsewhere(address, &app.database, served)
}

/// The text of an answer.
async fn text(app: &App, token: Option<&str>, body: &Value) -> String {
    let request = app.http().post(app.url("/graphql")).json(body);
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    request.send().await.unwrap().text().await.unwrap()
}

#[test]
fn the_docs_show_the_code_that_is_tested_here() {
    let page = include_str!("../../docs/embedding.md");
    let code = include_str!("embedded/example.rs");
    assert!(page.contains(&format!("```rust\n{code}```\n")));
}

#[tokio::test]
async fn services_of_others_give_the_same_data_to_each_caller() {
    let ours = App::start().await;
    let theirs = embedded(&ours).await;
    let north = ours.clinician_north().await.token.unwrap();
    let south = ours.clinician_south().await.token.unwrap();
    let query =
        "query($few: Int!) { practitionerProfiles(first: $few) { nodes { profileId displayName hourlyRate } }
        sessionEvents(first: $few) { totalCount nodes { eventId notes eventTimestamp } } }";
    let body = json!({ "query": query, "variables": { "few": 3 }, "operationName": "" });
    let mut told = Vec::new();
    for token in [Some(north.as_str()), Some(&south)] {
        let answer = text(&ours, token, &body).await;
        assert!(answer.starts_with("{\"data\":{"), "{answer}");
        assert_eq!(text(&theirs, token, &body).await, answer);
        told.push(answer);
    }
    assert_ne!(told[0], told[1]);
    let wrong = json!({ "query": "{ practitionerProfiles(first: -1) { nodes { profileId } } }" });
    let errors = async |app: &App| -> Value {
        let answer: Value = serde_json::from_str(&text(app, Some(&north), &wrong).await).unwrap();
        answer["errors"].clone()
    };
    let told = errors(&ours).await;
    assert_eq!(told[0]["extensions"]["argument"], "first");
    assert_eq!(errors(&theirs).await, told);
    // Nobody is anybody by a token that is none.
    let request = theirs.http().post(theirs.url("/graphql")).bearer_auth("x").json(&body);
    assert_eq!(request.send().await.unwrap().status(), 401);
    let several: Value =
        serde_json::from_str(&text(&theirs, Some(&north), &json!([body, body])).await).unwrap();
    assert_eq!(several["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{several}");
}

#[tokio::test]
async fn services_of_others_tell_changes_to_those_who_may_see_them() {
    let ours = App::start().await;
    let theirs = embedded(&ours).await;
    let owner = ours.owner().await;
    let (actor, site) = clinician(&ours, &owner, "embedded").await;
    let record = protocol(&owner, site).await;
    let bearer = format!("Bearer {}", actor.token.as_ref().unwrap());
    let watch =
        "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";
    let stranger = format!("Bearer {}", ours.clinician_south().await.token.unwrap());
    let mut sockets = Vec::new();
    for token in [&bearer, &stranger] {
        let (mut socket, _) = Socket::open(&theirs, &[PROTOCOL, ("authorization", token)]).await.unwrap();
        socket.send(&json!({ "type": "connection_init" })).await;
        assert_eq!(socket.next().await["type"], "connection_ack");
        socket.subscribe("a", watch, &json!({ "of": record.to_string() })).await;
        sockets.push(socket);
    }
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES ($1, 1, now(), $2)";
    for note in ["one", "two"] {
        owner.execute(sql, &[&record, &note]).await.unwrap();
        assert_eq!(sockets[0].data("a").await["sessionEventLogged"]["sessionEvent"]["notes"], note);
    }
    sockets[1].quiet().await;
    // What is wrong ends the operation, with its place.
    let cursor = "subscription { sessionEventsChanged(after: \"x\") { nodeId } }";
    sockets[0].begin("b", cursor, &json!({})).await;
    let answer = sockets[0].next().await;
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["argument"], "after", "{answer}");
    assert_eq!(sockets[0].next().await, json!({ "id": "b", "type": "complete" }));
}

#[tokio::test]
async fn nothing_is_told_to_a_caller_whose_token_has_ended() {
    let ours = App::start().await;
    let theirs = embedded(&ours).await;
    let email = "clinician.north@praxis.example";
    let named = DevelopmentClaims::new(ours.user_id(email).await, email);
    let claims = DevelopmentClaims { ttl: Duration::from_secs(4), ..named };
    let bearer = format!("Bearer {}", issue(SECRET, &claims, chrono::Utc::now()).unwrap());
    let (mut socket, _) = Socket::open(&theirs, &[PROTOCOL, ("authorization", &bearer)]).await.unwrap();
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await["type"], "connection_ack");
    socket.begin("a", "subscription { sessionEventsChanged { nodeId } }", &json!({})).await;
    let answer = socket.next().await;
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
    assert_eq!(socket.next().await, json!({ "id": "a", "type": "complete" }));
    // The connection goes on, for nobody.
    let create = "mutation { createProtocol(input: { siteId: \"1\" }) { protocol { recordId } } }";
    let protocols = "SELECT count(*) FROM log_clinical_records";
    let before: i64 = ours.owner().await.query_one(protocols, &[]).await.unwrap().get(0);
    for operation in [
        "{ __typename }",
        "{ protocols { totalCount } }",
        "subscription { sessionEventsChanged { nodeId } }",
        create,
    ] {
        socket.begin("b", operation, &json!({})).await;
        let answer = socket.next().await;
        assert_eq!(
            answer["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
            "{operation}: {answer}"
        );
        assert_eq!(socket.next().await, json!({ "id": "b", "type": "complete" }));
    }
    let after: i64 = ours.owner().await.query_one(protocols, &[]).await.unwrap().get(0);
    assert_eq!(after, before);
}
