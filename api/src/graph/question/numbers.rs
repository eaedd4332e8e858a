//! Numbers over many rows.

use super::call::Call;
use crate::graph::aggregate::AggregateFunction;
use crate::graph::catalog::{ColumnId, Table};

/// A value over many rows: the number of rows, or a function of a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Expression {
    /// `count(*)`
    Count,
    /// A function of a column.
    Of(AggregateFunction, ColumnId),
    /// A function of the numbers at a path within a column's JSON.
    Within(AggregateFunction, ColumnId, Vec<String>),
}

impl Expression {
    /// Returns a name that no other value of the table has, and that it keeps when columns are added.
    pub(in crate::graph) fn name(&self, table: &Table) -> String {
        match self {
            Self::Count => "count".into(),
            Self::Of(function, column) => format!("{} of {}", function.name(), table.column(*column).field),
            Self::Within(function, column, path) => {
                // JSON keeps apart where a key ends.
                let path = serde_json::Value::from(path.as_slice());
                format!("{} of {} at {path}", function.name(), table.column(*column).field)
            }
        }
    }
}

/// Values over many rows, as a request asks for them.
#[derive(Clone, Debug)]
pub(in crate::graph) struct AggregateValues {
    pub(in crate::graph) expressions: Vec<Expression>,
    /// The function that gives the rows.
    pub(in crate::graph) call: Option<Call>,
}
