//! Issues tokens for development: `praxis token` and the persona menu of GraphiQL. A gateway with only a key set accepts none of them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::MIN_SECRET_BYTES;

/// The claims of a development token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevelopmentClaims {
    /// The user's id.
    pub sub: String,
    /// The user's e-mail address.
    pub email: String,
    /// The Postgres role.
    pub role: String,
    /// The lifetime of the token.
    pub ttl: Duration,
    /// `iss`, if the gateway requires one.
    pub issuer: Option<String>,
    /// `aud`, if the gateway requires one.
    pub audience: Option<String>,
}

impl DevelopmentClaims {
    /// Returns the claims of a signed-in user, valid for twelve hours.
    #[must_use]
    pub fn new(sub: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            sub: sub.into(),
            email: email.into(),
            role: "authenticated".to_owned(),
            ttl: Duration::from_hours(12),
            issuer: None,
            audience: None,
        }
    }
}

/// The reasons why no token was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The gateway would refuse the secret too.
    #[error("the JWT secret has {bytes} bytes and needs at least {MIN_SECRET_BYTES}")]
    ShortSecret {
        /// Its length.
        bytes: usize,
    },
    /// Signing failed.
    #[error("the token could not be signed")]
    Signing,
}

/// Issues an HS256 token with these claims, valid from now on. The same input gives the same token.
pub fn issue(secret: &[u8], claims: &DevelopmentClaims, now: DateTime<Utc>) -> Result<String, IssueError> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(IssueError::ShortSecret { bytes: secret.len() });
    }
    let issued = now.timestamp();
    let ttl = i64::try_from(claims.ttl.as_secs()).unwrap_or(i64::MAX);
    let mut body = json!({
        "sub": claims.sub,
        "email": claims.email,
        "role": claims.role,
        "iat": issued,
        "exp": issued.saturating_add(ttl),
    });
    for (name, value) in [("iss", &claims.issuer), ("aud", &claims.audience)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(json!({ "alg": "HS256", "typ": "JWT" })), encode(body));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256)
        .map_err(|_| IssueError::Signing)?;
    Ok(format!("{message}.{signature}"))
}
