//! The columns that a load selects from its table and from joined tables.

use crate::graph::catalog::{ColumnId, TableId};

/// A table that is joined to the load's table, by a relation to one row.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Join {
    /// The table of the relation: 0 for the load's table, otherwise the number of its join, from 1.
    pub(in crate::graph) from: usize,
    pub(in crate::graph) table: TableId,
    pub(in crate::graph) local: Vec<ColumnId>,
    pub(in crate::graph) remote: Vec<ColumnId>,
}

/// A column that a statement selects. `table` is 0 for the load's table, otherwise the number of a join, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) struct SelectedColumn {
    pub(in crate::graph) table: usize,
    pub(in crate::graph) column: ColumnId,
}
