//! How the tables come to be.
//!
//! SQL files, applied in the order of their names. sea-orm-migration keeps the order and the record; it has neither a
//! lock nor checksums, and both are here: one run at a time, and an applied file that was edited afterwards is refused.
//! The record lives in schema `praxis`, to which clients have no access.

mod error;
pub mod lint;
mod record;
mod runner;
mod sql;
mod systems;

pub use error::{DatabaseError, MigrationError};
pub use record::{READ_RECORD, RECORD_EXISTS, Record, compare};
pub use runner::{down, present, status, up, up_for};
pub use systems::Systems;

/// What the migrations make on the tables and views that are served, as JSON: a list of objects of `object` (`schema.table`),
/// `readers` (roles of callers that may read it), `policies` and `triggers` (statements by name) and `foreign_keys` (statements by
/// definition).
pub const PROTECTION: &str = include_str!("../protection.json");

/// The functions that the migrations make, as JSON: a list of objects of `object` (`schema.name(arguments)`), `definition` (the
/// statement that makes it), `hash` (its MD5) and `callers` (roles that may call it).
pub const FUNCTIONS: &str = include_str!("../functions.json");

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// A step from one shape of the database to the next, and back.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `<YYYYMMDDHHMMSS>_<name>`; migrations are applied in the order of their names.
    pub name: &'static str,
    /// The SQL that takes the step. Additive, and never edited once it has landed.
    pub up: &'static str,
    /// The SQL that takes it back.
    pub down: &'static str,
}

/// Every migration, in the order in which they are applied.
#[must_use]
pub fn migrations() -> &'static [Migration] {
    MIGRATIONS
}

/// The statements of the migrations that fill and complete reference tables (`ref_…`), in their order: run over empty tables,
/// they leave the rows that the migrations leave.
pub fn reference_rows() -> impl Iterator<Item = &'static str> {
    const BEGINNINGS: [&str; 2] = ["INSERT INTO ref_", "UPDATE ref_"];
    migrations().iter().flat_map(|migration| {
        let starts = migration.up.match_indices('\n').map(|(at, _)| at + 1);
        let starts = starts.filter(|at| BEGINNINGS.iter().any(|it| migration.up[*at..].starts_with(it)));
        starts.filter_map(|at| {
            let statement = &migration.up[at..];
            statement.find(";\n").map(|end| &statement[..=end])
        })
    })
}

/// Where a migration stands in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The migration's name.
    pub name: &'static str,
    /// Whether it has been applied.
    pub state: State,
}

/// Whether a migration has been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Applied, with the text it has now.
    Applied,
    /// Not applied yet.
    Pending,
    /// Applied, but its text has been edited since.
    Edited,
}
