//! Defines the error of a plan that could not be executed.

use std::mem::discriminant;

use super::key::Key;
use crate::database::{DatabaseError, Statement};
use crate::graph::error::Error;
use crate::graph::plan::{Load, LoadId, Plan, RequestPlace};

/// The error of a request that could not be executed.
#[derive(Clone, Debug)]
pub(in crate::graph) struct ExecutionError {
    pub(in crate::graph) error: Error,
    /// The load that failed, if the database cannot compute with a value.
    pub(in crate::graph) refused: Option<RefusedLoad>,
}

/// A load that the database has refused, with its keys.
#[derive(Clone, Debug)]
pub(in crate::graph) struct RefusedLoad {
    load: LoadId,
    keys: Vec<Key>,
}

impl From<Error> for ExecutionError {
    fn from(error: Error) -> Self {
        Self { error, refused: None }
    }
}

impl ExecutionError {
    /// Returns the error of a load that failed for some keys.
    pub(super) fn of(plan: &Plan, load: LoadId, keys: &[Key], error: &DatabaseError) -> Self {
        let place = &plan.loads[load.0].place;
        let refused = error.is_value_error().then(|| RefusedLoad { load, keys: keys.to_vec() });
        Self { error: Error::from(error).at(&place.path, place.location), refused }
    }
}

impl RefusedLoad {
    /// Returns the place of the load in the request.
    pub(in crate::graph) fn place<'p>(&self, plan: &'p Plan) -> &'p RequestPlace {
        &plan.loads[self.load.0].place
    }

    /// Returns the statement of the same load in another plan of the same request; `None` if that plan has no such load.
    pub(in crate::graph) fn statement(&self, plan: &Plan, other: &Plan) -> Option<Statement> {
        let load = &plan.loads[self.load.0];
        let is_alike = |it: &&Load| {
            it.place.path == load.place.path && discriminant(&it.kind) == discriminant(&load.kind)
        };
        let before = plan.loads[..self.load.0].iter().filter(is_alike).count();
        let same = other.loads.iter().filter(is_alike).nth(before)?;
        (same.parents == load.parents && same.parts == load.parts).then(|| same.statement(&self.keys))
    }
}
