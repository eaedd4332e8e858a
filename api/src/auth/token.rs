//! Parses a token's text and checks its claims. The authenticator verifies signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::caller::account;
use super::{AuthConfig, AuthError, Caller};

/// The longest token that is accepted.
pub(super) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The role of a token without one.
const DEFAULT_ROLE: &str = "authenticated";

/// The times before which a token is not valid.
const STARTS: [&str; 2] = ["nbf", "iat"];
/// All times of a token.
const TIMES: [&str; 3] = ["exp", STARTS[0], STARTS[1]];

/// Returns the token of an `Authorization` header (RFC 6750, section 2.1; schemes ignore case, RFC 9110, section 11.1).
pub(super) fn bearer(authorization: &str) -> Result<&str, AuthError> {
    let (scheme, token) = authorization.trim().split_once(' ').ok_or(AuthError::Scheme)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Scheme);
    }
    let token = token.trim_start();
    if token.len() > MAX_TOKEN_BYTES {
        return Err(AuthError::TooLong);
    }
    Ok(token)
}

/// The header (JOSE, RFC 7515, section 4), as far as it is used.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is supported.
    crit: Option<Value>,
}

/// A parsed token, of which nothing is verified.
pub(super) struct Unverified<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// The signed text: header and claims.
    pub(super) message: &'a str,
    pub(super) signature: &'a str,
    claims: &'a str,
}

impl<'a> Unverified<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, AuthError> {
        let (message, signature) = token.rsplit_once('.').ok_or(AuthError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(AuthError::Malformed)?;
        if claims.contains('.') {
            return Err(AuthError::Malformed);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| AuthError::Malformed)?;
        if header.crit.is_some() {
            return Err(AuthError::Malformed);
        }
        let algorithm = algorithm(&header.alg).ok_or(AuthError::Algorithm)?;
        // Malformed text is reported differently from a wrong signature.
        decode(claims)?;
        decode(signature)?;
        Ok(Self { algorithm, kid: header.kid, message, signature, claims })
    }

    /// Converts the claims to a caller; call this only after the signature has been verified.
    pub(super) fn caller(&self, config: &AuthConfig, now: DateTime<Utc>) -> Result<Caller, AuthError> {
        let claims = serde_json::from_slice(&decode(self.claims)?).map_err(|_| AuthError::Malformed)?;
        caller(claims, config, now)
    }
}

/// Returns a supported algorithm. Names are exact (RFC 7515, section 4.1.1).
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "HS256" => Algorithm::HS256,
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "ES256" => Algorithm::ES256,
        "EdDSA" => Algorithm::EdDSA,
        _ => return None,
    })
}

fn decode(part: &str) -> Result<Vec<u8>, AuthError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| AuthError::Malformed)
}

fn caller(
    mut claims: Map<String, Value>,
    config: &AuthConfig,
    now: DateTime<Utc>,
) -> Result<Caller, AuthError> {
    let expiry = time(&claims, "exp")?.ok_or(AuthError::ExpiryMissing)?;
    let expires_at = expiry.checked_add_signed(leeway(config)).unwrap_or(expiry);
    if expires_at <= now {
        return Err(AuthError::Expired);
    }
    let latest_start = now.checked_add_signed(leeway(config)).unwrap_or(now);
    for name in STARTS {
        if time(&claims, name)?.is_some_and(|start| start > latest_start) {
            return Err(AuthError::NotYetValid);
        }
    }
    if let Some(issuer) = &config.issuer
        && claims.get("iss").and_then(Value::as_str) != Some(issuer)
    {
        return Err(AuthError::Issuer);
    }
    if let Some(audience) = &config.audience
        && !contains_audience(claims.get("aud"), audience)
    {
        return Err(AuthError::Audience);
    }
    let sub = match claims.get("sub") {
        None => None,
        // Spellings of one UUID, which are one account to Postgres, are one person here.
        Some(Value::String(sub)) if !sub.is_empty() => {
            Some(account(sub).map_or_else(|| sub.clone(), |id| id.to_string()))
        }
        Some(_) => return Err(AuthError::Claims),
    };
    let role = match claims.get(&config.role_claim) {
        None => DEFAULT_ROLE.to_owned(),
        Some(Value::String(role)) => role.clone(),
        Some(_) => return Err(AuthError::Role),
    };
    if !config.allowed_roles.contains(&role) {
        return Err(AuthError::Role);
    }
    claims.insert("role".to_owned(), Value::String(role.clone()));
    if let Some(sub) = &sub {
        claims.insert("sub".to_owned(), Value::String(sub.clone()));
    }
    // The times were read above, at any size.
    let mut others = claims.iter().filter(|(name, _)| !TIMES.contains(&name.as_str()));
    if !others.all(|(name, claim)| is_text(name) && is_readable(claim)) {
        return Err(AuthError::Claims);
    }
    Ok(Caller { role, sub, claims: Value::Object(claims), expires_at: Some(expires_at) })
}

fn leeway(config: &AuthConfig) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(config.leeway).unwrap_or_default()
}

/// Returns a `NumericDate` (RFC 7519, section 2): seconds since 1970, possibly with a fraction, which is dropped.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, AuthError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let number = value.as_number().ok_or(AuthError::Claims)?;
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and so does the time below")]
    let seconds = match number.as_i64() {
        Some(seconds) => seconds,
        None => number.as_f64().ok_or(AuthError::Claims)?.floor() as i64,
    };
    let limit = if seconds < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    Ok(Some(DateTime::from_timestamp(seconds, 0).unwrap_or(limit)))
}

/// Returns true if `aud`, a name or a list of names, contains the audience (RFC 7519, section 4.1.3).
fn contains_audience(aud: Option<&Value>, audience: &str) -> bool {
    match aud {
        Some(Value::String(name)) => name == audience,
        Some(Value::Array(names)) => names.iter().any(|name| name.as_str() == Some(audience)),
        _ => false,
    }
}

fn is_text(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Returns true if policies can read a claim as it was signed. Claims become a Postgres setting, and parts of them text; neither accepts
/// NUL, and no valid claim contains other control characters. A whole number of more than 64 bits would become another one, and two
/// tenants the same.
fn is_readable(value: &Value) -> bool {
    /// Larger whole numbers need more than 64 bits with their sign.
    const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
    match value {
        Value::Null | Value::Bool(_) => true,
        // Numbers that are no integers here are doubles.
        Value::Number(number) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|it| it.abs() < TOO_LARGE)
        }
        Value::String(text) => is_text(text),
        Value::Array(values) => values.iter().all(is_readable),
        Value::Object(fields) => fields.iter().all(|(name, value)| is_text(name) && is_readable(value)),
    }
}
