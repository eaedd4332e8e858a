//! Walks an operation and makes its plan.
//!
//! This file holds what every part of the walk needs: loads that are shared, limits, places. The other files of the
//! folder plan one kind of field each.

mod aggregates;
mod connections;
mod groups;
mod introspection;
mod mutations;
mod points;
mod root;
mod rows;
mod series;
mod subscriptions;

use std::rc::Rc;

use foldhash::HashMap;

use super::collect::{Collected, collect};
use super::{Keyed, Load, LoadId, LoadKind, Place, Plan, Trial};
use crate::graph::arguments::{ArgumentError, Arguments, Inputs, Reading, Value};
use crate::graph::catalog::{Catalog, ColumnId, Relation, Table, TableId};
use crate::graph::document::{Document, Field, Operation, Selection};
use crate::graph::error::{Code, Error, PathSegment};
use crate::graph::limits::Limits;
use crate::graph::question::allowance::Allowance;
use crate::graph::question::cursor::{self, CursorShape};
use crate::graph::question::find_or_push;
use crate::graph::question::groups::Groups;
use crate::graph::question::key::{self, Parents};
use crate::graph::question::numbers::{Expression, Numbers};
use crate::graph::question::page::Page;
use crate::graph::question::points::Points;
use crate::graph::question::projection::{Join, Selected};
use crate::graph::question::series::{Grid, Series};
use crate::graph::sql::{self, Sql};
use crate::graph::sql::{PageQuery, Rows};

/// Plans a validated query. `trial`: what is left out of it.
pub(crate) fn plan(
    catalog: &Catalog,
    limits: &Limits,
    document: &Document,
    operation: &Operation,
    inputs: &Inputs<'_>,
    trial: Option<&Trial>,
) -> Result<Plan, Error> {
    let mut planner = Planner { trial, ..Planner::new(catalog, limits, document, inputs) };
    let fields = planner.root(&[operation.selections.as_slice()], "Query", None)?;
    let loads = planner.take_loads()?;
    Ok(Plan { fields, loads, cost: planner.cost })
}

struct Planner<'a> {
    catalog: &'a Catalog,
    limits: &'a Limits,
    document: &'a Document,
    inputs: &'a Inputs<'a>,
    trial: Option<&'a Trial>,
    drafts: Vec<Draft<'a>>,
    interned: HashMap<Question, LoadId>,
    /// The fields that it stands within, from the root on.
    path: Vec<&'a Field>,
    allowance: Allowance<'a>,
    fields: usize,
    cost: u64,
    /// Whether reference tables are read anew: the request writes one of them.
    fresh: bool,
}

/// What makes two loads the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    kind: &'static str,
    table: TableId,
    columns: Vec<ColumnId>,
    /// Arguments as text.
    arguments: String,
}

/// A load whose projection still grows.
struct Draft<'a> {
    table: TableId,
    kind: DraftKind<'a>,
    columns: Vec<ColumnId>,
    /// How many keys it may be asked for at most.
    parents: u64,
    filter: Option<Rc<Value<'a>>>,
    joins: Vec<Join>,
    projection: Vec<Selected>,
    cursors: bool,
    place: Place,
}

/// Where the planner stands: at the rows of a load, or at those of a table that is joined to it.
#[derive(Clone, Copy)]
struct Source {
    load: LoadId,
    /// 0 for the load's own table, otherwise the number of the join.
    table: usize,
}

impl From<LoadId> for Source {
    fn from(load: LoadId) -> Self {
        Self { load, table: 0 }
    }
}

