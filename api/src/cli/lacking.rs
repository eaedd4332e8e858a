//! Determines which of the chosen systems and migrations a database lacks, and the remedy.

use migration::{State, Status};

use crate::graph::catalog::System;
use crate::systems;

/// The systems and migrations that a database lacks.
pub(super) struct Lacking {
    wanted: Vec<System>,
    /// The chosen systems that the database has.
    pub(super) there: Vec<System>,
    /// The chosen systems that it never had, unless it has no system at all.
    pub(super) absent: Vec<System>,
    /// Migrations of the former that are not applied in their present form.
    pub(super) migrations: Vec<Status>,
}

impl Lacking {
    /// Compares the chosen systems with the migrations of the database in `status`.
    pub(super) fn of(wanted: Vec<System>, status: &[Status]) -> Self {
        let present = migration::present(status);
        let (there, mut absent): (Vec<_>, Vec<_>) =
            wanted.iter().copied().partition(|system| present.has(system.name));
        if present == migration::Systems::default() {
            absent.clear();
        }
        let looked_at: Vec<_> =
            wanted.iter().filter(|system| absent.iter().all(|it| it.name != system.name)).copied().collect();
        let looked_at = systems::migrated(&looked_at);
        let is_missing = |status: &&Status| status.state != State::Applied && looked_at.have(status.name);
        let migrations = status.iter().filter(is_missing).copied().collect();
        Self { wanted, there, absent, migrations }
    }

    /// Returns the command that applies all migrations.
    pub(super) fn migrate(&self) -> String {
        Self::migrate_for(&self.wanted)
    }

    /// Returns the remedy for absent systems.
    pub(super) fn choose(&self) -> String {
        let migrate = Self::migrate_for(&self.absent);
        match self.there.as_slice() {
            [] => format!("run `{migrate}`"),
            there => {
                format!("leave them out with `--systems {}`, or run `{migrate}`", systems::names(there, ","))
            }
        }
    }

    fn migrate_for(systems: &[System]) -> String {
        let mut command = "praxis migrate up".to_owned();
        if systems.len() < systems::ALL.len() {
            command.push_str(" --systems ");
            command.push_str(&systems::names(systems, ","));
        }
        command
    }
}
