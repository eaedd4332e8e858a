//! What a load selects of its rows, and of those that are joined to them.

use crate::graph::catalog::{ColumnId, TableId};

/// A table that is joined to the one whose rows are loaded, by a relation to one row.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Join {
    /// Which table the relation starts from: 0 for the one whose rows are loaded, otherwise the number of its join.
    pub(in crate::graph) from: usize,
    pub(in crate::graph) table: TableId,
    pub(in crate::graph) local: Vec<ColumnId>,
    pub(in crate::graph) remote: Vec<ColumnId>,
}

/// A column that a statement selects, of the table with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) struct SelectedColumn {
    pub(in crate::graph) table: usize,
    pub(in crate::graph) column: ColumnId,
}
