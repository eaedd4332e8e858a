//! Tests valid and invalid tokens.

mod keys;
mod refusals;

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::development::{DevelopmentClaims, IssueError, issue};
use super::*;
use crate::clock;

const SECRET: &[u8] = b"a secret for tests, 32 bytes long";
const OTHER_SECRET: &[u8] = b"another secret for tests, 32 bytes";
const RSA: &[u8] = include_bytes!("testdata/rsa-test-key.pem");
const OTHER_RSA: &[u8] = include_bytes!("testdata/other-rsa-test-key.pem");
const EC: &[u8] = include_bytes!("testdata/ec-test-key.pem");
const ED: &[u8] = include_bytes!("testdata/ed-test-key.pem");
const JWKS: &str = include_str!("testdata/jwks.json");
const START: i64 = 1_800_000_000;
/// Seconds for which a token is accepted after its expiry by default.
const LEEWAY: i64 = 30;
const USER: &str = "0b5e0f0a-0000-4000-8000-000000000001";

/// A clock that stands still until it is set.
#[derive(Clone)]
struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::SeqCst), 0).unwrap()
    }
}

fn authenticator(config: AuthConfig) -> (Authenticator, FakeClock) {
    let clock = FakeClock::new();
    (Authenticator::new(config, clock.clone()).unwrap(), clock)
}

fn with_secret() -> (Authenticator, FakeClock) {
    authenticator(AuthConfig::with_secret(SECRET))
}

