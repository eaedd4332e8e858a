//! Authentication: tokens over real HTTP, and the refusals.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use praxis::auth::{AuthConfig, KeySource};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::harness::{Answer, App, SECRET, somebody};

const MEDICATIONS: &str = "{ medications { totalCount nodes { id } } }";
const RSA_KEY: &[u8] = include_bytes!("../../api/src/auth/testdata/rsa-test-key.pem");
const RSA_PUBLIC_KEY: &[u8] = include_bytes!("../../api/src/auth/testdata/rsa-test-key.pub.pem");
const OTHER_RSA_KEY: &[u8] = include_bytes!("../../api/src/auth/testdata/other-rsa-test-key.pem");

/// Returns valid claims.
fn claims() -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({ "sub": "5e0cbe5f-6d1c-4f3c-9d59-0d8f3c2d6f11", "role": "authenticated", "iat": now, "exp": now + 600 })
}

/// Returns valid claims with one changed.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn message(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn sign(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = message(header, claims);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn hs256(claims: &Value, secret: &[u8]) -> String {
    sign(
        &json!({ "alg": "HS256", "typ": "JWT" }),
        claims,
        &EncodingKey::from_secret(secret),
        Algorithm::HS256,
    )
}

fn rs256(kid: &str, claims: &Value, pem: &[u8]) -> String {
    let key = EncodingKey::from_rsa_pem(pem).unwrap();
    sign(&json!({ "alg": "RS256", "typ": "JWT", "kid": kid }), claims, &key, Algorithm::RS256)
}

fn seconds_from_now(seconds: i64) -> Value {
    json!(chrono::Utc::now().timestamp() + seconds)
}

