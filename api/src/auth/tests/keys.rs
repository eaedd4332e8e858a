//! Tests key sets: selection, key confusion, rotation, and failing sources.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::*;
use crate::random;

/// Returns the test key set with only these keys.
fn keys(kids: &[&str]) -> String {
    let mut set: Value = serde_json::from_str(JWKS).unwrap();
    set["keys"].as_array_mut().unwrap().retain(|key| kids.iter().any(|kid| key["kid"] == *kid));
    set.to_string()
}

/// Returns a key of the test set with a change.
fn changed(kid: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut set: Value = serde_json::from_str(&keys(&[kid])).unwrap();
    change(&mut set["keys"][0]);
    set.to_string()
}

struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("praxis-keys-{}.json", random::id())));
        std::fs::write(&file.0, text).unwrap();
        file
    }

    /// Replaces the content, with a new modification time even on a coarse file system.
    fn write(&self, text: &str, age: u64) {
        std::fs::write(&self.0, text).unwrap();
        let time = SystemTime::from(clock::utc()) - Duration::from_secs(age);
        std::fs::File::options().write(true).open(&self.0).unwrap().set_modified(time).unwrap();
    }

    fn source(&self) -> KeySource {
        KeySource::File(self.0.clone())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn with_file(text: &str) -> (Authenticator, FakeClock, File) {
    let file = File::new(text);
    let (authenticator, clock) = authenticator(AuthConfig::with_keys(file.source()));
    (authenticator, clock, file)
}

/// An issuer on this machine: its answer, and the number of its requests.
#[derive(Clone)]
struct Issuer {
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicUsize>,
    delay: Duration,
    address: String,
}

impl Issuer {
    async fn start(text: String) -> Self {
        Self::start_slow(text, Duration::ZERO).await
    }

    async fn start_slow(text: String, delay: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((StatusCode::OK, text)));
        let issuer = Self { answer, asked: Arc::default(), delay, address };
        let shared = issuer.clone();
        let app = Router::new().route(
            "/jwks.json",
            get(move || async move {
                shared.asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(shared.delay).await;
                shared.answer.lock().unwrap().clone()
            }),
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        issuer
    }

    fn answer(&self, status: StatusCode, text: String) {
        *self.answer.lock().unwrap() = (status, text);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn authenticator(&self) -> (Authenticator, FakeClock) {
        authenticator(AuthConfig::with_keys(KeySource::Url(self.address.clone())))
    }

    /// Waits for a fetch in the background.
    async fn until_asked(&self, times: usize) {
        for _ in 0..200 {
            if self.asked() >= times {
                // The answer still has to be stored.
                tokio::time::sleep(Duration::from_millis(100)).await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the issuer was asked {} times, not {times}", self.asked());
    }
}

fn good() -> Value {
    // A long lifetime, so that only keys matter here.
    claims(json!({ "exp": START + 10_000_000 }))
}

#[tokio::test]
async fn each_kind_of_key_verifies_its_algorithms() {
    let (authenticator, _, _file) = with_file(JWKS);
    let rsa = EncodingKey::from_rsa_pem(RSA).unwrap();
    let ec = EncodingKey::from_ec_pem(EC).unwrap();
    let ed = EncodingKey::from_ed_pem(ED).unwrap();
    for (name, algorithm, kid, key) in [
        ("RS256", Algorithm::RS256, "rsa-1", &rsa),
        ("ES256", Algorithm::ES256, "ec-1", &ec),
        ("EdDSA", Algorithm::EdDSA, "ed-1", &ed),
    ] {
        let token = signed_as(&json!({ "alg": name, "kid": kid }), &good(), algorithm, key);
        assert_eq!(ask(&authenticator, &token).await.unwrap().sub.as_deref(), Some(USER), "{name}");
    }
}

#[tokio::test]
async fn an_rsa_key_without_alg_verifies_all_of_its_algorithms() {
    let (authenticator, _, _file) = with_file(&changed("rsa-1", |key| key["alg"] = Value::Null));
    let rsa = EncodingKey::from_rsa_pem(RSA).unwrap();
    for (name, algorithm) in
        [("RS256", Algorithm::RS256), ("RS384", Algorithm::RS384), ("RS512", Algorithm::RS512)]
    {
        let token = signed_as(&json!({ "alg": name, "kid": "rsa-1" }), &good(), algorithm, &rsa);
        assert!(ask(&authenticator, &token).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_key_serves_only_the_algorithm_it_names() {
    let (authenticator, _, _file) = with_file(JWKS);
    let rsa = EncodingKey::from_rsa_pem(RSA).unwrap();
    let token = signed_as(&json!({ "alg": "RS512", "kid": "rsa-1" }), &good(), Algorithm::RS512, &rsa);
    assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), "token_algorithm");
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let public_pem: &[u8] = include_bytes!("../testdata/rsa-test-key.pub.pem");
    let jwk: Value = serde_json::from_str(JWKS).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["keys"][0]["n"].as_str().unwrap()).unwrap();
    let file = File::new(JWKS);
    let both = AuthConfig { secret: Some(SECRET.into()), ..AuthConfig::with_keys(file.source()) };
    for (config, reason) in
        [(AuthConfig::with_keys(file.source()), "token_algorithm"), (both, "token_signature")]
    {
        let (authenticator, _) = authenticator(config);
        for secret in [public_pem, &modulus] {
            for kid in [json!("rsa-1"), Value::Null] {
                let key = EncodingKey::from_secret(secret);
                let token =
                    signed_as(&json!({ "alg": "HS256", "kid": kid }), &good(), Algorithm::HS256, &key);
                assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), reason);
            }
        }
    }
}

#[tokio::test]
async fn a_symmetric_key_in_a_set_is_ignored() {
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let set = json!({ "keys": [{ "kty": "oct", "kid": "s", "alg": "HS256", "k": secret }] }).to_string();
    let (authenticator, _, _file) = with_file(&set);
    let key = EncodingKey::from_secret(SECRET);
    let token = signed_as(&json!({ "alg": "HS256", "kid": "s" }), &good(), Algorithm::HS256, &key);
    assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), "token_algorithm");
    assert_eq!(authenticator.load_keys().await, Ok(Some(0)));
}

