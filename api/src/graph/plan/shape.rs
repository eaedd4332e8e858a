//! The shape of a response: which key holds which column, row or page.

use super::LoadId;
use super::number_shape::{AggregateField, GroupsShape, SeriesShape};
use crate::graph::catalog::{ColumnType, TableId};
use crate::graph::introspection::Introspected;

/// Something under a response key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Keyed<T> {
    /// Response key: alias or name.
    pub(in crate::graph) key: String,
    /// What stands there.
    pub(in crate::graph) value: T,
}

/// A field of `Query`, or of a system's field in it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum RootField {
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
    Connection(ConnectionShape),
    /// A grouped list.
    Groups(GroupsShape),
    /// Series.
    Series(SeriesShape),
}

/// A row by its key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Lookup {
    /// The load, by key.
    pub(in crate::graph) load: LoadId,
    /// The key, in Postgres's binary format, one part per column.
    pub(in crate::graph) key: Vec<Vec<u8>>,
    /// What to return of it.
    pub(in crate::graph) selection: RowSelection,
}

/// Rows by their global ids, of any types.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Nodes {
    /// The types that the ids name: the load of their rows, and what to return of each.
    pub(in crate::graph) types: Vec<(LoadId, RowSelection)>,
    /// The ids in the order asked for: index of the type, and the key in Postgres's binary format; `None` for what is no id.
    pub(in crate::graph) ids: Vec<Option<(usize, Vec<Vec<u8>>)>>,
}

/// What to return of a row.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct RowSelection {
    /// The row's table.
    pub(in crate::graph) table: TableId,
    /// Fields in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<RowField>>,
}

/// A field of a row.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum RowField {
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
        connection: ConnectionShape,
    },
    /// Groups of the rows that point to this one.
    Groups {
        /// Positions of the key in this row.
        key: Vec<usize>,
        /// The groups.
        groups: GroupsShape,
    },
    /// Series of the rows that point to this one.
    Series {
        /// Positions of the key in this row.
        key: Vec<usize>,
        /// The series.
        series: SeriesShape,
    },
}

/// A page of rows.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct ConnectionShape {
    /// The load of the rows, where any are asked for.
    pub(in crate::graph) page: Option<LoadId>,
    /// The load of the numbers over the rows on all pages, where any are asked for.
    pub(in crate::graph) aggregate: Option<LoadId>,
    /// GraphQL name of the rows' type.
    pub(in crate::graph) type_name: String,
    /// Fields in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<ConnectionField>>,
}

/// A field of a connection.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum ConnectionField {
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

/// A field of an edge.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum EdgeField {
    /// `__typename`
    Typename,
    /// `cursor`
    Cursor,
    /// `node`
    Node(RowSelection),
}

/// What tells whether rows stand beyond an end of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct RowsBeyond {
    /// Whether the page itself does: it was read towards that end.
    pub(in crate::graph) page: bool,
    /// Pages without rows, of what lies beyond a cursor or is skipped.
    pub(in crate::graph) loads: Vec<LoadId>,
}

/// A field of `PageInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum PageInfoField {
    /// `__typename`
    Typename,
    /// `hasNextPage`
    HasNextPage(RowsBeyond),
    /// `hasPreviousPage`
    HasPreviousPage(RowsBeyond),
    /// `startCursor`
    StartCursor,
    /// `endCursor`
    EndCursor,
}
