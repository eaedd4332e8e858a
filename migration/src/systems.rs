//! Assigns migrations to systems.
//!
//! Most migrations belong to one system, and a few are shared by all. Some older ones created objects for several systems and can no
//! longer be edited; a database gets the parts of these for its systems.

use crate::Migration;

/// The systems of a database. Shared objects always exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Systems {
    /// A bit for each of [`NAMES`].
    bits: u32,
}

/// The systems by their names, the portal first.
const NAMES: [&str; 2] = [PORTAL, THERAPYFLOW];
pub(crate) const PORTAL: &str = "ppn";
const THERAPYFLOW: &str = "therapyflow";

/// The owner of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The system of this name.
    System(&'static str),
    /// Every system needs it.
    All,
}

/// Migrations of one system alone. The portal owns those that are neither listed here nor shared.
const OWNED: [(&str, &[&str]); 1] = [(
    THERAPYFLOW,
    &[
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
        "20260418000200_end_sessions_within_calendars",
        "20260418000300_validate_the_end_of_sessions",
        "20260421000000_describe_therapyflow_anew",
        "20260424000100_page_lists_below_a_row_of_therapyflow",
    ],
)];

/// Migrations that the systems share.
const SHARED: [&str; 11] = [
    "20260101000000_create_auth_shim",
    "20260101000100_create_roles",
    "20260304100000_keep_idempotency_keys",
    "20260403100000_tell_schema_changes",
    "20260403110000_keep_keys_by_identity",
    "20260404101000_forget_by_place",
    "20260406100000_remember_old_rows",
    "20260412000200_read_changes_of_a_table",
    "20260415000000_tell_truncations",
    "20260418000000_announce_in_every_mode",
    "20260423000000_govern_tables_by_rule",
];

/// A migration of several systems.
#[derive(Clone, Copy, Debug)]
struct SplitMigration {
    name: &'static str,
    /// The parts that run if the portal is not chosen.
    shared: Step,
    /// The parts that run if the portal alone is chosen; `None` means the whole migration, since nothing is TherapyFlow's.
    portal: Option<Step>,
    /// The part that runs if the portal is chosen later.
    later: Text,
}

/// The parts that apply and revert a migration.
#[derive(Clone, Copy, Debug)]
struct Step {
    up: Text,
    down: Text,
}

#[derive(Clone, Copy, Debug)]
enum Text {
    /// A text of its own.
    Own(&'static str),
    /// The migration's script up to this text.
    Before(&'static str),
    /// The migration's script from this text on.
    From(&'static str),
    All,
}

const NOTHING: Step = Step { up: Text::Own(""), down: Text::Own("") };

const SPLIT: [SplitMigration; 6] = [
    SplitMigration {
        name: "20260301100000_grant_by_column",
        shared: Step {
            up: Text::Own(include_str!("../parts/20260301100000_grant_by_column.shared.up.sql")),
            down: Text::From("DROP FUNCTION praxis.grant_columns;"),
        },
        portal: None,
        later: Text::From("-- Clinical data. A row does not move"),
    },
    SplitMigration {
        name: "20260301110000_put_rules_into_words",
        shared: Step {
            up: Text::Before("-- One band of an instrument begins at a score"),
            down: Text::From("DROP FUNCTION praxis.describe_constraint;"),
        },
        portal: None,
        later: Text::From("-- One band of an instrument begins at a score"),
    },
    SplitMigration {
        name: "20260302100000_feed_changes",
        shared: Step {
            up: Text::Before("SELECT\n  praxis.announce('log_clinical_records')"),
            down: Text::All,
        },
        portal: None,
        later: Text::From("SELECT\n  praxis.announce('log_clinical_records')"),
    },
    // TherapyFlow needs the schema of the extensions.
    SplitMigration {
        name: "20260303100000_search_directory",
        shared: Step {
            up: Text::Before("SELECT\n  set_config('praxis.search_path'"),
            down: Text::From("DO $$\nDECLARE\n  created text;"),
        },
        portal: None,
        later: Text::From("SELECT\n  set_config('praxis.search_path'"),
    },
    // If their objects for TherapyFlow are missing, a later migration of TherapyFlow creates them.
    SplitMigration {
        name: "20260405100000_index_what_policies_compare",
        shared: NOTHING,
        portal: Some(Step {
            up: Text::Before("CREATE INDEX idx_therapists_org_key"),
            down: Text::From("DROP INDEX idx_activities_site_month;"),
        }),
        later: Text::Before("CREATE INDEX idx_therapists_org_key"),
    },
    SplitMigration {
        name: "20260405101000_say_whose_rows_are_read",
        shared: Step {
            up: Text::Own(""),
            down: Text::Own(
                "DROP FUNCTION IF EXISTS therapyflow.few_readable_wearers, therapyflow.org_of_many_wearers;",
            ),
        },
        portal: Some(Step {
            up: Text::Own(include_str!("../parts/20260405101000_say_whose_rows_are_read.portal.up.sql")),
            down: Text::From("DROP FUNCTION public.auth_sites_or_network;"),
        }),
        later: Text::Own(include_str!("../parts/20260405101000_say_whose_rows_are_read.portal.up.sql")),
    },
];

impl Systems {
    /// All systems.
    pub const ALL: Self = Self { bits: (1 << NAMES.len()) - 1 };

    /// Returns the systems of these names. A name without migrations is ignored.
    #[must_use]
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        names.into_iter().fold(Self::default(), |systems, name| systems.and(Self::only(name)))
    }

    /// Returns true if a migration, given by its name, belongs to these systems or is shared.
    #[must_use]
    pub fn have(self, name: &str) -> bool {
        match owner(name) {
            Owner::System(system) => self.has(system),
            Owner::All => true,
        }
    }

    /// Returns true if they include a system, given by its name.
    #[must_use]
    pub fn has(self, system: &str) -> bool {
        self.bits & Self::only(system).bits != 0
    }

    /// Returns the systems that own at least one of these migrations.
    pub(crate) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let owners = names.filter_map(|name| match owner(name) {
            Owner::System(system) => Some(system),
            Owner::All => None,
        });
        Self::named(owners)
    }

    /// Returns the union of two sets of systems.
    pub(crate) fn and(self, others: Self) -> Self {
        Self { bits: self.bits | others.bits }
    }

    fn only(name: &str) -> Self {
        let place = NAMES.iter().position(|known| *known == name);
        Self { bits: place.map_or(0, |place| 1 << place) }
    }

    /// Returns the up script of a migration for these systems.
    pub(crate) fn up(self, migration: &Migration) -> &'static str {
        self.step(migration).map_or(migration.up, |step| step.up.of(migration.up))
    }

