//! A JSON Web Key Set (RFC 7517): finds the key of a token.
//!
//! Only public keys that verify signatures count. Symmetric keys in a set are ignored, so that no public text can ever serve as a
//! secret; so are keys for encryption, unknown curves and weak RSA keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::AuthError;
use super::token::algorithm;

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

/// The members of a key in JSON.
#[derive(Deserialize, Serialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    pub(super) fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(text).map_err(|_| KeySetError::Malformed)?;
        let keys: Vec<_> = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .filter_map(Key::new)
            .collect();
        Ok(Self { keys })
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
    fn new(jwk: Jwk) -> Option<Self> {
        let verifies = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !verifies {
            return None;
        }
        let (decoding, mut algorithms) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (jwk.n.as_deref()?, jwk.e.as_deref()?);
                if !is_sound_rsa(&decode(n)?, &decode(e)?) {
                    return None;
                }
                let key = DecodingKey::from_rsa_components(n, e).ok()?;
                (key, vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512])
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (jwk.x.as_deref()?, jwk.y.as_deref()?);
                if decode(x)?.len() != 32 || decode(y)?.len() != 32 {
                    return None;
                }
                (DecodingKey::from_ec_components(x, y).ok()?, vec![Algorithm::ES256])
            }
            ("OKP", Some("Ed25519")) => {
                let x = jwk.x.as_deref()?;
                if decode(x)?.len() != 32 {
                    return None;
                }
                (DecodingKey::from_ed_components(x).ok()?, vec![Algorithm::EdDSA])
            }
            _ => return None,
        };
        if let Some(name) = &jwk.alg {
            let only = algorithm(if name == "Ed25519" { "EdDSA" } else { name })?;
            algorithms.retain(|fit| *fit == only);
        }
        // Using the key once detects a point that is not on its curve.
        jsonwebtoken::crypto::verify("", b"", &decoding, *algorithms.first()?).ok()?;
        let id = KeyId(Sha256::digest(serde_json::to_vec(&jwk).ok()?).into());
        Some(Self { id, decoding, kid: jwk.kid, algorithms })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
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
