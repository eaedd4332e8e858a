//! Detects a pooler between the gateway and the database, which affects prepared statements.

use std::time::Duration;

use postgres_wire::{Command, Query, WireError};

use super::{DatabaseError, Pool};

/// The program between the gateway and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// None, or one that only forwards bytes.
    Nothing,
    /// A pooler. Prepared statements were found each time, or could not be tested while others used its connections.
    Pooler,
    /// A pooler that gives each transaction another connection, which does not have the prepared statements.
    ForgetfulPooler,
}

/// Number of connections that take turns while statements are used again.
const OTHERS: usize = 3;
/// The timeout of a test: a pooler without a free connection lets its clients wait.
const WITHIN: Duration = Duration::from_secs(2);
const KEPT: Query<'_> = Query::kept("SELECT 1", Command::Statement);

impl Pool {
    /// Detects a pooler, over connections outside the pool.
    pub async fn between(&self) -> Result<Between, DatabaseError> {
        let mut asking = self.address.connect().await?;
        if !asking.is_behind_pooler() {
            return Ok(Between::Nothing);
        }
        asking.keep_statements(Some(true));
        let failed = |error: postgres_wire::BatchError| DatabaseError::from(error.error);
        asking.run(&[KEPT]).await.map_err(failed)?;
        // Each keeps the connection that was used last, so that the test needs another one.
        let mut others = Vec::new();
        for _ in 0..OTHERS {
            let mut other = self.address.connect().await?;
            other.run(&[Query::plain("BEGIN", Command::Begin)]).await.map_err(failed)?;
            others.push(other);
            match tokio::time::timeout(WITHIN, asking.run(&[KEPT])).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) if matches!(error.error, WireError::Forgotten) => {
                    return Ok(Between::ForgetfulPooler);
                }
                Ok(Err(error)) => return Err(failed(error)),
                Err(_) => return Ok(Between::Pooler),
            }
        }
        Ok(Between::Pooler)
    }
}
