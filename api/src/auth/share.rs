//! Defines the share of the gateway's resources that a request uses.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;

use super::Caller;
use crate::random;

/// The unit for which use of memory, connections and places is counted: a person with any number of tokens, or an address.
/// Coarser than an [`Identity`](super::Identity): a person with other claims is the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share(u64);

impl Share {
    /// Returns the gateway's own share.
    pub fn gateway() -> Self {
        Self::hashed(("gateway", "", None::<&str>))
    }

    /// Returns the share of a client's address before authentication. IPv6 addresses count by their network of 64 bits, which a
    /// single client can have.
    pub fn of_address(address: IpAddr) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        };
        Self::hashed(("address", network, address.to_canonical().is_ipv4()))
    }

    /// Hashes with a key of this process, so that no one can choose a `sub` that collides with another's.
    fn hashed(value: impl std::hash::Hash) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(random::hasher);
        Self(KEY.hash_one(value))
    }
}

impl Caller {
    /// Returns the share of the caller: of all tokens of a role and `sub`, or of all callers without a token.
    pub fn share(&self) -> Share {
        Share::hashed(("caller", self.role.as_str(), self.sub.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn share(role: &str, sub: Option<&str>, claims: serde_json::Value) -> Share {
        Caller { role: role.into(), sub: sub.map(Into::into), claims, expires_at: None }.share()
    }

    #[test]
    fn a_person_with_many_tokens_has_one_share() {
        let one = share("authenticated", Some("a"), json!({"tenant_id": "1", "exp": 1}));
        assert_eq!(one, share("authenticated", Some("a"), json!({"tenant_id": "2", "exp": 2})));
        for other in [
            share("authenticated", Some("b"), json!({})),
            share("authenticated", None, json!({})),
            share("anon", Some("a"), json!({})),
            Share::gateway(),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_client_has_a_network_of_addresses() {
        let share = |address: &str| Share::of_address(address.parse().unwrap());
        assert_eq!(share("2001:db8::1"), share("2001:db8::ffff:1"));
        assert_ne!(share("2001:db8:0:1::1"), share("2001:db8:0:2::1"));
        assert_eq!(share("::ffff:192.0.2.1"), share("192.0.2.1"));
        assert_ne!(share("192.0.2.1"), share("192.0.2.2"));
    }
}
