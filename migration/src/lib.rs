//! Creates the tables with migrations.
//!
//! Migrations are SQL files, applied in the order of their names. sea-orm-migration keeps the order and the record; this crate
//! adds a lock and checksums: one run at a time, and a file that was edited after it was applied is refused. The record is a
//! table in schema `praxis`, to which clients have no access.

mod describe;
mod error;
pub mod lint;
mod record;
mod runner;
mod sql;
mod systems;

pub use describe::{Description, describe};
pub use error::{DatabaseError, MigrationError};
pub use record::{READ_RECORD, RECORD_EXISTS, Record, compare};
pub use runner::{down, present, status, up, up_for};
pub use systems::Systems;

/// The objects that the migrations create on served tables and views, as JSON: a list of objects of `object` (`schema.table`),
/// `readers` (caller roles that may read it), `policies` and `triggers` (statements by name) and `foreign_keys` (statements by
/// definition).
pub const PROTECTION: &str = include_str!("../protection.json");

/// The functions that the migrations create, as JSON: a list of objects of `object` (`schema.name(arguments)`), `definition` (the
/// statement that creates it), `hash` (its MD5) and `callers` (roles that may call it).
pub const FUNCTIONS: &str = include_str!("../functions.json");

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// A migration: a step from one schema to the next, and back.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `<YYYYMMDDHHMMSS>_<name>`; migrations are applied in the order of their names.
    pub name: &'static str,
    /// The up script. It is additive, and never edited once it has landed.
    pub up: &'static str,
    /// The down script.
    pub down: &'static str,
}

/// Returns every migration, in the order in which they are applied.
#[must_use]
pub fn migrations() -> &'static [Migration] {
    MIGRATIONS
}

/// Returns the statements of the migrations that fill reference tables (`ref_…`), in their order: run on empty tables, they
/// restore the rows that the migrations leave.
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

/// The status of a migration in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The migration's name.
    pub name: &'static str,
    /// The state of the migration.
    pub state: State,
}

/// The state of a migration in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Applied, with its present text.
    Applied,
    /// Not applied yet.
    Pending,
    /// Applied, but its text has been edited since.
    Edited,
}
