//! The shape of a response: the column, row or page of each response key.

use super::LoadId;
use super::aggregate_shape::{AggregateField, GroupsShape, SeriesShape};
use crate::graph::catalog::{ColumnType, TableId};
use crate::graph::introspection::Introspected;

/// A part of the response, with its response key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Keyed<T> {
    /// The response key: the field's alias, or its name.
    pub(in crate::graph) key: String,
    /// The part of the response.
    pub(in crate::graph) value: T,
}

/// A field of `Query`, or of a system's own field in `Query`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum RootField {
    /// `__typename`
    Typename(String),
    /// `__schema`, `__type`
    Introspection(Introspected),
    /// The fields of a system.
    Namespace(Vec<Keyed<RootField>>),
    /// A row, found by its key.
    One(Lookup),
    /// Rows, found by their global ids.
    Nodes(Nodes),
    /// A connection.
    Connection(ConnectionShape),
    /// A grouped list.
    Groups(GroupsShape),
    /// Series.
    Series(SeriesShape),
}

/// The shape of a row that the arguments name by a key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Lookup {
    /// The load of the row.
    pub(in crate::graph) load: LoadId,
    /// The key, one part per column, in Postgres's binary format.
    pub(in crate::graph) key: Vec<Vec<u8>>,
    /// The selected fields of the row.
    pub(in crate::graph) selection: RowSelection,
}

/// The shape of rows of any types, which the arguments name by global ids.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Nodes {
    /// The types of the ids: the load of their rows, and the selected fields.
    pub(in crate::graph) types: Vec<(LoadId, RowSelection)>,
    /// The ids in the order of the argument: the index of the type, and the key in Postgres's binary format; `None` for an invalid id.
    pub(in crate::graph) ids: Vec<Option<(usize, Vec<Vec<u8>>)>>,
}

/// The selected fields of a row.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct RowSelection {
    /// The row's table.
    pub(in crate::graph) table: TableId,
    /// The fields, in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<RowField>>,
}

/// A field of a row.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum RowField {
    /// `__typename`
    Typename,
    /// The global id, made from the primary key at these positions of the row.
    GlobalId(Vec<usize>),
    /// A column, at this position of the row.
    Column(usize, ColumnType),
    /// A row that this one references.
    One {
        /// The load of that row.
        load: LoadId,
        /// The positions of the key in this row.
        key: Vec<usize>,
        /// The selected fields of the row.
        selection: RowSelection,
    },
    /// A row that this one references, loaded together with it by a join.
    Joined {
        /// The positions of the other row's key, which is NULL if there is no such row.
        present: Vec<usize>,
        /// The selected fields of the row.
        selection: RowSelection,
    },
    /// The rows that reference this one.
    Many {
        /// The positions of the key in this row.
        key: Vec<usize>,
        /// The page.
        connection: ConnectionShape,
    },
    /// Groups of the rows that reference this one.
    Groups {
        /// The positions of the key in this row.
        key: Vec<usize>,
        /// The groups.
        groups: GroupsShape,
    },
    /// Series of the rows that reference this one.
    Series {
        /// The positions of the key in this row.
        key: Vec<usize>,
        /// The series.
        series: SeriesShape,
    },
}

/// The shape of a connection: a page of rows, and aggregates over all pages.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct ConnectionShape {
    /// The load of the page, if the request selects its rows.
    pub(in crate::graph) page: Option<LoadId>,
    /// The load of the aggregates over all pages, if the request selects any.
    pub(in crate::graph) aggregate: Option<LoadId>,
    /// The GraphQL name of the rows' type.
    pub(in crate::graph) type_name: String,
    /// The fields, in the order of the request.
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
    /// `totalCount`, with its position in the aggregate's row
    TotalCount(usize),
    /// `aggregate`
    Aggregate(Vec<Keyed<AggregateField>>),
    /// `points`, with their load and the selected fields of its rows
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

/// The loads that show whether rows exist beyond an end of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct RowsBeyond {
    /// True if the page's own load shows it, because it reads towards that end.
    pub(in crate::graph) page: bool,
    /// The probes for rows beyond a cursor, and for skipped rows.
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
