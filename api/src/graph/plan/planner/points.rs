//! Plans points: rows of a connection, thinned for a chart.

use std::rc::Rc;

use crate::graph::document::Field;

use super::super::collect::Collected;
use super::super::{LoadId, RowSelection};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::arguments::Value;
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::question::page::Page;
use crate::graph::question::points::Points;

impl<'a> Planner<'a> {
    /// Plans `points` of a connection below `parents` rows, or of the whole table if `columns` is empty. `row_arguments`, filter and page
    /// are those of the connection.
    pub(super) fn thinned_rows(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        (row_arguments, filter, page): (&str, Option<&Rc<Value<'a>>>, &Page),
        field: &'a Field,
        collected: &Collected<'a>,
        parents: u64,
    ) -> Planned<(LoadId, RowSelection)> {
        let given = self.arguments(field)?;
        let points = Points::read(table, page.call.clone(), &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let rows = parents.saturating_mul(points.max as u64);
        let [x, y] = points.axes;
        let arguments = serde_json::to_string(&(x.0, y.0, points.max, row_arguments)).unwrap_or_default();
        let load_key = LoadKey { kind: "points", table: table.id, columns: columns.to_vec(), arguments };
        let place = self.place(field);
        let load = self.load(load_key, filter.cloned(), &place, parents, DraftKind::Points(points));
        let selection = self.row(table, load, &collected.selections(), rows)?;
        Ok((load, selection))
    }
}
