//! The names of tables and schemas.

use std::fmt;

/// The name of a table or view in the database. Tables of different schemas may share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema.
    pub schema: &'static str,
    /// The table's name within the schema.
    pub name: &'static str,
}

/// A schema of the database that holds tables of a system.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The schema's name in the database: `sprint_02_dream`.
    pub name: &'static str,
    /// The prefix of the types of its tables, after the system's own: `Dream`. It distinguishes tables that share a name.
    pub prefix: &'static str,
    /// The title of the schema: `Dream`. It replaces `{schema}` in the doc comments of its tables.
    pub title: &'static str,
}

impl TableName {
    /// Returns the name of a table in a schema.
    pub const fn new(schema: &'static str, name: &'static str) -> Self {
        Self { schema, name }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl Schema {
    /// Returns a schema whose name is no part of its tables' types: the only one of its system, or one whose tables share no name with
    /// others.
    pub const fn plain(name: &'static str) -> Self {
        Self { name, prefix: "", title: "" }
    }

    /// Returns the name of a table in this schema.
    pub const fn table(&self, name: &'static str) -> TableName {
        TableName::new(self.name, name)
    }
}
