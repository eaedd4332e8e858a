//! Reads the status of a database's migrations over our own connection.

use migration::{MigrationError, READ_RECORD, RECORD_EXISTS, Record, Status};
use thiserror::Error;

use super::{DatabaseError, Pool, Statement};

/// The reasons why the status cannot be read.
#[derive(Debug, Error)]
pub enum MigrationsError {
    /// This role may not read the record.
    #[error(
        "the record of migrations cannot be read: {0}; grant USAGE on schema praxis and SELECT on \
         praxis.seaql_migrations and praxis.migration_checksums"
    )]
    Forbidden(String),
    /// The database did not answer.
    #[error("the record of migrations cannot be read: {0}")]
    Database(DatabaseError),
    /// The record contains a migration that this program does not know.
    #[error(transparent)]
    Record(#[from] MigrationError),
}

impl From<DatabaseError> for MigrationsError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Forbidden(words) => Self::Forbidden(words),
            other => Self::Database(other),
        }
    }
}

/// Returns the status of each migration. It changes nothing, and needs only the privilege to read the record.
pub async fn migration_status(pool: &Pool) -> Result<Vec<Status>, MigrationsError> {
    let ask = async |text: &str| pool.query(&Statement { text: text.into(), parameters: Vec::new() }).await;
    let exists = ask(RECORD_EXISTS).await?;
    let mut record = Record::new();
    if exists.first().and_then(|row| row.get(0)) == Some(true) {
        let rows = ask(READ_RECORD).await?;
        record.extend(rows.iter().filter_map(|row| Some((row.get(0)?, row.get(1)))));
    }
    Ok(migration::compare(&record)?)
}
