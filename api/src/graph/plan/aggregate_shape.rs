//! The shape of aggregates, groups and series in a response.

use super::LoadId;
use super::shape::Keyed;
use crate::graph::catalog::ColumnType;
use crate::graph::question::range::Ranges;
use crate::graph::question::series::{Fill, SeriesColumns};

/// The shape of series: lines of points.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct SeriesShape {
    /// The load, whose rows are lines and points.
    pub(in crate::graph) load: LoadId,
    /// The GraphQL name of the rows' type.
    pub(in crate::graph) type_name: String,
    /// The values of points without rows.
    pub(in crate::graph) fill: Fill,
    /// The type of the starts and ends of points.
    pub(in crate::graph) bucket_type: ColumnType,
    /// The positions of columns in the load's rows.
    pub(in crate::graph) columns: SeriesColumns,
    /// The fields, in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<SeriesField>>,
}

/// A field of a line.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum SeriesField {
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
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum PointField {
    /// `__typename`
    Typename,
    /// `start`
    Start,
    /// `end`
    End,
    /// `aggregate`
    Aggregate(Vec<Keyed<AggregateField>>),
}

/// The shape of groups of rows.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct GroupsShape {
    /// The load, whose rows are groups.
    pub(in crate::graph) load: LoadId,
    /// The GraphQL name of the rows' type.
    pub(in crate::graph) type_name: String,
    /// The fields, in the order of the request.
    pub(in crate::graph) fields: Vec<Keyed<GroupField>>,
}

/// A field of a group.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum GroupField {
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
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum KeyField {
    /// `__typename`
    Typename(String),
    /// A value that the rows of the group share, at this position of the group's row.
    Value(usize, ColumnType),
    /// The fields of a row that all rows of the group reference.
    Relation(Vec<Keyed<KeyField>>),
    /// The range that contains a value of each row of the group. Its number is at this position of the group's row.
    Range(usize, Ranges, Vec<Keyed<RangeField>>),
}

/// A field of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum RangeField {
    /// `__typename`
    Typename,
    /// `from`
    From,
    /// `to`
    To,
}

/// A field of an aggregate, or of a column's part of it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum AggregateField {
    /// `__typename`
    Typename(String),
    /// A count, at this position of the aggregate's row.
    Count(usize),
    /// Any other aggregate, at this position of the aggregate's row.
    Value(usize, ColumnType),
    /// The aggregates of one column.
    Column(Vec<Keyed<AggregateField>>),
}
