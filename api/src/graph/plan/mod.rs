//! What a request asks for, worked out before any statement runs.
//!
//! A plan has two halves. The *selections* mirror the response: which key holds which column, row or page. The *loads*
//! are the questions to the database: one for each relation and arguments, wherever in the request it stands, so that
//! aliases and fragments share them. Loads hold finished SQL that lacks only the keys of the parents.

mod collect;
mod mutation;
mod planner;
mod subscription;
#[cfg(test)]
mod tests;
mod trial;

pub(super) use mutation::{Called, Change, Mutation, MutationField, Payload, PayloadField, Step, Write};
pub(super) use planner::{plan, plan_feed, plan_mutation};
pub use subscription::Topic;
pub(super) use subscription::{After, ChangeField, Feed};
pub(super) use trial::Trial;

use super::catalog::{ColumnType, TableId};
use super::error::{Location, PathSegment};
use super::introspection::Introspected;
use super::question::cursor::CursorShape;
use super::question::key::Parents;
use super::question::range::Ranges;
use super::question::series::{Fill, SeriesColumns};
use crate::database::Statement;

/// Index of a load in [`Plan::loads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LoadId(pub usize);

/// A request, ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    /// Fields of the response's `data`.
    pub fields: Vec<Keyed<RootField>>,
    /// What is asked of the database.
    pub loads: Vec<Load>,
    /// Objects that the answer has at most, and what its relations cost.
    pub cost: u64,
}

/// Something under a response key.
#[derive(Debug)]
pub(super) struct Keyed<T> {
    /// Response key: alias or name.
    pub key: String,
    /// What stands there.
    pub value: T,
}

/// A field of `Query`, or of a system's field in it.
#[derive(Debug)]
pub(super) enum RootField {
    /// `__typename`
    Typename(String),
    /// `__schema`, `__type`
    Introspection(Introspected),
    /// A system's own fields.
    Namespace(Vec<Keyed<RootField>>),
    /// A row by its key.
    One(Lookup),
    /// Rows by their global ids.
    Nodes(Nodes),
    /// A list.
    Connection(Connection),
    /// A grouped list.
    Groups(Groups),
    /// Series.
    Series(Series),
}

/// A row by its key.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The load, by key.
    pub load: LoadId,
    /// The key, in Postgres's binary format, one part per column.
    pub key: Vec<Vec<u8>>,
    /// What to return of it.
    pub selection: RowSelection,
}

/// Rows by their global ids, of any types.
#[derive(Debug)]
pub(super) struct Nodes {
    /// The types that the ids name: the load of their rows, and what to return of each.
    pub types: Vec<(LoadId, RowSelection)>,
    /// The ids in the order asked for: index of the type, and the key in Postgres's binary format; `None` for what is no id.
    pub ids: Vec<Option<(usize, Vec<Vec<u8>>)>>,
}

/// What to return of a row.
#[derive(Debug)]
pub(super) struct RowSelection {
    /// The row's table.
    pub table: TableId,
    /// Fields in the order of the request.
    pub fields: Vec<Keyed<RowField>>,
}

/// A field of a row.
#[derive(Debug)]
pub(super) enum RowField {
    /// `__typename`
    Typename,
    /// The global id, made of the primary key at these positions of the row.
    GlobalId(Vec<usize>),
    /// A column at a position of the row.
    Column(usize, ColumnType),
    /// The row that this one points to.
    One {
        /// The load, by key.
        load: LoadId,
        /// Positions of the key in this row.
        key: Vec<usize>,
        /// What to return of it.
        selection: RowSelection,
    },
    /// The row that this one points to, which came along with it.
    Joined {
        /// Positions, in this row, of the other's key: NULL where there is no such row.
        present: Vec<usize>,
        /// What to return of it.
        selection: RowSelection,
    },
    /// The rows that point to this one.
    Many {
        /// Positions of the key in this row.
        key: Vec<usize>,
        /// The page.
        connection: Connection,
    },
    /// Groups of the rows that point to this one.
    Groups {
        /// Positions of the key in this row.
        key: Vec<usize>,
        /// The groups.
        groups: Groups,
    },
    /// Series of the rows that point to this one.
    Series {
        /// Positions of the key in this row.
        key: Vec<usize>,
        /// The series.
        series: Series,
    },
}

/// Series over rows: lines of points.
#[derive(Debug)]
pub(super) struct Series {
    /// The load; its rows are lines and points.
    pub(super) load: LoadId,
    /// GraphQL name of the rows' type.
    pub(super) type_name: String,
    /// What stands where there is no row.
    pub(super) fill: Fill,
    /// Type of the beginnings and ends of the points.
    pub(super) moments: ColumnType,
    /// Where the load's rows hold what.
    pub(super) columns: SeriesColumns,
    /// Fields in the order of the request.
    pub(super) fields: Vec<Keyed<SeriesField>>,
}

/// A field of a line.
#[derive(Debug)]
pub(super) enum SeriesField {
    /// `__typename`
    Typename,
    /// `key`
    Key(Vec<Keyed<KeyField>>),
    /// `aggregate`
    Aggregate(Vec<Keyed<AggregateField>>),
    /// `points`
    Points(Vec<Keyed<PointField>>),
}

/// A field of a point.
#[derive(Debug)]
pub(super) enum PointField {
    /// `__typename`
    Typename,
    /// `start`
    Start,
    /// `end`
    End,
    /// `aggregate`
    Aggregate(Vec<Keyed<AggregateField>>),
}

