//! The expected access of callers to rows, which the matrices compare with the gateway's answers.
//!
//! A system declares its rules in SQL as literal as its sources have them; nothing here is read from the policies of the database,
//! which are judged by it. A table has an entry of its own only where it departs from the rule that it follows; a test refuses an
//! entry that makes no difference.

mod declared;
mod examples;
mod made_up;
mod ppn;
mod recipe;
mod therapyflow;

use entity::Schema;
use praxis::graph::catalog::Table;
use serde_json::Value;

pub(crate) use self::recipe::{Recipe, objects, recipe};
pub(crate) use self::therapyflow::{is_patient, runs_session, works_for};

/// The access rules of a system, and the tables that depart from them.
struct Declaration {
    /// The schemas of the system.
    schemas: &'static [Schema],
    /// The rules; a table follows the first one that fits.
    rules: fn() -> Vec<Rule>,
    /// The tables that follow no rule, or not in everything.
    own: fn() -> Vec<Own>,
}

const DECLARATIONS: [Declaration; 3] = [ppn::DECLARATION, therapyflow::DECLARATION, made_up::DECLARATION];

/// A rule for the access to the rows of several tables.
struct Rule {
    /// The tables that follow it.
    tables: Tables,
    /// The conditions on a row.
    access: Access,
    /// A query that returns values of the rule's column for new rows, as text: of several tenants, so that callers may write some
    /// of the rows and not others. It is empty if callers do not write the column.
    values: &'static str,
}

/// The tables that follow a rule.
enum Tables {
    /// The reference tables (`ref_…`).
    References,
    /// The tables with a column of this name, which leads to the tenant, the owner or the parent.
    Column(&'static str),
    /// The tables of these names.
    Named(&'static [&'static str]),
}

/// Conditions in SQL on a row, for each way of access. `{table}` and `{schema}` stand for the names of its table.
#[derive(Clone, Debug, Default)]
struct Access {
    read: Option<String>,
    insert: Option<String>,
    update: Option<String>,
    delete: Option<String>,
}

/// The departure of a table from the rule that it follows, or its whole access if it follows none.
struct Own {
    /// The name of the table: with its schema, or alone for the tables of that name in all schemas of the system.
    table: &'static str,
    /// The conditions that depart.
    access: Access,
    /// A query that returns inputs of new rows as JSON objects; without it, inputs are generated.
    inputs: Option<String>,
    /// A patch that changes any row; without it, one is generated.
    patch: Option<Value>,
}

/// Begins the entry of a table.
fn own(table: &'static str) -> Own {
    Own { table, access: Access::default(), inputs: None, patch: None }
}

impl Access {
    /// Sets the condition for reading a row.
    fn read(self, condition: impl Into<String>) -> Self {
        Self { read: Some(condition.into()), ..self }
    }

    /// Sets the condition for inserting, changing and deleting a row.
    fn write(self, condition: impl Into<String>) -> Self {
        let condition = Some(condition.into());
        Self { insert: condition.clone(), update: condition.clone(), delete: condition, ..self }
    }

    /// Returns these conditions, and those of a rule for what they omit.
    fn or(self, rule: Self) -> Self {
        Self {
            read: self.read.or(rule.read),
            insert: self.insert.or(rule.insert),
            update: self.update.or(rule.update),
            delete: self.delete.or(rule.delete),
        }
    }

    /// Returns the conditions with the names of a table inserted.
    fn of(self, table: &Table) -> Self {
        let named = |condition: Option<String>| {
            condition.map(|it| it.replace("{table}", &table.name).replace("{schema}", &table.schema))
        };
        Self {
            read: named(self.read),
            insert: named(self.insert),
            update: named(self.update),
            delete: named(self.delete),
        }
    }
}

impl Own {
    fn read(self, condition: impl Into<String>) -> Self {
        Self { access: self.access.read(condition), ..self }
    }

    fn write(self, condition: impl Into<String>) -> Self {
        Self { access: self.access.write(condition), ..self }
    }

    /// Sets the condition for inserting a row.
    fn insert(mut self, condition: impl Into<String>) -> Self {
        self.access.insert = Some(condition.into());
        self
    }

    /// Sets the condition for changing and deleting a row.
    fn change(mut self, condition: impl Into<String>) -> Self {
        self.access.update = Some(condition.into());
        self.access.delete.clone_from(&self.access.update);
        self
    }

    fn inputs(self, sql: impl Into<String>) -> Self {
        Self { inputs: Some(sql.into()), ..self }
    }

    fn patch(self, patch: Value) -> Self {
        Self { patch: Some(patch), ..self }
    }

    fn is_of(&self, table: &Table) -> bool {
        self.table == table.name || self.table == table.full_name()
    }
}

impl Rule {
    fn fits(&self, table: &Table) -> bool {
        match self.tables {
            Tables::References => table.is_reference,
            Tables::Column(name) => table.column_named(name).is_some(),
            Tables::Named(names) => names.contains(&table.name.as_str()),
        }
    }
}

impl Declaration {
    fn of(table: &Table) -> &'static Self {
        let has = |it: &&Self| it.schemas.iter().any(|schema| schema.name == table.schema);
        DECLARATIONS
            .iter()
            .find(has)
            .unwrap_or_else(|| panic!("no rules are declared for {}", table.full_name()))
    }

    fn rule(&self, table: &Table) -> Option<Rule> {
        (self.rules)().into_iter().find(|rule| rule.fits(table))
    }

    fn own(&self, table: &Table) -> Option<Own> {
        (self.own)().into_iter().find(|own| own.is_of(table))
    }
}

/// Returns the conditions for the access to a table's rows.
fn access(table: &Table) -> Access {
    let declaration = Declaration::of(table);
    let own = declaration.own(table).map(|it| it.access).unwrap_or_default();
    own.or(declaration.rule(table).map(|it| it.access).unwrap_or_default()).of(table)
}

/// Returns the condition under which a caller reads a row of a table.
pub(crate) fn readable(table: &Table) -> String {
    let condition = access(table).read;
    condition
        .unwrap_or_else(|| panic!("{} follows no rule: write down who reads its rows", table.full_name()))
}
