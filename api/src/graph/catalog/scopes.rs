//! Scopes: the columns by which a policy for reading finds a caller's rows.
//!
//! A policy lets a caller see the rows of some tenants, or their own. Postgres cannot read these in order from an index if it only knows
//! that a column has one of several values. With a scope the planner reads the rows of each value separately, and merges them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use entity::TableName;

use super::{Catalog, ColumnId, System, Table, TableId};

/// A read policy, and the strips that contain every row that it lets a caller see.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The policy's expression as Postgres prints it. A table has this scope if this is its only read policy.
    pub policy: &'static str,
    /// The views that have this scope, each with the tables that it reads; all of these have the policy.
    pub views: &'static [(TableName, &'static [TableName])],
    /// The strips, each of which an index finds. A row may belong to several.
    pub strips: &'static [Strip],
}

/// The rows that have one of the caller's keys in a column.
#[derive(Clone, Copy, Debug)]
pub struct Strip {
    /// The name of the column.
    pub column: &'static str,
    /// The source of the caller's keys.
    pub keys: CallerKeys,
}

/// The source of a caller's keys: the full name of a function of the database without arguments.
#[derive(Clone, Copy, Debug)]
pub enum CallerKeys {
    /// The function returns a key, or NULL for none.
    One(&'static str),
    /// The function returns an array of keys.
    Many(&'static str),
    /// The function returns an array of keys, or an array of NULL alone if the caller sees so much of the table that it is read in order.
    ManyOrAll {
        /// The name of that function.
        or_all: &'static str,
        /// The name of a function that always returns the caller's keys; `None` if callers also see rows without a key.
        each: Option<&'static str>,
    },
}

impl CallerKeys {
    /// Returns the name of the function.
    pub fn function(self) -> &'static str {
        match self {
            Self::One(name) | Self::Many(name) | Self::ManyOrAll { or_all: name, .. } => name,
        }
    }

    /// Returns true if these keys alone decide whether a caller sees a row. The policy then is a condition on their column, which an
    /// index that begins with the column can use: it reads no row of a tenant that the caller may not see.
    pub fn are_the_policy(self) -> bool {
        matches!(self, Self::ManyOrAll { each: Some(_), .. })
    }

    /// Returns the names of all functions that return these keys.
    fn functions(self) -> impl Iterator<Item = &'static str> {
        let each = if let Self::ManyOrAll { each, .. } = self { each } else { None };
        [self.function()].into_iter().chain(each)
    }
}

/// The read policies of a database, and the functions that its callers may use.
#[derive(Debug, Default)]
pub struct Policies {
    /// The policies' expressions for each table, by its schema and name.
    pub of_tables: HashMap<(String, String), Vec<String>>,
    /// The full names of the functions without arguments.
    pub functions: HashSet<String>,
}

/// The declared scopes, and the scope of each table.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    declared: Vec<(usize, Scope)>,
    /// For each table, 0 if it has no scope, or else the scope's index plus one.
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
    /// Returns the scope of a table or view. No table has one before [`Self::assign_scopes`] is called.
    pub fn scope(&self, table: TableId) -> Option<&Scope> {
        let scope = self.scopes.of_tables.get(table.0)?.load(Ordering::Relaxed);
        self.scopes.declared.get(scope.checked_sub(1)?).map(|(_, scope)| scope)
    }

    /// Returns the full names of the functions that the scopes use.
    pub fn scope_functions(&self) -> HashSet<&'static str> {
        let strips = self.scopes.declared.iter().flat_map(|(_, scope)| scope.strips);
        strips.flat_map(|strip| strip.keys.functions()).collect()
    }

    /// Returns true if an index holds the rows of a strip that reference one row of a reference table through this column, in the order
    /// of their keys. The rulebook requires the index of each table (`reference-key-index`); a view of one table uses that table's.
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

    /// Assigns each table the scope whose policy is its only read policy. A table with any other policy has no scope, since callers may
    /// see rows outside the strips.
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
    /// Returns true if some callers may see so much that the table is read in order, by an index that does not begin with a key.
    pub fn may_be_whole(&self) -> bool {
        self.strips.iter().any(|strip| matches!(strip.keys, CallerKeys::ManyOrAll { .. }))
    }

    /// Returns true if a caller may have many strips, even one who sees little of the table.
    pub fn has_many(&self) -> bool {
        self.strips.iter().any(|strip| matches!(strip.keys, CallerKeys::Many(_)))
    }

    /// Returns true if the scope's policy is the only one of a table, or of all tables that a view reads.
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

    /// Returns the tables that a view of this scope reads; `None` if the table is no such view.
    fn tables_of(&self, table: &Table) -> Option<&'static [TableName]> {
        let is_it = |name: &TableName| (name.schema, name.name) == (&*table.schema, &*table.name);
        self.views.iter().find(|(name, _)| is_it(name)).map(|(_, tables)| *tables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems;

    /// Returns policies as the migrations create them, by the names of their tables.
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

    /// A scope that named a missing table or column would never be assigned.
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
