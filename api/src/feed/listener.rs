//! The listener has the gateway's only listening connection.
//!
//! It receives notifications of changes to reference tables, which are kept in memory, and to tables with subscribers. While none
//! arrives, it asks every few seconds whether the server still answers, since a network may have dropped the connection without a word, and
//! sends a probe now and then; the probe carries the transaction before which all notifications have arrived.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::notifications::{ListenError, Notifications, REFERENCE, SCHEMA};
use crate::database::{DatabaseError, Notification, Pool, REACTS_WITHIN};
use crate::graph::Engine;

/// The time without a notification after which the server is asked whether it still answers: shorter than the time after which a router or
/// pooler drops an idle connection. A change that is made meanwhile is delivered later by this and by the wait for the answer.
const ASKED_AFTER: Duration = Duration::from_secs(5);
/// The number of questions after which a probe is sent. A probe is a transaction that writes, and reaches all gateways.
const QUESTIONS: u32 = 5;
/// Pause between attempts to listen, which grows while they fail. Answers wait meanwhile.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Pause if listening fails until somebody changes the settings or the server.
const LASTING_PAUSE: Duration = Duration::from_secs(10);

/// An event for the dispatcher, in this order: messages, connected, messages, messages, …, lost.
#[derive(Debug)]
pub(super) enum ListenerEvent {
    /// Every notification since the messages before arrives from now on.
    Connected,
    /// Notifications of changes that came together. Those before `Connected` came before the first probe.
    Messages(Vec<String>),
    /// The connection is lost, or could not be opened.
    Lost(ListenError),
}

/// Listens, and reconnects after a loss.
pub(super) struct Listener {
    pool: Pool,
    engine: Arc<Engine>,
    events: mpsc::Sender<ListenerEvent>,
}

impl Listener {
    pub(super) fn new(pool: &Pool, engine: Arc<Engine>, events: mpsc::Sender<ListenerEvent>) -> Self {
        Self { pool: pool.aside(), engine, events }
    }

    /// Listens until the dispatcher ends; reconnects when the connection is lost or silent.
    pub(super) async fn run(self) {
        let mut pause = RETRY_AFTER;
        let mut lasted = None;
        while !self.events.is_closed() {
            let mut has_listened = false;
            let Err(failure) = self.listen(&mut has_listened).await;
            // A standby sends no notifications at all, so that periodic checks have to suffice.
            let lasts = failure.lasts();
            // Set once: after a while, periodic checks have to suffice for other failures too.
            if has_listened || lasted != Some(lasts) {
                self.engine.set_schema_notified(lasts);
            }
            lasted = Some(lasts);
            self.engine.reference().set_listening(false);
            tracing::warn!(
                reason = %failure,
                "receiving no notifications of changes; reading reference tables every few seconds, and delivering changes later"
            );
            // It fails only if the dispatcher has ended.
            let _ = self.events.send(ListenerEvent::Lost(failure)).await;
            pause = if has_listened { RETRY_AFTER } else { LONGEST_PAUSE.min(pause * 2) };
            tokio::time::sleep(if lasts { LASTING_PAUSE } else { pause }).await;
        }
    }

    async fn listen(&self, has_listened: &mut bool) -> Result<Infallible, ListenError> {
        let mut notifications = Notifications::begin(&self.pool).await?;
        let early = notifications.take_early();
        self.handle(early).await?;
        *has_listened = true;
        // Reference tables and the schema may have changed without a notification.
        self.engine.reference().set_listening(true);
        self.engine.set_schema_notified(true);
        self.send(ListenerEvent::Connected).await?;
        let (mut questions, mut is_probed) = (0, false);
        loop {
            let patience = if is_probed { REACTS_WITHIN } else { ASKED_AFTER };
            match tokio::time::timeout(patience, notifications.receive()).await {
                Ok(received) => {
                    (questions, is_probed) = (0, false);
                    self.handle(received?).await?;
                }
                Err(_) if is_probed => return Err(ListenError::Silent),
                Err(_) if questions < QUESTIONS => {
                    notifications.ask().await?;
                    questions += 1;
                }
                Err(_) => {
                    notifications.probe().await?;
                    is_probed = true;
                }
            }
        }
    }

    /// Handles notifications that came together.
    async fn handle(&self, received: Vec<Notification>) -> Result<(), ListenError> {
        let mut changes = Vec::with_capacity(received.len());
        for Notification { channel, payload } in received {
            if channel == REFERENCE {
                tracing::debug!(table = payload, "reference table changed");
                self.engine.reference().clear();
            } else if channel == SCHEMA {
                self.engine.record_schema_change();
            } else {
                changes.push(payload);
            }
        }
        if changes.is_empty() { Ok(()) } else { self.send(ListenerEvent::Messages(changes)).await }
    }

    async fn send(&self, event: ListenerEvent) -> Result<(), ListenError> {
        let ended = |_| ListenError::Lost(DatabaseError::Unavailable("the gateway ends".into()));
        self.events.send(event).await.map_err(ended)
    }
}