#[tokio::test]
async fn asymmetric_tokens_need_a_key_set() {
    let (authenticator, _) = with_secret();
    let error = ask(&authenticator, &rs256(RSA, Some("rsa-1"), &good())).await.unwrap_err();
    assert_eq!(error.reason(), "token_algorithm");
}

#[tokio::test]
async fn the_kind_of_the_key_and_the_algorithm_go_together() {
    let (authenticator, _, _file) = with_file(JWKS);
    for (alg, kid) in [("RS256", "ec-1"), ("ES256", "rsa-1"), ("EdDSA", "ec-1"), ("ES256", "ed-1")] {
        let header = encode(&json!({ "alg": alg, "kid": kid }).to_string());
        let token = format!("{header}.{}.{}", encode(&good().to_string()), encode(&"s".repeat(64)));
        assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), "token_algorithm", "{alg} {kid}");
    }
}

#[tokio::test]
async fn the_key_of_another_kid_is_refused() {
    let (authenticator, _, _file) = with_file(JWKS);
    let error = ask(&authenticator, &rs256(OTHER_RSA, Some("rsa-1"), &good())).await.unwrap_err();
    assert_eq!(error.reason(), "token_signature");
    assert!(ask(&authenticator, &rs256(OTHER_RSA, Some("rsa-2"), &good())).await.is_ok());
}

#[tokio::test]
async fn without_a_kid_just_one_key_must_fit() {
    let (authenticator, _, _file) = with_file(JWKS);
    let error = ask(&authenticator, &rs256(RSA, None, &good())).await.unwrap_err();
    assert_eq!(error.reason(), "token_key_unknown");
    let (authenticator, _, _file) = with_file(&keys(&["rsa-1", "ec-1", "ed-1"]));
    assert!(ask(&authenticator, &rs256(RSA, None, &good())).await.is_ok());
}

