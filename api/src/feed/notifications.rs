//! Opens the listening connection, and proves that it receives notifications.
//!
//! An open connection alone proves little. A pooler in transaction mode accepts the LISTEN and passes nothing on, and another
//! address may lead to another server. So a probe that is sent over the gateway's own connections has to arrive. What these
//! connections read must not lag behind the notifications either: a row is read after the notification of its change.

use thiserror::Error;

use crate::clock;
use crate::database::{Access, DatabaseError, Listening, Mode, Notification, Pool, REACTS_WITHIN, Statement};
use crate::random;

/// The channel that the triggers of reference tables notify.
pub(super) const REFERENCE: &str = "praxis_reference";
/// The channel that the triggers of watched tables notify.
const CHANGES: &str = "praxis_changes";
/// The channel that is notified when the schema changes, where the migrations could create an event trigger.
pub(super) const SCHEMA: &str = "praxis_schema";
/// Largest number of notifications that are taken together.
const TAKEN_AT_ONCE: usize = 1_000;

/// The reasons why the gateway receives no notifications.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The gateway's database, or the one of `--listen-url`, is a standby.
    #[error("{0}; a standby sends no notifications")]
    Standby(String),
    /// A pooler sends transactions that read to a standby.
    #[error(
        "a pooler sends reads to a standby, which may lag behind the notifications of changes; send all transactions \
         to the primary"
    )]
    SplitReads,
    /// The connection listens, but a probe does not arrive.
    #[error(
        "the listening connection does not receive a test notification: a pooler in transaction mode drops it, or \
         --listen-url leads to another server than --database-url; give --listen-url the address of the same \
         database past the pooler"
    )]
    NotReceived,
    /// A later probe does not arrive.
    #[error("the listening connection no longer receives notifications")]
    Silent,
    /// The connection cannot be opened, or was lost.
    #[error(transparent)]
    Lost(#[from] DatabaseError),
}

impl ListenError {
    /// Returns true if the failure lasts until somebody changes the settings or the server.
    pub(super) fn lasts(&self) -> bool {
        matches!(self, Self::Standby(_) | Self::SplitReads | Self::NotReceived)
    }
}

/// A connection that receives notifications.
pub(super) struct Notifications {
    listening: Listening,
    probe: String,
    /// Notifications that came before the first probe, and the probe.
    early: Vec<Notification>,
}

/// Checks that a connection receives notifications at the moment.
pub async fn check_notifications(pool: &Pool) -> Result<(), ListenError> {
    Notifications::begin(&pool.aside()).await.map(drop)
}

impl Notifications {
    /// Listens, and waits for a probe that is sent over a connection of the pool.
    pub(super) async fn begin(pool: &Pool) -> Result<Self, ListenError> {
        let channels = [REFERENCE, CHANGES, SCHEMA];
        let mut listening = Listening::open(pool, &channels, REACTS_WITHIN).await.map_err(explained)?;
        // Gateways receive one another's probes.
        let name = random::id().simple().to_string();
        let probe = format!(
            "SELECT pg_notify('{CHANGES}', \
             jsonb_build_object('m', pg_snapshot_xmin(pg_current_snapshot())::text, 'g', '{name}')::text)"
        );
        // Over another connection: the listening one would receive its own probe even if a pooler passes nothing on.
        let statement = Statement { text: probe.as_str().into(), parameters: Vec::new() };
        pool.query_in(Access::Writes, &statement).await.map_err(explained)?;
        if pool.mode_of_reads().await? == Mode::Standby {
            return Err(ListenError::SplitReads);
        }
        let deadline = clock::instant() + REACTS_WITHIN;
        let mut early = Vec::new();
        while !early.iter().any(|it: &Notification| it.channel == CHANGES && it.payload.contains(&name)) {
            let received = tokio::time::timeout_at(deadline, listening.notifications(TAKEN_AT_ONCE)).await;
            early.extend(received.map_err(|_| ListenError::NotReceived)??);
        }
        Ok(Self { listening, probe, early })
    }

    /// Takes the notifications that came before the probe.
    pub(super) fn take_early(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.early)
    }

    /// Waits for notifications and returns them. A call that is dropped half-way loses none.
    pub(super) async fn receive(&mut self) -> Result<Vec<Notification>, ListenError> {
        Ok(self.listening.notifications(TAKEN_AT_ONCE).await?)
    }

    /// Sends a probe that has to arrive over the connection itself.
    pub(super) async fn probe(&mut self) -> Result<(), ListenError> {
        Ok(self.listening.run(&self.probe, REACTS_WITHIN).await?)
    }

    /// Asks whether the server still answers. Unlike a probe this writes nothing, and other gateways do not notice it.
    pub(super) async fn ask(&mut self) -> Result<(), ListenError> {
        Ok(self.listening.ask(REACTS_WITHIN).await?)
    }
}

fn explained(error: DatabaseError) -> ListenError {
    match error {
        DatabaseError::ReadOnly(words) => ListenError::Standby(words),
        other => ListenError::Lost(other),
    }
}
