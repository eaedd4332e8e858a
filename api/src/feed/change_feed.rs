//! The change feed of a gateway starts the listener and the dispatcher, and adds subscribers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::FeedSettings;
use super::cursor::Cursor;
use super::dispatcher::Dispatcher;
use super::group::{Group, GroupKey, Subscriber};
use super::history;
use super::listener::Listener;
use super::outbox::{OperationId, Outbox};
use super::reader::Reader;
use super::registry::{ActiveSubscription, Registry};
use super::resume::resume;
use super::status::Status;
use crate::auth::Caller;
use crate::database::{Pool, Turns};
use crate::graph::{Engine, Error, Subscription};
use crate::supervise::caught;

/// Batches of notifications that may wait between the listener and the dispatcher. More wait in Postgres.
const BATCHES: usize = 4;
/// Subscribers that may read missed changes at the same time; an eighth of them belong to one caller.
const RESUMES: usize = 64;
/// Pause between two deletions of old changes.
const DELETE_EVERY: Duration = Duration::from_mins(1);
/// Changes that one statement deletes.
const DELETED_AT_A_TIME: i32 = 10_000;

/// The subscriptions of a gateway, and the notifications that feed them.
pub struct ChangeFeed {
    engine: Arc<Engine>,
    pool: Pool,
    settings: FeedSettings,
    registry: Arc<Registry>,
    reader: Arc<Reader>,
    resumes: Turns,
    status: Arc<Status>,
}

impl ChangeFeed {
    /// Creates a change feed that reads rows through an engine, over at most half of the pool's connections.
    pub fn new(engine: Arc<Engine>, pool: Pool, settings: FeedSettings) -> Self {
        Self {
            reader: Arc::new(Reader::new(Arc::clone(&engine), (pool.most_connections() / 2).max(1))),
            registry: Arc::new(Registry::new(&settings)),
            resumes: Turns::new(RESUMES, RESUMES.div_ceil(8), usize::MAX),
            status: Arc::new(Status::new()),
            engine,
            pool,
            settings,
        }
    }

    /// Returns the settings.
    pub fn settings(&self) -> &FeedSettings {
        &self.settings
    }

    /// Returns the engine that answers.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Listens and dispatches until the future is dropped. A second call begins anew, since it does not know what the first one had
    /// delivered.
    pub async fn listen(self: Arc<Self>) {
        self.status.set_horizon(0);
        self.engine.reference().set_listening(false);
        let (sender, events) = mpsc::channel(BATCHES);
        let listener = Listener::new(&self.pool, Arc::clone(&self.engine), sender);
        let (pool, registry, status) =
            (self.pool.clone(), Arc::clone(&self.registry), Arc::clone(&self.status));
        let dispatcher = Dispatcher::new(Arc::clone(&self.engine), pool, registry, status, events);
        tokio::join!(listener.run(), dispatcher.run());
    }

    /// Subscribes a caller, and sends the responses to the outbox of its connection until the returned value is dropped.
    pub async fn subscribe(
        &self,
        subscription: Subscription,
        caller: Arc<Caller>,
        outbox: Outbox,
        operation: OperationId,
    ) -> Result<ActiveSubscription, Error> {
        self.pool.gate().ensure_open().map_err(|error| Error::from(&error))?;
        self.status.ready().await?;
        let after = subscription
            .after()
            .map(|after| Cursor::read(&after.cursor).ok_or_else(|| after.refused.clone()))
            .transpose()?;
        let key = GroupKey::new(&caller, &subscription);
        let subscriber = Subscriber::new(outbox.clone(), operation, after.is_some());
        let share = caller.share();
        let make = |key, budget| Group::new(key, subscription, caller, budget);
        let (active, is_new) = self.registry.join(key, subscriber, share, make)?;
        if is_new {
            tokio::spawn(run(
                Arc::clone(active.group()),
                Arc::clone(&self.registry),
                Arc::clone(&self.reader),
            ));
        }
        if let Some(cursor) = after {
            // The number of waiting subscribers has no limit, so that none is refused.
            let _turn = self.resumes.take(share).await.ok();
            resume(&self.pool, &self.reader, &active, cursor, &outbox, operation).await?;
        }
        Ok(active)
    }

    /// Returns how many subscriptions have begun so far. Each receives every change that is committed after it was counted.
    pub fn begun(&self) -> u64 {
        self.registry.joined()
    }

    /// Deletes old changes, until the future is dropped.
    pub async fn delete_old_changes(self: Arc<Self>) {
        loop {
            tokio::time::sleep(DELETE_EVERY).await;
            loop {
                match history::delete_old(&self.pool, self.settings.retention, DELETED_AT_A_TIME).await {
                    Ok(count) if count >= i64::from(DELETED_AT_A_TIME) => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "cannot delete old changes");
                        break;
                    }
                }
            }
        }
    }
}

/// Runs a group until its last subscriber has left. If it fails, its subscriptions end with the error.
async fn run(group: Arc<Group>, registry: Arc<Registry>, reader: Arc<Reader>) {
    let ended = caught("group of subscribers", group.run(&reader)).await;
    let ended = ended.unwrap_or_else(|| Err(Error::internal(&"a group of subscribers has panicked")));
    if let Err(error) = ended {
        registry.end(&group, &error);
    }
}
