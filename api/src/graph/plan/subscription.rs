//! The plan of a subscription: the shape of a change, and the loads of changed rows.

use super::{Keyed, LoadId, Plan, RowSelection};
use crate::graph::catalog::{ChangeOperation, ColumnId, TableId};
use crate::graph::error::Error;

/// The plan of a subscription. It runs for the keys of changed rows.
#[derive(Debug)]
pub(in crate::graph) struct SubscriptionPlan {
    /// The response key of the only field.
    pub(in crate::graph) key: String,
    /// The rows whose changes it reports.
    pub(in crate::graph) topic: Topic,
    /// The kinds of changes that it reports.
    pub(in crate::graph) operations: Vec<ChangeOperation>,
    /// The cursor after which it begins; without one, it begins now.
    pub(in crate::graph) after: Option<After>,
    /// The fields of a change, in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<ChangeField>>,
    /// The plan that reads the changed rows and the rows below them.
    pub(in crate::graph) reads: Plan,
    /// The load of the changed rows by their primary key, with the filter.
    pub(in crate::graph) rows: LoadId,
    /// The load of the numbers of changes before which the recalled row belonged to the subscription.
    pub(in crate::graph) gone: LoadId,
    /// The largest number of rows that are read at a time, so that a read costs no more than a request may.
    pub(in crate::graph) batch: usize,
}

/// The position in the history of changes after which a subscription begins.
#[derive(Clone, Debug)]
pub struct After {
    /// The cursor, as the request gives it.
    pub cursor: String,
    /// The error if the cursor is invalid.
    pub refused: Error,
}

/// The rows whose changes a subscription reports, as far as changes are routed by them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// All rows of the table.
    Table(TableId),
    /// The row with this primary key, in Postgres's binary format.
    Row(TableId, Vec<Vec<u8>>),
    /// The rows with this value in a column of a foreign key.
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
