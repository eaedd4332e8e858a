//! The plan of a request, made before any statement runs.
//!
//! A plan has three parts. The *shape* mirrors the response: it says which response key holds which column, row or page. The *loads* are
//! the questions to the database. Fields with the same relation and arguments share one load, wherever they are in the request. A load
//! holds its finished statement, which lacks only the keys of the parents. The *load tree* says which rows hold the keys of a load.

mod aggregate_shape;
mod collect;
mod load_tree;
mod mutation;
mod planner;
mod shape;
mod subscription;
#[cfg(test)]
mod tests;
mod trial;

pub(super) use aggregate_shape::{
    AggregateField, GroupField, GroupsShape, KeyField, PointField, RangeField, SeriesField, SeriesShape,
};
pub(super) use load_tree::{KeySource, LoadNode};
pub(super) use mutation::{
    FunctionWrite, Mutation, MutationField, MutationStep, Payload, PayloadField, RowWrite, Write,
};
pub(super) use planner::{plan, plan_mutation, plan_subscription};
pub(super) use shape::{
    ConnectionField, ConnectionShape, EdgeField, Keyed, Lookup, Nodes, PageInfoField, RootField, RowField,
    RowSelection, RowsBeyond,
};
pub use subscription::Topic;
pub(super) use subscription::{After, ChangeField, SubscriptionPlan};
pub(super) use trial::Trial;

use std::hash::{Hash, Hasher};

use super::catalog::ColumnType;
use super::error::{Location, PathSegment};
use super::introspection::Introspected;
use super::question::cursor::CursorShape;
use super::question::key::Parents;
use crate::database::Statement;

/// The index of a load in [`Plan::loads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LoadId(pub usize);

/// The plan of a query, or of the reads of a mutation or subscription.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    /// The fields of the response's `data`; empty in the plan of a mutation's or subscription's reads.
    pub fields: Vec<Keyed<RootField>>,
    /// The loads in the order in which they run: each below the load whose rows hold its keys.
    pub load_tree: Vec<LoadNode>,
    /// The loads, each of which runs one statement.
    pub loads: Vec<Load>,
    /// The largest number of objects in the answer, and the cost of its relations.
    pub cost: u64,
}

impl Plan {
    /// Returns the fields of introspection, each under its response key.
    pub(super) fn introspection(&self) -> impl Iterator<Item = (&str, &Introspected)> {
        self.fields.iter().filter_map(|Keyed { key, value }| match value {
            RootField::Introspection(field) => Some((key.as_str(), field)),
            _ => None,
        })
    }
}

/// A load: a statement that reads rows for the keys of any number of parents.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Load {
    /// The kind of rows that the statement returns.
    pub kind: LoadKind,
    /// The statement, without its first parameters, which are the parents' keys.
    pub statement: Statement,
    /// The number of parents that the statement takes.
    pub(super) parents: Parents,
    /// The types of the parts of the parents' key. They are empty if the statement reads the whole table, as it does for a reference
    /// table that is cached as a whole.
    pub(super) parts: Vec<ColumnType>,
    /// The positions of the parents' key in the rows; after the aggregates, if the rows hold aggregates.
    pub(super) positions: Vec<usize>,
    /// True if the statement reads reference tables only, so that its answer can be cached.
    pub only_reference: bool,
    /// The load that runs instead if the answer is too large: series without the longest stretches that have no rows.
    pub(super) gapped: Option<Box<Load>>,
    /// The first place in the request that needs the load, for errors.
    pub place: RequestPlace,
}

/// A place in the request and in the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestPlace {
    /// The path of the field in the response.
    pub path: Vec<PathSegment>,
    /// The location of the field in the request's text.
    pub location: Option<Location>,
}

/// Hashes the path by hand, since async-graphql's `PathSegment` does not implement `Hash`.
impl Hash for RequestPlace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.len().hash(state);
        for segment in &self.path {
            match segment {
                PathSegment::Field(name) => (0_u8, name).hash(state),
                PathSegment::Index(index) => (1_u8, index).hash(state),
            }
        }
        self.location.hash(state);
    }
}

/// The kind of rows that a load returns.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum LoadKind {
    /// The load returns at most one row per key.
    ByKey,
    /// The load returns a page of the whole table, or a page per key.
    Page {
        /// The largest number of rows on the page. The statement returns one more, to show that rows follow.
        limit: u64,
        /// True if the rows are read from the end of the order.
        backward: bool,
        /// The parts of the rows' cursors, if the request selects cursors.
        cursor: Option<CursorShape>,
    },
    /// The load returns the lines and points of series, of the whole table or for each key.
    Series {
        /// The largest number of rows for all keys together. The statement returns one more, to show that there are more.
        most: u64,
    },
    /// The load returns rows that are thinned for a chart, of the whole table or for each key.
    Points {
        /// The largest number of rows to choose from, for all keys together. The statement returns one more, to show that there are more.
        most: u64,
        /// The largest number of points of a key.
        max: usize,
        /// The types of x and y, which are the first columns of the rows.
        axes: [ColumnType; 2],
    },
    /// The load returns a row of aggregates over the whole table, or a row per key.
    Aggregate,
}
