//! Scopes: the columns by which a policy for reading finds a caller's rows.
//!
//! A policy lets a caller see the rows of some tenants, or their own. Postgres cannot give these in an order by an index while
//! it only knows that a column is one of several values. With a scope the planner asks for each value apart, and merges.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use entity::TableName;

use super::{Catalog, ColumnId, System, Table, TableId};

/// What a policy for reading says, and the same as strips of rows: the policy lets a caller see no row that lies in none.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The policy's expression as Postgres writes it. A table that has no other one has this scope.
    pub policy: &'static str,
    /// Views, each with the tables whose policies hold for its rows: those of this scope.
    pub views: &'static [(TableName, &'static [TableName])],
    /// The strips, each of which an index finds. A row may lie in several.
    pub strips: &'static [Strip],
}

/// Rows that have one of the caller's keys in a column.
#[derive(Clone, Copy, Debug)]
pub struct Strip {
    /// Name of the column.
    pub column: &'static str,
    /// The caller's keys.
    pub keys: CallerKeys,
}

/// Where a caller's keys come from: the full name of a function of the database that takes nothing.
#[derive(Clone, Copy, Debug)]
pub enum CallerKeys {
    /// It gives a key, or NULL: there is none.
    One(&'static str),
    /// It gives an array of keys.
    Many(&'static str),
    /// It gives an array of keys, or one that holds NULL alone: the caller sees so much of the table that it is read in order.
    ManyOrAll {
        /// That function.
        or_all: &'static str,
        /// One that gives the caller's keys in any case. None where rows without a key are seen too.
        each: Option<&'static str>,
    },
}

impl CallerKeys {
    /// The function.
    pub fn function(self) -> &'static str {
        match self {
            Self::One(name) | Self::Many(name) | Self::ManyOrAll { or_all: name, .. } => name,
        }
    }

    /// Whether a row is the caller's because of these keys alone. The policy then is a condition on their column, which an index
    /// that begins with it takes beside another one: of a tenant that the caller sees nothing of it reads no row.
    pub fn are_the_policy(self) -> bool {
        matches!(self, Self::ManyOrAll { each: Some(_), .. })
    }

    /// All functions that give these keys.
    fn functions(self) -> impl Iterator<Item = &'static str> {
        let each = if let Self::ManyOrAll { each, .. } = self { each } else { None };
        [self.function()].into_iter().chain(each)
    }
}

/// The policies for reading of a database, and the functions that its callers may use.
#[derive(Debug, Default)]
pub struct Policies {
    /// The expressions for each table, by its schema and name.
    pub of_tables: HashMap<(String, String), Vec<String>>,
    /// Full names of functions that take nothing.
    pub functions: HashSet<String>,
}

/// The scopes that are declared, and the tables where they hold.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    declared: Vec<(usize, Scope)>,
    /// For each table 0, or one more than the place of its scope.
    of_tables: Vec<AtomicUsize>,
}

impl Scopes {
    pub(super) fn new(systems: &[System], tables: &[Table]) -> Self {
        let of = |(index, system): (usize, &System)| system.scopes.iter().map(move |it| (index, *it));
        Self {
            declared: systems.iter().enumerate().flat_map(of).collect(),
            of_tables: tables.iter().map(|_| AtomicUsize::new(0)).collect(),
        }
    }
}

impl Catalog {
    /// The scope of a table or view. Until the policies of the database have been seen, none has one.
    pub fn scope(&self, table: TableId) -> Option<&Scope> {
        let scope = self.scopes.of_tables.get(table.0)?.load(Ordering::Relaxed);
        self.scopes.declared.get(scope.checked_sub(1)?).map(|(_, scope)| scope)
    }

    /// Full names of the functions that scopes speak of.
    pub fn scope_functions(&self) -> HashSet<&'static str> {
        let strips = self.scopes.declared.iter().flat_map(|(_, scope)| scope.strips);
        strips.flat_map(|strip| strip.keys.functions()).collect()
    }

    /// Whether an index gives each strip's rows of one row of a reference table, which a column of a table or view points to, in the
    /// order of their keys. Tables have it by rule (`reference-key-index`), and with them a view of one table that has these columns.
    pub fn is_in_order_by(&self, table: &Table, column: ColumnId) -> bool {
        let Some(scope) = self.scope(table.id) else { return false };
        let read = match scope.tables_of(table) {
            None => return true,
            Some([only]) => self.table_named(only.schema, only.name),
            Some(_) => None,
        };
        let mut columns = table.primary_key.iter().chain([&column]);
        read.is_some_and(|read| columns.all(|id| read.column_named(&table.column(*id).name).is_some()))
    }

    /// Gives each table the scope that its policies have, where these are known. A table under any other policy is read as
    /// it is, by the policy alone: somebody may see rows that lie in no strip.
    pub fn assign_scopes(&self, policies: &Policies) {
        for table in &self.tables {
            let holds =
                |(system, scope): &(usize, Scope)| *system == table.system && scope.holds(table, policies);
            let scope = self.scopes.declared.iter().position(holds).map_or(0, |at| at + 1);
            self.scopes.of_tables[table.id.0].store(scope, Ordering::Relaxed);
        }
    }
}

