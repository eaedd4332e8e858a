//! A mutation that is sent again under its key is carried out once.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Answer, App, token};

const LOG: &str = "mutation($protocol: BigInt!, $note: String) {
  createSessionEvent(input: { protocolId: $protocol, eventTimestamp: \"2026-01-01T10:00:00Z\", notes: $note }) {
    sessionEvent { eventId notes }
  }
}";

async fn events(app: &App, protocol: i64) -> Value {
    let sql = format!("SELECT count(*) AS n FROM session_events WHERE protocol_id = {protocol}");
    oracle(app, &sql).await[0]["n"].clone()
}

#[tokio::test]
async fn the_first_answer_is_given_again() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "again").await;
    let protocol = protocol(&owner, site).await;
    let variables = json!({ "protocol": protocol, "note": "once" });

    let first = clinician.ask_once("\"8e03978e\"", LOG, &variables).await;
    first.data();
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = clinician.ask_once("8e03978e", LOG, &variables).await;
    assert_eq!(again.data(), first.data(), "a key in quotes is the same key");
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(events(&app, protocol).await, 1);

    let other = clinician.ask_once("8e03978e", LOG, &json!({ "protocol": protocol, "note": "twice" })).await;
    assert_eq!(other.status, 422);
    assert_eq!(other.error()["extensions"]["reason"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(events(&app, protocol).await, 1);

    // Without a key every request is one of its own.
    clinician.ask_with(LOG, &variables).await.data();
    assert_eq!(events(&app, protocol).await, 2);
}

#[tokio::test]
async fn requests_at_the_same_moment_are_carried_out_once() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "at once").await;
    let protocol = protocol(&owner, site).await;
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let request = app
            .http()
            .post(app.url("/graphql"))
            .bearer_auth(clinician.token.as_ref().unwrap())
            .header("idempotency-key", "same")
            .json(&json!({ "query": LOG, "variables": { "protocol": protocol } }));
        requests.spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap() });
    }
    let answers = requests.join_all().await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0] && answer.get("errors").is_none()),
        "{answers:#?}"
    );
    assert_eq!(events(&app, protocol).await, 1);
}

#[tokio::test]
async fn a_request_without_headers_has_its_key_in_the_extensions() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "socket").await;
    let protocol = protocol(&owner, site).await;
    let body = json!({
        "query": LOG, "variables": { "protocol": protocol }, "extensions": { "idempotencyKey": "of-the-socket" }
    });
    let send = async || {
        let request = app.http().post(app.url("/graphql")).bearer_auth(clinician.token.as_ref().unwrap());
        Answer::read(request.json(&body).send().await.unwrap()).await
    };
    assert_eq!(send().await.data(), send().await.data());
    assert_eq!(events(&app, protocol).await, 1);
}

#[tokio::test]
async fn a_request_that_failed_can_be_sent_again() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "failing").await;
    let protocol = protocol(&owner, site).await;
    let wrong = json!({ "protocol": 0 });
    assert_eq!(clinician.ask_once("k", LOG, &wrong).await.code(), "FORBIDDEN");
    clinician.ask_once("k", LOG, &json!({ "protocol": protocol })).await.data();
    assert_eq!(events(&app, protocol).await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_whoever_used_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (one, site) = clinician(&app, &owner, "one").await;
    let (other, other_site) = clinician(&app, &owner, "other").await;
    let (mine, theirs) = (protocol(&owner, site).await, protocol(&owner, other_site).await);
    one.ask_once("k", LOG, &json!({ "protocol": mine })).await.data();
    other.ask_once("k", LOG, &json!({ "protocol": theirs })).await.data();
    assert_eq!((events(&app, mine).await, events(&app, theirs).await), (json!(1), json!(1)));
    assert_eq!(
        app.anonymous().ask_once("k", LOG, &json!({ "protocol": mine })).await.code(),
        "BAD_USER_INPUT"
    );
    // Nobody reads answers past the gateway, not even their own.
    let sql = "SET ROLE authenticated; SELECT * FROM praxis.idempotency_keys";
    assert!(owner.batch_execute(sql).await.is_err());
}

#[tokio::test]
async fn keys_are_forgotten_with_age() {
    let app = App::start().await;
    let owner = app.owner().await;
    let person = crate::fixture::person(&owner, "old").await;
    let site = crate::fixture::site(&owner, "Old").await;
    crate::fixture::join(&owner, &person, site, "clinician").await;
    let actor = app.bearer(&token(&person, "old@tests.example"));
    let protocol = protocol(&owner, site).await;
    let variables = json!({ "protocol": protocol });
    actor.ask_once("k", LOG, &variables).await.data();
    let age = "UPDATE praxis.idempotency_keys SET created_at = now() - interval '25 hours'";
    owner.batch_execute(age).await.unwrap();
    // Used again it is a new key, whatever it was used for before.
    let other = json!({ "protocol": protocol, "note": "another" });
    actor.ask_once("k", LOG, &other).await.data();
    assert_eq!(events(&app, protocol).await, 2);
    owner.batch_execute(age).await.unwrap();
    let forgotten: i64 = owner
        .query_one("SELECT praxis.forget_idempotency_keys(interval '24 hours')", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(forgotten, 1);
}

#[tokio::test]
async fn a_key_is_one_short_string() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    for wrong in ["\"\"", "a b", &"k".repeat(256)] {
        let answer = actor.ask_once(wrong, LOG, &json!({ "protocol": 1 })).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{wrong}");
    }
}