/// Returns claims that are valid at the start, with others added; a `null` removes one.
#[expect(clippy::needless_pass_by_value, reason = "the call sites read best with a literal")]
fn claims(others: Value) -> Value {
    let mut claims = json!({ "sub": USER, "role": "authenticated", "iat": START, "exp": START + 600 });
    for (name, value) in others.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Signs any header over any claims.
fn signed_as(header: &Value, claims: &impl Display, algorithm: Algorithm, key: &EncodingKey) -> String {
    let message = format!("{}.{}", encode(&header.to_string()), encode(&claims.to_string()));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn hs256(claims: &impl Display) -> String {
    signed_as(&json!({ "alg": "HS256" }), claims, Algorithm::HS256, &EncodingKey::from_secret(SECRET))
}

fn rs256(pem: &[u8], kid: Option<&str>, claims: &impl Display) -> String {
    let mut header = json!({ "alg": "RS256" });
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    signed_as(&header, claims, Algorithm::RS256, &EncodingKey::from_rsa_pem(pem).unwrap())
}

async fn ask(authenticator: &Authenticator, token: &str) -> Result<Arc<Caller>, AuthError> {
    authenticator.authenticate(Some(&format!("Bearer {token}"))).await
}

#[tokio::test]
async fn no_header_is_the_anonymous_caller() {
    let (authenticator, _) = with_secret();
    let caller = authenticator.authenticate(None).await.unwrap();
    assert_eq!((caller.role.as_str(), &caller.sub, &caller.claims), ("anon", &None, &json!({})));
    assert!(caller.is_anonymous());
}

#[tokio::test]
async fn a_valid_token_identifies_the_caller() {
    let (authenticator, _) = with_secret();
    let token = hs256(&claims(json!({ "email": "a@praxis.example", "app_metadata": { "site": 7 } })));
    let caller = ask(&authenticator, &token).await.unwrap();
    assert_eq!(caller.role, "authenticated");
    assert_eq!(caller.sub.as_deref(), Some(USER));
    assert_eq!(caller.claims["app_metadata"]["site"], 7);
    assert_eq!(caller.expires_at, DateTime::from_timestamp(START + 600 + LEEWAY, 0));
    assert!(!caller.is_anonymous());
}

#[tokio::test]
async fn one_account_is_one_caller_however_it_is_written() {
    let (authenticator, _) = with_secret();
    let mut callers = Vec::new();
    for sub in [USER.to_owned(), USER.to_uppercase(), format!("{{{USER}}}"), USER.replace('-', "")] {
        callers.push(ask(&authenticator, &hs256(&claims(json!({ "sub": sub })))).await.unwrap());
    }
    for caller in callers {
        assert_eq!((caller.sub.as_deref(), &caller.claims["sub"]), (Some(USER), &json!(USER)));
    }
    // A subject that is no account's id stays unchanged.
    for sub in ["auth0|ABC", "ABC", &format!("urn:uuid:{USER}")] {
        let caller = ask(&authenticator, &hs256(&claims(json!({ "sub": sub })))).await.unwrap();
        assert_eq!((caller.sub.as_deref(), &caller.claims["sub"]), (Some(sub), &json!(sub)));
        assert!(!caller.names_account());
    }
}

#[tokio::test]
async fn the_scheme_ignores_case_and_spaces() {
    let (authenticator, _) = with_secret();
    let token = hs256(&claims(json!({})));
    for header in [format!("bearer {token}"), format!("BEARER   {token}"), format!(" Bearer {token} ")] {
        assert!(authenticator.authenticate(Some(&header)).await.is_ok(), "{header}");
    }
}

#[tokio::test]
async fn a_token_without_a_role_is_authenticated() {
    let (authenticator, _) = with_secret();
    let caller = ask(&authenticator, &hs256(&claims(json!({ "role": null })))).await.unwrap();
    assert_eq!((caller.role.as_str(), &caller.claims["role"]), ("authenticated", &json!("authenticated")));
}

#[tokio::test]
async fn the_role_in_the_claims_is_the_role_that_was_checked() {
    let config =
        AuthConfig { role_claim: "https://praxis.example/role".into(), ..AuthConfig::with_secret(SECRET) };
    let (authenticator, _) = authenticator(config);
    let token = hs256(&claims(json!({ "role": "service_role", "https://praxis.example/role": "anon" })));
    let caller = ask(&authenticator, &token).await.unwrap();
    assert_eq!((caller.role.as_str(), &caller.claims["role"]), ("anon", &json!("anon")));
}

#[tokio::test]
async fn a_sub_need_not_be_a_uuid_nor_be_there() {
    let (authenticator, _) = with_secret();
    let named = ask(&authenticator, &hs256(&claims(json!({ "sub": "auth0|Zoë" })))).await.unwrap();
    assert_eq!(named.sub.as_deref(), Some("auth0|Zoë"));
    let nameless = ask(&authenticator, &hs256(&claims(json!({ "sub": null })))).await.unwrap();
    assert_eq!(nameless.sub, None);
}

#[tokio::test]
async fn a_fraction_of_a_second_in_a_date_is_dropped() {
    let (authenticator, _) = with_secret();
    #[expect(clippy::cast_precision_loss, reason = "such a date fits easily")]
    let token = hs256(&claims(json!({ "exp": START as f64 + 60.5 })));
    let caller = ask(&authenticator, &token).await.unwrap();
    assert_eq!(caller.expires_at, DateTime::from_timestamp(START + 60 + LEEWAY, 0));
}

#[tokio::test]
async fn an_expiry_beyond_the_range_of_the_clock_is_accepted() {
    let (authenticator, _) = with_secret();
    for end in [json!(i64::MAX), json!(u64::MAX), json!(1e300)] {
        assert!(ask(&authenticator, &hs256(&claims(json!({ "exp": end })))).await.is_ok(), "{end}");
    }
}

#[tokio::test]
async fn a_verified_token_is_remembered_until_it_ends() {
    let (authenticator, clock) = with_secret();
    let token = hs256(&claims(json!({ "exp": START + 60 })));
    let first = ask(&authenticator, &token).await.unwrap();
    let second = ask(&authenticator, &token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    clock.advance(60 + 29);
    assert!(ask(&authenticator, &token).await.is_ok());
    clock.advance(1);
    assert_eq!(ask(&authenticator, &token).await.unwrap_err(), AuthError::Expired);
    assert_eq!(ask(&authenticator, &token).await.unwrap_err(), AuthError::Expired);
}

#[tokio::test]
async fn a_refused_token_is_not_remembered() {
    let (authenticator, clock) = with_secret();
    let token = hs256(&claims(json!({ "nbf": START + 100 })));
    assert_eq!(ask(&authenticator, &token).await.unwrap_err(), AuthError::NotYetValid);
    clock.advance(100);
    assert!(ask(&authenticator, &token).await.is_ok());
}

#[tokio::test]
async fn the_memory_is_bounded() {
    let tokens: Vec<_> = (0..9).map(|n| hs256(&claims(json!({ "n": n })))).collect();
    // Each takes more than a tenth of the memory, and less than a quarter.
    let config = AuthConfig { cached_tokens: 100 * tokens[0].len(), ..AuthConfig::with_secret(SECRET) };
    let (authenticator, _) = authenticator(config);
    let first = ask(&authenticator, &tokens[0]).await.unwrap();
    for token in &tokens[1..] {
        ask(&authenticator, token).await.unwrap();
    }
    let again = ask(&authenticator, &tokens[0]).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &again));
    assert_eq!(first, again);
    let last = ask(&authenticator, &tokens[8]).await.unwrap();
    assert!(Arc::ptr_eq(&last, &ask(&authenticator, &tokens[8]).await.unwrap()));
}

#[tokio::test]
async fn a_development_token_is_good() {
    let (authenticator, clock) = with_secret();
    let wish = DevelopmentClaims::new(USER, "clinician.north@praxis.example");
    let token = issue(SECRET, &wish, clock.now()).unwrap();
    assert_eq!(token, issue(SECRET, &wish, clock.now()).unwrap());
    let caller = ask(&authenticator, &token).await.unwrap();
    assert_eq!(caller.sub.as_deref(), Some(USER));
    assert_eq!(caller.claims["email"], "clinician.north@praxis.example");
    assert_eq!(caller.expires_at, DateTime::from_timestamp(START + 12 * 3600 + LEEWAY, 0));
}

#[tokio::test]
async fn a_development_token_can_name_issuer_and_audience() {
    let config = AuthConfig {
        issuer: Some("praxis".into()),
        audience: Some("portal".into()),
        ..AuthConfig::with_secret(SECRET)
    };
    let (authenticator, clock) = authenticator(config);
    let mut wish = DevelopmentClaims::new(USER, "a@praxis.example");
    let plain = issue(SECRET, &wish, clock.now()).unwrap();
    assert_eq!(ask(&authenticator, &plain).await.unwrap_err(), AuthError::Issuer);
    wish.issuer = Some("praxis".into());
    wish.audience = Some("portal".into());
    assert!(ask(&authenticator, &issue(SECRET, &wish, clock.now()).unwrap()).await.is_ok());
}

#[test]
fn a_short_secret_makes_no_token() {
    let wish = DevelopmentClaims::new(USER, "a@praxis.example");
    assert_eq!(issue(b"short", &wish, clock::utc()), Err(IssueError::ShortSecret { bytes: 5 }));
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let refuse = |config: AuthConfig| Authenticator::new(config, SystemClock).unwrap_err().to_string();
    assert!(refuse(AuthConfig::default()).contains("no token can be verified"));
    assert!(refuse(AuthConfig::with_secret(&SECRET[..31])).contains("has 31 bytes and needs at least 32"));
    let secret = || AuthConfig::with_secret(SECRET);
    assert!(refuse(AuthConfig { role_claim: String::new(), ..secret() }).contains("role claim"));
    assert!(refuse(AuthConfig { allowed_roles: vec![], ..secret() }).contains("allowed roles"));
    let bypassing = vec!["authenticated".into(), "service_role".into()];
    assert!(refuse(AuthConfig { allowed_roles: bypassing, ..secret() }).contains("bypasses"));
    assert!(refuse(AuthConfig { issuer: Some(String::new()), ..secret() }).contains("empty"));
    assert!(refuse(AuthConfig { leeway: std::time::Duration::from_secs(3601), ..secret() }).contains("hour"));
    assert!(!format!("{:?}", secret()).contains("115"), "the secret shows in Debug");
}

#[test]
fn a_key_source_is_a_path_or_a_web_address() {
    assert_eq!("keys/jwks.json".parse::<KeySource>().unwrap(), KeySource::File("keys/jwks.json".into()));
    let address = "https://issuer.example/.well-known/jwks.json";
    assert_eq!(address.parse::<KeySource>().unwrap(), KeySource::Url(address.into()));
    for wrong in ["", "file:///etc/passwd", "ftp://issuer.example/", "https://", "http:///x"] {
        assert!(wrong.parse::<KeySource>().is_err(), "{wrong}");
    }
}
