//! Compares the chosen systems and their migrations with those of a database, and names a remedy for the missing ones.

use migration::{State, Status};

use crate::graph::catalog::System;
use crate::systems;

/// The systems and migrations that a database lacks.
pub(super) struct Missing {
    wanted: Vec<System>,
    /// The chosen systems that the database has.
    pub(super) present: Vec<System>,
    /// The chosen systems that the database never had; none if it has no system at all.
    pub(super) absent: Vec<System>,
    /// The migrations of the other chosen systems that are not applied in their present form.
    pub(super) migrations: Vec<Status>,
}

impl Missing {
    /// Compares the chosen systems with the migrations of the database in `status`.
    pub(super) fn of(wanted: Vec<System>, status: &[Status]) -> Self {
        let migrated = migration::present(status);
        let (present, mut absent): (Vec<_>, Vec<_>) =
            wanted.iter().copied().partition(|system| migrated.has(system.name));
        if migrated == migration::Systems::default() {
            absent.clear();
        }
        let compared: Vec<_> =
            wanted.iter().filter(|system| absent.iter().all(|it| it.name != system.name)).copied().collect();
        let compared = systems::migrated(&compared);
        let is_missing = |status: &&Status| status.state != State::Applied && compared.have(status.name);
        let migrations = status.iter().filter(is_missing).copied().collect();
        Self { wanted, present, absent, migrations }
    }

    /// Returns the command that applies all migrations.
    pub(super) fn migrate(&self) -> String {
        Self::migrate_for(&self.wanted)
    }

    /// Returns the remedy for absent systems.
    pub(super) fn remedy(&self) -> String {
        let migrate = Self::migrate_for(&self.absent);
        match self.present.as_slice() {
            [] => format!("run `{migrate}`"),
            present => {
                format!(
                    "leave them out with `--systems {}`, or run `{migrate}`",
                    systems::names(present, ",")
                )
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
