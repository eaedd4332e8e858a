//! What stands between the gateway and the database, as far as prepared statements are concerned.

use std::time::Duration;

use postgres_wire::{Command, Query, WireError};

use super::{DatabaseError, Pool};

/// What stands between the gateway and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing, or what passes on bytes.
    Nothing,
    /// A pooler. Statements that were kept were found again each time, or not asked for while others had its connections.
    Pooler,
    /// A pooler that gives each transaction another connection, on which statements that were kept are not known.
    ForgetfulPooler,
}

/// Connections that others take one after the other while statements are asked for again.
const OTHERS: usize = 3;
/// A pooler without a connection that is free lets its clients wait.
const WITHIN: Duration = Duration::from_secs(2);
const KEPT: Query<'_> = Query::kept("SELECT 1", Command::Statement);

impl Pool {
    /// Finds out what stands before the database, over connections beside the pool's.
    pub async fn between(&self) -> Result<Between, DatabaseError> {
        let mut asking = self.address.connect().await?;
        if !asking.is_behind_pooler() {
            return Ok(Between::Nothing);
        }
        asking.keep_statements(Some(true));
        let failed = |error: postgres_wire::BatchError| DatabaseError::from(error.error);
        asking.run(&[KEPT]).await.map_err(failed)?;
        // Each keeps the connection that was used last, so that there has to be another one for the question.
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
