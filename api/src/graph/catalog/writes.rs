//! The writes that a table allows, and the fields of `Mutation`.

use super::names::{capitalise, plural, uncapitalise};
use super::{Catalog, ColumnId, ColumnType, FunctionId, Relation, Scalar, Table, TableId};

/// The columns of a table that callers may write.
#[derive(Debug, Default)]
pub struct Writes {
    /// The columns that callers may set in a new row; if there are none, nobody may add rows.
    pub insert: Vec<ColumnId>,
    /// The columns that callers may change.
    pub update: Vec<ColumnId>,
    /// True if callers may delete rows.
    pub delete: bool,
}

/// An operation of a field of `Mutation` on a table.
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

/// The operation that a field of `Mutation` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutationTarget {
    /// The field writes a table.
    Table(TableOperation, TableId),
    /// The field calls a function of the database that writes.
    Function(FunctionId),
}

impl TableOperation {
    const ALL: [Self; 5] = [Self::Create, Self::CreateMany, Self::Upsert, Self::Update, Self::Delete];

    /// Returns the name of the field of `Mutation` for this operation on a table.
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
    /// Returns the operations that the table allows.
    pub fn operations(&self) -> impl Iterator<Item = TableOperation> {
        TableOperation::ALL.into_iter().filter(|operation| match operation {
            TableOperation::Create | TableOperation::CreateMany => !self.writes.insert.is_empty(),
            TableOperation::Upsert => self.upsert_keys().next().is_some(),
            TableOperation::Update => !self.writes.update.is_empty(),
            TableOperation::Delete => self.writes.delete,
        })
    }

    /// Returns the column with the time of a row's last change: `updated_at`, if the table has it.
    pub fn updated_at(&self) -> Option<ColumnId> {
        let is_moment = |id: &ColumnId| self.column(*id).ty == ColumnType::Scalar(Scalar::DateTime);
        self.column_named("updated_at").filter(is_moment)
    }

    /// Returns true if a new row needs a value of this column.
    pub fn is_required(&self, id: ColumnId) -> bool {
        let column = self.column(id);
        !column.nullable && !column.has_default
    }

    /// Returns the unique keys on which an upsert can find an existing row: the caller gives their values, or they have a default. A
    /// generated primary key never conflicts with an existing row, and so is none of them.
    pub fn upsert_keys(&self) -> impl Iterator<Item = &[ColumnId]> {
        let is_generated = |id: &ColumnId| self.primary_key.contains(id);
        let is_known = move |id: &ColumnId| {
            self.writes.insert.contains(id) || self.column(*id).has_default && !is_generated(id)
        };
        let changes_beside = |key: &[ColumnId]| {
            self.writes.update.iter().any(|id| self.writes.insert.contains(id) && !key.contains(id))
        };
        self.keys.iter().map(Vec::as_slice).filter(move |key| changes_beside(key) && key.iter().all(is_known))
    }

    /// Returns the name of a unique key in the enum of keys: `USER_ID`.
    pub fn key_name(&self, key: &[ColumnId]) -> String {
        key.iter().map(|id| self.column(*id).enum_name()).collect::<Vec<_>>().join("_AND_")
    }
}

impl Catalog {
    /// Returns the relations whose rows one input can add together with a new row of a table.
    pub fn insertable_relations<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Relation> {
        table.relations.iter().filter(|relation| {
            // Rows that use a new entry of a reference table are not added together with it.
            if table.is_reference && !self.table(relation.target).is_reference {
                return false;
            }
            let inserts = &self.table(relation.target).writes.insert;
            let own = inserts.iter().filter(|id| !relation.remote.contains(id)).count();
            relation.many && own > 0 && relation.remote.iter().all(|id| inserts.contains(id))
        })
    }
}
