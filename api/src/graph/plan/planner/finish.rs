//! Finishes loads: makes their statements, and describes their rows.

use super::super::{Load, LoadKind};
use super::Planner;
use super::loads::{DraftKind, LoadDraft};
use crate::graph::arguments::ArgumentError;
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::cursor::{self, CursorShape};
use crate::graph::question::key::{self, Parents};
use crate::graph::question::series::Grid;
use crate::graph::sql::{self, PageQuery, RowsQuery, Sql};

impl Planner<'_> {
    pub(super) fn finish(&mut self, draft: &LoadDraft<'_>) -> Result<Load, ArgumentError> {
        let load = self.finish_with(draft, Grid::Whole)?;
        let gapped = match &draft.kind {
            DraftKind::Series(series) if series.is_open() => {
                // The filter was counted already.
                let allowance = std::mem::replace(&mut self.allowance, Allowance::new(self.limits));
                let gapped = self.finish_with(draft, Grid::Gapped);
                self.allowance = allowance;
                Some(Box::new(gapped?))
            }
            _ => None,
        };
        Ok(Load { gapped, ..load })
    }

    fn finish_with(&mut self, draft: &LoadDraft<'_>, grid: Grid) -> Result<Load, ArgumentError> {
        let grouped = matches!(draft.kind, DraftKind::Groups(_) | DraftKind::Series(_));
        let parents = if draft.parents == 1 && !grouped { Parents::One } else { Parents::Many };
        let sql = self.sql(draft, parents, grid)?;
        let table = self.catalog.table(draft.table);
        let takes_keys =
            !matches!(draft.kind, DraftKind::RowsBefore(_)) && !Self::is_cached_whole(draft, table);
        Ok(Load {
            kind: self.kind(draft),
            parents,
            parts: if takes_keys { key::parts(table, &draft.columns) } else { Vec::new() },
            positions: Self::key_positions(draft),
            only_reference: sql.reads_only_reference() && !self.fresh,
            statement: sql.finish(),
            place: draft.place.clone(),
            gapped: None,
        })
    }

    /// Returns true if a load reads its whole table, whatever the keys: a reference table, which is small and cached in memory.
    fn is_cached_whole(draft: &LoadDraft<'_>, table: &Table) -> bool {
        matches!(draft.kind, DraftKind::ByKey) && table.is_reference && draft.filter.is_none()
    }

    fn sql(&mut self, draft: &LoadDraft<'_>, parents: Parents, grid: Grid) -> Result<Sql, ArgumentError> {
        let table = self.catalog.table(draft.table);
        let (columns, filter, allowance) = (&draft.columns, draft.filter.as_deref(), &mut self.allowance);
        match &draft.kind {
            DraftKind::ByKey if Self::is_cached_whole(draft, table) => Ok(sql::all(table, &draft.projection)),
            DraftKind::ByKey => {
                let rows = RowsQuery { table, joins: &draft.joins, projection: &draft.projection, filter };
                sql::by_key(self.catalog, &rows, columns, parents, allowance)
            }
            DraftKind::RowsBefore(filter_columns) => {
                // The filter is counted for the load of the rows.
                let mut allowance = Allowance::new(self.limits);
                let filter_columns = filter_columns.iter().copied();
                sql::rows_before(self.catalog, table, filter_columns, filter, &mut allowance)
            }
            DraftKind::Page(page) => {
                // The filter is counted for the load of the page.
                let mut of_probe = Allowance::new(self.limits);
                let allowance = if page.is_probe { &mut of_probe } else { allowance };
                let projection = &draft.projection;
                let cursors = draft.cursors;
                let query =
                    PageQuery { table, columns, parents, projection, page, filter, cursors, scoped: true };
                sql::page(self.catalog, &query, allowance)
            }
            DraftKind::Points(points) => {
                let (projection, page) = (&draft.projection, &points.page);
                let query = PageQuery {
                    table,
                    columns,
                    parents,
                    projection,
                    page,
                    filter,
                    cursors: false,
                    // All rows are read, so merging strips saves nothing.
                    scoped: false,
                };
                sql::points(self.catalog, &query, allowance)
            }
            DraftKind::Groups(groups) => sql::groups(groups, self.catalog, table, columns, filter, allowance),
            DraftKind::Series(series) => series.sql(grid, self.catalog, table, columns, filter, allowance),
            DraftKind::Aggregate(aggregate) => {
                sql::aggregate(self.catalog, table, columns, parents, aggregate, filter, allowance)
            }
        }
    }

    /// Returns the positions of the parents' key in the rows of a load.
    fn key_positions(draft: &LoadDraft<'_>) -> Vec<usize> {
        let after = |width: usize| (width..width + draft.columns.len()).collect();
        match &draft.kind {
            DraftKind::ByKey | DraftKind::Page(_) | DraftKind::Points(_) => {
                let position = |column: &ColumnId| {
                    draft.projection.iter().position(|known| known.table == 0 && known.column == *column)
                };
                draft.columns.iter().filter_map(position).collect()
            }
            DraftKind::RowsBefore(_) => vec![0],
            DraftKind::Groups(groups) => after(groups.width()),
            DraftKind::Series(series) => after(series.width()),
            DraftKind::Aggregate(aggregate) => after(aggregate.expressions.len()),
        }
    }

    fn kind(&self, draft: &LoadDraft<'_>) -> LoadKind {
        let table = self.catalog.table(draft.table);
        match &draft.kind {
            DraftKind::ByKey | DraftKind::RowsBefore(_) => LoadKind::ByKey,
            DraftKind::Page(page) => {
                let cursor = draft.cursors.then(|| CursorShape {
                    signature: cursor::signature(
                        table,
                        page.call.as_ref(),
                        &cursor::named(self.catalog, table, &page.order),
                    ),
                    parts: page
                        .order
                        .iter()
                        .enumerate()
                        .map(|(at, term)| (draft.projection.len() + at, term.sort.ty.clone()))
                        .collect(),
                });
                LoadKind::Page { limit: page.limit, backward: page.backward, cursor }
            }
            DraftKind::Points(points) => LoadKind::Points {
                most: points.page.limit,
                max: points.max,
                axes: points.axes.map(|column| table.column(column).ty.clone()),
            },
            DraftKind::Groups(groups) => {
                let cursor = Some(CursorShape {
                    signature: cursor::signature(
                        table,
                        groups.call.as_ref(),
                        &groups.named(self.catalog, table),
                    ),
                    parts: groups.cursor_parts(),
                });
                LoadKind::Page { limit: groups.limit, backward: false, cursor }
            }
            DraftKind::Series(series) => LoadKind::Series { most: series.most },
            DraftKind::Aggregate(_) => LoadKind::Aggregate,
        }
    }
}
