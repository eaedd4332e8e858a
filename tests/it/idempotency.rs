//! A mutation that is sent again with its idempotency key runs once.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Answer, App, Socket, token};

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

    // Without a key every request runs.
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
    // No caller can read stored answers past the gateway, not even their own.
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
    // An expired key is new, whatever it was used for before.
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

#[tokio::test]
async fn a_key_in_the_extensions_is_a_string_and_no_other_than_the_headers() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "extensions").await;
    let protocol = protocol(&owner, site).await;
    let payload = |key: &Value| {
        let extensions = json!({ "idempotencyKey": key });
        json!({ "query": LOG, "variables": { "protocol": protocol }, "extensions": extensions })
    };
    let send = async |key: &Value, header: Option<&str>| {
        let request = app.http().post(app.url("/graphql")).bearer_auth(clinician.token.as_ref().unwrap());
        let request = request.json(&payload(key));
        let request = header.into_iter().fold(request, |it, key| it.header("idempotency-key", key));
        Answer::read(request.send().await.unwrap()).await
    };
    let mut socket = Socket::of(&app, &clinician).await;
    let no_string = "`extensions.idempotencyKey` is a string; leave it out for none.";
    let no_key = "An Idempotency-Key is one string of 1 to 255 visible characters.";
    for (wrong, told) in [
        (json!(null), no_string),
        (json!(5), no_string),
        (json!(-0.5), no_string),
        (json!(true), no_string),
        (json!([]), no_string),
        (json!(["k"]), no_string),
        (json!({}), no_string),
        (json!({ "key": "k" }), no_string),
        (json!(""), no_key),
        (json!("a b"), no_key),
        (json!("\"k\""), no_key),
        (json!("k".repeat(256)), no_key),
    ] {
        let error = json!({ "message": told, "extensions": { "code": "BAD_USER_INPUT" } });
        for header in [None, wrong.as_str().is_none().then_some("k")] {
            let answer = send(&wrong, header).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.body),
                (400, &json!({ "errors": [error] })),
                "{wrong}"
            );
        }
        socket.send(&json!({ "id": "1", "type": "subscribe", "payload": payload(&wrong) })).await;
        assert_eq!(socket.error("1").await, error, "{wrong}");
    }
    for header in ["other", "\"other\"", "K"] {
        let answer = send(&json!("k"), Some(header)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{header}");
        assert!(answer.error()["message"].as_str().unwrap().contains("differ"), "{:#}", answer.body);
    }
    assert_eq!(events(&app, protocol).await, 0);
    // A key is the same in every way of sending it.
    let first = send(&json!("k"), None).await;
    for header in ["k", "\"k\""] {
        let again = send(&json!("k"), Some(header)).await;
        assert_eq!((again.data(), &again.headers["idempotent-replayed"] == "true"), (first.data(), true));
    }
    socket.send(&json!({ "id": "2", "type": "subscribe", "payload": payload(&json!("k")) })).await;
    assert_eq!(socket.data("2").await, *first.data());
    assert_eq!(events(&app, protocol).await, 1);
}

#[tokio::test]
async fn one_person_has_the_same_keys_however_the_sub_is_written() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (site, person) =
        (crate::fixture::site(&owner, "spelled").await, crate::fixture::person(&owner, "spelled").await);
    crate::fixture::join(&owner, &person, site, "clinician").await;
    let protocol = protocol(&owner, site).await;
    let mut answers = Vec::new();
    for sub in [person.clone(), person.to_uppercase(), format!("{{{person}}}"), person.replace('-', "")] {
        let claims = json!({ "sub": sub, "exp": chrono::Utc::now().timestamp() + 600 });
        let actor = app.bearer(&crate::identity::hs256(&claims, crate::harness::SECRET));
        answers.push(actor.ask_once("k", LOG, &json!({ "protocol": protocol })).await.data().clone());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(events(&app, protocol).await, 1);
}