#[tokio::test]
async fn keys_that_must_not_be_used_are_passed_over() {
    for set in [
        changed("rsa-1", |key| key["use"] = json!("enc")),
        changed("rsa-1", |key| key["key_ops"] = json!(["sign"])),
        changed("rsa-1", |key| key["alg"] = json!("PS256")),
        changed("rsa-1", |key| key["alg"] = json!("HS256")),
        changed("rsa-1", |key| key["alg"] = json!("ES256")),
        changed("rsa-1", |key| key["n"] = json!("AQAB")),
        changed("rsa-1", |key| key["n"] = json!("!")),
        changed("rsa-1", |key| key["e"] = json!("AQ")),
        changed("rsa-1", |key| key["e"] = json!("")),
        changed("rsa-1", |key| key["kid"] = json!(7)),
        changed("ec-1", |key| key["crv"] = json!("P-384")),
        changed("ec-1", |key| key["x"] = key["y"].clone()),
        changed("ec-1", |key| key["x"] = json!("AA")),
        changed("ed-1", |key| key["x"] = json!("AA")),
        changed("ed-1", |key| key["crv"] = json!("X25519")),
        json!({ "keys": [1, null, {}, { "kty": "AKP" }] }).to_string(),
        json!({ "keys": [] }).to_string(),
    ] {
        let (authenticator, _, _file) = with_file(&set);
        assert_eq!(authenticator.load_keys().await, Ok(Some(0)), "{set}");
    }
}

#[test]
fn a_file_that_is_no_key_set_is_refused_at_the_start() {
    let refuse =
        |source| Authenticator::new(AuthConfig::with_keys(source), SystemClock).unwrap_err().to_string();
    let missing = refuse(KeySource::File("/nowhere/jwks.json".into()));
    assert!(missing.starts_with("the key set /nowhere/jwks.json: cannot be read"), "{missing}");
    assert!(refuse(File::new("{}").source()).contains("not a JSON Web Key Set"));
    assert!(refuse(File::new(&" ".repeat(600_000)).source()).contains("larger than"));
    assert!(refuse(KeySource::Url("ftp://issuer.example/".into())).contains("http://"));
}

