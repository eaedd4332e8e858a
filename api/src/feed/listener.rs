//! The gateway's only listening connection.
//!
//! It hears of changes to reference tables, which are kept in memory, and of changes that somebody may watch. Every now and
//! then it greets itself, to know that it still hears; the greeting says up to which transaction everything has been heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;

use crate::database::{DatabaseError, Pool, Statement};
use crate::graph::ReferenceCache;

/// The channel that the triggers of reference tables notify.
const REFERENCE: &str = "praxis_reference";
/// The channel that the triggers of watched tables notify.
const CHANGES: &str = "praxis_changes";
/// The channel that is notified when the schema changes, where the migrations could create an event trigger.
const SCHEMA: &str = "praxis_schema";
/// Pause between attempts to listen; it grows while they fail.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What a listener says to itself.
const GREET: &str = "SELECT pg_notify('praxis_changes', \
    jsonb_build_object('m', pg_snapshot_xmin(pg_current_snapshot())::text)::text)";
/// How often it does: more often than anything on the way forgets an idle connection.
const GREET_EVERY: Duration = Duration::from_secs(30);
/// A notification that takes longer than this does not arrive.
const HEARD_WITHIN: Duration = Duration::from_secs(3);

/// Messages that are taken together at most.
const TAKEN_AT_ONCE: usize = 1_000;

/// What the listener tells the dispatcher, in this order: connected, heard, heard, …, lost.
#[derive(Debug)]
pub(super) enum Heard {
    /// From here on everything is heard.
    Connected,
    /// Messages about changes, as they came together. Until `Connected` they may be some that come while listening begins.
    Messages(Vec<String>),
    /// Nothing is heard any more.
    Lost,
}

/// Listens.
pub(super) struct Listener {
    pool: Pool,
    reference: Arc<ReferenceCache>,
    heard: mpsc::Sender<Heard>,
    listening: AtomicBool,
}

impl Listener {
    pub(super) fn new(pool: &Pool, reference: Arc<ReferenceCache>, heard: mpsc::Sender<Heard>) -> Self {
        Self { pool: pool.aside(), reference, heard, listening: AtomicBool::new(false) }
    }

    /// Listens until nobody wants to know; reconnects when the connection is lost or has gone silent.
    pub(super) async fn run(self) {
        let mut pause = RETRY_AFTER;
        while !self.heard.is_closed() {
            if let Err(error) = self.listen().await {
                tracing::warn!(
                    %error,
                    "cannot hear of changes; reading reference tables every few seconds, and telling subscribers later"
                );
            }
            let was_listening = self.listening.swap(false, Ordering::AcqRel);
            self.reference.set_listening(false);
            // It fails only where nobody wants to know.
            let _ = self.heard.send(Heard::Lost).await;
            pause = if was_listening { RETRY_AFTER } else { LONGEST_PAUSE.min(pause * 2) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn listen(&self) -> Result<(), DatabaseError> {
        let (client, mut connection) = self.pool.connect_apart().await?;
        let messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        // What a transaction announces arrives together, and is told together.
        let mut messages = messages.ready_chunks(TAKEN_AT_ONCE);
        let listen = async {
            client.batch_execute(&format!("LISTEN {REFERENCE}; LISTEN {CHANGES}; LISTEN {SCHEMA}")).await?;
            self.tell(Heard::Connected).await?;
            // From elsewhere: a pooler in transaction mode takes the LISTEN, and delivers nothing.
            self.pool.query(&Statement { text: GREET.into(), parameters: Vec::new() }).await?;
            loop {
                tokio::time::sleep(GREET_EVERY).await;
                client.batch_execute(GREET).await?;
            }
        };
        let hear = async {
            loop {
                let heard = self.listening.load(Ordering::Acquire);
                let silence = if heard { GREET_EVERY + HEARD_WITHIN } else { HEARD_WITHIN };
                let taken = tokio::time::timeout(silence, messages.next()).await.map_err(|_| {
                    unavailable("no notification arrives; is a pooler in transaction mode in between?")
                })?;
                let taken = taken.ok_or_else(|| unavailable("the listening connection was closed"))?;
                let mut changes = Vec::with_capacity(taken.len());
                for message in taken {
                    let AsyncMessage::Notification(message) = message? else { continue };
                    self.listening.store(true, Ordering::Release);
                    // What was read before the first might have changed unheard.
                    self.reference.set_listening(true);
                    if message.channel() == REFERENCE {
                        tracing::debug!(table = message.payload(), "reference table changed");
                        self.reference.forget();
                    } else if message.channel() == SCHEMA {
                        self.pool.gate().doubt();
                    } else {
                        changes.push(message.payload().to_owned());
                    }
                }
                if !changes.is_empty() {
                    self.tell(Heard::Messages(changes)).await?;
                }
            }
        };
        tokio::select! {
            result = listen => result,
            result = hear => result,
        }
    }

    async fn tell(&self, heard: Heard) -> Result<(), DatabaseError> {
        self.heard.send(heard).await.map_err(|_| unavailable("the gateway ends"))
    }
}

fn unavailable(reason: &str) -> DatabaseError {
    DatabaseError::Unavailable(reason.to_owned())
}