#[tokio::test]
async fn variables_are_compared_as_values() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "values").await;
    let protocol = protocol(&owner, site).await;
    let document = "mutation($score: Float!, $protocol: BigInt!) {
      createIntegrationScore(input: { protocolId: $protocol, scaleType: EIS, scoreValue: $score,
        measuredAt: \"2026-01-01T10:00:00Z\" }) { integrationScore { scoreId daysPostDose } }
    }";
    let send = async |variables: &str| {
        let query = serde_json::to_string(&document).unwrap();
        let body = format!("{{\"query\": {query}, \"variables\": {variables}}}");
        let request = app.http().post(app.url("/graphql")).bearer_auth(clinician.token.as_ref().unwrap());
        let request = request.header("idempotency-key", "k").header("content-type", "application/json");
        Answer::read(request.body(body).send().await.unwrap()).await
    };
    let first = send(&format!("{{\"score\": 60, \"protocol\": \"{protocol}\"}}")).await;
    for same in ["60.0", "6e1"] {
        let again = send(&format!("{{\"protocol\": \"{protocol}\", \"score\": {same}}}")).await;
        assert_eq!(again.data(), first.data());
        assert_eq!(again.headers["idempotent-replayed"], "true");
    }
    assert_eq!(send(&format!("{{\"score\": 60.5, \"protocol\": \"{protocol}\"}}")).await.status, 422);

    // An omitted field differs from null.
    let left_out = clinician.ask_once("n", LOG, &json!({ "protocol": protocol })).await;
    left_out.data();
    let null = clinician.ask_once("n", LOG, &json!({ "protocol": protocol, "note": null })).await;
    assert_eq!(null.error()["extensions"]["reason"], "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn another_tenant_of_the_same_user_has_keys_of_its_own() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (site, person) =
        (crate::fixture::site(&owner, "tenants").await, crate::fixture::person(&owner, "tenants").await);
    crate::fixture::join(&owner, &person, site, "clinician").await;
    let protocol = protocol(&owner, site).await;
    let variables = json!({ "protocol": protocol });
    let of_tenant = |tenant: &str, issued: i64| {
        let claims = json!({
            "sub": person, "role": "authenticated", "tenant_id": tenant, "iat": issued, "jti": issued.to_string(),
            "exp": chrono::Utc::now().timestamp() + 600,
        });
        app.bearer(&crate::identity::hs256(&claims, crate::harness::SECRET))
    };
    let first = of_tenant("one", 1).ask_once("k", LOG, &variables).await;
    let other = of_tenant("two", 1).ask_once("k", LOG, &variables).await;
    assert_ne!(first.data(), other.data());
    assert!(!other.headers.contains_key("idempotent-replayed"));
    assert_eq!(events(&app, protocol).await, 2);
    // Another token of the same session is the same caller.
    let again = of_tenant("one", 2).ask_once("k", LOG, &variables).await;
    assert_eq!(again.data(), first.data());
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(events(&app, protocol).await, 2);
}

#[tokio::test]
async fn a_replay_shows_nothing_that_its_caller_may_no_longer_see() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (site, person) =
        (crate::fixture::site(&owner, "left").await, crate::fixture::person(&owner, "left").await);
    crate::fixture::join(&owner, &person, site, "clinician").await;
    let clinician = crate::fixture::signed_in(&app, &person);
    let protocol = protocol(&owner, site).await;
    let variables = json!({ "protocol": protocol });
    let document = "mutation($protocol: BigInt!) {
      one: createSessionEvent(input: { protocolId: $protocol, notes: \"secret\" }) {
        sessionEvent { eventId notes protocol { recordId site { siteName memberships { nodes { role } } } } }
      }
      many: createSessionEvents(inputs: [{ protocolId: $protocol, notes: \"secret\" }, { protocolId: $protocol }]) {
        affectedCount nodes { eventId notes }
      }
      __typename
    }";
    let first = clinician.ask_once("k", document, &variables).await;
    let again = clinician.ask_once("k", document, &variables).await;
    assert_eq!(again.data(), first.data());
    owner
        .batch_execute(&format!("UPDATE user_sites SET is_active = false WHERE user_id = '{person}'"))
        .await
        .unwrap();
    let again = clinician.ask_once("k", document, &variables).await;
    let nothing = json!({
        "one": { "sessionEvent": null },
        "many": { "affectedCount": 2, "nodes": [null, null] },
        "__typename": "Mutation",
    });
    assert_eq!(again.data(), &nothing);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(events(&app, protocol).await, 3);
    // No answer remains in the table.
    let kept: Vec<u8> =
        owner.query_one("SELECT answer FROM praxis.idempotency_keys", &[]).await.unwrap().get(0);
    assert!(!String::from_utf8_lossy(&kept).contains("secret"));
}

#[tokio::test]
async fn a_replay_of_other_writes_tells_what_is_there() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "writes").await;
    let protocol = protocol(&owner, site).await;
    let homework = "mutation($protocol: BigInt!) {
      createIntegrationHomework(input: { protocolId: $protocol, assignedDate: \"2026-01-01\", dueDate: \"2026-02-01\" }) {
        integrationHomework { homeworkId completionNotes }
      }
    }";
    let created = clinician.ask_once("create", homework, &json!({ "protocol": protocol })).await;
    let id = created.data()["createIntegrationHomework"]["integrationHomework"]["homeworkId"].clone();
    let update = "mutation($id: BigInt!) {
      updateIntegrationHomework(homeworkId: $id, patch: { completionNotes: \"done\" }) {
        integrationHomework { homeworkId completionNotes }
      }
    }";
    let updated = clinician.ask_once("update", update, &json!({ "id": id })).await;
    assert_eq!(clinician.ask_once("update", update, &json!({ "id": id })).await.data(), updated.data());
    let delete = "mutation($id: BigInt!) {
      deleteIntegrationHomework(homeworkId: $id) { integrationHomework { homeworkId } }
    }";
    clinician.ask_once("delete", delete, &json!({ "id": id })).await.data();
    let again = clinician.ask_once("delete", delete, &json!({ "id": id })).await;
    assert_eq!(again.data()["deleteIntegrationHomework"], json!({ "integrationHomework": null }));
    let function = "mutation($protocol: BigInt!) {
      logSessionEvent(protocolId: $protocol, eventType: \"Distress\") { sessionEvent { eventId } }
    }";
    let first = clinician.ask_once("call", function, &json!({ "protocol": protocol })).await;
    let again = clinician.ask_once("call", function, &json!({ "protocol": protocol })).await;
    assert_eq!(again.data(), first.data());
}
