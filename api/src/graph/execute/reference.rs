//! Answers from reference tables, kept in memory until one of these tables changes.
//!
//! An answer is kept per role and read under that role with no user, so that the policies hold: an anonymous caller gets
//! what row-level security gives to anonymous callers. Changes are announced by the tables' triggers through
//! LISTEN/NOTIFY; while nobody listens, answers are kept for a few seconds only.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use super::answer::{FoundByKey, sort};
use super::key::Key;
use crate::auth::Caller;
use crate::database::{DatabaseError, Pool, Session, Statement};
use crate::graph::plan::Load;

/// Answers kept at most; each is a page of a small table.
const MOST_ANSWERS: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// How long an answer is good while changes cannot be heard of.
const UNHEARD_FOR: Duration = Duration::from_secs(5);
/// The cache of one gateway.
pub struct ReferenceCache {
    pool: Pool,
    answers: Mutex<LruCache<Question, Kept>>,
    /// Counts changes, so that an answer read before a change is not kept after it.
    generation: AtomicU64,
    listening: AtomicBool,
}

#[derive(PartialEq, Eq, Hash)]
struct Question {
    role: String,
    statement: Statement,
    /// Where in the rows their key is.
    key: Vec<usize>,
}

struct Kept {
    found: Arc<FoundByKey>,
    since: Instant,
}

impl ReferenceCache {
    /// An empty cache that reads from a pool.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            answers: Mutex::new(LruCache::new(MOST_ANSWERS)),
            generation: AtomicU64::new(0),
            listening: AtomicBool::new(false),
        }
    }

    /// What a load, which reads reference tables only, finds for some keys and the role of a caller.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        load: &Load,
        keys: &[Key],
    ) -> Result<Arc<FoundByKey>, DatabaseError> {
        let key = load.positions.clone();
        let question = Question { role: caller.role.clone(), statement: load.statement(keys), key };
        let listening = self.listening.load(Ordering::Acquire);
        if let Some(kept) = self.answers().get(&question)
            && (listening || kept.since.elapsed() < UNHEARD_FOR)
        {
            return Ok(Arc::clone(&kept.found));
        }
        let generation = self.generation.load(Ordering::Acquire);
        // A transaction of its own: it begins after the generation was read, and it has no user.
        let reader = Arc::new(Caller::of_role(&caller.role));
        let mut session = Session::new(self.pool.clone(), reader).on_behalf_of(caller.share());
        let statements = std::slice::from_ref(&question.statement);
        let answers = session.query_last(statements).await.map_err(|failure| failure.error)?;
        let rows = answers.into_iter().next().unwrap_or_default();
        let found = Arc::new(sort(rows, load, load.only(keys)));
        if self.generation.load(Ordering::Acquire) == generation {
            let kept = Kept { found: Arc::clone(&found), since: Instant::now() };
            self.answers().put(question, kept);
        }
        Ok(found)
    }

    /// Notes whether changes are heard of. What was read while they were not may be out of date.
    pub fn set_listening(&self, listening: bool) {
        if self.listening.swap(listening, Ordering::AcqRel) != listening {
            self.forget();
        }
    }

    /// Forgets everything: some table has changed.
    pub fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.answers().clear();
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, LruCache<Question, Kept>> {
        // A panic while the lock was held leaves a cache, which is never wrong to have or to lack.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