/// Groups of rows.
#[derive(Debug)]
pub(super) struct Groups {
    /// The load; its rows are groups.
    pub(super) load: LoadId,
    /// GraphQL name of the rows' type.
    pub(super) type_name: String,
    /// Fields in the order of the request.
    pub(super) fields: Vec<Keyed<GroupField>>,
}

/// A field of a group.
#[derive(Debug)]
pub(super) enum GroupField {
    /// `__typename`
    Typename,
    /// `cursor`
    Cursor,
    /// `key`
    Key(Vec<Keyed<KeyField>>),
    /// `aggregate`
    Aggregate(Vec<Keyed<AggregateField>>),
}

/// A field of a group's key.
#[derive(Debug)]
pub(super) enum KeyField {
    /// `__typename`
    Typename(String),
    /// A value that the rows of the group share, at a position of the group's row.
    Value(usize, ColumnType),
    /// Values of a row that they all point to.
    Relation(Vec<Keyed<KeyField>>),
    /// A range that a value of each lies in, whose number is at a position of the group's row.
    Range(usize, Ranges, Vec<Keyed<RangeField>>),
}

/// A field of a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum RangeField {
    /// `__typename`
    Typename,
    /// `from`
    From,
    /// `to`
    To,
}

/// A page of rows.
#[derive(Debug)]
pub(super) struct Connection {
    /// The load of the rows, where any are asked for.
    pub page: Option<LoadId>,
    /// The load of the numbers over the rows on all pages, where any are asked for.
    pub(super) aggregate: Option<LoadId>,
    /// GraphQL name of the rows' type.
    pub type_name: String,
    /// Fields in the order of the request.
    pub fields: Vec<Keyed<ConnectionField>>,
}

/// A field of a connection.
#[derive(Debug)]
pub(super) enum ConnectionField {
    /// `__typename`
    Typename,
    /// `edges`
    Edges(Vec<Keyed<EdgeField>>),
    /// `nodes`
    Nodes(RowSelection),
    /// `pageInfo`
    PageInfo(Vec<Keyed<PageInfoField>>),
    /// `totalCount` and its position in the aggregate's row
    TotalCount(usize),
    /// `aggregate`
    Aggregate(Vec<Keyed<AggregateField>>),
    /// `points`: their load, and what to return of its rows
    Points(LoadId, RowSelection),
}

/// A field of an aggregate, or of a column's part of it.
#[derive(Debug)]
pub(super) enum AggregateField {
    /// `__typename`
    Typename(String),
    /// A number of rows, at a position of the aggregate's row.
    Count(usize),
    /// Any other value, at a position of the aggregate's row.
    Value(usize, ColumnType),
    /// A column's part.
    Column(Vec<Keyed<AggregateField>>),
}

/// A field of an edge.
#[derive(Debug)]
pub(super) enum EdgeField {
    /// `__typename`
    Typename,
    /// `cursor`
    Cursor,
    /// `node`
    Node(RowSelection),
}

/// What tells whether rows stand beyond an end of a page.
#[derive(Clone, Debug)]
pub(super) struct Beyond {
    /// Whether the page itself does: it was read towards that end.
    pub(super) page: bool,
    /// Pages without rows, of what lies beyond a cursor or is skipped.
    pub(super) loads: Vec<LoadId>,
}

/// A field of `PageInfo`.
#[derive(Clone, Debug)]
pub(super) enum PageInfoField {
    /// `__typename`
    Typename,
    /// `hasNextPage`
    HasNextPage(Beyond),
    /// `hasPreviousPage`
    HasPreviousPage(Beyond),
    /// `startCursor`
    StartCursor,
    /// `endCursor`
    EndCursor,
}

/// A question to the database.
#[derive(Debug)]
pub(super) struct Load {
    /// What kind of answer it has.
    pub kind: LoadKind,
    /// Its SQL; the parents' keys are the first parameters.
    pub statement: Statement,
    /// Whether the SQL takes one key or an array of them.
    pub(super) parents: Parents,
    /// Types of the parts of the parents' key, as the SQL takes them; none for the whole table, and where all rows are
    /// loaded whatever the keys: a reference table is small, and kept whole.
    pub(super) parts: Vec<ColumnType>,
    /// Positions of the parents' key in the rows; behind the numbers where there are only these.
    pub(super) positions: Vec<usize>,
    /// Whether the statement reads reference tables only, so that its answer can be kept.
    pub only_reference: bool,
    /// What is asked instead where the answer is too large: series without the longest stretches that have no rows.
    pub(super) torn: Option<Box<Load>>,
    /// Where in the request it came up first, for errors.
    pub place: Place,
}

/// A place in the request and in the response.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Which field of the response.
    pub path: Vec<PathSegment>,
    /// Where in the request's text.
    pub location: Option<Location>,
}

/// What kind of answer a load has.
#[derive(Debug)]
pub(super) enum LoadKind {
    /// At most one row per key.
    ByKey,
    /// A page: of the whole table, or one per key.
    Page {
        /// Rows on the page; one more was asked for, to know whether any follow.
        limit: u64,
        /// Whether the rows come from the end.
        backward: bool,
        /// How the rows are ordered, where cursors are asked for.
        cursor: Option<CursorShape>,
    },
    /// Lines and their points: of the whole table, or for each key.
    Series {
        /// Rows for all keys together; one more was asked for, to know whether there are more.
        most: u64,
    },
    /// Rows thinned for a chart: of the whole table, or for each key.
    Points {
        /// Rows to choose from, for all keys together; one more was asked for, to know whether there are more.
        most: u64,
        /// Rows for a key at most.
        max: usize,
        /// Types of x and y, which stand first in the rows.
        axes: [ColumnType; 2],
    },
    /// A row of numbers: over the whole table, or one per key.
    Aggregate,
}
