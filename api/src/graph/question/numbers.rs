//! Numbers over many rows.

use super::call::Call;
use crate::graph::aggregate::Function;
use crate::graph::catalog::{ColumnId, Table};

/// A value over many rows: the number of rows, or a function of a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Expression {
    /// `count(*)`
    Count,
    /// A function of a column.
    Of(Function, ColumnId),
    /// A function of the numbers at a path within a column's JSON.
    Within(Function, ColumnId, Vec<String>),
}

impl Expression {
    /// A name that no other value of the table has, and that it keeps when columns are added.
    pub(in crate::graph) fn name(&self, table: &Table) -> String {
        match self {
            Self::Count => "count".into(),
            Self::Of(function, column) => format!("{function:?} of {}", table.column(*column).field),
            Self::Within(function, column, path) => {
                format!("{function:?} of {} at {path:?}", table.column(*column).field)
            }
        }
    }
}

/// Values over many rows, as a request asks for them.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Numbers {
    pub(in crate::graph) expressions: Vec<Expression>,
    /// The function that gives the rows.
    pub(in crate::graph) call: Option<Call>,
}
