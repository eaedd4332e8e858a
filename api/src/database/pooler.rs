//! Detects a pooler between the gateway and the database, which affects prepared statements.

use std::time::Duration;

use postgres_wire::{BatchError, Command, Query, WireError};

use super::{DatabaseError, Pool};

/// The kind of pooler between the gateway and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// There is no pooler, or only a proxy that forwards bytes.
    None,
    /// There is a pooler. It kept prepared statements, or could not be tested because others used its connections.
    Present,
    /// The pooler gives each transaction another connection, which does not have the prepared statements.
    LosesStatements,
}

/// The number of other connections that the test opens, so that the pooler has to use different server connections.
const OTHERS: usize = 3;
/// The timeout of each step of the test: a pooler without a free connection makes its clients wait.
const WITHIN: Duration = Duration::from_secs(2);
const KEPT: Query<'_> = Query::kept("SELECT 1", Command::Statement);

impl Pool {
    /// Detects a pooler, with connections outside the pool.
    pub async fn detect_pooler(&self) -> Result<Pooler, DatabaseError> {
        let mut asking = self.address.connect().await?;
        if !asking.is_behind_pooler() {
            return Ok(Pooler::None);
        }
        asking.keep_statements(Some(true));
        let failed = |error: BatchError| DatabaseError::from(error.error);
        asking.run(&[KEPT], WITHIN).await.map_err(failed)?;
        // Each open transaction keeps the server connection that was used last, so that the test needs another one.
        let mut others = Vec::new();
        for _ in 0..OTHERS {
            let mut other = self.address.connect().await?;
            other.run(&[Query::plain("BEGIN", Command::Begin)], WITHIN).await.map_err(failed)?;
            others.push(other);
            match asking.run(&[KEPT], WITHIN).await {
                Ok(_) => {}
                Err(BatchError { error: WireError::StatementLost, .. }) => {
                    return Ok(Pooler::LosesStatements);
                }
                Err(BatchError { error: WireError::Silent, .. }) => return Ok(Pooler::Present),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(Pooler::Present)
    }
}
