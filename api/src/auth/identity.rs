//! Defines the identity of a caller: two requests with the same identity are treated as one caller's.

use std::fmt;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Caller;
use crate::canonical::{write_object, write_text, write_value};

/// Claims that differ between tokens of one session: the times of a token (RFC 7519, sections 4.1.4 to 4.1.6) and its id (section
/// 4.1.7). All other claims are part of the identity.
const OF_THE_TOKEN: [&str; 4] = ["exp", "iat", "nbf", "jti"];

/// The rights of a caller as one value: role, `sub` and all claims that policies can read. Two callers of one identity see
/// the same rows, so answers, replays and deliveries may be shared within it, and must not be shared beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity([u8; 32]);

impl Identity {
    /// Returns its bytes, equal for equal identities, across processes and versions of the gateway.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Formats it as hexadecimal digits.
impl fmt::Display for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl Caller {
    /// Returns the rights of the caller as one value.
    pub fn identity(&self) -> Identity {
        let mut hash = Sha256::new();
        write_text(&mut hash, &self.role);
        match &self.sub {
            Some(sub) => write_text(&mut hash, sub),
            None => hash.update([0xff]),
        }
        match &self.claims {
            Value::Object(claims) => {
                let claims = claims.iter().map(|(name, value)| (name.as_str(), value));
                let lasting = claims.filter(|(name, _)| !OF_THE_TOKEN.contains(name));
                write_object(&mut hash, lasting.collect());
            }
            other => write_value(&mut hash, other),
        }
        Identity(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(role: &str, sub: Option<&str>, claims: Value) -> Identity {
        Caller { role: role.into(), sub: sub.map(Into::into), claims, expires_at: None }.identity()
    }

    #[test]
    fn tokens_of_one_session_have_one_identity() {
        let one = identity(
            "authenticated",
            Some("a"),
            json!({"tenant": 1, "at": {"x": 1, "y": [2]}, "exp": 1, "jti": "1"}),
        );
        let two = identity(
            "authenticated",
            Some("a"),
            json!({"iat": 7, "exp": 2, "jti": "2", "at": {"y": [2], "x": 1}, "tenant": 1}),
        );
        assert_eq!(one, two);
    }

    #[test]
    fn claims_that_policies_can_read_change_the_identity() {
        let base = || json!({"tenant_id": "1", "at": {"exp": 1}});
        let all = [
            identity("authenticated", Some("a"), base()),
            identity("anon", Some("a"), base()),
            identity("authenticated", Some("b"), base()),
            identity("authenticated", None, base()),
            identity("authenticated", Some(""), base()),
            identity("authenticated", Some("a"), json!({"tenant_id": "2", "at": {"exp": 1}})),
            identity("authenticated", Some("a"), json!({"tenant_id": 1, "at": {"exp": 1}})),
            identity("authenticated", Some("a"), json!({"tenant_id": "1", "at": {"exp": 2}})),
            identity("authenticated", Some("a"), json!({"tenant_id": "1", "at": {"exp": 1}, "more": null})),
            identity("authenticated", Some("a"), json!({})),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| one != other), "{at}");
        }
    }
}