#[tokio::test]
async fn a_changed_file_is_read_again() {
    let (authenticator, clock, file) = with_file(&keys(&["rsa-1"]));
    let (old, new) = (rs256(RSA, Some("rsa-1"), &good()), rs256(OTHER_RSA, Some("rsa-2"), &good()));
    ask(&authenticator, &old).await.unwrap();
    assert_eq!(ask(&authenticator, &new).await.unwrap_err().reason(), "token_key_unknown");
    file.write(&keys(&["rsa-2"]), 100);
    // An unknown key causes a fetch at once.
    assert!(ask(&authenticator, &new).await.is_ok());
    // The cached token of the removed key is gone with it.
    assert_eq!(ask(&authenticator, &old).await.unwrap_err().reason(), "token_key_unknown");
    file.write(&keys(&["rsa-1"]), 50);
    clock.advance(1);
    assert_eq!(ask(&authenticator, &new).await.unwrap_err().reason(), "token_key_unknown");
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_keys() {
    let (authenticator, clock, file) = with_file(&keys(&["rsa-1"]));
    file.write("{", 100);
    clock.advance(5);
    assert!(ask(&authenticator, &rs256(RSA, Some("rsa-1"), &good())).await.is_ok());
    std::fs::remove_file(&file.0).unwrap();
    clock.advance(5);
    assert!(ask(&authenticator, &rs256(RSA, Some("rsa-1"), &claims(json!({ "n": 1 })))).await.is_ok());
}

#[tokio::test]
async fn keys_are_fetched_when_the_first_token_comes() {
    let issuer = Issuer::start(keys(&["rsa-1"])).await;
    let (authenticator, _) = issuer.authenticator();
    authenticator.authenticate(None).await.unwrap();
    assert_eq!(issuer.asked(), 0);
    for n in 0..3 {
        ask(&authenticator, &rs256(RSA, Some("rsa-1"), &claims(json!({ "n": n })))).await.unwrap();
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn many_callers_share_one_fetch() {
    let issuer = Issuer::start_slow(keys(&["rsa-1"]), Duration::from_millis(200)).await;
    let (authenticator, _) = issuer.authenticator();
    let tokens: Vec<_> = (0..20).map(|n| rs256(RSA, Some("rsa-1"), &claims(json!({ "n": n })))).collect();
    let callers = futures_util::future::join_all(tokens.iter().map(|token| ask(&authenticator, token))).await;
    assert!(callers.iter().all(Result::is_ok));
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_unknown_keys_do_not_flood_the_issuer() {
    let issuer = Issuer::start(keys(&["rsa-1"])).await;
    let (authenticator, clock) = issuer.authenticator();
    ask(&authenticator, &rs256(RSA, Some("rsa-1"), &good())).await.unwrap();
    let new = rs256(OTHER_RSA, Some("rsa-2"), &good());
    for _ in 0..5 {
        assert_eq!(ask(&authenticator, &new).await.unwrap_err().reason(), "token_key_unknown");
    }
    assert_eq!(issuer.asked(), 2);
    issuer.answer(StatusCode::OK, keys(&["rsa-1", "rsa-2"]));
    clock.advance(29);
    assert!(ask(&authenticator, &new).await.is_err());
    clock.advance(1);
    assert!(ask(&authenticator, &new).await.is_ok());
    assert_eq!(issuer.asked(), 3);
}

#[tokio::test]
async fn a_withdrawn_key_goes_with_its_remembered_tokens() {
    let issuer = Issuer::start(keys(&["rsa-1", "rsa-2"])).await;
    let (authenticator, clock) = issuer.authenticator();
    let (old, new) = (rs256(RSA, Some("rsa-1"), &good()), rs256(OTHER_RSA, Some("rsa-2"), &good()));
    ask(&authenticator, &old).await.unwrap();
    ask(&authenticator, &new).await.unwrap();
    issuer.answer(StatusCode::OK, keys(&["rsa-2"]));
    clock.advance(600);
    // Refreshed in the background: this request does not wait for it.
    ask(&authenticator, &new).await.unwrap();
    issuer.until_asked(2).await;
    assert_eq!(ask(&authenticator, &old).await.unwrap_err().reason(), "token_key_unknown");
    assert!(ask(&authenticator, &new).await.is_ok());
}

#[tokio::test]
async fn after_a_long_silence_keys_are_refreshed_first() {
    let issuer = Issuer::start(keys(&["rsa-1"])).await;
    let (authenticator, clock) = issuer.authenticator();
    let token = rs256(RSA, Some("rsa-1"), &good());
    ask(&authenticator, &token).await.unwrap();
    issuer.answer(StatusCode::OK, keys(&["rsa-2"]));
    clock.advance(1200);
    assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), "token_key_unknown");
}

#[tokio::test]
async fn an_issuer_that_fails_keeps_the_last_good_keys() {
    let issuer = Issuer::start(keys(&["rsa-1"])).await;
    let (authenticator, clock) = issuer.authenticator();
    ask(&authenticator, &rs256(RSA, Some("rsa-1"), &good())).await.unwrap();
    for (n, (status, text)) in [
        (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::OK, format!("{{\"keys\":[]}}{}", " ".repeat(600_000))),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.answer(status, text);
        clock.advance(3600);
        let token = rs256(RSA, Some("rsa-1"), &claims(json!({ "n": n, "exp": START + 10_000_000 })));
        assert!(ask(&authenticator, &token).await.is_ok(), "{status}");
        assert_eq!(issuer.asked(), n + 2);
        assert!(authenticator.load_keys().await.is_err());
        issuer.asked.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn without_any_keys_yet_tokens_are_refused_until_the_issuer_is_back() {
    let issuer = Issuer::start(keys(&["rsa-1"])).await;
    issuer.answer(StatusCode::BAD_GATEWAY, String::new());
    let (authenticator, clock) = issuer.authenticator();
    let token = rs256(RSA, Some("rsa-1"), &good());
    assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), "keys_unavailable");
    let asked = issuer.asked();
    assert_eq!(ask(&authenticator, &token).await.unwrap_err().reason(), "keys_unavailable");
    assert_eq!(issuer.asked(), asked);
    issuer.answer(StatusCode::OK, keys(&["rsa-1"]));
    clock.advance(5);
    assert!(ask(&authenticator, &token).await.is_ok());
    assert!(authenticator.authenticate(None).await.is_ok());
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_waste_the_fetch() {
    let issuer = Issuer::start_slow(keys(&["rsa-1"]), Duration::from_millis(100)).await;
    let (authenticator, _) = issuer.authenticator();
    let token = rs256(RSA, Some("rsa-1"), &good());
    let hung_up = tokio::time::timeout(Duration::from_millis(30), ask(&authenticator, &token)).await;
    assert!(hung_up.is_err());
    issuer.until_asked(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ask(&authenticator, &token).await.is_ok());
    assert_eq!(issuer.asked(), 1);
}
