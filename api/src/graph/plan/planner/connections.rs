//! Plans connections: pages of rows, and aggregates and points over all rows.

use std::rc::Rc;

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{
    ConnectionField, ConnectionShape, EdgeField, Keyed, LoadId, PageInfoField, RequestPlace, RowsBeyond,
};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::arguments::Value;
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::question::aggregates::{AggregateValues, Expression};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::call;
use crate::graph::question::page::{self, Page};
use crate::graph::sql;

/// The loads of a connection; each is planned when a field first needs it.
struct ConnectionLoads<'a> {
    /// The key of the page's load.
    page_key: LoadKey,
    page: Page,
    /// The arguments that choose the rows of all pages, as text.
    row_arguments: String,
    filter: Option<Rc<Value<'a>>>,
    place: RequestPlace,
    parents: u64,
    page_load: Option<LoadId>,
    aggregate_load: Option<LoadId>,
}

impl<'a> ConnectionLoads<'a> {
    /// Returns the load of the page.
    fn page(&mut self, planner: &mut Planner<'a>) -> LoadId {
        let plan = || {
            let kind = DraftKind::Page(self.page.clone());
            planner.load(self.page_key.clone(), self.filter.clone(), &self.place, self.parents, kind)
        };
        *self.page_load.get_or_insert_with(plan)
    }

    /// Returns the load of the aggregate over all pages.
    fn aggregate(&mut self, planner: &mut Planner<'a>) -> LoadId {
        let plan = || {
            let load_key =
                LoadKey { kind: "aggregate", arguments: self.row_arguments.clone(), ..self.page_key.clone() };
            let call = self.page.call.clone();
            let kind = DraftKind::Aggregate(AggregateValues { expressions: Vec::new(), call });
            planner.load(load_key, self.filter.clone(), &self.place, self.parents, kind)
        };
        *self.aggregate_load.get_or_insert_with(plan)
    }

    /// Returns how the answer to `hasNextPage` (`forward`) or `hasPreviousPage` is found.
    fn beyond(&self, planner: &mut Planner<'a>, forward: bool) -> RowsBeyond {
        let page = &self.page;
        let pages = if forward {
            [page.following().map(|page| ("following", page)), None]
        } else {
            let skipped = page.skipped().map(|page| ("skipped", page));
            [page.preceding().map(|page| ("preceding", page)), skipped]
        };
        let loads = pages.into_iter().flatten().map(|(kind, page)| {
            let load_key = LoadKey { kind, ..self.page_key.clone() };
            planner.load(load_key, self.filter.clone(), &self.place, self.parents, DraftKind::Page(page))
        });
        RowsBeyond { page: page.backward != forward, loads: loads.collect() }
    }
}

impl<'a> Planner<'a> {
    /// Plans a connection below `parents` rows, or of the whole table if `columns` is empty.
    pub(super) fn connection(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        field: &'a Field,
        collected: &Collected<'a>,
        parents: u64,
    ) -> Planned<ConnectionShape> {
        let mut loads = self.connection_loads(table, columns, field, parents)?;
        let rows = parents.saturating_mul(loads.page.limit);
        let type_name = format!("{}Connection", table.type_name);
        let parts = self.collect(&collected.selections(), &type_name)?;
        let fields = self.each(&parts, parents, |this, part, part_collected| {
            let sets = part_collected.selections();
            Ok(match &*part.name {
                "nodes" => {
                    let load = loads.page(this);
                    ConnectionField::Nodes(this.row(table, load, &sets, rows)?)
                }
                "edges" => {
                    let load = loads.page(this);
                    ConnectionField::Edges(this.edges(table, load, &sets, rows)?)
                }
                "pageInfo" => ConnectionField::PageInfo(this.page_info(&mut loads, &sets)?),
                "totalCount" => {
                    let load = loads.aggregate(this);
                    ConnectionField::TotalCount(this.expression(load, Expression::Count))
                }
                "aggregate" => {
                    let load = loads.aggregate(this);
                    ConnectionField::Aggregate(this.aggregate(table, load, &sets, parents)?)
                }
                "points" => {
                    let rows = (&*loads.row_arguments, loads.filter.as_ref(), &loads.page);
                    let (load, selection) =
                        this.thinned_rows(table, columns, rows, part, part_collected, parents)?;
                    ConnectionField::Points(load, selection)
                }
                _ => ConnectionField::Typename,
            })
        })?;
        let has = |is_it: fn(&ConnectionField) -> bool| fields.iter().any(|field| is_it(&field.value));
        if loads.page_load.is_some()
            && !has(|it| matches!(it, ConnectionField::Nodes(_) | ConnectionField::Edges(_)))
        {
            // The rows of the page are read even if the request does not select them.
            self.spend(rows)?;
        }
        if loads.page_load.or(loads.aggregate_load).is_none()
            && !has(|it| matches!(it, ConnectionField::Points(..)))
        {
            self.check_filter(table, loads.filter.as_deref(), field)?;
        }
        Ok(ConnectionShape {
            page: loads.page_load,
            aggregate: loads.aggregate_load,
            type_name: table.type_name.clone(),
            fields,
        })
    }

    /// Reads the arguments of a connection. Nothing is loaded yet.
    fn connection_loads(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        field: &'a Field,
        parents: u64,
    ) -> Planned<ConnectionLoads<'a>> {
        let mut given = self.arguments(field)?;
        let page = page::read(self.catalog, table, &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let arguments = given.text(|_| true);
        let row_arguments = call::row_arguments(self.catalog, table, &given);
        Ok(ConnectionLoads {
            page_key: LoadKey { kind: "page", table: table.id, columns: columns.to_vec(), arguments },
            page,
            row_arguments,
            filter: given.take("filter").map(Rc::new),
            place: self.place(field),
            parents,
            page_load: None,
            aggregate_load: None,
        })
    }

    /// Refuses an invalid filter of a connection that reads no rows.
    fn check_filter(&self, table: &Table, filter: Option<&Value<'_>>, field: &Field) -> Planned<()> {
        let Some(filter) = filter else { return Ok(()) };
        let checked = sql::check_filter(self.catalog, table, filter, &mut Allowance::new(self.limits));
        checked.map_err(|error| self.refuse(field, error))
    }

    pub(super) fn edges(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a [Selection]],
        rows: u64,
    ) -> Planned<Vec<Keyed<EdgeField>>> {
        let collected = self.collect(sets, &format!("{}Edge", table.type_name))?;
        self.each(&collected, rows, |this, field, collected| {
            Ok(match &*field.name {
                "cursor" => {
                    this.drafts[load.0].cursors = true;
                    EdgeField::Cursor
                }
                "node" => EdgeField::Node(this.row(table, load, &collected.selections(), rows)?),
                _ => EdgeField::Typename,
            })
        })
    }

    fn page_info(
        &mut self,
        loads: &mut ConnectionLoads<'a>,
        sets: &[&'a [Selection]],
    ) -> Planned<Vec<Keyed<PageInfoField>>> {
        let load = loads.page(self);
        let collected = self.collect(sets, "PageInfo")?;
        self.each(&collected, loads.parents, |this, field, _| {
            Ok(match &*field.name {
                "hasNextPage" => PageInfoField::HasNextPage(loads.beyond(this, true)),
                "hasPreviousPage" => PageInfoField::HasPreviousPage(loads.beyond(this, false)),
                "startCursor" | "endCursor" => {
                    this.drafts[load.0].cursors = true;
                    if &*field.name == "startCursor" {
                        PageInfoField::StartCursor
                    } else {
                        PageInfoField::EndCursor
                    }
                }
                _ => PageInfoField::Typename,
            })
        })
    }
}
