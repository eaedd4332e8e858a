//! Where the migrations of a database stand, asked over our own connection.

use migration::{MigrationError, READ_RECORD, RECORD_EXISTS, Record, Status};
use thiserror::Error;

use super::{DatabaseError, Pool, Statement};

/// Why it cannot be told where the migrations stand.
#[derive(Debug, Error)]
pub enum MigrationsError {
    /// The record is not this role's to read.
    #[error(
        "the record of migrations cannot be read: {0}; grant USAGE on schema praxis and SELECT on \
         praxis.seaql_migrations and praxis.migration_checksums"
    )]
    Forbidden(String),
    /// The database did not answer.
    #[error("the record of migrations cannot be read: {0}")]
    Database(DatabaseError),
    /// The database has other migrations than this program.
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

/// Where each migration stands. It changes nothing, and needs no more than to read the record.
pub async fn migration_status(pool: &Pool) -> Result<Vec<Status>, MigrationsError> {
    let ask = async |text: &str| pool.query(&Statement { text: text.into(), parameters: Vec::new() }).await;
    let exists = ask(RECORD_EXISTS).await?;
    let mut record = Record::new();
    if exists.first().and_then(|row| row.bytes(0)) == Some(&[1]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows = ask(READ_RECORD).await?;
        record.extend(rows.iter().filter_map(|row| Some((text(row.bytes(0)?), row.bytes(1).map(text)))));
    }
    Ok(migration::compare(&record)?)
}
