//! Tokens for development: `praxis token` and the persona menu of GraphiQL. A gateway that is given only a key set
//! takes none of them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::MIN_SECRET_BYTES;

/// What a development token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevelopmentClaims {
    /// The user's id.
    pub sub: String,
    /// The user's address.
    pub email: String,
    /// The Postgres role.
    pub role: String,
    /// How long the token lasts.
    pub ttl: Duration,
    /// `iss`, for a gateway that asks for one.
    pub issuer: Option<String>,
    /// `aud`, for a gateway that asks for one.
    pub audience: Option<String>,
}

impl DevelopmentClaims {
    /// A signed-in user, for twelve hours.
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

/// Why no token was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The gateway would not take the secret either.
    #[error("the JWT secret has {bytes} bytes and needs at least {MIN_SECRET_BYTES}")]
    ShortSecret {
        /// Its length.
        bytes: usize,
    },
    /// Signing failed.
    #[error("the token could not be signed")]
    Signing,
}

/// An HS256 token with these claims, from now on. The same input makes the same token.
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
