//! Brings every change to those who watch it, once, whatever happens to the listening connection.
//!
//! It notes up to which transaction everything has been heard, its *horizon*, and remembers what it has [`told`](super::delivered)
//! beyond that. When the listener is back after a loss, it reads what Postgres remembers from the horizon on, and tells what is
//! new.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::change::{Announcement, Message, Statement};
use super::change_feed::Feeds;
use super::delivered::Told;
use super::history::{History, Seen, is_forgotten};
use super::listener::Heard;
use crate::database::DatabaseError;
use crate::graph::{Code, Error};

/// How often Postgres is asked in vain for what was missed, and the pause in between.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Dispatcher {
    feeds: Arc<Feeds>,
    heard: mpsc::Receiver<Heard>,
    told: Told,
    connected: bool,
    /// Messages that came while listening began.
    early: Vec<String>,
}

impl Dispatcher {
    pub(super) fn new(feeds: Arc<Feeds>, heard: mpsc::Receiver<Heard>) -> Self {
        Self { feeds, heard, told: Told::default(), connected: false, early: Vec::new() }
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
                    if self.told.horizon().is_none() && !self.feeds.registry().is_empty() {
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
        let mut horizon = self.told.horizon().unwrap_or_default();
        for text in messages {
            let Ok(message) = Message::read(text) else {
                // What is wrong with it would repeat a part of it.
                tracing::warn!("a message about changes that cannot be read");
                continue;
            };
            // An older message says nothing new.
            horizon = horizon.max(message.horizon);
            let Some(statement) = message.statement else { continue };
            if let Some(table) = statement.emptied(self.feeds.engine().catalog()) {
                self.tell(std::mem::take(&mut changes));
                self.feeds.registry().end_of(table, &gone("All rows of the table were deleted at once."));
                continue;
            }
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
        if !self.feeds.registry().is_empty() {
            let feeds = Arc::clone(&self.feeds);
            let history = History::of(feeds.pool(), feeds.engine().catalog(), statement.transaction);
            self.tell_history(history, horizon).await;
        }
        self.told.told_whole(statement.transaction);
    }

    /// Tells what was announced while nobody listened.
    async fn catch_up(&mut self) {
        let Some(horizon) = self.told.horizon() else { return };
        let feeds = Arc::clone(&self.feeds);
        let (pool, catalog) = (feeds.pool(), feeds.engine().catalog());
        let seen = match again(|| Seen::now(pool)).await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::error!(%error, "cannot tell which changes were missed");
                return self.give_up("The server could not hear of changes.");
            }
        };
        let was_certain = self.told.is_certain();
        if was_certain {
            // Who has come since then is not owed what was seen.
            for table in feeds.registry().tables() {
                let history = History::since(pool, catalog, horizon, catalog.table(table)).seen_by(&seen);
                if !self.tell_history(history, horizon).await {
                    break;
                }
            }
        }
        self.told.told_snapshot(seen.horizon, seen.ends_before, &seen.open);
        // Asked afterwards: what was forgotten while it was read counts as well.
        match again(|| is_forgotten(pool, horizon)).await {
            Ok(false) if was_certain && self.told.is_certain() => {}
            Ok(_) => self.give_up("The server could not hear of changes for too long."),
            Err(error) => {
                tracing::error!(%error, "cannot tell whether changes were missed");
                self.give_up("The server could not hear of changes.");
            }
        }
    }

    /// Tells what is read; `false`: nobody is told any more, for it could not be.
    async fn tell_history(&mut self, mut history: History<'_>, horizon: u64) -> bool {
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
                // Each comes once, and those of several transactions in turn: that they are told is noted at the end.
                Ok(Some(changes)) => {
                    let told = &self.told;
                    let new = changes.into_iter().filter(|it| told.is_new(it.transaction, it.number));
                    self.feeds.registry().dispatch(new);
                }
                Ok(None) => return true,
                Err(error) => {
                    tracing::error!(%error, "cannot read changes that were missed");
                    self.give_up("The server could not read what has changed.");
                    return false;
                }
            }
        }
    }

    /// Tells changes that are announced, as far as they have not been told.
    fn tell(&mut self, changes: Vec<Announcement>) {
        let told = &mut self.told;
        let new = changes.into_iter().filter(|change| told.tell(change.transaction, change.number));
        self.feeds.registry().dispatch(new);
    }

    /// Everything before this transaction has been told.
    fn reach(&mut self, horizon: u64) {
        if self.told.reach(horizon) {
            self.feeds.set_horizon(horizon);
        }
    }

    /// Ends all subscriptions: their subscribers may have missed something.
    fn give_up(&self, what: &str) {
        self.feeds.registry().end_all(&gone(what));
    }
}

/// Why subscriptions end, and what to do.
fn gone(what: &str) -> Error {
    Error::new(Code::Gone, format!("{what} Load the data anew and subscribe again."))
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
