//! The aggregates that a request asks for.

use super::call::Call;
use crate::graph::aggregate::AggregateFunction;
use crate::graph::catalog::{ColumnId, Table};

/// An aggregate: the number of rows, or a function of a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Expression {
    /// `count(*)`
    Count,
    /// The aggregate is a function of a column.
    Of(AggregateFunction, ColumnId),
    /// The aggregate is a function of the numbers at a path within a column's JSON.
    Within(AggregateFunction, ColumnId, Vec<String>),
}

impl Expression {
    /// Returns the aggregate's name, which no other aggregate of the table has and which does not change when columns are added.
    pub(in crate::graph) fn name(&self, table: &Table) -> String {
        match self {
            Self::Count => "count".into(),
            Self::Of(function, column) => format!("{} of {}", function.name(), table.column(*column).field),
            Self::Within(function, column, path) => {
                // JSON shows where each key of the path ends.
                let path = serde_json::Value::from(path.as_slice());
                format!("{} of {} at {path}", function.name(), table.column(*column).field)
            }
        }
    }
}

/// The aggregates of one load.
#[derive(Clone, Debug)]
pub(in crate::graph) struct AggregateValues {
    pub(in crate::graph) expressions: Vec<Expression>,
    /// The call of the function that returns the rows.
    pub(in crate::graph) call: Option<Call>,
}