impl Scope {
    /// Whether somebody may see so much that the table is read in order, by indexes that no key leads.
    pub fn may_be_whole(&self) -> bool {
        self.strips.iter().any(|strip| matches!(strip.keys, CallerKeys::ManyOrAll { .. }))
    }

    /// Whether there may be many strips, however little of the table the caller sees.
    pub fn has_many(&self) -> bool {
        self.strips.iter().any(|strip| matches!(strip.keys, CallerKeys::Many(_)))
    }

    /// Whether it is what the policies of a table say, or those of all tables that a view reads.
    fn holds(&self, table: &Table, policies: &Policies) -> bool {
        let is_of_scope = |schema: &str, name: &str| {
            let found = policies.of_tables.get(&(schema.to_owned(), name.to_owned()));
            found.is_some_and(|found| matches!(found.as_slice(), [only] if only == self.policy))
        };
        let is_usable = |strip: &Strip| {
            table.column_named(strip.column).is_some()
                && strip.keys.functions().all(|name| policies.functions.contains(name))
        };
        let of_tables = match self.tables_of(table) {
            Some(tables) => tables.iter().all(|table| is_of_scope(table.schema, table.name)),
            None => is_of_scope(&table.schema, &table.name),
        };
        of_tables && self.strips.iter().all(is_usable)
    }

    /// The tables that it says a view reads; `None`: the table is no view of this scope.
    fn tables_of(&self, table: &Table) -> Option<&'static [TableName]> {
        let is_it = |name: &TableName| (name.schema, name.name) == (&*table.schema, &*table.name);
        self.views.iter().find(|(name, _)| is_it(name)).map(|(_, tables)| *tables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems;

    /// What the migrations make: each policy that a scope names, on a table of its own system.
    fn policies(catalog: &Catalog, of_tables: &[(&str, &[&str])]) -> Policies {
        let key = |name: &str| {
            let table = catalog.tables().iter().find(|table| table.name == name).unwrap();
            (table.schema.clone(), table.name.clone())
        };
        let said = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        Policies {
            of_tables: of_tables.iter().map(|(name, texts)| (key(name), said(texts))).collect(),
            functions: catalog.scope_functions().into_iter().map(str::to_owned).collect(),
        }
    }

    fn has_scope(catalog: &Catalog, name: &str) -> bool {
        let table = catalog.tables().iter().find(|table| table.name == name).unwrap();
        catalog.scope(table.id).is_some()
    }

    #[test]
    fn a_table_has_the_scope_of_its_only_policy() {
        let catalog = Catalog::new(&systems::ALL).unwrap();
        let of_sites = systems::ppn::SYSTEM.scopes[0].policy;
        assert!(!has_scope(&catalog, "session_events"), "no policies have been seen");

        catalog.assign_scopes(&policies(&catalog, &[("session_events", &[of_sites]), ("sites", &["true"])]));
        assert!(has_scope(&catalog, "session_events"));
        assert!(!has_scope(&catalog, "sites"), "everybody sees all of them");
        assert!(!has_scope(&catalog, "integration_scores"), "it has no policy");

        catalog.assign_scopes(&policies(&catalog, &[("session_events", &[of_sites, "(created_by = 1)"])]));
        assert!(!has_scope(&catalog, "session_events"), "another policy shows more");
    }

    #[test]
    fn a_view_has_the_scope_of_all_its_tables() {
        let catalog = Catalog::new(&systems::ALL).unwrap();
        let of_sites = systems::ppn::SYSTEM.scopes[0].policy;
        let (one, other) = ("assessment_responses", "integration_scores");
        catalog.assign_scopes(&policies(&catalog, &[(one, &[of_sites]), (other, &[of_sites])]));
        assert!(has_scope(&catalog, "score_trends"));
        catalog.assign_scopes(&policies(&catalog, &[(one, &[of_sites]), (other, &["true"])]));
        assert!(!has_scope(&catalog, "score_trends"));
    }

    #[test]
    fn a_scope_needs_its_functions() {
        let catalog = Catalog::new(&systems::ALL).unwrap();
        let of_sites = systems::ppn::SYSTEM.scopes[0].policy;
        let mut policies = policies(&catalog, &[("session_events", &[of_sites])]);
        policies.functions.remove("public.auth_sites_or_all");
        catalog.assign_scopes(&policies);
        assert!(!has_scope(&catalog, "session_events"));
    }

    /// Where it had not, it would never hold.
    #[test]
    fn every_view_and_column_of_a_scope_is_there() {
        let catalog = Catalog::new(&systems::ALL).unwrap();
        for (system, scope) in &catalog.scopes.declared {
            let is_there = |name: &TableName| {
                catalog.table_named(name.schema, name.name).is_some_and(|table| table.system == *system)
            };
            for (view, tables) in scope.views {
                assert!(is_there(view) && tables.iter().all(is_there), "{view} over {tables:?}");
            }
        }
    }
}
