//! Tests of every reason for a refusal.

use proptest::prelude::*;

use super::*;

async fn refusal(token: &str) -> AuthError {
    ask(&with_secret().0, token).await.unwrap_err()
}

async fn refusal_of(others: Value) -> AuthError {
    refusal(&hs256(&claims(others))).await
}

#[tokio::test]
async fn another_scheme_is_refused() {
    let (authenticator, _) = with_secret();
    for header in ["Basic dXNlcjpwYXNz", "", "Bearer", "Bearer ", "token", "Digest a=b"] {
        let error = authenticator.authenticate(Some(header)).await.unwrap_err();
        assert_eq!((error.reason(), error.is_temporary()), ("scheme", false), "{header}");
    }
}

#[tokio::test]
async fn garbage_is_refused() {
    for token in ["undefined", "null", "a.b", "a.b.c", "..", "a.b.c.d.e", "é.é.é", "eyJhbGciOiJIUzI1NiJ9"]
    {
        assert_eq!(refusal(token).await.reason(), "token_malformed", "{token}");
    }
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    for text in ["[]", "\"text\"", "{\"exp\":1e999}", "{", "{\"a\":\"\\ud800\"}"] {
        let message = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(text));
        let key = EncodingKey::from_secret(SECRET);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        assert_eq!(refusal(&format!("{message}.{signature}")).await.reason(), "token_malformed", "{text}");
    }
}

#[tokio::test]
async fn a_very_long_token_is_refused() {
    let error = refusal_of(json!({ "padding": "x".repeat(9000) })).await;
    assert_eq!(error.reason(), "token_size");
}

#[tokio::test]
async fn extensions_that_must_be_understood_are_refused() {
    let header = json!({ "alg": "HS256", "crit": ["b64"], "b64": false });
    let token = signed_as(&header, &claims(json!({})), Algorithm::HS256, &EncodingKey::from_secret(SECRET));
    assert_eq!(refusal(&token).await.reason(), "token_malformed");
}

