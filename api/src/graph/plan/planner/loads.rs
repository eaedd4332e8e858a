//! Records the loads of a plan. Fields with the same relation and arguments share one load.

use std::rc::Rc;

use super::super::{KeySource, Load, LoadId, LoadNode, RequestPlace, load_tree};
use super::{Planned, Planner};
use crate::graph::arguments::Value;
use crate::graph::catalog::{ColumnId, Relation, Table, TableId};
use crate::graph::document::Field;
use crate::graph::question::aggregates::{AggregateValues, Expression};
use crate::graph::question::find_or_push;
use crate::graph::question::groups::Groups;
use crate::graph::question::page::Page;
use crate::graph::question::points::Points;
use crate::graph::question::projection::{Join, SelectedColumn};
use crate::graph::question::series::Series;

/// The identity of a load: two fields with the same load key share one load.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct LoadKey {
    pub(super) kind: &'static str,
    pub(super) table: TableId,
    pub(super) columns: Vec<ColumnId>,
    /// The arguments as text.
    pub(super) arguments: String,
}

/// A load that is being planned: its projection and joins still grow.
pub(super) struct LoadDraft<'a> {
    pub(super) table: TableId,
    pub(super) kind: DraftKind<'a>,
    pub(super) columns: Vec<ColumnId>,
    /// The largest number of keys.
    pub(super) parents: u64,
    pub(super) filter: Option<Rc<Value<'a>>>,
    pub(super) joins: Vec<Join>,
    pub(super) projection: Vec<SelectedColumn>,
    pub(super) cursors: bool,
    pub(super) place: RequestPlace,
}

/// The source of rows: a load, or a table that is joined to its table.
#[derive(Clone, Copy)]
pub(super) struct RowSource {
    pub(super) load: LoadId,
    /// The table: 0 for the load's own table, otherwise the number of the join, from 1.
    pub(super) table: usize,
}

impl RowSource {
    /// Returns true if the rows are joined to those of the load.
    pub(super) fn is_joined(self) -> bool {
        self.table > 0
    }
}

impl From<LoadId> for RowSource {
    fn from(load: LoadId) -> Self {
        Self { load, table: 0 }
    }
}

