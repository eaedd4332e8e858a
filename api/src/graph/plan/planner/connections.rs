//! Plans connections: pages of rows, and aggregates and points over all rows.

use std::rc::Rc;

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{ConnectionField, ConnectionShape, EdgeField, Keyed, LoadId, PageInfoField, RowsBeyond};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::arguments::Value;
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::call;
use crate::graph::question::numbers::{AggregateValues, Expression};
use crate::graph::question::page;
use crate::graph::sql;

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
        let mut given = self.arguments(field)?;
        let page = page::read(self.catalog, table, &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let rows = parents.saturating_mul(page.limit);

        let page_key = LoadKey {
            kind: "page",
            table: table.id,
            columns: columns.to_vec(),
            arguments: given.text(|_| true),
        };
        let row_arguments = call::row_arguments(self.catalog, table, &given);
        let filter = given.take("filter").map(Rc::new);
        let aggregate_key = LoadKey {
            kind: "aggregate",
            table: table.id,
            columns: columns.to_vec(),
            arguments: row_arguments.clone(),
        };
        let (mut page_load, mut aggregate_load) = (None, None);
        let place = self.place(field);

        let type_name = format!("{}Connection", table.type_name);
        let parts = self.collect(&collected.selections(), &type_name)?;
        let fields = self.each(&parts, parents, |this, part, part_collected| {
            let sets = part_collected.selections();
            let mut load_page = |this: &mut Self| -> LoadId {
                let kind = || DraftKind::Page(page.clone());
                *page_load.get_or_insert_with(|| {
                    this.load(page_key.clone(), filter.clone(), &place, parents, kind())
                })
            };
            let mut load_aggregate = |this: &mut Self| -> LoadId {
                let call = page.call.clone();
                let kind = DraftKind::Aggregate(AggregateValues { expressions: Vec::new(), call });
                *aggregate_load.get_or_insert_with(|| {
                    this.load(aggregate_key.clone(), filter.clone(), &place, parents, kind)
                })
            };
            Ok(match &*part.name {
                "nodes" => {
                    let load = load_page(this);
                    ConnectionField::Nodes(this.row(table, load, &sets, rows)?)
                }
                "edges" => {
                    let load = load_page(this);
                    ConnectionField::Edges(this.edges(table, load, &sets, rows)?)
                }
                "pageInfo" => {
                    let load = load_page(this);
                    let mut beyond = |this: &mut Self, forward| -> RowsBeyond {
                        let pages = if forward {
                            [page.following().map(|page| ("following", page)), None]
                        } else {
                            let skipped = page.skipped().map(|page| ("skipped", page));
                            [page.preceding().map(|page| ("preceding", page)), skipped]
                        };
                        let loads = pages.into_iter().flatten().map(|(kind, page)| {
                            let load_key = LoadKey { kind, ..page_key.clone() };
                            this.load(load_key, filter.clone(), &place, parents, DraftKind::Page(page))
                        });
                        RowsBeyond { page: page.backward != forward, loads: loads.collect() }
                    };
                    ConnectionField::PageInfo(this.page_info(load, &mut beyond, &sets, parents)?)
                }
                "totalCount" => {
                    let load = load_aggregate(this);
                    ConnectionField::TotalCount(this.expression(load, Expression::Count))
                }
                "aggregate" => {
                    let load = load_aggregate(this);
                    ConnectionField::Aggregate(this.aggregate(table, load, &sets, parents)?)
                }
                "points" => {
                    let (load, selection) = this.thinned_rows(
                        table,
                        columns,
                        (&row_arguments, filter.as_ref(), &page),
                        part,
                        part_collected,
                        parents,
                    )?;
                    ConnectionField::Points(load, selection)
                }
                _ => ConnectionField::Typename,
            })
        })?;
        let has = |is_it: fn(&ConnectionField) -> bool| fields.iter().any(|field| is_it(&field.value));
        if page_load.is_some()
            && !has(|it| matches!(it, ConnectionField::Nodes(_) | ConnectionField::Edges(_)))
        {
            // The rows of the page are read even if the request does not select them.
            self.spend(rows)?;
        }
        if page_load.or(aggregate_load).is_none() && !has(|it| matches!(it, ConnectionField::Points(..))) {
            self.check_filter(table, filter.as_deref(), field)?;
        }
        Ok(ConnectionShape {
            page: page_load,
            aggregate: aggregate_load,
            type_name: table.type_name.clone(),
            fields,
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
        load: LoadId,
        beyond: &mut impl FnMut(&mut Self, bool) -> RowsBeyond,
        sets: &[&'a [Selection]],
        objects: u64,
    ) -> Planned<Vec<Keyed<PageInfoField>>> {
        let collected = self.collect(sets, "PageInfo")?;
        self.each(&collected, objects, |this, field, _| {
            Ok(match &*field.name {
                "hasNextPage" => PageInfoField::HasNextPage(beyond(this, true)),
                "hasPreviousPage" => PageInfoField::HasPreviousPage(beyond(this, false)),
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
