//! Defines the settings of authentication, and their errors.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::key_set::KeySetError;

/// The shortest HS256 secret: as long as the hash (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// The role of Supabase that bypasses row-level security; no token may ever assume it.
const BYPASSING_ROLE: &str = "service_role";

/// An HS256 secret. Its `Debug` output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Returns the secret's bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

/// The location of the JSON Web Key Set with the issuer's public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file, read again when it changes.
    File(PathBuf),
    /// An `http` or `https` URL, fetched again every [`AuthConfig::keys_max_age`].
    Url(String),
}

impl FromStr for KeySource {
    type Err = AuthConfigError;

    /// Parses a location: text with `://` is a URL, any other a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.is_empty() {
                Err(AuthConfigError::KeysAddress)
            } else {
                Ok(Self::File(text.into()))
            };
        };
        let web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        if !web || rest.is_empty() || rest.starts_with('/') {
            return Err(AuthConfigError::KeysAddress);
        }
        Ok(Self::Url(text.to_owned()))
    }
}

/// The settings for verifying tokens. At least one of `secret` and `keys` is needed.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// The secret of HS256 tokens, at least [`MIN_SECRET_BYTES`] long. Without it such tokens are refused.
    pub secret: Option<Secret>,
    /// The public keys of RS256, RS384, RS512, ES256 and `EdDSA` tokens. Without it such tokens are refused.
    pub keys: Option<KeySource>,
    /// The required `iss` of tokens, if set.
    pub issuer: Option<String>,
    /// The required `aud` of tokens, if set; a token's list must contain it.
    pub audience: Option<String>,
    /// The largest difference between the issuer's clock and ours.
    pub leeway: Duration,
    /// The claim that contains the Postgres role. A token without it gets the role `authenticated`.
    pub role_claim: String,
    /// The roles that a token may assume.
    pub allowed_roles: Vec<String>,
    /// The age at which fetched keys are fetched again.
    pub keys_max_age: Duration,
    /// Memory for verified tokens, in bytes.
    pub cached_tokens: usize,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            secret: None,
            keys: None,
            issuer: None,
            audience: None,
            leeway: Duration::from_secs(30),
            role_claim: "role".to_owned(),
            allowed_roles: vec!["anon".to_owned(), "authenticated".to_owned()],
            keys_max_age: Duration::from_mins(10),
            cached_tokens: 16 * 1024 * 1024,
        }
    }
}

impl AuthConfig {
    /// Returns settings for tokens signed with one secret, with defaults otherwise.
    #[must_use]
    pub fn with_secret(secret: impl Into<Secret>) -> Self {
        Self { secret: Some(secret.into()), ..Self::default() }
    }

    /// Returns settings for tokens signed with a key of one set, with defaults otherwise.
    #[must_use]
    pub fn with_keys(keys: KeySource) -> Self {
        Self { keys: Some(keys), ..Self::default() }
    }

    /// Checks the settings, without reading the key set.
    pub fn check(&self) -> Result<(), AuthConfigError> {
        if self.secret.is_none() && self.keys.is_none() {
            return Err(AuthConfigError::NoKeys);
        }
        if let Some(secret) = &self.secret
            && secret.expose().len() < MIN_SECRET_BYTES
        {
            return Err(AuthConfigError::ShortSecret { bytes: secret.expose().len() });
        }
        if self.role_claim.is_empty() {
            return Err(AuthConfigError::RoleClaim);
        }
        if self.allowed_roles.is_empty() || self.allowed_roles.iter().any(String::is_empty) {
            return Err(AuthConfigError::NoRole);
        }
        if self.allowed_roles.iter().any(|role| role == BYPASSING_ROLE) {
            return Err(AuthConfigError::BypassingRole);
        }
        if self.issuer.as_deref() == Some("") || self.audience.as_deref() == Some("") {
            return Err(AuthConfigError::EmptyExpectation);
        }
        if self.leeway > Duration::from_hours(1) {
            return Err(AuthConfigError::Leeway);
        }
        Ok(())
    }
}

/// The errors of the settings.
#[derive(Debug, thiserror::Error)]
pub enum AuthConfigError {
    /// There is neither a secret nor a key set.
    #[error(
        "no token can be verified: give a JWT secret, a JSON Web Key Set (a file or an http(s) address), or both"
    )]
    NoKeys,
    /// The secret is too short to resist guessing.
    #[error(
        "the JWT secret has {bytes} bytes and needs at least {MIN_SECRET_BYTES}; `openssl rand -hex 32` generates one"
    )]
    ShortSecret {
        /// Its length.
        bytes: usize,
    },
    /// The location is neither a path nor an http(s) URL.
    #[error("the key set must be the path of a file, or an http:// or https:// address")]
    KeysAddress,
    /// The key set's file cannot be used.
    #[error("the key set {}: {reason}", path.display())]
    KeysFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        reason: KeySetError,
    },
    /// The name of the role claim is empty.
    #[error("the name of the role claim is empty")]
    RoleClaim,
    /// No role is allowed.
    #[error("the list of allowed roles is empty or contains an empty name")]
    NoRole,
    /// A role that bypasses row-level security is allowed.
    #[error("`{BYPASSING_ROLE}` bypasses row-level security and cannot be an allowed role")]
    BypassingRole,
    /// The issuer or audience is empty, most likely because of an empty variable.
    #[error("the issuer or the audience is empty; omit the setting to skip the check")]
    EmptyExpectation,
    /// The leeway would keep expired tokens valid.
    #[error("the leeway is longer than an hour")]
    Leeway,
}
