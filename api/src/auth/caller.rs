//! The caller of a request.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::time::Instant;
use uuid::Uuid;

/// The role of a request without a token.
pub const ANONYMOUS_ROLE: &str = "anon";

/// Who asks. Cheap to clone; the authenticator hands out one shared value per token.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The Postgres role that the request runs as: `anon` without a token, else one of the allowed roles.
    pub role: String,
    /// The token's subject: a user's id, if the token names one. Not necessarily a UUID; one that is has Postgres's spelling, here
    /// and in the claims, so that who is one person to policies is one to limits, keys and feeds.
    pub sub: Option<String>,
    /// All claims of the token, `{}` without one. `role` is always the role above, wherever the token keeps its
    /// own, so that a policy that reads `role` from the claims sees what has been checked. Free of control
    /// characters.
    pub claims: Value,
    /// When the token is taken no more, which is its `exp` and the leeway; `None` without a token.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Caller {
    /// The caller of a request without a token.
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

    /// A caller of a role without a user: what row-level security gives to everybody of that role.
    #[must_use]
    pub fn of_role(role: &str) -> Self {
        Self { role: role.to_owned(), sub: None, claims: Value::Object(Map::new()), expires_at: None }
    }

    /// Whether the subject could be the id of an account that a table of UUIDs knows, or there is none.
    #[must_use]
    pub fn names_account(&self) -> bool {
        self.sub.as_deref().is_none_or(|sub| account(sub).is_some())
    }

    /// Whether the token has ended since it was taken.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= Utc::now())
    }

    /// When the token ends, and with it whatever lasts as long; `None`: it does not.
    #[must_use]
    pub fn expiry(&self) -> Option<Instant> {
        let left = (self.expires_at? - Utc::now()).to_std().unwrap_or_default();
        // A moment that cannot be counted does not come.
        Instant::now().checked_add(left)
    }

    /// Whether the request came without a token. A token may hold the role `anon` too; it is not anonymous here.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.expires_at.is_none()
    }
}

/// The id of an account in any spelling that Postgres takes for a UUID: digits in capitals or not, in braces or not, with a
/// hyphen behind any four of them.
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
