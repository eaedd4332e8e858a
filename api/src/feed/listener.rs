//! The gateway's only listening connection.
//!
//! It hears of changes to reference tables, which are kept in memory, and of changes that somebody may watch. Every now and
//! then it greets itself, to know that it still hears; the greeting says up to which transaction everything has been heard.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::notifications::{Deaf, GREET_EVERY, HEARD_WITHIN, Hearing, REFERENCE, SCHEMA};
use crate::database::{DatabaseError, Notification, Pool};
use crate::graph::Engine;

/// Pause between attempts to listen; it grows while they fail. Meanwhile answers wait.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Pause where nothing can be heard until somebody changes the settings or the server.
const LASTING_PAUSE: Duration = Duration::from_secs(10);

/// What the listener tells the dispatcher, in this order: messages, connected, messages, messages, …, lost.
#[derive(Debug)]
pub(super) enum Heard {
    /// Everything that was announced since before this is heard.
    Connected,
    /// Messages about changes, as they came together. Those before `Connected` came while listening began.
    Messages(Vec<String>),
    /// Nothing is heard any more, or not yet.
    Lost(Deaf),
}

/// Listens.
pub(super) struct Listener {
    pool: Pool,
    engine: Arc<Engine>,
    heard: mpsc::Sender<Heard>,
}

impl Listener {
    pub(super) fn new(pool: &Pool, engine: Arc<Engine>, heard: mpsc::Sender<Heard>) -> Self {
        Self { pool: pool.aside(), engine, heard }
    }

    /// Listens until nobody wants to know; reconnects when the connection is lost or has gone silent.
    pub(super) async fn run(self) {
        let mut pause = RETRY_AFTER;
        let mut lasted = None;
        while !self.heard.is_closed() {
            let mut has_heard = false;
            let Err(deaf) = self.listen(&mut has_heard).await;
            // On a standby nothing is heard in any case, and looking has to do.
            let lasts = deaf.lasts();
            // Said once: after a while looking has to do where nothing is heard for another reason, too.
            if has_heard || lasted != Some(lasts) {
                self.engine.set_schema_heard(lasts);
            }
            lasted = Some(lasts);
            self.engine.reference().set_listening(false);
            tracing::warn!(
                reason = %deaf,
                "cannot hear of changes; reading reference tables every few seconds, and telling subscribers later"
            );
            // It fails only where nobody wants to know.
            let _ = self.heard.send(Heard::Lost(deaf)).await;
            pause = if has_heard { RETRY_AFTER } else { LONGEST_PAUSE.min(pause * 2) };
            tokio::time::sleep(if lasts { LASTING_PAUSE } else { pause }).await;
        }
    }

    async fn listen(&self, has_heard: &mut bool) -> Result<Infallible, Deaf> {
        let mut hearing = Hearing::begin(&self.pool).await?;
        let early = hearing.take_early();
        self.tell(early).await?;
        *has_heard = true;
        // What was read before might have changed unheard, and the schema too.
        self.engine.reference().set_listening(true);
        self.engine.set_schema_heard(true);
        self.send(Heard::Connected).await?;
        let mut is_greeted = false;
        loop {
            let patience = if is_greeted { HEARD_WITHIN } else { GREET_EVERY };
            match tokio::time::timeout(patience, hearing.hear()).await {
                Ok(heard) => {
                    is_greeted = false;
                    self.tell(heard?).await?;
                }
                Err(_) if is_greeted => return Err(Deaf::Silent),
                Err(_) => {
                    hearing.greet().await?;
                    is_greeted = true;
                }
            }
        }
    }

    /// Tells what was heard together.
    async fn tell(&self, heard: Vec<Notification>) -> Result<(), Deaf> {
        let mut changes = Vec::with_capacity(heard.len());
        for Notification { channel, payload } in heard {
            if channel == REFERENCE {
                tracing::debug!(table = payload, "reference table changed");
                self.engine.reference().forget();
            } else if channel == SCHEMA {
                self.engine.doubt_schema();
            } else {
                changes.push(payload);
            }
        }
        if changes.is_empty() { Ok(()) } else { self.send(Heard::Messages(changes)).await }
    }

    async fn send(&self, heard: Heard) -> Result<(), Deaf> {
        let ended = |_| Deaf::Lost(DatabaseError::Unavailable("the gateway ends".into()));
        self.heard.send(heard).await.map_err(ended)
    }
}
