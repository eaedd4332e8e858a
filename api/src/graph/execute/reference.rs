//! Answers from reference tables, kept in memory until one of these tables changes.
//!
//! An answer is kept per role and read under that role with no user, so that the policies hold: an anonymous caller gets
//! what row-level security gives to anonymous callers. Changes are announced by the tables' triggers through
//! LISTEN/NOTIFY; while nobody listens, answers are kept for a few seconds only. What the answers hang on beside the rows, policies
//! and grants, the guard of the database looks at.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::{FoundByKey, sort};
use super::key::Key;
use crate::auth::Caller;
use crate::cache::Cache;
use crate::clock;
use crate::database::{DatabaseError, Pool, Row, Session, Statement};
use crate::graph::plan::{Load, LoadKind};

/// Bytes of answers that are kept; each is a page of a small table.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What a row takes beside what it holds: its place among those of its key, and the key.
const ROW: usize = 160;
/// How long an answer is good while changes cannot be heard of.
const UNHEARD_FOR: Duration = Duration::from_secs(5);
/// The cache of one gateway.
pub struct ReferenceCache {
    pool: Pool,
    answers: Cache<CacheKey, Kept>,
    /// Counts changes, so that an answer read before a change is not kept after it.
    generation: AtomicU64,
    listening: AtomicBool,
    /// What the answers hang on beside the rows, as the guard has seen it last.
    protection: Mutex<String>,
    /// Whether every caller of a role is answered alike.
    is_shared: AtomicBool,
}

#[derive(PartialEq, Eq, Hash)]
struct CacheKey {
    role: String,
    statement: Statement,
    /// Where in the rows their key is.
    key: Vec<usize>,
    /// Whether it is a page from the end: its statement is that of a page from the beginning in the opposite order.
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

    /// Returns what a load, which reads reference tables only, finds for some keys and the role of a caller.
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
            && (listening || kept.since.elapsed() < UNHEARD_FOR)
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

    /// Notes whether changes are heard of. What was read while they were not may be out of date.
    pub fn set_listening(&self, listening: bool) {
        if self.listening.swap(listening, Ordering::AcqRel) != listening {
            self.forget();
        }
    }

    /// Returns whether an answer to one caller of a role answers the others too. Where it does not, the database is asked each time.
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Acquire)
    }

    /// Takes what answers hang on beside the rows: policies, grants, roles and functions, as any text that changes with them;
    /// and whether every caller of a role is answered alike. Forgets everything if any of it has changed.
    pub fn heed(&self, protection: String, is_shared: bool) {
        let mut known = self.protection.lock().unwrap_or_else(PoisonError::into_inner);
        let was_shared = self.is_shared.swap(is_shared, Ordering::AcqRel);
        if *known != protection || was_shared != is_shared {
            *known = protection;
            self.forget();
        }
    }

    /// Returns how often everything has been forgotten.
    pub fn forgotten(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Forgets everything: some table has changed, or what protects it.
    pub fn forget(&self) {
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
