//! Finds the row that the database refuses among rows that are added together, or among the objects of a function's argument.
//!
//! Postgres names the broken rule, but not the row. So a binary search adds parts of the rows again, each time in a transaction
//! that is rolled back: a thousand rows take ten attempts. Only a refused request pays for it.

use std::ops::Range;
use std::sync::Arc;

use super::engine::Engine;
use super::error::Error;
use super::execute::mutation::{Failure, MutationRunner, Probe, UnlocatedRefusal};
use super::plan::Mutation;
use crate::auth::Caller;
use crate::database::{Session, SessionCounts};

/// The outcome of adding some of the rows.
enum ProbeOutcome {
    /// They are refused for the same reason as all rows.
    SameRefusal,
    /// They are refused for another reason.
    OtherRefusal,
    /// They are accepted.
    Accepted,
    /// The outcome is unknown, because other transactions interfere.
    Unknown,
}

impl Engine {
    pub(super) fn mutation_runner(&self, probe: Option<Probe>) -> MutationRunner<'_> {
        MutationRunner {
            catalog: &self.catalog,
            reference: &self.reference,
            refusals: &self.refusals,
            most: self.limits.answer,
            probe,
        }
    }

    /// Returns the error of a mutation, with its row as the argument. `counts`: the cost is added.
    pub(super) async fn locate(
        &self,
        mutation: &Mutation,
        caller: &Arc<Caller>,
        refusal: UnlocatedRefusal,
        counts: &mut SessionCounts,
    ) -> Error {
        let count = refusal.places.len();
        // The first `before` rows are accepted, or refused for another reason; the first `with` rows have this error.
        let (mut before, mut with) = (0, count);
        while with - before > 1 {
            let rows = usize::midpoint(before, with);
            match self.probe(mutation, caller, &refusal, 0..rows, counts).await {
                ProbeOutcome::SameRefusal => with = rows,
                ProbeOutcome::OtherRefusal | ProbeOutcome::Accepted => before = rows,
                ProbeOutcome::Unknown => return refusal.error,
            }
        }
        // The error may concern the first row, or none of them.
        if refusal.may_be_about_none && before == 0 {
            let is_first = match count {
                0 => false,
                _ if refusal.is_of_field => true,
                // The call without the only object may be refused for that alone.
                1 => matches!(
                    self.probe(mutation, caller, &refusal, 0..0, counts).await,
                    ProbeOutcome::Accepted
                ),
                _ => {
                    let outcome = self.probe(mutation, caller, &refusal, 1..count, counts).await;
                    matches!(outcome, ProbeOutcome::OtherRefusal | ProbeOutcome::Accepted)
                }
            };
            if !is_first {
                return refusal.error;
            }
        }
        Error { argument: refusal.places.into_iter().nth(before), ..refusal.error }
    }

    async fn probe(
        &self,
        mutation: &Mutation,
        caller: &Arc<Caller>,
        refusal: &UnlocatedRefusal,
        rows: Range<usize>,
        counts: &mut SessionCounts,
    ) -> ProbeOutcome {
        let mut session = Session::writing(self.pool.clone(), Arc::clone(caller));
        let runner = self.mutation_runner(Some(Probe { at: refusal.at, rows }));
        let outcome = runner.run(mutation, &mut session, &mut Vec::new()).await;
        *counts += session.counts();
        match outcome {
            Err(Failure::Unlocated(other)) if other.error == refusal.error => ProbeOutcome::SameRefusal,
            Err(Failure::ProbeAccepted) => ProbeOutcome::Accepted,
            Err(Failure::Unlocated(_) | Failure::Refused(_)) => ProbeOutcome::OtherRefusal,
            Ok(_) | Err(Failure::Collision(_)) => ProbeOutcome::Unknown,
        }
    }
}
