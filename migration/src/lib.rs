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

pub use error::{DatabaseError, MigrationError};
pub use record::{READ_RECORD, RECORD_EXISTS, Record, compare};
pub use runner::{down, status, up, up_for};

/// Policies and foreign keys that the migrations make on the tables that are served, as JSON: a list of objects of `object`
/// (`schema.table`), `policies` (statements by name) and `foreign_keys` (their definitions).
pub const PROTECTION: &str = include_str!("../protection.json");

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
    /// Of a migration of both systems: the SQL of the portal's part, and what takes that back.
    pub part: Option<(&'static str, &'static str)>,
}

/// Migrations that are TherapyFlow's alone. All others are the portal's, and of what the systems share.
const OF_THERAPYFLOW: [&str; 11] = [
    "20260310100000_create_therapyflow",
    "20260310110000_isolate_organizations",
    "20260310120000_schedule_sessions",
    "20260310130000_write_clinical_notes",
    "20260310140000_decide_on_consent",
    "20260310150000_audit_every_change",
    "20260312100000_index_times_of_therapyflow",
    "20260313100000_describe_therapyflow",
    "20260403120000_tell_no_hidden_rows",
    "20260411000000_complete_therapyflow",
    "20260412000100_page_lists_of_therapyflow",
];

/// Which systems a database is made for. The portal always is: its migrations hold what the systems share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Systems {
    /// The portal and TherapyFlow.
    All,
    /// The portal alone.
    Portal,
}

impl Systems {
    /// Whether a migration belongs to them, by its name.
    #[must_use]
    pub fn have(self, name: &str) -> bool {
        self == Self::All || !OF_THERAPYFLOW.contains(&name)
    }
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
