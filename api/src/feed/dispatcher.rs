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

/// What is heard is taken in such portions.
const PORTION: usize = 256;
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
        let mut portion = Vec::with_capacity(PORTION);
        while self.heard.recv_many(&mut portion, PORTION).await > 0 {
            for heard in portion.drain(..) {
                match heard {
                    Heard::Lost => {
                        self.connected = false;
                        self.early.clear();
                    }
                    Heard::Connected => {
                        self.catch_up().await;
                        self.connected = true;
                        for message in std::mem::take(&mut self.early) {
                            self.message(&message).await;
                        }
                    }
                    Heard::Message(message) if self.connected => self.message(&message).await,
                    Heard::Message(message) => self.early.push(message),
                }
            }
        }
    }

    async fn message(&mut self, text: &str) {
        let message = match Message::read(text) {
            Ok(message) => message,
            Err(error) => return tracing::warn!(%error, "a message about changes that cannot be read"),
        };
        // Taken back never: an older message says nothing new.
        let horizon = message.horizon.max(self.horizon.unwrap_or_default());
        if let Some(statement) = &message.statement {
            self.statement(statement, horizon).await;
        }
        self.reach(horizon);
    }

    async fn statement(&mut self, statement: &Statement, horizon: u64) {
        if let Some(changes) = statement.announcements(self.feeds.engine().catalog(), horizon) {
            self.tell(changes);
        } else if !self.feeds.registry().is_empty() {
            let feeds = Arc::clone(&self.feeds);
            let history = History::of(feeds.pool(), feeds.engine().catalog(), statement.transaction);
            self.tell_history(history, horizon).await;
        }
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