pub(super) enum DraftKind<'a> {
    ByKey,
    /// The load returns numbers of changes. The filter uses these columns of the row before the change.
    RowsBefore(Vec<ColumnId>),
    Page(Page),
    Points(Points),
    Aggregate(AggregateValues),
    Groups(Groups<'a>),
    Series(Series<'a>),
}

impl<'a> Planner<'a> {
    /// Returns the loads that were planned since the last call, and their tree.
    pub(super) fn take_loads(&mut self) -> Planned<(Vec<Load>, Vec<LoadNode>)> {
        self.interned.clear();
        let mut drafts = std::mem::take(&mut self.drafts);
        for draft in &mut drafts {
            if let DraftKind::Aggregate(aggregate) = &mut draft.kind
                && aggregate.expressions.is_empty()
            {
                // The request selects only names of types. Without an aggregate the statement would return each row.
                aggregate.expressions.push(Expression::Count);
            }
        }
        let load_tree = std::mem::take(&mut self.load_tree);
        let loads: Planned<Vec<Load>> = drafts
            .iter()
            .map(|draft| {
                let before = self.allowance.relations();
                let load = self.finish(draft);
                let load = load.map_err(|error| self.refuse_at(&draft.place, error))?;
                let relations = (self.allowance.relations() - before) as u64;
                let cost = relations.saturating_mul(self.limits.default_page);
                self.charge(cost).map_err(|error| error.at(&draft.place.path, draft.place.location))?;
                Ok(load)
            })
            .collect();
        Ok((loads?, load_tree))
    }

    pub(super) fn by_key(
        &mut self,
        table: &Table,
        columns: &[ColumnId],
        field: &Field,
        parents: u64,
    ) -> LoadId {
        let load_key =
            LoadKey { kind: "key", table: table.id, columns: columns.to_vec(), arguments: String::new() };
        let place = self.place(field);
        self.load(load_key, None, &place, parents, DraftKind::ByKey)
    }

    /// Returns the load with this key, which is planned if it is new. `parents` is the largest number of parents below which the field is
    /// selected.
    pub(super) fn load(
        &mut self,
        load_key: LoadKey,
        filter: Option<Rc<Value<'a>>>,
        place: &RequestPlace,
        parents: u64,
        kind: DraftKind<'a>,
    ) -> LoadId {
        if let Some(load) = self.interned.get(&load_key).copied() {
            let known = &mut self.drafts[load.0].parents;
            *known = known.saturating_add(parents);
            load_tree::add(&mut self.load_tree, load, self.keys.clone());
            return load;
        }
        let table = self.catalog.table(load_key.table);
        // An aggregate has no columns. The rows of a reference table have all columns, so that all requests can share the cached rows.
        let projection = match &kind {
            DraftKind::RowsBefore(_)
            | DraftKind::Aggregate(_)
            | DraftKind::Groups(_)
            | DraftKind::Series(_) => Vec::new(),
            DraftKind::ByKey | DraftKind::Page(_) if table.is_reference => table.column_ids().collect(),
            DraftKind::ByKey | DraftKind::Page(_) => load_key.columns.clone(),
            DraftKind::Points(points) => [&points.axes, load_key.columns.as_slice()].concat(),
        };
        let projection = projection.into_iter().map(|column| SelectedColumn { table: 0, column }).collect();
        let load = LoadId(self.drafts.len());
        self.drafts.push(LoadDraft {
            table: table.id,
            kind,
            columns: load_key.columns.clone(),
            parents,
            filter,
            joins: Vec::new(),
            projection,
            cursors: false,
            place: place.clone(),
        });
        self.interned.insert(load_key, load);
        self.load_tree.push(LoadNode { load, keys: self.keys.clone(), children: Vec::new() });
        load
    }

    /// Runs a part of the planner whose loads have keys of this source.
    pub(super) fn for_keys<T>(
        &mut self,
        keys: KeySource,
        plan: impl FnOnce(&mut Self) -> Planned<T>,
    ) -> Planned<T> {
        let outer = std::mem::replace(&mut self.keys, keys);
        let planned = plan(self)?;
        self.keys = outer;
        Ok(planned)
    }

    /// Runs a part of the planner whose loads are children of this load.
    pub(super) fn below<T>(
        &mut self,
        load: LoadId,
        plan: impl FnOnce(&mut Self) -> Planned<T>,
    ) -> Planned<T> {
        let outer = std::mem::take(&mut self.load_tree);
        let planned = plan(self)?;
        let children = std::mem::replace(&mut self.load_tree, outer);
        load_tree::merge(
            &mut load_tree::add(&mut self.load_tree, load, self.keys.clone()).children,
            children,
        );
        Ok(planned)
    }

    /// Returns the position of a column in the rows of a load, and selects the column if it is missing.
    pub(super) fn position(&mut self, source: RowSource, column: ColumnId) -> usize {
        let wanted = SelectedColumn { table: source.table, column };
        find_or_push(&mut self.drafts[source.load.0].projection, wanted)
    }

    pub(super) fn positions(&mut self, source: RowSource, columns: &[ColumnId]) -> Vec<usize> {
        columns.iter().map(|column| self.position(source, *column)).collect()
    }

    /// Joins the rows that a relation leads to, and returns them as a source. It returns `None` if a load of their own is better: for a
    /// list, whose rows often reference the same row, and for a reference table, which is cached in memory.
    pub(super) fn join(&mut self, source: RowSource, relation: &Relation) -> Option<RowSource> {
        let draft = &mut self.drafts[source.load.0];
        let is_reference = |table: TableId| self.catalog.table(table).is_reference;
        if !matches!(draft.kind, DraftKind::ByKey)
            || is_reference(draft.table)
            || is_reference(relation.target)
        {
            return None;
        }
        let join = Join {
            from: source.table,
            table: relation.target,
            local: relation.local.clone(),
            remote: relation.remote.clone(),
        };
        Some(RowSource { load: source.load, table: find_or_push(&mut draft.joins, join) + 1 })
    }
}
