//! What a subscription tells of each change, and what it reads for that.

use super::{Keyed, LoadId, Plan, RowSelection};
use crate::graph::catalog::{ChangeOperation, ColumnId, TableId};
use crate::graph::error::Error;

/// A subscription, ready to run for the keys of changed rows.
#[derive(Debug)]
pub(in crate::graph) struct SubscriptionPlan {
    /// Response key of the only field.
    pub(in crate::graph) key: String,
    /// Which rows it is about.
    pub(in crate::graph) topic: Topic,
    /// Which changes it tells.
    pub(in crate::graph) operations: Vec<ChangeOperation>,
    /// Where it begins; without it, now.
    pub(in crate::graph) after: Option<After>,
    /// Fields of a change, in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<ChangeField>>,
    /// The loads: of the rows that have changed, and of what hangs on them.
    pub(in crate::graph) reads: Plan,
    /// The rows by their primary key, with the filter.
    pub(in crate::graph) rows: LoadId,
    /// The numbers of those changes before which the row was one of the feed's, from what was recalled of the rows.
    pub(in crate::graph) gone: LoadId,
    /// Rows that are read at a time at most, so that a read costs what a request may cost.
    pub(in crate::graph) batch: usize,
}

/// The place in the history of changes behind which a feed begins.
#[derive(Clone, Debug)]
pub struct After {
    /// The cursor as it was given.
    pub cursor: String,
    /// The error where it is no cursor.
    pub refused: Error,
}

/// Which rows of a table a feed is about, as far as changes are sorted by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Any.
    Table(TableId),
    /// That with this primary key, in Postgres's binary format.
    Row(TableId, Vec<Vec<u8>>),
    /// Those with this value in a column of a foreign key.
    Reference(TableId, ColumnId, Vec<u8>),
}

impl Topic {
    /// Returns the table.
    pub fn table(&self) -> TableId {
        match self {
            Self::Table(table) | Self::Row(table, _) | Self::Reference(table, ..) => *table,
        }
    }
}

/// A field of a change.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum ChangeField {
    /// `__typename`
    Typename(String),
    /// `operation`
    Operation,
    /// `id`
    Id,
    /// `cursor`
    Cursor,
    /// `changedAt`
    ChangedAt,
    /// The row.
    Row(RowSelection),
}
