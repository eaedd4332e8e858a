//! What a database lacks of the systems that are wanted, and what to do about it.

use migration::{State, Status};

use crate::graph::catalog::System;
use crate::systems;

/// What a database lacks.
pub(super) struct Lacking {
    wanted: Vec<System>,
    /// Those of the wanted systems that the database has.
    pub(super) there: Vec<System>,
    /// Those that were never made in it, unless it has no system at all.
    pub(super) absent: Vec<System>,
    /// Migrations of the others that are not applied as they are now.
    pub(super) migrations: Vec<Status>,
}

impl Lacking {
    /// `status`: where the migrations of the database stand.
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

    /// The command that makes everything.
    pub(super) fn migrate(&self) -> String {
        Self::migrate_for(&self.wanted)
    }

    /// What to do about the systems that are absent.
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
