//! Where the migrations of a database stand, asked over our own connection; and the address by which they are applied.

use migration::{MigrationError, READ_RECORD, RECORD_EXISTS, Record, Status};
use thiserror::Error;

use super::wire::encode;
use super::{DatabaseConfig, DatabaseError, Pool, PoolError, Statement};

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
    /// The address.
    #[error(transparent)]
    Address(#[from] PoolError),
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

/// The address of a database as the library that applies migrations reads it, which knows one host and less of what libpq
/// knows. Of several hosts it is the primary, which therefore has to answer.
pub async fn migration_url(config: &DatabaseConfig) -> Result<String, MigrationsError> {
    let (host, conninfo) = Pool::new(config)?.primary().await?;
    let (place, port) = host.place();
    let known = &conninfo.config;
    let text = |bytes: &[u8]| encode(&String::from_utf8_lossy(bytes));
    let user = encode(known.get_user().unwrap_or_default());
    let password = known.get_password().map(|password| format!(":{}", text(password))).unwrap_or_default();
    let database = encode(known.get_dbname().unwrap_or_default());
    // A name as part of the address could not be the folder of a socket.
    let mut url =
        format!("postgres://{user}{password}@localhost/{database}?host={}&port={port}", encode(&place));
    let root_certificate = conninfo.root_certificate.as_ref().map(|file| file.display().to_string());
    for (keyword, value) in [
        ("sslmode", conninfo.ssl_mode.as_deref()),
        ("sslrootcert", root_certificate.as_deref()),
        ("options", known.get_options()),
    ] {
        url.extend(value.map(|value| format!("&{keyword}={}", encode(value))));
    }
    Ok(url)
}
