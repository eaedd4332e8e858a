//! The rows that a mutation writes: new rows, with rows that belong to them, or one row that it changes or deletes.

use crate::database::Parameter;
use crate::graph::catalog::{ColumnId, Table, TableId};

/// The new rows of a table, which one statement adds.
#[derive(Debug)]
pub(in crate::graph) struct Insert {
    pub(in crate::graph) table: TableId,
    /// The columns that any row sets; at least one.
    pub(in crate::graph) columns: Vec<ColumnId>,
    /// The rows, each with a cell for each column.
    pub(in crate::graph) rows: Vec<Vec<Cell>>,
    /// For each row, the index of the row that it belongs to; empty if the rows belong to none.
    pub(in crate::graph) parents: Vec<usize>,
    /// For each row, its place in the arguments: `input.events.0`.
    pub(in crate::graph) places: Vec<String>,
    pub(in crate::graph) on_conflict: Option<OnConflict>,
    /// The columns that the statement returns: the primary key, followed by those that the children need.
    pub(in crate::graph) returning: Vec<ColumnId>,
    /// The rows that belong to these rows, by relation.
    pub(in crate::graph) children: Vec<Insert>,
}

/// A cell of a new row.
#[derive(Clone, Debug)]
pub(in crate::graph) enum Cell {
    /// The cell has the column's default.
    Default,
    /// The cell is NULL.
    Null,
    /// The cell has a value of the request.
    Given(Parameter),
    /// The cell has a value of the row that this one belongs to, at this position of the returned columns.
    Parent(usize),
}

/// The change to an existing row with the same key.
#[derive(Debug)]
pub(in crate::graph) struct OnConflict {
    pub(in crate::graph) key: Vec<ColumnId>,
    /// The columns that are set.
    pub(in crate::graph) set: Vec<ColumnId>,
}

/// The row that a mutation changes or deletes.
pub(in crate::graph) struct TargetRow<'a> {
    pub(in crate::graph) table: &'a Table,
    /// The columns of a unique key.
    pub(in crate::graph) columns: &'a [ColumnId],
    /// The values of these columns, in Postgres's binary format.
    pub(in crate::graph) values: Vec<Vec<u8>>,
    /// A condition of the write: the row has not been changed since this moment, by this column.
    pub(in crate::graph) unchanged_since: Option<(ColumnId, Parameter)>,
}
