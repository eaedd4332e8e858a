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
use tokio_postgres::AsyncMessage;

use super::load::{Answer, Sorted};
use crate::auth::Caller;
use crate::database::{DatabaseError, Pool, Row, Session, Statement};
use crate::graph::catalog::ColumnId;

/// The channel that the triggers of reference tables notify.
const CHANNEL: &str = "praxis_reference";
/// Answers kept at most; each is a page of a small table.
const MOST_ANSWERS: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// How long an answer is good while changes cannot be heard of.
const UNHEARD_FOR: Duration = Duration::from_secs(5);
/// Pause between attempts to listen.
const RETRY_AFTER: Duration = Duration::from_secs(2);

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
    /// Columns that the rows are sorted by.
    key: Vec<ColumnId>,
}

struct Kept {
    answer: Arc<Answer>,
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

    /// The answer to a statement that reads reference tables only, for the role of a caller.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        statement: &Statement,
        key: &[ColumnId],
        sort: impl FnOnce(Vec<Row>) -> Answer,
    ) -> Sorted {
        let question =
            Question { role: caller.role.clone(), statement: statement.clone(), key: key.to_vec() };
        let listening = self.listening.load(Ordering::Acquire);
        if let Some(kept) = self.answers().get(&question)
            && (listening || kept.since.elapsed() < UNHEARD_FOR)
        {
            return Ok(Arc::clone(&kept.answer));
        }
        let generation = self.generation.load(Ordering::Acquire);
        // A transaction of its own: it begins after the generation was read, and it has no user.
        let session = Session::new(self.pool.clone(), Arc::new(Caller::of_role(&caller.role)));
        let answer = Arc::new(sort(session.query(statement).await?));
        if self.generation.load(Ordering::Acquire) == generation {
            let kept = Kept { answer: Arc::clone(&answer), since: Instant::now() };
            self.answers().put(question, kept);
        }
        Ok(answer)
    }

    /// Listens for changes until the pool is gone; reconnects when the connection is lost.
    pub async fn listen(self: Arc<Self>) {
        loop {
            if let Err(error) = self.listen_once().await {
                tracing::warn!(%error, "cannot hear of changes to reference tables; reading them every few seconds");
            }
            self.listening.store(false, Ordering::Release);
            self.forget();
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn listen_once(&self) -> Result<(), DatabaseError> {
        let (client, mut connection) = self.pool.connect_apart().await?;
        let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        let listen = format!("LISTEN {CHANNEL}");
        let mut listened = std::pin::pin!(client.batch_execute(&listen));
        let mut ready = false;
        loop {
            tokio::select! {
                result = &mut listened, if !ready => {
                    result?;
                    ready = true;
                    // What was read before might have changed unheard.
                    self.forget();
                    self.listening.store(true, Ordering::Release);
                }
                message = futures_util::StreamExt::next(&mut messages) => match message {
                    Some(Ok(AsyncMessage::Notification(change))) => {
                        tracing::debug!(table = change.payload(), "reference table changed");
                        self.forget();
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => return Err(DatabaseError::Unavailable("the listening connection was closed".into())),
                },
            }
        }
    }

    fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.answers().clear();
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, LruCache<Question, Kept>> {
        // A panic while the lock was held leaves a cache, which is never wrong to have or to lack.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
