//! Walks an operation and makes its plan.
//!
//! This file holds what every part of the walk needs: loads that are shared, limits, places. The other files of the
//! folder plan one kind of field each.

mod aggregates;
mod connections;
mod groups;
mod points;
mod root;
mod rows;
mod series;

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::collect::Collected;
use super::groups::Groups;
use super::input::ArgumentError;
use super::page::Page;
use super::points::Points;
use super::series::Series;
use super::sql::Sql;
use super::statement::{self, Expression, PageQuery, Parents};
use super::{CursorShape, Keyed, Load, LoadId, LoadKind, Place, Plan, cursor};
use crate::graph::catalog::{Catalog, ColumnId, Table, TableId};
use crate::graph::error::{Code, Error, PathSegment};
use crate::graph::limits::Limits;

/// Plans a validated query whose variables are coerced.
pub(crate) fn plan(
    catalog: &Catalog,
    limits: &Limits,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> Result<Plan, Error> {
    let mut planner = Planner {
        catalog,
        limits,
        document,
        variables,
        drafts: Vec::new(),
        interned: HashMap::new(),
        path: Vec::new(),
        fields: 0,
        cost: 0,
    };
    let fields = planner.root(&[&operation.selection_set], "Query", None)?;
    let loads = planner
        .drafts
        .iter()
        .map(|draft| {
            planner
                .finish(draft)
                .map_err(|error| error.into_error().at(&draft.place.path, draft.place.location))
        })
        .collect::<Result<_, _>>()?;
    Ok(Plan { fields, loads })
}

struct Planner<'a> {
    catalog: &'a Catalog,
    limits: &'a Limits,
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
    drafts: Vec<Draft>,
    interned: HashMap<Question, LoadId>,
    path: Vec<PathSegment>,
    fields: usize,
    cost: u64,
}

/// What makes two loads the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    kind: &'static str,
    table: TableId,
    columns: Vec<ColumnId>,
    /// Arguments as JSON text.
    arguments: String,
}

/// A load whose projection still grows.
struct Draft {
    table: TableId,
    kind: DraftKind,
    columns: Vec<ColumnId>,
    filter: Option<JsonValue>,
    projection: Vec<ColumnId>,
    cursors: bool,
    place: Place,
}

enum DraftKind {
    ByKey,
    Page(Page),
    Points(Points),
    Aggregate(Vec<Expression>),
    Groups(Groups),
    Series(Series),
}

type Planned<T> = Result<T, Error>;