enum DraftKind<'a> {
    ByKey,
    /// Numbers of changes; the filter looks at these columns of the row before them.
    RowsBefore(Vec<ColumnId>),
    Page(Page),
    Points(Points),
    Aggregate(Numbers),
    Groups(Groups<'a>),
    Series(Series<'a>),
}

pub(crate) use mutations::plan_mutation;
pub(crate) use subscriptions::plan_feed;

type Planned<T> = Result<T, Error>;

impl<'a> Planner<'a> {
    fn new(catalog: &'a Catalog, limits: &'a Limits, document: &'a Document, inputs: &'a Inputs<'a>) -> Self {
        Self {
            catalog,
            limits,
            document,
            inputs,
            trial: None,
            drafts: Vec::new(),
            interned: HashMap::default(),
            path: Vec::new(),
            allowance: Allowance::new(limits),
            fields: 0,
            cost: 0,
            fresh: false,
        }
    }

    /// The loads that were planned since the last time.
    fn take_loads(&mut self) -> Planned<Vec<Load>> {
        self.interned.clear();
        let mut drafts = std::mem::take(&mut self.drafts);
        for draft in &mut drafts {
            if let DraftKind::Aggregate(numbers) = &mut draft.kind
                && numbers.expressions.is_empty()
            {
                // Only the names of types are asked for; without a number each row would be one of the answer.
                numbers.expressions.push(Expression::Count);
            }
        }
        drafts
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
            .collect()
    }

    /// The fields that the selection sets have on an object type.
    fn collect(&self, sets: &[&'a [Selection]], type_name: &str) -> Planned<Vec<Collected<'a>>> {
        collect(self.document, self.inputs, sets, type_name).map_err(|error| {
            let path = self.path.last().map(|field| self.place(field).path);
            self.document.pinpoint(Error { path: path.unwrap_or_default(), ..error })
        })
    }

    /// The arguments of a field that asks for something.
    fn arguments(&self, field: &'a Field) -> Planned<Arguments<'a>> {
        self.arguments_by(field, |_| Reading::Optional)
    }

    /// The arguments of a field; `reading` says of each how it is read.
    fn arguments_by(&self, field: &'a Field, reading: impl Fn(&str) -> Reading) -> Planned<Arguments<'a>> {
        let mut arguments =
            self.inputs.arguments(field, reading).map_err(|error| self.refuse(field, error))?;
        if let Some(trial) = self.trial {
            trial.apply(&self.place(field).path, &mut arguments);
        }
        Ok(arguments)
    }

    /// Plans each collected field of an object under its response key, within the limits of depth and number. `objects`: how many
    /// such objects the answer has at most, which is what they cost.
    fn each<T>(
        &mut self,
        collected: &[Collected<'a>],
        objects: u64,
        mut plan: impl FnMut(&mut Self, &'a Field, &Collected<'a>) -> Planned<T>,
    ) -> Planned<Vec<Keyed<T>>> {
        self.spend(objects)?;
        let mut planned = Vec::with_capacity(collected.len());
        for collected in collected {
            let field = collected.first();
            let key = field.key.to_string();
            self.path.push(field);
            self.fields += 1;
            if self.path.len() > self.limits.depth {
                return Err(
                    self.exceeded(field, format!("A request nests at most {} levels.", self.limits.depth))
                );
            }
            if self.fields > self.limits.fields {
                return Err(
                    self.exceeded(field, format!("A request has at most {} fields.", self.limits.fields))
                );
            }
            let value = plan(self, field, collected)?;
            self.path.pop();
            planned.push(Keyed { key, value });
        }
        Ok(planned)
    }

    /// Adds to the cost of the request, for the field that the planner stands at.
    fn spend(&mut self, cost: u64) -> Planned<()> {
        self.charge(cost).map_err(|error| match self.path.last() {
            Some(field) => {
                let place = self.place(field);
                error.at(&place.path, place.location)
            }
            None => error,
        })
    }

    /// Adds to the cost; the error has no place yet.
    fn charge(&mut self, cost: u64) -> Planned<()> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost <= self.limits.cost {
            return Ok(());
        }
        Err(Error::new(
            Code::LimitExceeded,
            format!(
                "The answer could have more than {} objects (page sizes multiply down the tree). Ask for smaller pages \
                 with `first`, for fewer points with `max`, or for a span of time with `from` and `to`.",
                self.limits.cost
            ),
        ))
    }

    fn by_key(&mut self, table: &Table, columns: &[ColumnId], field: &Field, parents: u64) -> LoadId {
        let question =
            Question { kind: "key", table: table.id, columns: columns.to_vec(), arguments: String::new() };
        let place = self.place(field);
        self.load(question, None, &place, parents, DraftKind::ByKey)
    }

    /// The load that answers a question below this many parents at most: the one that is planned already, or a new one.
    fn load(
        &mut self,
        question: Question,
        filter: Option<Rc<Value<'a>>>,
        place: &Place,
        parents: u64,
        kind: DraftKind<'a>,
    ) -> LoadId {
        if let Some(load) = self.interned.get(&question) {
            let known = &mut self.drafts[load.0].parents;
            *known = known.saturating_add(parents);
            return *load;
        }
        let table = self.catalog.table(question.table);
        // An aggregate has no columns. The rows of a reference table are kept whole, so that every request can share them.
        let projection = match &kind {
            DraftKind::RowsBefore(_)
            | DraftKind::Aggregate(_)
            | DraftKind::Groups(_)
            | DraftKind::Series(_) => Vec::new(),
            DraftKind::ByKey | DraftKind::Page(_) if table.is_reference => table.column_ids().collect(),
            DraftKind::ByKey | DraftKind::Page(_) => question.columns.clone(),
            DraftKind::Points(points) => [&points.axes, question.columns.as_slice()].concat(),
        };
        let projection = projection.into_iter().map(|column| Selected { table: 0, column }).collect();
        let load = LoadId(self.drafts.len());
        self.drafts.push(Draft {
            table: table.id,
            kind,
            columns: question.columns.clone(),
            parents,
            filter,
            joins: Vec::new(),
            projection,
            cursors: false,
            place: place.clone(),
        });
        self.interned.insert(question, load);
        load
    }

    /// Position of a column in the rows of a load; asks for the column where nobody has yet.
    fn position(&mut self, source: Source, column: ColumnId) -> usize {
        let wanted = Selected { table: source.table, column };
        find_or_push(&mut self.drafts[source.load.0].projection, wanted)
    }

    fn positions(&mut self, source: Source, columns: &[ColumnId]) -> Vec<usize> {
        columns.iter().map(|column| self.position(source, *column)).collect()
    }

    /// The rows that a relation leads to, joined to those that it starts from; `None` where they are better loaded by
    /// themselves: for a list, whose rows often point to the same, and from a reference table, which is kept in memory.
    fn join(&mut self, source: Source, relation: &Relation) -> Option<Source> {
        let draft = &mut self.drafts[source.load.0];
        let is_kept = |table: TableId| self.catalog.table(table).is_reference;
        if !matches!(draft.kind, DraftKind::ByKey) || is_kept(draft.table) || is_kept(relation.target) {
            return None;
        }
        let join = Join {
            from: source.table,
            table: relation.target,
            local: relation.local.clone(),
            remote: relation.remote.clone(),
        };
        Some(Source { load: source.load, table: find_or_push(&mut draft.joins, join) + 1 })
    }

    fn finish(&mut self, draft: &Draft<'_>) -> Result<Load, ArgumentError> {
        let load = self.finish_with(draft, Grid::Whole)?;
        let torn = match &draft.kind {
            DraftKind::Series(series) if series.is_open() => {
                // The same filter once more.
                let allowance = std::mem::replace(&mut self.allowance, Allowance::new(self.limits));
                let torn = self.finish_with(draft, Grid::Torn);
                self.allowance = allowance;
                Some(Box::new(torn?))
            }
            _ => None,
        };
        Ok(Load { torn, ..load })
    }

    fn finish_with(&mut self, draft: &Draft<'_>, grid: Grid) -> Result<Load, ArgumentError> {
        let grouped = matches!(draft.kind, DraftKind::Groups(_) | DraftKind::Series(_));
        let parents = if draft.parents == 1 && !grouped { Parents::One } else { Parents::Many };
        let sql = self.sql(draft, parents, grid)?;
        let table = self.catalog.table(draft.table);
        let takes_keys =
            !matches!(draft.kind, DraftKind::RowsBefore(_)) && !Self::is_kept_whole(draft, table);
        Ok(Load {
            kind: self.kind(draft),
            parents,
            parts: if takes_keys { key::parts(table, &draft.columns) } else { Vec::new() },
            positions: Self::key_positions(draft),
            only_reference: sql.reads_only_reference() && !self.fresh,
            statement: sql.finish(),
            place: draft.place.clone(),
            torn: None,
        })
    }

    /// Whether a load takes all rows of its table, whatever the keys: a reference table is small, and kept in memory.
    fn is_kept_whole(draft: &Draft<'_>, table: &Table) -> bool {
        matches!(draft.kind, DraftKind::ByKey) && table.is_reference && draft.filter.is_none()
    }

    fn sql(&mut self, draft: &Draft<'_>, parents: Parents, grid: Grid) -> Result<Sql, ArgumentError> {
        let table = self.catalog.table(draft.table);
        let (columns, filter, allowance) = (&draft.columns, draft.filter.as_deref(), &mut self.allowance);
        match &draft.kind {
            DraftKind::ByKey if Self::is_kept_whole(draft, table) => Ok(sql::all(table, &draft.projection)),
            DraftKind::ByKey => {
                let rows = Rows { table, joins: &draft.joins, projection: &draft.projection, filter };
                sql::by_key(self.catalog, &rows, columns, parents, allowance)
            }
            DraftKind::RowsBefore(looked_at) => {
                // The same filter once more: it is counted where the rows are read.
                let mut allowance = Allowance::new(self.limits);
                let looked_at = looked_at.iter().copied();
                sql::rows_before(self.catalog, table, looked_at, filter, &mut allowance)
            }
            DraftKind::Page(page) => {
                // The same filter once more: it is counted where the page is read.
                let mut beside = Allowance::new(self.limits);
                let allowance = if page.is_beside { &mut beside } else { allowance };
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
                    // All of them are read.
                    scoped: false,
                };
                sql::points(self.catalog, &query, allowance)
            }
            DraftKind::Groups(groups) => sql::groups(groups, self.catalog, table, columns, filter, allowance),
            DraftKind::Series(series) => series.sql(grid, self.catalog, table, columns, filter, allowance),
            DraftKind::Aggregate(numbers) => {
                sql::aggregate(self.catalog, table, columns, parents, numbers, filter, allowance)
            }
        }
    }

    /// Positions of the parents' key in the rows of a load.
    fn key_positions(draft: &Draft<'_>) -> Vec<usize> {
        let behind = |width: usize| (width..width + draft.columns.len()).collect();
        match &draft.kind {
            DraftKind::ByKey | DraftKind::Page(_) | DraftKind::Points(_) => {
                let position = |column: &ColumnId| {
                    draft.projection.iter().position(|known| known.table == 0 && known.column == *column)
                };
                draft.columns.iter().filter_map(position).collect()
            }
            DraftKind::RowsBefore(_) => vec![0],
            DraftKind::Groups(groups) => behind(groups.width()),
            DraftKind::Series(series) => behind(series.width()),
            DraftKind::Aggregate(numbers) => behind(numbers.expressions.len()),
        }
    }

    fn kind(&self, draft: &Draft<'_>) -> LoadKind {
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

    fn place(&self, field: &Field) -> Place {
        let path = self.path.iter().map(|field| PathSegment::Field(field.key.to_string()));
        Place { path: path.collect(), location: Some(field.location) }
    }

    fn refuse(&self, field: &Field, error: ArgumentError) -> Error {
        self.refuse_at(&self.place(field), error)
    }

    fn refuse_at(&self, field: &Place, error: ArgumentError) -> Error {
        self.document.pinpoint(error.into_error().at(&field.path, field.location))
    }

    fn exceeded(&self, field: &Field, message: String) -> Error {
        let place = self.place(field);
        Error::new(Code::LimitExceeded, message).at(&place.path, place.location)
    }
}
