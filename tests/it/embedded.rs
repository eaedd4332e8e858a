//! The gateway behind the services of async-graphql-axum, as docs/embedding.md shows it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use praxis::auth::AuthConfig;
use praxis::auth::development::{DevelopmentClaims, issue};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{clinician, protocol};
use crate::harness::{App, CLUSTER, SECRET, Socket, eventually};

/// The media type of subscriptions by POST, as Apollo's clients request them.
const MULTIPART: &str = "multipart/mixed; boundary=graphql; subscriptionSpec=1.0";
const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// The compiled program of the docs.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(env!("CARGO"));
    // Of all packages that `cargo test` builds: for one alone, dependencies have other features, and all would be built again.
    build.args(["build", "--quiet", "--example", "embedding"]);
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success());
    Path::new(env!("CARGO_BIN_EXE_praxis")).with_file_name("examples").join("embedding")
});

/// Serves the same database with that program, through the services of async-graphql-axum.
async fn embedded(app: &App) -> App {
    let program = tokio::task::spawn_blocking(|| PROGRAM.clone()).await.unwrap();
    // The port is free again, and no other process takes one so soon.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut program = tokio::process::Command::new(program)
        .arg(address.to_string())
        .env("DATABASE_URL", CLUSTER.url("praxis_gateway", &app.database))
        .env("PRAXIS_JWT_SECRET", str::from_utf8(SECRET).unwrap())
        .env("PRAXIS_LISTEN", "127.0.0.1:0")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    eventually("the program serves", async || TcpStream::connect(address).await.is_ok()).await;
    let served = tokio::spawn(async move {
        program.wait().await.unwrap();
    });
    App::elsewhere(address, &app.database, served)
}

/// Returns the text of an answer.
async fn text(app: &App, token: Option<&str>, body: &Value) -> String {
    let request = app.http().post(app.url("/graphql")).json(body);
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    request.send().await.unwrap().text().await.unwrap()
}

#[test]
fn the_docs_show_the_program_that_is_run_here() {
    let page = include_str!("../../docs/embedding.md");
    let code = include_str!("../../docs/embedding/src/main.rs");
    let manifest = include_str!("../../docs/embedding/Cargo.toml");
    assert!(page.contains(&format!("```rust\n{code}```\n")));
    assert!(page.contains(&format!("```toml\n{manifest}```\n")));
}

/// Tests the differences of the services that the docs list.
#[tokio::test]
async fn the_services_answer_as_the_docs_say() {
    let ours = App::start().await;
    let theirs = embedded(&ours).await;
    let ask = |accept: &'static str, body: &'static str| {
        theirs.http().post(theirs.url("/graphql")).header("accept", accept).body(body)
    };
    let answered = async |accept, body| {
        let answer = ask(accept, body).send().await.unwrap();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        (answer.status().as_u16(), kind.unwrap_or_default(), answer.text().await.unwrap())
    };
    let query = r#"{"query":"{ __typename }"}"#;
    for accept in ["application/json", "application/graphql-response+json", "text/plain"] {
        let (status, kind, text) = answered(accept, query).await;
        assert_eq!((status, kind.as_str()), (200, "application/graphql-response+json"), "{accept}");
        assert_eq!(text, r#"{"data":{"__typename":"Query"}}"#);
    }
    let (status, kind, text) = answered(MULTIPART, query).await;
    assert!(
        status == 200 && kind.starts_with("multipart/mixed") && text.contains("\r\n--graphql"),
        "{kind}: {text}"
    );
    let (status, _, text) = answered("application/json", "{").await;
    assert!(status == 400 && serde_json::from_str::<Value>(&text).is_err(), "{status}: {text}");
    let twice =
        r#"{"query":"query($n: Int!) { protocols(first: $n) { totalCount } }","variables":{"n":-1,"n":1}}"#;
    let (status, _, text) = answered("application/json", twice).await;
    assert!(status == 200 && !text.contains("errors"), "{text}");
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
    // An invalid token is refused, not treated as anonymous.
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
    // An error ends the operation, with its location.
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
    // The program accepts the token for this much longer.
    let leeway = AuthConfig::with_secret(SECRET).leeway;
    let claims = DevelopmentClaims { ttl: Duration::from_secs(4), ..named };
    let bearer = format!("Bearer {}", issue(SECRET, &claims, chrono::Utc::now() - leeway).unwrap());
    let (mut socket, _) = Socket::open(&theirs, &[PROTOCOL, ("authorization", &bearer)]).await.unwrap();
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await["type"], "connection_ack");
    socket.begin("a", "subscription { sessionEventsChanged { nodeId } }", &json!({})).await;
    let answer = socket.next().await;
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
    assert_eq!(socket.next().await, json!({ "id": "a", "type": "complete" }));
    // The connection continues, without a caller.
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
