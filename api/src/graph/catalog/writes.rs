//! What can be written: operations on tables, and the fields of `Mutation` that are made of them.

use super::names::{capitalise, plural, uncapitalise};
use super::{Catalog, ColumnId, ColumnType, FunctionId, Relation, Scalar, Table, TableId};

/// What can be written in a table.
#[derive(Debug, Default)]
pub struct Writes {
    /// Columns that a new row may be given; where there are none, rows cannot be added.
    pub insert: Vec<ColumnId>,
    /// Columns that may be changed.
    pub update: Vec<ColumnId>,
    /// Whether rows may be deleted.
    pub delete: bool,
}

/// Something that a field of `Mutation` does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableOperation {
    /// Adds a row.
    Create,
    /// Adds rows.
    CreateMany,
    /// Adds a row, or changes the one with the same key.
    Upsert,
    /// Changes a row.
    Update,
    /// Deletes a row.
    Delete,
}

/// What a field of `Mutation` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutationTarget {
    /// Something with a table.
    Table(TableOperation, TableId),
    /// Whatever a function of the database does.
    Function(FunctionId),
}

impl TableOperation {
    const ALL: [Self; 5] = [Self::Create, Self::CreateMany, Self::Upsert, Self::Update, Self::Delete];

    /// Name of the field of `Mutation`.
    pub fn field(self, table: &Table) -> String {
        let name = &table.type_name;
        match self {
            Self::Create => format!("create{name}"),
            Self::CreateMany => format!("create{}", capitalise(&plural(&uncapitalise(name)))),
            Self::Upsert => format!("upsert{name}"),
            Self::Update => format!("update{name}"),
            Self::Delete => format!("delete{name}"),
        }
    }
}

impl Table {
    /// What can be done with the table.
    pub fn operations(&self) -> impl Iterator<Item = TableOperation> {
        TableOperation::ALL.into_iter().filter(|operation| match operation {
            TableOperation::Create | TableOperation::CreateMany => !self.writes.insert.is_empty(),
            TableOperation::Upsert => self.upsert_keys().next().is_some(),
            TableOperation::Update => !self.writes.update.is_empty(),
            TableOperation::Delete => self.writes.delete,
        })
    }

    /// When a row was last changed, where the table says so.
    pub fn updated_at(&self) -> Option<ColumnId> {
        let is_moment = |id: &ColumnId| self.column(*id).ty == ColumnType::Scalar(Scalar::DateTime);
        self.column_named("updated_at").filter(is_moment)
    }

    /// Whether a new row has to be given a value of this column.
    pub fn is_required(&self, id: ColumnId) -> bool {
        let column = self.column(id);
        !column.nullable && !column.has_default
    }

    /// Unique keys by which a row that is there already can be found when one is added: their values are given, or the
    /// database has them beforehand. What it makes up to tell rows apart is never there already.
    pub fn upsert_keys(&self) -> impl Iterator<Item = &[ColumnId]> {
        let is_generated = |id: &ColumnId| self.primary_key.contains(id);
        let is_known = move |id: &ColumnId| {
            self.writes.insert.contains(id) || self.column(*id).has_default && !is_generated(id)
        };
        let writes = !self.writes.insert.is_empty() && !self.writes.update.is_empty();
        self.keys.iter().map(Vec::as_slice).filter(move |key| writes && key.iter().all(is_known))
    }

    /// Name of a unique key in the enum of keys: `USER_ID`.
    pub fn key_name(&self, key: &[ColumnId]) -> String {
        key.iter().map(|id| self.column(*id).enum_name()).collect::<Vec<_>>().join("_AND_")
    }
}

impl Catalog {
    /// Returns the relations whose rows can be added along with a row of a table.
    pub fn insertable_relations<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Relation> {
        table.relations.iter().filter(|relation| {
            // A new row of a reference table is a new word; nobody adds with it what speaks of it.
            if table.is_reference && !self.table(relation.target).is_reference {
                return false;
            }
            let inserts = &self.table(relation.target).writes.insert;
            let own = inserts.iter().filter(|id| !relation.remote.contains(id)).count();
            relation.many && own > 0 && relation.remote.iter().all(|id| inserts.contains(id))
        })
    }
}