#[tokio::test]
async fn no_algorithm_is_refused() {
    for name in ["none", "None", "NONE", "", "hs256", "HS384", "HS512", "PS256", "ES384"] {
        let header = encode(&json!({ "alg": name }).to_string());
        let body = encode(&claims(json!({})).to_string());
        for signature in ["", "AAAA"] {
            assert_eq!(
                refusal(&format!("{header}.{body}.{signature}")).await.reason(),
                "token_algorithm",
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn another_secret_is_refused() {
    let key = EncodingKey::from_secret(OTHER_SECRET);
    let token = signed_as(&json!({ "alg": "HS256" }), &claims(json!({})), Algorithm::HS256, &key);
    assert_eq!(refusal(&token).await.reason(), "token_signature");
}

#[tokio::test]
async fn a_changed_or_missing_signature_is_refused() {
    let token = hs256(&claims(json!({})));
    let (message, _) = token.rsplit_once('.').unwrap();
    assert_eq!(refusal(&format!("{message}.")).await.reason(), "token_signature");
    let other = hs256(&claims(json!({ "sub": "someone else" })));
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(refusal(&format!("{message}.{signature}")).await.reason(), "token_signature");
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    assert!(ask(&with_secret().0, &hs256(&claims(json!({ "exp": START - 29 })))).await.is_ok(), "leeway");
    for end in [START - 30, START - 3600, 0, -5, i64::MIN] {
        assert_eq!(refusal_of(json!({ "exp": end })).await.reason(), "token_expired", "{end}");
    }
}

#[tokio::test]
async fn a_token_without_an_expiry_is_refused() {
    assert_eq!(refusal_of(json!({ "exp": null })).await.reason(), "token_expiry_missing");
}

#[tokio::test]
async fn a_token_of_the_future_is_refused() {
    for name in ["nbf", "iat"] {
        assert!(ask(&with_secret().0, &hs256(&claims(json!({ name: START + 30 })))).await.is_ok(), "leeway");
        assert_eq!(refusal_of(json!({ name: START + 31 })).await.reason(), "token_not_yet_valid", "{name}");
    }
}

#[tokio::test]
async fn dates_that_are_no_numbers_are_refused() {
    for name in ["exp", "nbf", "iat"] {
        for value in [json!("1900000000"), json!(true), json!([1]), json!({})] {
            assert_eq!(refusal_of(json!({ name: value })).await.reason(), "token_claims", "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn another_audience_is_refused() {
    let config = AuthConfig { audience: Some("portal".into()), ..AuthConfig::with_secret(SECRET) };
    let (authenticator, _) = authenticator(config);
    for aud in [json!("portal"), json!(["other", "portal"])] {
        assert!(ask(&authenticator, &hs256(&claims(json!({ "aud": aud })))).await.is_ok(), "{aud}");
    }
    for aud in [json!(null), json!("other"), json!(["other"]), json!([]), json!(1), json!({ "portal": true })]
    {
        let error = ask(&authenticator, &hs256(&claims(json!({ "aud": aud })))).await.unwrap_err();
        assert_eq!(error.reason(), "token_audience", "{aud}");
    }
}

#[tokio::test]
async fn another_issuer_is_refused() {
    let config =
        AuthConfig { issuer: Some("https://issuer.example".into()), ..AuthConfig::with_secret(SECRET) };
    let (authenticator, _) = authenticator(config);
    assert!(ask(&authenticator, &hs256(&claims(json!({ "iss": "https://issuer.example" })))).await.is_ok());
    for iss in [json!(null), json!("https://issuer.example/"), json!(["https://issuer.example"])] {
        let error = ask(&authenticator, &hs256(&claims(json!({ "iss": iss })))).await.unwrap_err();
        assert_eq!(error.reason(), "token_issuer", "{iss}");
    }
}

#[tokio::test]
async fn a_role_that_is_not_allowed_is_refused() {
    for role in [
        json!("service_role"),
        json!("postgres"),
        json!(""),
        json!("Authenticated"),
        json!(1),
        json!(["anon"]),
    ] {
        assert_eq!(refusal_of(json!({ "role": role })).await.reason(), "token_role", "{role}");
    }
}

#[tokio::test]
async fn a_sub_that_is_no_text_is_refused() {
    for sub in [json!(7), json!(""), json!(["a"]), json!({})] {
        assert_eq!(refusal_of(json!({ "sub": sub })).await.reason(), "token_claims", "{sub}");
    }
}

#[tokio::test]
async fn control_characters_are_refused_wherever_they_are() {
    for others in [
        json!({ "sub": "a\u{0}b" }),
        json!({ "email": "a\nb" }),
        json!({ "app_metadata": { "sites": ["a", "b\u{7f}"] } }),
        json!({ "app_metadata": { "a\u{1b}": 1 } }),
        json!({ "a\u{0}": 1 }),
    ] {
        assert_eq!(refusal_of(others.clone()).await.reason(), "token_claims", "{others}");
    }
}

#[tokio::test]
async fn whole_numbers_that_would_become_others_are_refused() {
    let refused = async |number: &str| {
        for claims in [
            format!(r#"{{"exp":{},"tenant_id":{number}}}"#, START + 60),
            format!(r#"{{"exp":{},"app_metadata":{{"tenants":[{number}]}}}}"#, START + 60),
        ] {
            let answer = ask(&with_secret().0, &hs256(&claims)).await;
            if answer.is_ok() {
                return false;
            }
            assert_eq!(answer.unwrap_err().reason(), "token_claims", "{number}");
        }
        true
    };
    for number in ["18446744073709551616", "18446744073709551617", "-9223372036854775809", "1e19", "-1e300"] {
        assert!(refused(number).await, "{number}");
    }
    for number in ["18446744073709551615", "-9223372036854775808", "0", "0.5", "1e3"] {
        assert!(!refused(number).await, "{number}");
    }
}

#[tokio::test]
async fn a_refusal_contains_no_part_of_the_token() {
    let (authenticator, _) = with_secret();
    let token = hs256(&claims(json!({ "role": "chief-of-secrets" })));
    let error = ask(&authenticator, &token).await.unwrap_err();
    assert!(!format!("{error} {error:?} {}", error.challenge()).contains("chief"));
    assert_eq!(error.challenge(), r#"Bearer error="invalid_token", error_description="token_role""#);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_header_is_refused_without_a_panic(header in "\\PC{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (authenticator, _) = with_secret();
        prop_assert!(runtime.block_on(authenticator.authenticate(Some(&header))).is_err());
    }

    #[test]
    fn any_token_is_refused_without_a_panic(
        header in prop_oneof![Just(r#"{"alg":"HS256"}"#.to_owned()), Just(r#"{"alg":"EdDSA"}"#.to_owned()), ".{0,40}"],
        claims in prop_oneof![Just(r#"{"exp":99999999999}"#.to_owned()), ".{0,40}"],
        signature in prop::collection::vec(any::<u8>(), 0..80),
        kid in ".{0,5}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (authenticator, _) = with_secret();
        let header = header.replace('}', &format!(",\"kid\":{}}}", json!(kid)));
        let token = format!("{}.{}.{}", encode(&header), encode(&claims), URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(runtime.block_on(ask(&authenticator, &token)).is_err());
    }

    #[test]
    fn any_change_of_a_good_token_is_refused(at in 0usize..200, with in "[A-Za-z0-9_.-]") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (authenticator, _) = with_secret();
        let good = hs256(&claims(json!({})));
        let at = at % good.len();
        let changed = format!("{}{with}{}", &good[..at], &good[at + 1..]);
        prop_assume!(changed != good);
        prop_assert!(runtime.block_on(ask(&authenticator, &changed)).is_err());
    }
}
