//! Delivers every change exactly once to the groups that watch it, even if the listening connection is lost.
//!
//! The dispatcher notes the *horizon*: all changes of transactions before it have been received. It remembers which later changes it
//! has [`delivered`](super::delivered). When the listener has reconnected, the dispatcher reads the stored changes from the horizon
//! on, and delivers the new ones.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::change::{Message, RowChange, Statement};
use super::delivered::Delivered;
use super::history::{History, Snapshot, were_deleted};
use super::listener::ListenerEvent;
use super::registry::Registry;
use super::status::Status;
use crate::database::{DatabaseError, Pool};
use crate::graph::{Code, Engine, Error};

/// Attempts to read the missed changes, and the pause between them.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Dispatcher {
    engine: Arc<Engine>,
    pool: Pool,
    registry: Arc<Registry>,
    status: Arc<Status>,
    events: mpsc::Receiver<ListenerEvent>,
    delivered: Delivered,
    connected: bool,
    /// Messages that came before the listener reported that it is connected.
    early: Vec<String>,
}

impl Dispatcher {
    pub(super) fn new(
        engine: Arc<Engine>,
        pool: Pool,
        registry: Arc<Registry>,
        status: Arc<Status>,
        events: mpsc::Receiver<ListenerEvent>,
    ) -> Self {
        let delivered = Delivered::default();
        Self { engine, pool, registry, status, events, delivered, connected: false, early: Vec::new() }
    }

    /// Dispatches until the listener ends.
    pub(super) async fn run(mut self) {
        while let Some(event) = self.events.recv().await {
            match event {
                ListenerEvent::Lost(failure) => {
                    self.connected = false;
                    self.early.clear();
                    self.status.set_failure(Some(failure));
                }
                ListenerEvent::Connected => {
                    self.status.set_failure(None);
                    if self.delivered.horizon().is_none() && !self.registry.is_empty() {
                        self.give_up("The server has restarted its delivery of changes.");
                    }
                    self.catch_up().await;
                    self.connected = true;
                    let early = std::mem::take(&mut self.early);
                    self.messages(&early).await;
                }
                ListenerEvent::Messages(messages) if self.connected => self.messages(&messages).await,
                ListenerEvent::Messages(messages) => self.early.extend(messages),
            }
        }
    }

    /// Delivers the changes of messages that came together.
    async fn messages(&mut self, messages: &[String]) {
        let mut changes = Vec::with_capacity(messages.len());
        let mut horizon = self.delivered.horizon().unwrap_or_default();
        for text in messages {
            let Ok(message) = Message::read(text) else {
                // The parser's error would repeat a part of the message.
                tracing::warn!("a notification of changes cannot be read");
                continue;
            };
            // An older message has an older horizon.
            horizon = horizon.max(message.horizon);
            let Some(statement) = message.statement else { continue };
            if let Some(table) = statement.truncated(self.engine.catalog()) {
                self.deliver(std::mem::take(&mut changes));
                self.registry.end_of(table, &gone("All rows of the table were deleted at once."));
                continue;
            }
            if let Some(announced) = statement.changes(self.engine.catalog(), horizon) {
                changes.extend(announced);
            } else {
                self.deliver(std::mem::take(&mut changes));
                self.look_up(&statement, horizon).await;
            }
        }
        self.deliver(changes);
        self.reach(horizon);
    }

    /// Reads and delivers the changes of a statement that did not fit into its message.
    async fn look_up(&mut self, statement: &Statement, horizon: u64) {
        if !self.registry.is_empty() {
            let (pool, engine) = (self.pool.clone(), Arc::clone(&self.engine));
            let history = History::of(&pool, engine.catalog(), statement.transaction);
            self.deliver_history(history, horizon).await;
        }
        self.delivered.note_transaction(statement.transaction);
    }

    /// Delivers the changes that were committed while the gateway did not listen.
    async fn catch_up(&mut self) {
        let Some(horizon) = self.delivered.horizon() else { return };
        let (pool, engine) = (self.pool.clone(), Arc::clone(&self.engine));
        let catalog = engine.catalog();
        let snapshot = match retry(|| Snapshot::now(&pool)).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::error!(%error, "cannot read which changes were missed");
                return self.give_up("The server may have missed changes.");
            }
        };
        let was_certain = self.delivered.is_certain();
        if was_certain {
            // A subscriber that joins from now on does not need the changes of the snapshot.
            for table in self.registry.tables() {
                let history = History::since(&pool, catalog, horizon, catalog.table(table)).within(&snapshot);
                if !self.deliver_history(history, horizon).await {
                    break;
                }
            }
        }
        self.delivered.note_snapshot(snapshot.horizon, snapshot.ends_before, &snapshot.open);
        // Checked afterwards: a change that was deleted during the read counts as missed.
        match retry(|| were_deleted(&pool, horizon)).await {
            Ok(false) if was_certain && self.delivered.is_certain() => {}
            Ok(_) => self.give_up("The server received no notifications of changes for too long."),
            Err(error) => {
                tracing::error!(%error, "cannot read whether changes were missed");
                self.give_up("The server may have missed changes.");
            }
        }
    }

    /// Delivers stored changes; returns false if they could not be read, and all subscriptions have ended.
    async fn deliver_history(&mut self, mut history: History<'_>, horizon: u64) -> bool {
        loop {
            let mut page = history.next(horizon).await;
            for _ in 1..ATTEMPTS {
                if page.is_ok() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
                page = history.next(horizon).await;
            }
            match page {
                // Each change occurs once, but transactions are mixed: the caller records them as delivered at the end.
                Ok(Some(changes)) => {
                    let delivered = &self.delivered;
                    let new = changes.into_iter().filter(|it| delivered.is_new(it.transaction, it.number));
                    self.registry.dispatch(new);
                }
                Ok(None) => return true,
                Err(error) => {
                    tracing::error!(%error, "cannot read changes that were missed");
                    self.give_up("The server could not read the stored changes.");
                    return false;
                }
            }
        }
    }

    /// Delivers the changes of a notification that have not been delivered.
    fn deliver(&mut self, changes: Vec<RowChange>) {
        let delivered = &mut self.delivered;
        let new = changes.into_iter().filter(|change| delivered.deliver(change.transaction, change.number));
        self.registry.dispatch(new);
    }

    /// Records that all changes of transactions before this one have been delivered.
    fn reach(&mut self, horizon: u64) {
        if self.delivered.reach(horizon) {
            self.status.set_horizon(horizon);
        }
    }

    /// Ends all subscriptions, because their subscribers may have missed a change.
    fn give_up(&self, why: &str) {
        self.registry.end_all(&gone(why));
    }
}

/// Makes the error that ends subscriptions. `why`: the reason as a sentence.
fn gone(why: &str) -> Error {
    Error::new(Code::Gone, format!("{why} Load the data anew and subscribe again."))
}

/// Repeats a query until it succeeds, at most [`ATTEMPTS`] times.
async fn retry<T, F: Future<Output = Result<T, DatabaseError>>>(
    query: impl Fn() -> F,
) -> Result<T, DatabaseError> {
    let mut answer = query().await;
    for _ in 1..ATTEMPTS {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answer = query().await;
    }
    answer
}
