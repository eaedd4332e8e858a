//! Compares the migrations recorded in a database with the migrations of this program.

use std::collections::BTreeMap;

use crate::{Migration, State, Status, error::MigrationError, migrations};

/// The query that checks whether the record exists: one column, a boolean.
pub const RECORD_EXISTS: &str = "SELECT to_regclass('praxis.seaql_migrations') IS NOT NULL";
/// The query that reads the record: the name of each applied migration and its checksum, which may be NULL. It needs only the
/// privilege to read the record.
pub const READ_RECORD: &str = "SELECT version::text, sha256 FROM praxis.seaql_migrations \
    LEFT JOIN praxis.migration_checksums ON name = version";

/// The names of the applied migrations, with their checksums.
pub type Record = BTreeMap<String, Option<String>>;

/// Returns the status of each migration of this program; fails if the record contains an unknown one.
pub fn compare(record: &Record) -> Result<Vec<Status>, MigrationError> {
    let known = migrations();
    if let Some(name) = record.keys().find(|name| known.iter().all(|it| it.name != name.as_str())) {
        return Err(MigrationError::Unknown { name: name.clone() });
    }
    let state = |migration: &Migration| match record.get(migration.name) {
        None => State::Pending,
        Some(checksum) if checksum.as_deref() == Some(&migration.checksum()) => State::Applied,
        Some(_) => State::Edited,
    };
    Ok(known.iter().map(|it| Status { name: it.name, state: state(it) }).collect())
}
