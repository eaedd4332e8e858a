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

use super::answer::{FoundByKey, sort};
use super::key::Key;
use crate::auth::Caller;
use crate::database::{DatabaseError, Pool, Session, Statement};
use crate::graph::plan::Load;

/// The channel that the triggers of reference tables notify.
const CHANNEL: &str = "praxis_reference";
/// Answers kept at most; each is a page of a small table.
const MOST_ANSWERS: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// How long an answer is good while changes cannot be heard of.
const UNHEARD_FOR: Duration = Duration::from_secs(5);
/// Pause between attempts to listen; it grows while they fail.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What a listener says to itself, to know that it still hears.
const GREETING: &str = "greeting";
/// How often it does: more often than anything on the way forgets an idle connection.
const GREET_EVERY: Duration = Duration::from_secs(30);
/// A notification that takes longer than this does not arrive.
const HEARD_WITHIN: Duration = Duration::from_secs(3);

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
        let mut session = Session::new(self.pool.clone(), Arc::new(Caller::of_role(&caller.role)));
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

    /// Listens for changes until the pool is gone; reconnects when the connection is lost or has gone silent.
    pub async fn listen(self: Arc<Self>) {
        let mut pause = RETRY_AFTER;
        loop {
            if let Err(error) = self.listen_once().await {
                tracing::warn!(%error, "cannot hear of changes to reference tables; reading them every few seconds");
            }
            let was_listening = self.listening.swap(false, Ordering::AcqRel);
            pause = if was_listening { RETRY_AFTER } else { LONGEST_PAUSE.min(pause * 2) };
            self.forget();
            tokio::time::sleep(pause).await;
        }
    }

    async fn listen_once(&self) -> Result<(), DatabaseError> {
        let (client, mut connection) = self.pool.connect_apart().await?;
        let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        let greet = format!("NOTIFY {CHANNEL}, '{GREETING}'");
        let listen = async {
            client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
            // From elsewhere: a pooler in transaction mode takes the LISTEN, and delivers nothing.
            self.pool.query(&Statement { text: greet.as_str().into(), parameters: Vec::new() }).await?;
            loop {
                tokio::time::sleep(GREET_EVERY).await;
                client.batch_execute(&greet).await?;
            }
        };
        let hear = async {
            loop {
                let heard = self.listening.load(Ordering::Acquire);
                let silence = if heard { GREET_EVERY + HEARD_WITHIN } else { HEARD_WITHIN };
                match tokio::time::timeout(silence, futures_util::StreamExt::next(&mut messages)).await {
                    Ok(Some(Ok(AsyncMessage::Notification(change)))) => {
                        // What was read before the first might have changed unheard.
                        if !heard || change.payload() != GREETING {
                            tracing::debug!(table = change.payload(), "reference table changed");
                            self.forget();
                        }
                        self.listening.store(true, Ordering::Release);
                    }
                    Ok(Some(Ok(_))) => {}
                    Ok(Some(Err(error))) => return Err(error.into()),
                    Ok(None) => return Err(unavailable("the listening connection was closed")),
                    Err(_) => {
                        return Err(unavailable(
                            "no notification arrives; is a pooler in transaction mode in between?",
                        ));
                    }
                }
            }
        };
        tokio::select! {
            result = listen => result,
            result = hear => result,
        }
    }

    /// Forgets everything: some table has changed.
    pub(in crate::graph) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.answers().clear();
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, LruCache<Question, Kept>> {
        // A panic while the lock was held leaves a cache, which is never wrong to have or to lack.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(reason: &str) -> DatabaseError {
    DatabaseError::Unavailable(reason.to_owned())
}
