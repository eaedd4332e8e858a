//! The caller of a request.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::time::Instant;

/// The role of a request without a token.
pub const ANONYMOUS_ROLE: &str = "anon";

/// Who asks. Cheap to clone; the authenticator hands out one shared value per token.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The Postgres role that the request runs as: `anon` without a token, else one of the allowed roles.
    pub role: String,
    /// The token's subject: a user's id, if the token names one. Not necessarily a UUID.
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
        self.sub.as_deref().is_none_or(|sub| uuid::Uuid::try_parse(sub).is_ok())
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
