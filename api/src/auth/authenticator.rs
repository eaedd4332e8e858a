//! Verifies tokens, and caches the verified ones.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use sha2::{Digest as _, Sha256};

use super::key_set::{KeyId, KeySetError};
use super::key_store::KeyStore;
use super::token::{Unverified, bearer};
use super::{AuthConfig, AuthConfigError, AuthError, Caller, Clock};
use crate::cache::Cache;

/// The most memory that a token's parsed claims take, as a multiple of its length.
const PARSED: usize = 16;

/// Turns an `Authorization` header into a [`Caller`]. Built once and shared.
pub struct Authenticator {
    config: AuthConfig,
    clock: Arc<dyn Clock>,
    secret: Option<DecodingKey>,
    store: Option<Arc<KeyStore>>,
    /// Verified tokens by their SHA-256; never the tokens themselves.
    verified: Cache<[u8; 32], Arc<Verified>>,
}

struct Verified {
    caller: Arc<Caller>,
    expires_at: DateTime<Utc>,
    /// The key of the set that verified the token; `None` for the secret.
    key: Option<KeyId>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Returns an authenticator: checks the settings and reads the key set if it is a file. A key set at a URL is fetched when
    /// the first token arrives, or by [`Self::load_keys`].
    pub fn new(config: AuthConfig, clock: impl Clock) -> Result<Self, AuthConfigError> {
        config.check()?;
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let secret = config.secret.as_ref().map(|secret| DecodingKey::from_secret(secret.expose()));
        let store = match &config.keys {
            Some(source) => {
                Some(Arc::new(KeyStore::new(source.clone(), config.keys_max_age, Arc::clone(&clock))?))
            }
            None => None,
        };
        let verified = Cache::new(config.cached_tokens);
        Ok(Self { config, clock, secret, store, verified })
    }

    /// Fetches the key set now and returns the number of usable keys; `None` without a key set. After a failure the gateway can
    /// serve nevertheless: it fetches again when a token needs the set.
    pub async fn load_keys(&self) -> Result<Option<usize>, KeySetError> {
        match &self.store {
            Some(store) => store.load().await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the caller of a request with this `Authorization` header (its value). No header is the anonymous caller; an
    /// invalid bearer token is refused. Must be called within a tokio runtime.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Arc<Caller>, AuthError> {
        let Some(authorization) = authorization else { return Ok(Caller::anonymous()) };
        let token = bearer(authorization)?;
        if let Some(store) = &self.store {
            store.keep_fresh().await;
        }
        let now = self.clock.now();
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(caller) = self.remembered(&digest, now)? {
            return Ok(caller);
        }

        let token = Unverified::parse(token)?;
        let key = self.verify(&token).await?;
        let caller = Arc::new(token.caller(&self.config, now)?);
        if let Some(expires_at) = caller.expires_at {
            let verified = Verified { caller: Arc::clone(&caller), expires_at, key };
            self.verified.put(digest, Arc::new(verified), token.message.len() * PARSED);
        }
        Ok(caller)
    }

    /// Returns the caller of a cached token, if it has not expired and its key is still trusted.
    fn remembered(&self, digest: &[u8; 32], now: DateTime<Utc>) -> Result<Option<Arc<Caller>>, AuthError> {
        let Some(entry) = self.verified.get(digest) else { return Ok(None) };
        if entry.expires_at <= now {
            self.verified.remove(digest);
            return Err(AuthError::Expired);
        }
        let is_trusted = match (entry.key, &self.store) {
            (None, _) => true,
            (Some(id), Some(store)) => store.keys().is_some_and(|keys| keys.holds(id)),
            (Some(_), None) => false,
        };
        if is_trusted {
            return Ok(Some(Arc::clone(&entry.caller)));
        }
        self.verified.remove(digest);
        Ok(None)
    }

    /// Verifies the signature and returns the key of the set; `None` for the secret.
    ///
    /// The algorithm determines the kind of key, and a key serves only its own algorithms: a public key never becomes a secret.
    async fn verify(&self, token: &Unverified<'_>) -> Result<Option<KeyId>, AuthError> {
        if token.algorithm == Algorithm::HS256 {
            let secret = self.secret.as_ref().ok_or(AuthError::Algorithm)?;
            return check_signature(token, secret).map(|()| None);
        }
        let store = self.store.as_ref().ok_or(AuthError::Algorithm)?;
        let find = || {
            let keys = store.keys().ok_or(AuthError::KeysUnavailable)?;
            let key = keys.find(token.kid.as_deref(), token.algorithm)?;
            check_signature(token, &key.decoding).map(|()| Some(key.id))
        };
        match find() {
            Err(AuthError::KeyUnknown | AuthError::KeysUnavailable) => {
                store.fetch_for_unknown_key().await;
                find()
            }
            found => found,
        }
    }
}

fn check_signature(token: &Unverified<'_>, key: &DecodingKey) -> Result<(), AuthError> {
    match jsonwebtoken::crypto::verify(token.signature, token.message.as_bytes(), key, token.algorithm) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(AuthError::Signature),
    }
}
