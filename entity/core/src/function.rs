//! Functions of the database that are served beside the tables.

use crate::TableName;

/// A function of the database. It runs with its caller's rights, so that the policies hold within it.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Schema of the function.
    pub schema: &'static str,
    /// Name of the function; the field is named after it.
    pub name: &'static str,
    /// What it does; the field's description.
    pub doc: &'static str,
    /// What it takes. Arguments are passed by name; those that are not given have a default in the database.
    pub arguments: &'static [Argument],
    /// What it gives.
    pub returns: Returns,
}

/// An argument of a [`Function`].
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name in the database.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its type.
    pub ty: ArgumentType,
    /// Whether it has to be given, and is not null.
    pub required: bool,
    /// The least number that makes sense.
    pub least: Option<i32>,
}

impl Argument {
    /// The same, but no number below this.
    pub const fn at_least(self, least: i32) -> Self {
        Self { least: Some(least), ..self }
    }
}

/// Type of an [`Argument`].
#[derive(Clone, Copy, Debug)]
pub enum ArgumentType {
    /// `boolean`
    Boolean,
    /// `integer`
    Int,
    /// `bigint`
    BigInt,
    /// `numeric`, of 15 digits at most and so many of them behind the point
    Numeric(u32),
    /// `text`
    Text,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `timestamp with time zone`
    DateTime,
    /// `text[]`
    TextList,
    /// `bigint[]`
    BigIntList,
    /// A list of objects. The function takes an array for each of their fields instead, under the fields' names and all of
    /// the same length; a field that an object lacks is NULL.
    Objects(&'static [Argument]),
}

/// What a [`Function`] gives.
#[derive(Clone, Copy, Debug)]
pub enum Returns {
    /// It only reads, and gives rows as the entity of this name describes them; that entity has no table of its own.
    Rows(TableName),
    /// It only reads, and gives at most one row, as the entity of this name describes it.
    Row(TableName),
    /// It writes, and gives the row of this table that it wrote.
    Written(TableName),
    /// It writes, and gives the rows of this table that it wrote.
    AllWritten(TableName),
}

impl Returns {
    /// The table whose rows it gives.
    pub const fn table(self) -> TableName {
        match self {
            Self::Rows(table) | Self::Row(table) | Self::Written(table) | Self::AllWritten(table) => table,
        }
    }

    /// Whether the entity describes these rows alone, and no table holds them.
    pub const fn has_no_table(self) -> bool {
        matches!(self, Self::Rows(_) | Self::Row(_))
    }
}

/// An argument that has to be given.
pub const fn required(name: &'static str, ty: ArgumentType, doc: &'static str) -> Argument {
    Argument { name, doc, ty, required: true, least: None }
}

/// An argument that has a default in the database.
pub const fn optional(name: &'static str, ty: ArgumentType, doc: &'static str) -> Argument {
    Argument { name, doc, ty, required: false, least: None }
}
