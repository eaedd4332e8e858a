//! Defines the caller of a request.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock;

/// The role of a request without a token.
pub const ANONYMOUS_ROLE: &str = "anon";

/// The caller of a request, whose claims the policies read. The authenticator shares one value per token.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The Postgres role of the request: `anon` without a token, otherwise one of the allowed roles.
    pub role: String,
    /// The token's subject: a user's id, if the token has one. It need not be a UUID; a UUID has Postgres's spelling, here and in
    /// the claims, so that one person to policies is one person to limits, keys and subscriptions.
    pub sub: Option<String>,
    /// All claims of the token, `{}` without one. `role` is always the role above, whichever claim the token has it in, so that a
    /// policy that reads `role` from the claims sees the verified role. Free of control characters.
    pub claims: Value,
    /// The time when the token is no longer accepted: its `exp` and the leeway; `None` without a token.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Caller {
    /// Returns the caller of a request without a token.
    #[must_use]
    pub fn anonymous() -> Arc<Self> {
        static ANONYMOUS: LazyLock<Arc<Caller>> = LazyLock::new(|| {
            Arc::new(Caller {
                role: ANONYMOUS_ROLE.to_owned(),
                sub: None,
                claims: Value::Object(Map::new()),
                expires_at: None,
            })
        });
        Arc::clone(&ANONYMOUS)
    }

    /// Returns a caller with a role and without a user, who sees what row-level security shows to everybody of that role.
    #[must_use]
    pub fn of_role(role: &str) -> Self {
        Self { role: role.to_owned(), sub: None, claims: Value::Object(Map::new()), expires_at: None }
    }

    /// Returns true if the subject is absent or could be the id of an account, which is a UUID.
    #[must_use]
    pub fn names_account(&self) -> bool {
        self.sub.as_deref().is_none_or(|sub| account(sub).is_some())
    }

    /// Returns true if the token has expired since it was verified.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= clock::utc())
    }

    /// Returns when the token expires, and everything that depends on it; `None` if it does not.
    #[must_use]
    pub fn expiry(&self) -> Option<Instant> {
        let left = (self.expires_at? - clock::utc()).to_std().unwrap_or_default();
        // A time beyond the clock's range never comes.
        clock::instant().checked_add(left)
    }

    /// Returns true if the request came without a token. A caller whose token has the role `anon` is not anonymous here.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.expires_at.is_none()
    }
}

/// Returns the id of an account in any spelling that Postgres accepts as a UUID: with upper or lower case digits, with or without
/// braces, with a hyphen after any four digits.
pub(super) fn account(text: &str) -> Option<Uuid> {
    const DIGITS: usize = 32;
    let bare = text.strip_prefix('{').map_or(Some(text), |text| text.strip_suffix('}'))?;
    let mut digits = String::with_capacity(DIGITS);
    let mut letters = bare.chars().peekable();
    while let Some(letter) = letters.next() {
        digits.push(letter);
        if digits.len().is_multiple_of(4) && digits.len() < DIGITS {
            letters.next_if_eq(&'-');
        }
        if digits.len() > DIGITS {
            return None;
        }
    }
    let is_whole = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_whole.then(|| Uuid::try_parse(&digits).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_many_spellings_and_one_id() {
        let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let plain = id.replace('-', "");
        let fours = plain.as_bytes().chunks(4).map(|it| str::from_utf8(it).unwrap()).collect::<Vec<_>>();
        for same in [
            id.to_owned(),
            id.to_uppercase(),
            format!("{{{id}}}"),
            format!("{{{plain}}}"),
            fours.join("-"),
            format!("{}-{}", &plain[..4], &plain[4..]).to_uppercase(),
            plain.clone(),
        ] {
            assert_eq!(account(&same).map(|it| it.to_string()).as_deref(), Some(id), "{same}");
        }
        for other in [
            "",
            "{}",
            "somebody",
            &format!(" {id}"),
            &format!("{id} "),
            &format!("{{{id}"),
            &format!("{id}}}"),
            &format!("urn:uuid:{id}"),
            &format!("{id}-"),
            &format!("-{id}"),
            &id.replace('-', "--"),
            &id.replacen('a', "g", 1),
            &id.replacen('a', "ä", 1),
            &id[1..],
            &format!("{id}0"),
            &format!("{}-{}", &plain[..3], &plain[3..]),
        ] {
            assert_eq!(account(other), None, "{other}");
        }
    }
}
