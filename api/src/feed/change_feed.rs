//! Subscriptions as the transports see them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::FeedSettings;
use super::cursor::Cursor;
use super::dispatcher::Dispatcher;
use super::group::{Group, GroupKey, Subscriber};
use super::history;
use super::listener::Listener;
use super::notifications::Deaf;
use super::outbox::{OperationId, Outbox};
use super::registry::{Registry, Watch};
use super::resume::resume;
use crate::auth::Caller;
use crate::database::{Pool, Turn, Turns};
use crate::graph::{CHANGES_NOT_HEARD, Code, Engine, Error, READ_ONLY_DATABASE, Subscription};

/// Bundles of messages that may wait between the listener and the dispatcher. What is beyond waits in Postgres.
const HEARD: usize = 4;
/// A gateway that has just started hears of changes within this time.
const HEARS_WITHIN: Duration = Duration::from_secs(3);
/// Subscribers at a time that are told what they have missed; an eighth of them one caller's.
const RESUMES: usize = 64;
/// How often old changes are forgotten, and how many at a time.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGET_AT_A_TIME: i32 = 10_000;

/// All subscriptions of a gateway.
pub struct Feeds {
    engine: Arc<Engine>,
    pool: Pool,
    settings: FeedSettings,
    registry: Arc<Registry>,
    /// Reads at a time: subscriptions leave connections for requests, and one caller's for those of others.
    reads: Turns,
    /// Subscribers at a time that are told what they have missed.
    resumes: Turns,
    /// Everything before this transaction has been heard of; 0: nothing was ever heard.
    horizon: watch::Sender<u64>,
    /// Why changes are not heard of; `None`: they are, or listening has just begun.
    deaf: watch::Sender<Option<Deaf>>,
}

impl Feeds {
    /// Subscriptions that are answered by an engine, over at most half of its pool's connections.
    pub fn new(engine: Arc<Engine>, pool: Pool, settings: FeedSettings) -> Self {
        let most = (pool.most_connections() / 2).max(1);
        let reads = Turns::new(most, most.div_ceil(2), usize::MAX);
        let resumes = Turns::new(RESUMES, RESUMES.div_ceil(8), usize::MAX);
        let registry = Arc::new(Registry::new(&settings));
        Self {
            engine,
            pool,
            settings,
            registry,
            reads,
            resumes,
            horizon: watch::Sender::new(0),
            deaf: watch::Sender::new(None),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &FeedSettings {
        &self.settings
    }

    /// Listens and dispatches, until it is dropped. Whoever does so after somebody else begins anew: nobody knows what the
    /// other one had told.
    pub async fn listen(self: Arc<Self>) {
        self.set_horizon(0);
        self.engine.reference().set_listening(false);
        let (sender, heard) = mpsc::channel(HEARD);
        let listener = Listener::new(&self.pool, Arc::clone(&self.engine), sender);
        let dispatcher = Dispatcher::new(Arc::clone(&self), heard);
        tokio::join!(listener.run(), dispatcher.run());
    }

    /// Subscribes a caller. Responses go to the outbox of its connection, until what is returned is dropped.
    pub async fn subscribe(
        self: &Arc<Self>,
        subscription: Subscription,
        caller: Arc<Caller>,
        outbox: Outbox,
        operation: OperationId,
    ) -> Result<Watch, Error> {
        self.pool().gate().check().map_err(|error| Error::from(&error))?;
        self.hears().await?;
        let after = subscription
            .after()
            .map(|after| Cursor::read(&after.cursor).ok_or_else(|| after.refused.clone()))
            .transpose()?;
        let key = GroupKey::new(&caller, &subscription);
        let subscriber = Subscriber::new(outbox.clone(), operation, after.is_some());
        let share = caller.share();
        let make = |key, budget| Group::new(key, subscription, caller, budget);
        let (watch, is_new) = self.registry.join(key, subscriber, share, make)?;
        if is_new {
            tokio::spawn(Arc::clone(watch.group()).run_whole(Arc::clone(self)));
        }
        if let Some(cursor) = after {
            // As many may wait as there are.
            let _turn = self.resumes.take(share).await.ok();
            resume(self, &watch, cursor, &outbox, operation).await?;
        }
        Ok(watch)
    }

    /// Waits until changes are heard of; says why where they are not.
    async fn hears(&self) -> Result<(), Error> {
        let (mut horizon, mut deaf) = (self.horizon.subscribe(), self.deaf.subscribe());
        let hears = async {
            // Neither sender is dropped while this is borrowed.
            let _ = horizon.wait_for(|horizon| *horizon > 0).await;
            let _ = deaf.wait_for(|deaf| !deaf.as_ref().is_some_and(Deaf::lasts)).await;
        };
        if tokio::time::timeout(HEARS_WITHIN, hears).await.is_ok() {
            return Ok(());
        }
        let (message, reason) = match &*self.deaf.borrow() {
            Some(Deaf::Standby(_)) => (
                "This server reads from a standby, where nothing can be heard of changes: it does not serve \
                 subscriptions.",
                Some(READ_ONLY_DATABASE),
            ),
            Some(Deaf::Swallowed | Deaf::SplitReads) => (
                "This server is set up in a way that it cannot hear of changes: it does not serve subscriptions.",
                Some(CHANGES_NOT_HEARD),
            ),
            _ => ("The server cannot hear of changes at the moment. Try again shortly.", None),
        };
        Err(Error { reason, ..Error::new(Code::Unavailable, message) })
    }

    /// Forgets old changes, until it is dropped.
    pub async fn forget(self: Arc<Self>) {
        loop {
            tokio::time::sleep(FORGET_EVERY).await;
            loop {
                match history::forget(&self.pool, self.settings.retention, FORGET_AT_A_TIME).await {
                    Ok(count) if count >= i64::from(FORGET_AT_A_TIME) => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "cannot forget old changes");
                        break;
                    }
                }
            }
        }
    }

    /// Returns how many subscriptions have begun so far. Each receives every change that is committed after it was counted.
    pub fn begun(&self) -> u64 {
        self.registry.joined()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn set_horizon(&self, horizon: u64) {
        self.horizon.send_replace(horizon);
    }

    pub(super) fn set_deaf(&self, deaf: Option<Deaf>) {
        self.deaf.send_replace(deaf);
    }

    /// Leave to read for a caller.
    pub(super) async fn permit(&self, caller: &Caller) -> Option<Turn> {
        // As many may wait as there are.
        self.reads.take(caller.share()).await.ok()
    }
}
