//! Parses a JSON Web Key Set (RFC 7517), whose keys verify tokens.
//!
//! jsonwebtoken reads each key by itself, so that a key of an unknown kind does not spoil the set. Only public keys that verify
//! signatures are used. Symmetric keys in a set are skipped, so that no public text can ever serve as a secret; so are keys
//! for encryption, other curves and weak RSA keys, which jsonwebtoken would take.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::AuthError;

/// Sizes of RSA keys, in bits: the minimum of RFC 7518 (section 3.3), and the largest that is verified here.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The errors of a key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The key set could not be read or fetched.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The key set is too large.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// The text is not a key set.
    #[error("is not a JSON Web Key Set: an object with a list `keys`")]
    Malformed,
}

/// Identifies a key of a set, also among those of a later set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyId([u8; 32]);

pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) decoding: DecodingKey,
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
}

/// The usable keys of a set.
#[derive(Default)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    pub(super) fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(text).map_err(|_| KeySetError::Malformed)?;
        Ok(Self { keys: set.keys.into_iter().filter_map(Key::new).collect() })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn holds(&self, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Returns the one key for a token. Without a `kid` it must be the only one for the algorithm.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, AuthError> {
        let named: Vec<_> = match kid {
            Some(kid) => self.keys.iter().filter(|key| key.kid.as_deref() == Some(kid)).collect(),
            None => self.keys.iter().collect(),
        };
        let mut fitting = named.iter().filter(|key| key.algorithms.contains(&algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (None, _) if kid.is_some() && !named.is_empty() => Err(AuthError::Algorithm),
            _ => Err(AuthError::KeyUnknown),
        }
    }
}

impl Key {
    /// Reads a key; `None` if it is no public key that verifies signatures.
    fn new(mut key: Value) -> Option<Self> {
        // The name that RFC 9864 gives to EdDSA with this curve.
        if key.get("alg").is_some_and(|name| name == "Ed25519") {
            key["alg"] = "EdDSA".into();
        }
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let verifies = jwk.common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
            && jwk.common.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify));
        if !verifies {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(key) if is_sound_rsa(&decode(&key.n)?, &decode(&key.e)?) => {
                vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]
            }
            AlgorithmParameters::EllipticCurve(key)
                if key.curve == EllipticCurve::P256
                    && [&key.x, &key.y].into_iter().all(|it| is_coordinate(it)) =>
            {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::OctetKeyPair(key)
                if key.curve == EllipticCurve::Ed25519 && is_coordinate(&key.x) =>
            {
                vec![Algorithm::EdDSA]
            }
            _ => return None,
        };
        if let Some(name) = jwk.common.key_algorithm {
            algorithms.retain(|fit| KeyAlgorithm::from(*fit) == name);
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        // Trying the key once finds a point that is not on its curve.
        jsonwebtoken::crypto::verify("", b"", &decoding, *algorithms.first()?).ok()?;
        let id = KeyId(Sha256::digest(serde_json::to_vec(&jwk).ok()?).into());
        Some(Self { id, decoding, kid: jwk.common.key_id, algorithms })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Returns true if a text is a coordinate of P-256 or Ed25519: 32 bytes.
fn is_coordinate(text: &str) -> bool {
    decode(text).is_some_and(|bytes| bytes.len() == 32)
}

fn is_sound_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    fn significant(number: &[u8]) -> &[u8] {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        number.get(zeros..).unwrap_or_default()
    }
    let (modulus, exponent) = (significant(modulus), significant(exponent));
    let (Some(top), Some(low)) = (modulus.first(), modulus.last()) else { return false };
    let bits = modulus.len() * 8 - top.leading_zeros() as usize;
    let is_odd = |low: &u8| low % 2 == 1;
    RSA_BITS.contains(&bits)
        && is_odd(low)
        && exponent.len() <= 4
        && exponent.last().is_some_and(is_odd)
        && exponent != [1]
}
