//! Brings every change to those who watch it, once, whatever happens to the listening connection.
//!
//! It notes up to which transaction everything has been heard, its *horizon*, and remembers what it has told beyond that.
//! When the listener is back after a loss, it reads what Postgres remembers from the horizon on, and tells what is new.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::announcement::{Announcement, Message, Statement};
use super::feeds::Feeds;
use super::history::{History, is_forgotten};
use super::listener::Heard;
use crate::database::DatabaseError;
use crate::graph::{Code, Error};

/// How often Postgres is asked in vain for what was missed, and the pause in between.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Dispatcher {
    feeds: Arc<Feeds>,
    heard: mpsc::Receiver<Heard>,
    /// Everything before this transaction has been told.
    horizon: Option<u64>,
    /// Numbers of the changes that have been told from there on, by transaction.
    told: BTreeMap<u64, HashSet<i64>>,
    connected: bool,
    /// Messages that came while listening began.
    early: Vec<String>,
}

impl Dispatcher {
    pub(super) fn new(feeds: Arc<Feeds>, heard: mpsc::Receiver<Heard>) -> Self {
        Self { feeds, heard, horizon: None, told: BTreeMap::new(), connected: false, early: Vec::new() }
    }

    /// Dispatches until the listener ends.
    pub(super) async fn run(mut self) {
        while let Some(heard) = self.heard.recv().await {
            match heard {
                Heard::Lost(deaf) => {
                    self.connected = false;
                    self.early.clear();
                    self.feeds.set_deaf(Some(deaf));
                }
                Heard::Connected => {
                    self.feeds.set_deaf(None);
                    if self.horizon.is_none() && !self.feeds.registry().is_empty() {
                        self.give_up("The server had to begin anew.");
                    }
                    self.catch_up().await;
                    self.connected = true;
                    let early = std::mem::take(&mut self.early);
                    self.messages(&early).await;
                }
                Heard::Messages(messages) if self.connected => self.messages(&messages).await,
                Heard::Messages(messages) => self.early.extend(messages),
            }
        }
    }

    /// Tells what messages that came together speak of, together.
    async fn messages(&mut self, messages: &[String]) {
        let mut changes = Vec::with_capacity(messages.len());
        let mut horizon = self.horizon.unwrap_or_default();
        for text in messages {
            let Ok(message) = Message::read(text) else {
                // What is wrong with it would repeat a part of it.
                tracing::warn!("a message about changes that cannot be read");
                continue;
            };
            // An older message says nothing new.
            horizon = horizon.max(message.horizon);
            let Some(statement) = message.statement else { continue };
            if let Some(announced) = statement.announcements(self.feeds.engine().catalog(), horizon) {
                changes.extend(announced);
            } else {
                self.tell(std::mem::take(&mut changes));
                self.look_up(&statement, horizon).await;
            }
        }
        self.tell(changes);
        self.reach(horizon);
    }

    /// Tells changes that did not fit into a message.
    async fn look_up(&mut self, statement: &Statement, horizon: u64) {
        if self.feeds.registry().is_empty() {
            return;
        }
        let feeds = Arc::clone(&self.feeds);
        let history = History::of(feeds.pool(), feeds.engine().catalog(), statement.transaction);
        self.tell_history(history, horizon).await;
    }

    /// Tells what was announced while nobody listened.
    async fn catch_up(&mut self) {
        let Some(horizon) = self.horizon.filter(|_| !self.feeds.registry().is_empty()) else { return };
        let feeds = Arc::clone(&self.feeds);
        let history = History::since(feeds.pool(), feeds.engine().catalog(), horizon);
        self.tell_history(history, horizon).await;
        // Asked afterwards: what was forgotten while it was read counts as well.
        let forgotten = again(|| is_forgotten(feeds.pool(), horizon)).await;
        match forgotten {
            Ok(false) => {}
            Ok(true) => self.give_up("The server could not hear of changes for too long."),
            Err(error) => {
                tracing::error!(%error, "cannot tell whether changes were missed");
                self.give_up("The server could not hear of changes.");
            }
        }
    }

    async fn tell_history(&mut self, mut history: History<'_>, horizon: u64) {
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
                Ok(Some(changes)) => self.tell(changes),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "cannot read changes that were missed");
                    return self.give_up("The server could not read what has changed.");
                }
            }
        }
    }

    /// Tells changes that have not been told.
    fn tell(&mut self, changes: Vec<Announcement>) {
        let told = &mut self.told;
        let new = changes
            .into_iter()
            .filter(|change| told.entry(change.transaction).or_default().insert(change.number));
        self.feeds.registry().dispatch(new);
    }

    /// Everything before this transaction has been told.
    fn reach(&mut self, horizon: u64) {
        if self.horizon.is_none_or(|before| horizon > before) {
            self.horizon = Some(horizon);
            self.told = self.told.split_off(&horizon);
            self.feeds.set_horizon(horizon);
        }
    }

    /// Ends all subscriptions: their subscribers may have missed something.
    fn give_up(&self, what: &str) {
        let message = format!("{what} Load the data anew and subscribe again.");
        self.feeds.registry().end_all(&Error::new(Code::Gone, message));
    }
}

/// Asks until there is an answer, for a while.
async fn again<T, F: Future<Output = Result<T, DatabaseError>>>(
    ask: impl Fn() -> F,
) -> Result<T, DatabaseError> {
    let mut answer = ask().await;
    for _ in 1..ATTEMPTS {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answer = ask().await;
    }
    answer
}
