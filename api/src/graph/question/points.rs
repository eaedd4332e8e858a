//! The arguments of points: rows of a connection, thinned for a chart.

use super::call::Call;
use super::order::{self, CursorBound, Path, Sort, Term};
use super::page::{self, Page};
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::limits::{DEFAULT_POINTS, Limits};

/// The smallest number of points: the first, the last, the lowest and the highest.
const LEAST_POINTS: u64 = 4;

/// The arguments of `points`, checked.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Points {
    /// The columns of the x-axis and the y-axis, which are the first columns of the rows.
    pub(in crate::graph) axes: [ColumnId; 2],
    /// The largest number of points of a parent.
    pub(in crate::graph) max: usize,
    /// The rows to choose from.
    pub(in crate::graph) page: Page,
}

impl Points {
    /// Reads the arguments of `points`. `call` is that of the connection.
    pub(in crate::graph) fn read(
        table: &Table,
        call: Option<Call>,
        arguments: &Arguments<'_>,
        limits: &Limits,
    ) -> Result<Self, ArgumentError> {
        let x = column(table, table.axes(), arguments, "x")?;
        let y = column(table, table.measures(), arguments, "y")?;
        let max = page::count(arguments, "max")?.unwrap_or(DEFAULT_POINTS);
        if max < LEAST_POINTS {
            let message =
                format!("at least {LEAST_POINTS}: the first, the last, the least and the greatest stay");
            return Err(ArgumentError::new("max", message));
        }
        if max > limits.points {
            return Err(ArgumentError::exceeded("max", format!("at most {} points", limits.points)));
        }
        // Rows without a value are left out.
        let sort =
            Sort { ty: table.column(x).ty.clone(), nullable: false, descending: false, nulls_first: false };
        let order = order::with_tie_breaker(
            table,
            vec![Term { at: Path { relations: Vec::new(), column: x }, sort }],
        );
        let page = Page {
            limit: limits.plotted,
            offset: 0,
            backward: false,
            order,
            after: None,
            before: None,
            bound: CursorBound::Excluded,
            is_probe: false,
            present: [x, y].into_iter().filter(|column| table.column(*column).nullable).collect(),
            call,
        };
        Ok(Self { axes: [x, y], max: usize::try_from(max).unwrap_or(usize::MAX), page })
    }
}

/// Reads an argument that names a column in capitals.
fn column(
    table: &Table,
    mut columns: impl Iterator<Item = ColumnId>,
    arguments: &Arguments<'_>,
    argument: &str,
) -> Result<ColumnId, ArgumentError> {
    let name = arguments.get(argument).and_then(Value::as_str).unwrap_or_default();
    columns
        .find(|column| table.column(*column).enum_name() == name)
        .ok_or_else(|| ArgumentError::new(argument, "there is no such column to plot"))
}
