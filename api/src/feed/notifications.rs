//! A listening connection that is known to hear.
//!
//! That it could be opened proves little. A pooler in transaction mode takes the LISTEN and passes nothing on; behind
//! another address there may be another server. So what is written over the gateway's own connections has to be heard, and
//! what these read must not lag behind it: a row is read after its change has been heard of.

use std::time::Duration;

use thiserror::Error;
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::{Access, DatabaseError, Listening, Mode, Notification, Pool, Statement};

/// The channel that the triggers of reference tables notify.
pub(super) const REFERENCE: &str = "praxis_reference";
/// The channel that the triggers of watched tables notify.
const CHANGES: &str = "praxis_changes";
/// The channel that is notified when the schema changes, where the migrations could create an event trigger.
pub(super) const SCHEMA: &str = "praxis_schema";
/// How often the connection is greeted: more often than anything on the way forgets an idle connection.
pub(super) const GREET_EVERY: Duration = Duration::from_secs(30);
/// A notification that takes longer than this does not arrive.
pub(super) const HEARD_WITHIN: Duration = Duration::from_secs(3);
/// Messages that are taken together at most.
const TAKEN_AT_ONCE: usize = 1_000;

/// Why changes are not heard of.
#[derive(Debug, Error)]
pub enum Deaf {
    /// The gateway's database, or the one that is listened to, is a standby.
    #[error("{0}; a standby hears of nothing")]
    Standby(String),
    /// Transactions that read come to a standby, those that write to its primary.
    #[error(
        "a pooler sends what is read to a standby, which may not know yet of a change that was heard of; \
         send all transactions to the primary"
    )]
    SplitReads,
    /// What is written at the database is not heard.
    #[error(
        "the connection listens, and does not hear its own greeting: a pooler in transaction mode swallows it, or \
         --listen-url leads to another server than --database-url; give --listen-url the address of the same \
         database past the pooler"
    )]
    Swallowed,
    /// It has been heard, and is not any more.
    #[error("the listening connection has gone silent")]
    Silent,
    /// It cannot be opened, or was lost.
    #[error(transparent)]
    Lost(#[from] DatabaseError),
}

impl Deaf {
    /// Whether it stays so until somebody changes the settings or the server.
    pub(super) fn lasts(&self) -> bool {
        matches!(self, Self::Standby(_) | Self::SplitReads | Self::Swallowed)
    }
}

/// A connection that hears.
pub(super) struct Hearing {
    listening: Listening,
    greeting: String,
    /// What came before the first greeting, and with it.
    early: Vec<Notification>,
}

/// Whether changes could be heard of at the moment.
pub async fn check_hearing(pool: &Pool) -> Result<(), Deaf> {
    Hearing::begin(&pool.aside()).await.map(drop)
}

impl Hearing {
    /// Listens, and waits to hear what a connection of the pool says.
    pub(super) async fn begin(pool: &Pool) -> Result<Self, Deaf> {
        let mut listening = Listening::open(pool, &[REFERENCE, CHANGES, SCHEMA]).await.map_err(explained)?;
        // Gateways hear one another's greetings.
        let name = Uuid::new_v4().simple().to_string();
        let greeting = format!(
            "SELECT pg_notify('{CHANGES}', \
             jsonb_build_object('m', pg_snapshot_xmin(pg_current_snapshot())::text, 'g', '{name}')::text)"
        );
        // From elsewhere: the listening connection itself would hear what a pooler tells nobody else.
        let statement = Statement { text: greeting.as_str().into(), parameters: Vec::new() };
        pool.query_in(Access::Writes, &statement).await.map_err(explained)?;
        if pool.mode_of_reads().await? == Mode::Standby {
            return Err(Deaf::SplitReads);
        }
        let deadline = Instant::now() + HEARD_WITHIN;
        let mut early = Vec::new();
        while !early.iter().any(|it: &Notification| it.channel == CHANGES && it.payload.contains(&name)) {
            let heard = tokio::time::timeout_at(deadline, listening.hear(TAKEN_AT_ONCE)).await;
            early.extend(heard.map_err(|_| Deaf::Swallowed)??);
        }
        Ok(Self { listening, greeting, early })
    }

    /// What came while listening began.
    pub(super) fn take_early(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.early)
    }

    /// What has come; waits for it. A call that is given up half-way loses nothing.
    pub(super) async fn hear(&mut self) -> Result<Vec<Notification>, Deaf> {
        Ok(self.listening.hear(TAKEN_AT_ONCE).await?)
    }

    /// Says something that the connection itself has to hear.
    pub(super) async fn greet(&mut self) -> Result<(), Deaf> {
        Ok(self.listening.run(&self.greeting).await?)
    }
}

fn explained(error: DatabaseError) -> Deaf {
    match error {
        DatabaseError::ReadOnly(words) => Deaf::Standby(words),
        other => Deaf::Lost(other),
    }
}
