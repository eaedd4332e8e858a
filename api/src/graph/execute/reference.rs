//! Caches rows of reference tables in memory until one of these tables changes.
//!
//! An entry belongs to a role and is read under that role without a user, so that row-level security holds for anonymous callers
//! too. The tables' triggers announce changes through LISTEN/NOTIFY; while the gateway receives no notifications, entries are used
//! for a few seconds only. The entries also depend on policies and grants, which the guard of the database watches.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::key::Key;
use super::loaded::{FoundByKey, sort};
use crate::auth::Caller;
use crate::cache::Cache;
use crate::clock;
use crate::database::{DatabaseError, Pool, Row, Session, Statement};
use crate::graph::plan::{Load, LoadKind};

/// The most bytes of cached entries; each entry is a page of a small table.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The bytes that a row takes in addition to its values: its place among the rows of its key, and the key.
const ROW: usize = 160;
/// The time for which an entry is used while the gateway receives no notifications of changes.
const UNANNOUNCED_FOR: Duration = Duration::from_secs(5);

/// The cache of the reference tables of one gateway.
pub struct ReferenceCache {
    pool: Pool,
    answers: Cache<CacheKey, Kept>,
    /// The number of changes, so that rows read before a change are not cached after it.
    generation: AtomicU64,
    listening: AtomicBool,
    /// The policies, grants, roles and functions that the entries depend on, in the text of the guard.
    protection: Mutex<String>,
    /// True if all callers of a role see the same rows.
    is_shared: AtomicBool,
}

#[derive(PartialEq, Eq, Hash)]
struct CacheKey {
    role: String,
    statement: Statement,
    /// The positions of the key in the rows.
    key: Vec<usize>,
    /// True if it is a page from the end. A page from the beginning in the opposite order has the same statement.
    backward: bool,
}

#[derive(Clone)]
struct Kept {
    found: Arc<FoundByKey>,
    since: Instant,
}

impl ReferenceCache {
    /// Returns an empty cache that reads from a pool.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            answers: Cache::new(MOST_BYTES),
            generation: AtomicU64::new(0),
            listening: AtomicBool::new(false),
            protection: Mutex::default(),
            is_shared: AtomicBool::new(true),
        }
    }

    /// Returns the rows of a load of reference tables for some keys, with the rights of the caller's role.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        load: &Load,
        keys: &[Key],
    ) -> Result<Arc<FoundByKey>, DatabaseError> {
        let key = load.positions.clone();
        let backward = matches!(load.kind, LoadKind::Page { backward: true, .. });
        let question = CacheKey { role: caller.role.clone(), statement: load.statement(keys), key, backward };
        let listening = self.listening.load(Ordering::Acquire);
        if let Some(kept) = self.answers.get(&question)
            && (listening || kept.since.elapsed() < UNANNOUNCED_FOR)
        {
            return Ok(kept.found);
        }
        let generation = self.generation.load(Ordering::Acquire);
        // A transaction of its own: it begins after the generation was read, and it has no user.
        let reader = Arc::new(Caller::of_role(&caller.role));
        let mut session = Session::new(self.pool.clone(), reader).on_behalf_of(caller.share());
        let statements = std::slice::from_ref(&question.statement);
        let answers = session.query_last(statements).await.map_err(|failure| failure.error)?;
        let rows = answers.into_iter().next().unwrap_or_default();
        let bytes = question.bytes() + Row::memory(&rows) + ROW * rows.len();
        let found = Arc::new(sort(rows, load, load.only(keys)));
        if self.generation.load(Ordering::Acquire) == generation {
            let kept = Kept { found: Arc::clone(&found), since: clock::instant() };
            self.answers.put(question, kept, bytes);
        }
        Ok(found)
    }

    /// Records whether the gateway receives notifications of changes, and clears the cache if that has changed.
    pub fn set_listening(&self, listening: bool) {
        if self.listening.swap(listening, Ordering::AcqRel) != listening {
            self.clear();
        }
    }

    /// Returns true if all callers of a role see the same rows. If they do not, nothing is answered from the cache.
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Acquire)
    }

    /// Sets the policies, grants, roles and functions that the entries depend on, and clears the cache if they have changed.
    /// `protection`: any text that changes with them; `is_shared`: true if all callers of a role see the same rows.
    pub fn set_protection(&self, protection: String, is_shared: bool) {
        let mut known = self.protection.lock().unwrap_or_else(PoisonError::into_inner);
        let was_shared = self.is_shared.swap(is_shared, Ordering::AcqRel);
        if *known != protection || was_shared != is_shared {
            *known = protection;
            self.clear();
        }
    }

    /// Returns how often the cache was cleared.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Clears the cache, because a table or its protection has changed.
    pub fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.answers.clear();
    }
}

impl CacheKey {
    fn bytes(&self) -> usize {
        let Statement { text, parameters } = &self.statement;
        let values = parameters.iter().map(|it| size_of_val(it) + it.value.as_ref().map_or(0, Vec::len));
        self.role.len() + text.len() + values.sum::<usize>() + size_of_val(self.key.as_slice())
    }
}