/// Starts a gateway that trusts the key set of the tests and no secret.
async fn with_keys() -> App {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/testdata/jwks.json"));
    App::shared_with(|config| config.auth = AuthConfig::with_keys(KeySource::File(file))).await
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{:#}", answer.body);
    assert!(answer.body.get("data").is_none(), "{:#}", answer.body);
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert_eq!(answer.error()["extensions"]["reason"], reason);
    assert!(answer.error()["message"].as_str().unwrap().len() > 10);
    let challenge = answer.headers[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains(reason), "{challenge}");
}

#[tokio::test]
async fn without_a_token_reference_tables_are_empty() {
    let app = App::shared().await;
    let answer = app.anonymous().ask(MEDICATIONS).await;
    assert_eq!(answer.data()["medications"], json!({ "totalCount": 0, "nodes": [] }));
}

#[tokio::test]
async fn a_signed_in_user_sees_the_reference_tables() {
    let app = App::shared().await;
    let answer = app.bearer(&somebody()).ask(MEDICATIONS).await;
    assert_eq!(answer.data()["medications"]["totalCount"], 24);
    assert_eq!(answer.nodes("medications").len(), 24);
}

#[tokio::test]
async fn what_one_caller_was_shown_is_not_shown_to_the_next() {
    // Both callers share one connection and one cache.
    let app = App::shared_with(|config| config.database.pool_size = 1).await;
    for _ in 0..3 {
        assert_eq!(app.bearer(&somebody()).ask(MEDICATIONS).await.nodes("medications").len(), 24);
        assert!(app.anonymous().ask(MEDICATIONS).await.nodes("medications").is_empty());
    }
}

#[tokio::test]
async fn a_token_of_the_role_anon_sees_what_strangers_see() {
    let app = App::shared().await;
    let token = hs256(&claims_with("role", json!("anon")), SECRET);
    assert!(app.bearer(&token).ask(MEDICATIONS).await.nodes("medications").is_empty());
}

#[tokio::test]
async fn the_scheme_ignores_case() {
    let app = App::shared().await;
    let request = app.http().post(app.url("/graphql")).json(&json!({ "query": MEDICATIONS }));
    let request = request.header(AUTHORIZATION, format!("bEARER {}", somebody()));
    assert_eq!(Answer::read(request.send().await.unwrap()).await.nodes("medications").len(), 24);
}

#[tokio::test]
async fn garbage_is_refused() {
    let app = App::shared().await;
    for token in ["garbage", "a.b", "a.b.c", "a.b.c.d", ".."] {
        let answer = app.bearer(token).ask(MEDICATIONS).await;
        assert_refused(&answer, "token_malformed");
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_for_json_and_for_get() {
    let app = App::shared().await;
    let post = app.http().post(app.url("/graphql")).json(&json!({ "query": MEDICATIONS }));
    let get = app.http().get(app.url("/graphql?query=%7B__typename%7D"));
    for request in [post, get] {
        let request = request.header(ACCEPT, "application/json").bearer_auth("garbage");
        assert_refused(&Answer::read(request.send().await.unwrap()).await, "token_malformed");
    }
}

#[tokio::test]
async fn a_refused_token_gets_no_introspection_either() {
    let app = App::shared().await;
    assert_refused(&app.bearer("garbage").ask("{ __schema { types { name } } }").await, "token_malformed");
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let app = App::shared().await;
    for algorithm in ["none", "None", "NONE"] {
        let token = format!("{}.", message(&json!({ "alg": algorithm, "typ": "JWT" }), &claims()));
        assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_algorithm");
    }
    let stripped = format!("{}.", message(&json!({ "alg": "HS256", "typ": "JWT" }), &claims()));
    assert_refused(&app.bearer(&stripped).ask(MEDICATIONS).await, "token_signature");
}

#[tokio::test]
async fn a_token_of_another_secret_is_refused() {
    let app = App::shared().await;
    let token = hs256(&claims(), b"another secret, which is long enough as well");
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_signature");
}

#[tokio::test]
async fn changed_claims_are_refused() {
    let app = App::shared().await;
    let token = hs256(&claims(), SECRET);
    let signature = token.rsplit_once('.').unwrap().1;
    let claims = claims_with("sub", json!("another"));
    let forged = format!("{}.{signature}", message(&json!({ "alg": "HS256", "typ": "JWT" }), &claims));
    assert_refused(&app.bearer(&forged).ask(MEDICATIONS).await, "token_signature");
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let app = App::shared().await;
    let token = hs256(&claims_with("exp", seconds_from_now(-31)), SECRET);
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_expired");
}

#[tokio::test]
async fn a_token_that_never_expires_is_refused() {
    let app = App::shared().await;
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove("exp");
    assert_refused(&app.bearer(&hs256(&claims, SECRET)).ask(MEDICATIONS).await, "token_expiry_missing");
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_is_refused() {
    let app = App::shared().await;
    for name in ["nbf", "iat"] {
        let token = hs256(&claims_with(name, seconds_from_now(300)), SECRET);
        assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_not_yet_valid");
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let app = App::shared_with(|config| config.auth.audience = Some("praxis".into())).await;
    assert_refused(&app.bearer(&hs256(&claims(), SECRET)).ask(MEDICATIONS).await, "token_audience");
    let other = hs256(&claims_with("aud", json!(["elsewhere"])), SECRET);
    assert_refused(&app.bearer(&other).ask(MEDICATIONS).await, "token_audience");
    for audience in [json!("praxis"), json!(["elsewhere", "praxis"])] {
        let token = hs256(&claims_with("aud", audience), SECRET);
        assert_eq!(app.bearer(&token).ask(MEDICATIONS).await.nodes("medications").len(), 24);
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let app = App::shared_with(|config| config.auth.issuer = Some("https://issuer.example".into())).await;
    assert_refused(&app.bearer(&hs256(&claims(), SECRET)).ask(MEDICATIONS).await, "token_issuer");
    let other = hs256(&claims_with("iss", json!("https://issuer.example.foe.example")), SECRET);
    assert_refused(&app.bearer(&other).ask(MEDICATIONS).await, "token_issuer");
    let token = hs256(&claims_with("iss", json!("https://issuer.example")), SECRET);
    assert_eq!(app.bearer(&token).ask(MEDICATIONS).await.nodes("medications").len(), 24);
}

#[tokio::test]
async fn a_token_cannot_name_a_role_that_is_not_allowed() {
    let app = App::shared().await;
    for role in
        [json!("service_role"), json!("postgres"), json!("praxis_gateway"), json!(""), json!(["anon"])]
    {
        let token = hs256(&claims_with("role", role), SECRET);
        assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_role");
    }
}

#[tokio::test]
async fn other_schemes_are_refused() {
    let app = App::shared().await;
    for authorization in ["Basic dXNlcjpwYXNzd29yZA==", "Bearer", "", "Token abc", "Bearer 🍄"] {
        let request = app.http().post(app.url("/graphql")).json(&json!({ "query": MEDICATIONS }));
        let answer = request.header(AUTHORIZATION, authorization).send().await.unwrap();
        assert_refused(&Answer::read(answer).await, "scheme");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let app = App::shared().await;
    let request = app.http().post(app.url("/graphql")).json(&json!({ "query": MEDICATIONS }));
    let request = request.bearer_auth(somebody()).header(AUTHORIZATION, "Bearer other");
    assert_refused(&Answer::read(request.send().await.unwrap()).await, "scheme");
}

#[tokio::test]
async fn claims_cannot_break_out_of_the_session() {
    let app = App::shared().await;
    let sub = r"x'); SET ROLE postgres; SELECT set_config('role','postgres',true); -- \' '' $$";
    let token = hs256(&claims_with("sub", json!(sub)), SECRET);
    let answer = app.bearer(&token).ask(MEDICATIONS).await;
    assert_eq!(answer.nodes("medications").len(), 24);
    let control = hs256(&claims_with("email", json!("a\u{0}b")), SECRET);
    assert_refused(&app.bearer(&control).ask(MEDICATIONS).await, "token_claims");
}

#[tokio::test]
async fn a_token_signed_with_a_key_of_the_set_is_taken() {
    let app = with_keys().await;
    let answer = app.bearer(&rs256("rsa-1", &claims(), RSA_KEY)).ask(MEDICATIONS).await;
    assert_eq!(answer.nodes("medications").len(), 24);
}

#[tokio::test]
async fn a_token_signed_with_another_key_than_it_names_is_refused() {
    let app = with_keys().await;
    let token = rs256("rsa-1", &claims(), OTHER_RSA_KEY);
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_signature");
    let token = rs256("nobody", &claims(), RSA_KEY);
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_key_unknown");
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let app = with_keys().await;
    let token = hs256(&claims(), RSA_PUBLIC_KEY);
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_algorithm");
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": "rsa-1" });
    let token = sign(&header, &claims(), &EncodingKey::from_secret(RSA_PUBLIC_KEY), Algorithm::HS256);
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_algorithm");
}

#[tokio::test]
async fn with_a_secret_beside_the_keys_a_public_key_is_no_secret_either() {
    let app = App::shared_with(|config| {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/testdata/jwks.json"));
        config.auth.keys = Some(KeySource::File(file));
    })
    .await;
    let token = hs256(&claims(), RSA_PUBLIC_KEY);
    assert_refused(&app.bearer(&token).ask(MEDICATIONS).await, "token_signature");
    for token in [hs256(&claims(), SECRET), rs256("rsa-1", &claims(), RSA_KEY)] {
        assert_eq!(app.bearer(&token).ask(MEDICATIONS).await.nodes("medications").len(), 24);
    }
}
