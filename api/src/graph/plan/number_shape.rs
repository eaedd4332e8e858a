//! The shape of numbers over many rows in a response: aggregates, groups, series.

use super::LoadId;
use super::shape::Keyed;
use crate::graph::catalog::ColumnType;
use crate::graph::question::range::Ranges;
use crate::graph::question::series::{Fill, SeriesColumns};

/// Series over rows: lines of points.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct SeriesShape {
    /// The load; its rows are lines and points.
    pub(in crate::graph) load: LoadId,
    /// GraphQL name of the rows' type.
    pub(in crate::graph) type_name: String,
    /// What stands where there is no row.
    pub(in crate::graph) fill: Fill,
    /// Type of the beginnings and ends of the points.
    pub(in crate::graph) bucket_type: ColumnType,
    /// Where the load's rows hold what.
    pub(in crate::graph) columns: SeriesColumns,
    /// Fields in the order of the request.
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

/// Groups of rows.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct GroupsShape {
    /// The load; its rows are groups.
    pub(in crate::graph) load: LoadId,
    /// GraphQL name of the rows' type.
    pub(in crate::graph) type_name: String,
    /// Fields in the order of the request.
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
    /// A value that the rows of the group share, at a position of the group's row.
    Value(usize, ColumnType),
    /// Values of a row that they all point to.
    Relation(Vec<Keyed<KeyField>>),
    /// A range that a value of each lies in, whose number is at a position of the group's row.
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
    /// A number of rows, at a position of the aggregate's row.
    Count(usize),
    /// Any other value, at a position of the aggregate's row.
    Value(usize, ColumnType),
    /// A column's part.
    Column(Vec<Keyed<AggregateField>>),
}