    /// Returns the down script of a migration for these systems.
    pub(crate) fn down(self, migration: &Migration) -> &'static str {
        self.step(migration).map_or(migration.down, |step| step.down.of(migration.down))
    }

    fn step(self, migration: &Migration) -> Option<Step> {
        let mixed = split_migration(migration.name)?;
        match (self.has(PORTAL), self.has(THERAPYFLOW)) {
            (false, _) => Some(mixed.shared),
            (true, false) => mixed.portal,
            (true, true) => None,
        }
    }
}

/// Returns the script that completes a migration for the portal if it was applied without the portal, if there is one.
pub(crate) fn later(migration: &Migration) -> Option<&'static str> {
    split_migration(migration.name).map(|mixed| mixed.later.of(migration.up))
}

fn split_migration(name: &str) -> Option<&'static SplitMigration> {
    SPLIT.iter().find(|mixed| mixed.name == name)
}

fn owner(name: &str) -> Owner {
    if SHARED.contains(&name) || split_migration(name).is_some() {
        return Owner::All;
    }
    let owned = OWNED.iter().find(|(_, migrations)| migrations.contains(&name));
    Owner::System(owned.map_or(PORTAL, |(system, _)| system))
}

impl Text {
    fn of(self, whole: &'static str) -> &'static str {
        let split = |seam| whole.find(seam).map_or((whole, ""), |at| whole.split_at(at));
        match self {
            Self::Own(text) => text,
            Self::Before(seam) => split(seam).0,
            Self::From(seam) => split(seam).1,
            Self::All => whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations;

    #[test]
    fn every_name_is_that_of_a_migration_and_every_seam_is_in_its_text() {
        let find =
            |name: &str| migrations().iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name}"));
        for name in OWNED.iter().flat_map(|(_, migrations)| *migrations).chain(&SHARED) {
            find(name);
        }
        for SplitMigration { name, shared, portal, later } in SPLIT {
            let migration = find(name);
            let steps = [Some(shared), portal].into_iter().flatten();
            let texts = steps.flat_map(|it| [(it.up, migration.up), (it.down, migration.down)]);
            for (text, whole) in texts.chain([(later, migration.up)]) {
                if let Text::Before(seam) | Text::From(seam) = text {
                    assert_eq!(whole.matches(seam).count(), 1, "{name}: {seam}");
                }
            }
        }
    }
}
