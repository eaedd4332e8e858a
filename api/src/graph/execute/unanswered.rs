//! Why a request has no answer.

use std::mem::discriminant;

use super::key::Key;
use crate::database::{DatabaseError, Statement};
use crate::graph::error::Error;
use crate::graph::plan::{Load, LoadId, Plan, RequestPlace};

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Unanswered {
    pub(in crate::graph) error: Error,
    /// What was asked, where the database cannot compute with a value.
    pub(in crate::graph) refused: Option<RefusedLoad>,
}

/// What was asked of a load.
#[derive(Clone, Debug)]
pub(in crate::graph) struct RefusedLoad {
    load: LoadId,
    keys: Vec<Key>,
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Self {
        Self { error, refused: None }
    }
}

impl Unanswered {
    /// Returns the error of a load that failed for some keys.
    pub(super) fn of(plan: &Plan, load: LoadId, keys: &[Key], error: &DatabaseError) -> Self {
        let place = &plan.loads[load.0].place;
        let refused = error.is_value_error().then(|| RefusedLoad { load, keys: keys.to_vec() });
        Self { error: Error::from(error).at(&place.path, place.location), refused }
    }
}

impl RefusedLoad {
    /// Returns where it came up.
    pub(in crate::graph) fn place<'p>(&self, plan: &'p Plan) -> &'p RequestPlace {
        &plan.loads[self.load.0].place
    }

    /// Returns the statement that asks the same by another plan of the same request; `None`: that one does not ask it.
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
