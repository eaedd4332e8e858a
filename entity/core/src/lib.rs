//! The description of tables by their entities, and of schemas by their systems.
//!
//! Each system has a crate of entities: one file per table or view, no logic. A file is the single description of its
//! table: its columns, keys and relations, which sea-orm reads, and its doc comments, which the gateway's users read as
//! GraphQL descriptions. [`model`] makes sea-orm's entity of the file's struct. sea-orm drops the doc comments; the crate's build script reads them from the same files, with
//! `entity_build`. The gateway reads both through a [`Visitor`].

mod function;
mod table;
mod writes;

pub use entity_macros::model;
pub use function::{Argument, ArgumentType, Function, Returns, optional, required};
pub use table::{Schema, TableName};
pub use writes::Writes;

/// The parts of an entity's source that sea-orm's metadata lacks.
#[derive(Debug)]
pub struct Source {
    /// The description of a row.
    pub doc: &'static str,
    /// The columns, in the order of the file.
    pub columns: &'static [ColumnSource],
    /// Unique keys of more than one column, other than the primary key; names of columns.
    pub unique_keys: &'static [&'static [&'static str]],
    /// The relations, in the order of the file.
    pub relations: &'static [RelationSource],
    /// The columns that callers may write: the file's constant `WRITES`; without it, none.
    pub writes: Writes,
}

/// The source of a column.
#[derive(Debug)]
pub struct ColumnSource {
    /// The column's name in the database.
    pub name: &'static str,
    /// The description of the column.
    pub doc: &'static str,
    /// The values of a column that a CHECK limits to a list.
    pub values: Option<&'static EnumSource>,
}

/// The values of a column that a CHECK limits to a list.
#[derive(Debug)]
pub struct EnumSource {
    /// The name of the Rust enum.
    pub name: &'static str,
    /// The description of the enum.
    pub doc: &'static str,
    /// The values, in the order of the file.
    pub values: &'static [ValueSource],
}

/// One value of an [`EnumSource`].
#[derive(Debug)]
pub struct ValueSource {
    /// The variant's name in `SCREAMING_SNAKE` case.
    pub name: &'static str,
    /// The text in the database.
    pub value: &'static str,
    /// The description of the value.
    pub doc: &'static str,
}

/// The source of a relation.
#[derive(Debug)]
pub struct RelationSource {
    /// The field's name, in `snake_case`.
    pub name: &'static str,
    /// The name of the variant of the entity's `Relation`, as printed by `{:?}`.
    pub relation: &'static str,
    /// True if the relation leads to many rows.
    pub many: bool,
    /// The description of the relation.
    pub doc: &'static str,
}

/// Receives each table of a system from the function `visit` of the system's crate.
pub trait Visitor {
    /// Receives a table. If the entity names no schema, it and its relations belong to the schema of `table`: an entity may
    /// describe tables of the same name in many schemas.
    fn visit<E: sea_orm::EntityTrait>(&mut self, entity: E, table: TableName, source: &'static Source);
}
