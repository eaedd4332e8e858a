//! The plan of a request, made before any statement runs.
//!
//! A plan has three parts. The *shape* mirrors the response: which key holds which column, row or page. The *loads*
//! are the questions to the database: one for each relation and arguments, wherever in the request it stands, so that
//! aliases and fragments share them; they hold finished SQL that lacks only the keys of the parents. The *asks* say which load is
//! asked for which keys, below which rows.

mod collect;
mod load_tree;
mod mutation;
mod number_shape;
mod planner;
mod shape;
mod subscription;
#[cfg(test)]
mod tests;
mod trial;

pub(super) use load_tree::{KeySource, LoadNode};
pub(super) use mutation::{
    FunctionWrite, Mutation, MutationField, MutationStep, Payload, PayloadField, RowWrite, Write,
};
pub(super) use number_shape::{
    AggregateField, GroupField, GroupsShape, KeyField, PointField, RangeField, SeriesField, SeriesShape,
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

/// Index of a load in [`Plan::loads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LoadId(pub usize);

/// A request, ready to run.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    /// Fields of the response's `data`.
    pub fields: Vec<Keyed<RootField>>,
    /// The loads that are asked first, and what is asked below their rows.
    pub load_tree: Vec<LoadNode>,
    /// What is asked of the database.
    pub loads: Vec<Load>,
    /// Objects that the answer has at most, and what its relations cost.
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

/// A question to the database.
#[derive(Debug, PartialEq, Eq, Hash)]
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
    pub(super) gapped: Option<Box<Load>>,
    /// Where in the request it came up first, for errors.
    pub place: RequestPlace,
}

/// A place in the request and in the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestPlace {
    /// Which field of the response.
    pub path: Vec<PathSegment>,
    /// Where in the request's text.
    pub location: Option<Location>,
}

/// The library's segments have no hash of their own.
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

/// What kind of answer a load has.
#[derive(Debug, PartialEq, Eq, Hash)]
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
