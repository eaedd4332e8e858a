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
use super::outbox::{OperationId, Outbox};
use super::registry::{Registry, Watch};
use super::resume::resume;
use crate::auth::Caller;
use crate::database::{Pool, Turn, Turns};
use crate::graph::{Code, Engine, Error, Subscription};

/// Messages that may wait between the listener and the dispatcher.
const HEARD: usize = 10_000;
/// A gateway that has just started hears of changes within this time.
const HEARS_WITHIN: Duration = Duration::from_secs(3);
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
    /// Everything before this transaction has been heard of; 0: nothing was ever heard.
    horizon: watch::Sender<u64>,
}

impl Feeds {
    /// Subscriptions that are answered by an engine, over at most half of its pool's connections.
    pub fn new(engine: Arc<Engine>, pool: Pool, settings: FeedSettings) -> Self {
        let most = (pool.most_connections() / 2).max(1);
        let reads = Turns::new(most, most.div_ceil(2), usize::MAX);
        Self { engine, pool, settings, registry: Arc::default(), reads, horizon: watch::Sender::new(0) }
    }

    /// The settings.
    pub fn settings(&self) -> &FeedSettings {
        &self.settings
    }

    /// Listens, dispatches and forgets, until it is dropped.
    pub async fn run(self: Arc<Self>) {
        let (sender, heard) = mpsc::channel(HEARD);
        let listener = Listener::new(&self.pool, Arc::clone(self.engine.reference()), sender);
        let dispatcher = Dispatcher::new(Arc::clone(&self), heard);
        tokio::join!(listener.run(), dispatcher.run(), self.forget());
    }

    /// Subscribes a caller. Responses go to the outbox of its connection, until what is returned is dropped.
    pub async fn subscribe(
        self: &Arc<Self>,
        subscription: Subscription,
        caller: Arc<Caller>,
        outbox: Outbox,
        operation: OperationId,
    ) -> Result<Watch, Error> {
        let mut horizon = self.horizon.subscribe();
        let hears = tokio::time::timeout(HEARS_WITHIN, horizon.wait_for(|horizon| *horizon > 0));
        if hears.await.is_err() {
            let message = "The server cannot hear of changes at the moment. Try again shortly.";
            return Err(Error::new(Code::Unavailable, message));
        }
        let after = subscription.after().map(|text| {
            Cursor::read(text).ok_or_else(|| {
                let mut error = Error::new(Code::BadUserInput, "after: this is not a cursor of a change");
                error.argument = Some("after".into());
                error
            })
        });
        let after = after.transpose()?;
        let key = GroupKey::new(&caller, &subscription);
        let subscriber = Subscriber::new(outbox.clone(), operation, after.is_some());
        let make = |key| Group::new(key, subscription, caller);
        let (watch, is_new) = self.registry.join(key, subscriber, make);
        if is_new {
            tokio::spawn(Arc::clone(watch.group()).run(Arc::clone(self)));
        }
        if let Some(cursor) = after {
            resume(self, &watch, cursor, &outbox, operation).await?;
        }
        Ok(watch)
    }

    async fn forget(&self) {
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

    /// Leave to read for a caller.
    pub(super) async fn permit(&self, caller: &Caller) -> Option<Turn> {
        // As many may wait as there are.
        self.reads.take(caller.share()).await.ok()
    }
}
