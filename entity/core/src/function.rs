//! Functions of the database that the API serves.

use crate::TableName;

/// A function of the database. It runs with its caller's rights, so that the policies apply within it.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The schema of the function.
    pub schema: &'static str,
    /// The name of the function; the field is named after it.
    pub name: &'static str,
    /// The description of the field.
    pub doc: &'static str,
    /// The arguments, which are passed by name. An omitted argument has its default in the database.
    pub arguments: &'static [Argument],
    /// The result.
    pub returns: Returns,
}

/// An argument of a [`Function`].
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// The name in the database.
    pub name: &'static str,
    /// The description of the argument.
    pub doc: &'static str,
    /// The type of the argument.
    pub ty: ArgumentType,
    /// True if callers must pass the argument, and not null.
    pub required: bool,
    /// The smallest number that the argument accepts.
    pub least: Option<i32>,
}

impl Argument {
    /// Returns the argument with a smallest number.
    #[must_use]
    pub const fn at_least(self, least: i32) -> Self {
        Self { least: Some(least), ..self }
    }
}

/// The type of an [`Argument`].
#[derive(Clone, Copy, Debug)]
pub enum ArgumentType {
    /// `boolean`
    Boolean,
    /// `integer`
    Int,
    /// `bigint`
    BigInt,
    /// `numeric`, of at most 15 digits, with this number of decimals
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
    /// A list of objects. The function takes one array for each of their fields, under the field's name; all arrays
    /// have the same length, and a field that an object lacks is NULL.
    Objects(&'static [Argument]),
}

/// The result of a [`Function`].
#[derive(Clone, Copy, Debug)]
pub enum Returns {
    /// The function only reads, and returns rows; the entity of this name describes them and has no table of its own.
    Rows(TableName),
    /// The function only reads, and returns at most one row, which the entity of this name describes.
    Row(TableName),
    /// The function writes, and returns the row of this table that it wrote.
    Written(TableName),
    /// The function writes, and returns the rows of this table that it wrote.
    AllWritten(TableName),
}

impl Returns {
    /// Returns the name of the table whose rows the function returns.
    pub const fn table(self) -> TableName {
        match self {
            Self::Rows(table) | Self::Row(table) | Self::Written(table) | Self::AllWritten(table) => table,
        }
    }

    /// Returns true if the entity describes only rows of the function, without a table.
    pub const fn has_no_table(self) -> bool {
        matches!(self, Self::Rows(_) | Self::Row(_))
    }
}

/// Returns a required argument.
pub const fn required(name: &'static str, ty: ArgumentType, doc: &'static str) -> Argument {
    Argument { name, doc, ty, required: true, least: None }
}

/// Returns an argument with a default in the database.
pub const fn optional(name: &'static str, ty: ArgumentType, doc: &'static str) -> Argument {
    Argument { name, doc, ty, required: false, least: None }
}
