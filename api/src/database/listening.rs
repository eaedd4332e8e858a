//! Opens a connection that receives notifications, outside the pool.

use std::time::Duration;

use postgres_wire::{Command, Connection, Mode, Notification, Query, WireError};

use super::pool::Access;
use super::{DatabaseError, Pool};

/// A listening connection. It goes to a primary: a standby sends no notifications.
pub struct Listening(Connection);

impl Listening {
    /// Listens to channels; returns [`DatabaseError::ReadOnly`] if there is only a standby. `within` limits each statement.
    pub async fn open(pool: &Pool, channels: &[&str], within: Duration) -> Result<Self, DatabaseError> {
        let mut connection = pool.connect_to_primary().await.map_err(explained)?;
        connection.listen(channels, within).await.map_err(explained)?;
        Ok(Self(connection))
    }

    /// Runs a statement in a transaction that may write, as notifying does.
    pub async fn run(&mut self, sql: &str, within: Duration) -> Result<(), DatabaseError> {
        let queries = [
            Query::plain(Access::Writes.begin(), Command::Begin),
            Query::plain(sql, Command::Statement),
            Query::plain("COMMIT", Command::Commit),
        ];
        self.0.run(&queries, within).await.map(drop).map_err(|failed| failed.error.into())
    }

    /// Asks whether the server still answers.
    pub async fn ask(&mut self, within: Duration) -> Result<(), DatabaseError> {
        self.0.run(&[], within).await.map(drop).map_err(|failed| failed.error.into())
    }

    /// Returns notifications that have arrived, at most `most` of them; waits for the first. A cancelled call loses none.
    pub async fn notifications(&mut self, most: usize) -> Result<Vec<Notification>, DatabaseError> {
        Ok(self.0.notifications(most).await?)
    }
}

fn explained(error: WireError) -> DatabaseError {
    match error {
        WireError::WrongMode(Mode::Standby, words) => DatabaseError::ReadOnly(words),
        other => DatabaseError::of_writing(other, false),
    }
}