impl<'a> Planner<'a> {
    /// Plans each collected field under its response key, within the limits of depth and number.
    fn each<T>(
        &mut self,
        collected: &[Collected<'a>],
        mut plan: impl FnMut(&mut Self, &'a Node<Field>, &Collected<'a>) -> Planned<T>,
    ) -> Planned<Vec<Keyed<T>>> {
        let mut planned = Vec::with_capacity(collected.len());
        for collected in collected {
            let field = collected.first();
            let key = field.response_key().to_string();
            self.path.push(PathSegment::Field(key.clone()));
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

    fn spend(&mut self, field: &Node<Field>, rows: u64) -> Planned<()> {
        self.cost = self.cost.saturating_add(rows);
        if self.cost <= self.limits.cost {
            return Ok(());
        }
        Err(self.exceeded(
            field,
            format!(
                "The answer could have more than {} rows (page sizes multiply down the tree). Ask for smaller pages \
                 with `first`, or for fewer points with `max`.",
                self.limits.cost
            ),
        ))
    }

    fn by_key(&mut self, table: &Table, columns: &[ColumnId], field: &Node<Field>) -> LoadId {
        let question =
            Question { kind: "key", table: table.id, columns: columns.to_vec(), arguments: String::new() };
        let place = self.place(field);
        self.load(question, None, &place, DraftKind::ByKey)
    }

    /// The load that answers a question: the one that is planned already, or a new one.
    fn load(
        &mut self,
        question: Question,
        filter: Option<JsonValue>,
        place: &Place,
        kind: DraftKind,
    ) -> LoadId {
        if let Some(load) = self.interned.get(&question) {
            return *load;
        }
        let table = self.catalog.table(question.table);
        // An aggregate has no columns. The rows of a reference table are kept whole, so that every request can share them.
        let projection = match &kind {
            DraftKind::Aggregate(_) | DraftKind::Groups(_) | DraftKind::Series(_) => Vec::new(),
            DraftKind::ByKey | DraftKind::Page(_) if table.is_reference => table.column_ids().collect(),
            DraftKind::ByKey | DraftKind::Page(_) => question.columns.clone(),
            DraftKind::Points(points) => [&points.axes, question.columns.as_slice()].concat(),
        };
        let load = LoadId(self.drafts.len());
        self.drafts.push(Draft {
            table: table.id,
            kind,
            columns: question.columns.clone(),
            filter,
            projection,
            cursors: false,
            place: place.clone(),
        });
        self.interned.insert(question, load);
        load
    }

    /// Position of a column in the rows of a load; asks for the column where nobody has yet.
    fn position(&mut self, load: LoadId, column: ColumnId) -> usize {
        let projection = &mut self.drafts[load.0].projection;
        projection.iter().position(|known| *known == column).unwrap_or_else(|| {
            projection.push(column);
            projection.len() - 1
        })
    }

    fn positions(&mut self, load: LoadId, columns: &[ColumnId]) -> Vec<usize> {
        columns.iter().map(|column| self.position(load, *column)).collect()
    }

    fn finish(&self, draft: &Draft) -> Result<Load, ArgumentError> {
        let sql = self.sql(draft, Parents::Many)?;
        let only_reference = sql.only_reference;
        let has_parents = !draft.columns.is_empty();
        let grouped = matches!(draft.kind, DraftKind::Groups(_) | DraftKind::Series(_));
        let single = (has_parents && !grouped && !only_reference)
            .then(|| self.sql(draft, Parents::One).map(Sql::finish))
            .transpose()?;
        Ok(Load {
            kind: self.kind(draft),
            statement: sql.finish(),
            single,
            only_reference,
            place: draft.place.clone(),
        })
    }

    fn sql(&self, draft: &Draft, parents: Parents) -> Result<Sql, ArgumentError> {
        let table = self.catalog.table(draft.table);
        let (columns, filter, most) = (&draft.columns, draft.filter.as_ref(), self.limits.conditions);
        match &draft.kind {
            DraftKind::ByKey if table.is_reference => Ok(statement::all(table, &draft.projection)),
            DraftKind::ByKey => Ok(statement::by_key(table, columns, &draft.projection, parents)),
            DraftKind::Page(page) => {
                let projection = &draft.projection;
                let query =
                    PageQuery { table, columns, parents, projection, page, filter, cursors: draft.cursors };
                statement::page(self.catalog, &query, most)
            }
            DraftKind::Points(points) => {
                let (projection, page) = (&draft.projection, &points.page);
                let query = PageQuery { table, columns, parents, projection, page, filter, cursors: false };
                super::points::sql(self.catalog, &query, most)
            }
            DraftKind::Groups(groups) => groups.sql(self.catalog, table, columns, filter, most),
            DraftKind::Series(series) => series.sql(self.catalog, table, columns, filter, most),
            DraftKind::Aggregate(expressions) => {
                statement::aggregate(self.catalog, table, columns, parents, expressions, filter, most)
            }
        }
    }

    fn kind(&self, draft: &Draft) -> LoadKind {
        let table = self.catalog.table(draft.table);
        let parts = statement::parts(table, &draft.columns);
        let behind = |width: usize| (0..parts.len()).map(|at| width + at).collect::<Vec<_>>();
        let in_row: Vec<usize> = draft
            .columns
            .iter()
            .filter_map(|column| draft.projection.iter().position(|known| known == column))
            .collect();
        match &draft.kind {
            DraftKind::ByKey => LoadKind::ByKey {
                parts: if table.is_reference { Vec::new() } else { parts },
                positions: in_row,
            },
            DraftKind::Page(page) => {
                let cursor = draft.cursors.then(|| CursorShape {
                    signature: cursor::signature(table, &cursor::named(&page.order)),
                    parts: page
                        .order
                        .iter()
                        .enumerate()
                        .map(|(at, term)| (draft.projection.len() + at, term.sort.ty.clone()))
                        .collect(),
                });
                LoadKind::Page {
                    parts,
                    positions: in_row,
                    limit: page.limit,
                    backward: page.backward,
                    cursor,
                }
            }
            DraftKind::Points(points) => LoadKind::Points {
                parts,
                positions: in_row,
                most: points.page.limit,
                max: points.max,
                axes: points.axes.map(|column| table.column(column).ty.clone()),
            },
            DraftKind::Groups(groups) => {
                let cursor = Some(CursorShape {
                    signature: cursor::signature(table, &groups.named(table)),
                    parts: groups.cursor_parts(),
                });
                let positions = behind(groups.width());
                LoadKind::Page { parts, positions, limit: groups.limit, backward: false, cursor }
            }
            DraftKind::Series(series) => {
                LoadKind::Series { positions: behind(series.width()), parts, most: series.most }
            }
            DraftKind::Aggregate(expressions) => {
                LoadKind::Aggregate { positions: behind(expressions.len()), parts }
            }
        }
    }

    fn place(&self, field: &Node<Field>) -> Place {
        let location = field.name.location().and_then(|span| span.line_column(&self.document.sources));
        Place { path: self.path.clone(), location }
    }

    fn refuse(&self, field: &Node<Field>, error: ArgumentError) -> Error {
        let place = self.place(field);
        error.into_error().at(&place.path, place.location)
    }

    fn exceeded(&self, field: &Node<Field>, message: String) -> Error {
        let place = self.place(field);
        Error::new(Code::LimitExceeded, message).at(&place.path, place.location)
    }
}

fn text(arguments: &JsonMap) -> String {
    serde_json::to_string(arguments).unwrap_or_default()
}
