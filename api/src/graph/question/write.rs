//! Rows that are written: new ones, also with rows that belong to them, and a row that is changed or deleted, named by one of
//! its keys.

use crate::database::Parameter;
use crate::graph::catalog::{ColumnId, Table, TableId};

/// New rows of a table, in one statement.
#[derive(Debug)]
pub(in crate::graph) struct Insert {
    pub(in crate::graph) table: TableId,
    /// Columns that any of the rows is given; at least one.
    pub(in crate::graph) columns: Vec<ColumnId>,
    /// The rows: a cell for each of the columns.
    pub(in crate::graph) rows: Vec<Vec<Cell>>,
    /// For each row, the index of the row that it belongs to; empty where they belong to none.
    pub(in crate::graph) parents: Vec<usize>,
    /// For each row, where it was given: `input.events.0`.
    pub(in crate::graph) places: Vec<String>,
    pub(in crate::graph) on_conflict: Option<OnConflict>,
    /// Columns that are returned: the primary key, and behind it what rows that belong to these need.
    pub(in crate::graph) returning: Vec<ColumnId>,
    /// Rows that belong to these.
    pub(in crate::graph) children: Vec<Insert>,
}

/// A cell of a new row.
#[derive(Clone, Debug)]
pub(in crate::graph) enum Cell {
    /// The database's own value.
    Default,
    /// NULL.
    Null,
    /// A value of the request.
    Given(Parameter),
    /// A value of the row that this one belongs to: its position among what that row returns.
    Parent(usize),
}

/// What to do where a row with the same key is there already.
#[derive(Debug)]
pub(in crate::graph) struct OnConflict {
    pub(in crate::graph) key: Vec<ColumnId>,
    /// Columns of the row that are changed.
    pub(in crate::graph) set: Vec<ColumnId>,
}

/// Which row is meant.
pub(in crate::graph) struct TargetRow<'a> {
    pub(in crate::graph) table: &'a Table,
    /// A unique key.
    pub(in crate::graph) columns: &'a [ColumnId],
    /// Its values.
    pub(in crate::graph) values: Vec<Vec<u8>>,
    /// Only if the row has not been changed since this moment.
    pub(in crate::graph) unchanged_since: Option<(ColumnId, Parameter)>,
}
