//! Finds the row that the database refuses among rows that are added together, or among the objects of a function's argument.
//!
//! Postgres names the broken rule, but not the row. So a binary search adds parts of the rows again, each time in a transaction
//! that is rolled back: a thousand rows take ten attempts. Only a refused request pays for it.

use std::ops::Range;
use std::sync::Arc;

use super::engine::Engine;
use super::error::Error;
use super::execute::mutation::{Among, Failure, MutationRunner, Probe};
use super::plan::Mutation;
use crate::auth::Caller;
use crate::database::{Session, SessionCounts};

/// The result of adding some of the rows.
enum Tried {
    /// They are refused for the same reason as all rows.
    Alike,
    /// They are refused for another reason.
    Otherwise,
    /// They are accepted.
    Taken,
    /// The result is unknown: other transactions interfere.
    Unknown,
}

impl Engine {
    pub(super) fn writer(&self, probe: Option<Probe>) -> MutationRunner<'_> {
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
        among: Among,
        counts: &mut SessionCounts,
    ) -> Error {
        let count = among.places.len();
        // The first `before` rows are accepted, or refused for another reason; the first `with` rows have this error.
        let (mut before, mut with) = (0, count);
        while with - before > 1 {
            let rows = usize::midpoint(before, with);
            match self.try_out(mutation, caller, &among, 0..rows, counts).await {
                Tried::Alike => with = rows,
                Tried::Otherwise | Tried::Taken => before = rows,
                Tried::Unknown => return among.error,
            }
        }
        // The error may concern the first row, or none of them.
        if among.may_be_about_none && before == 0 {
            let is_first = match count {
                0 => false,
                _ if among.is_of_field => true,
                // The call without the only object may be refused for that alone.
                1 => matches!(self.try_out(mutation, caller, &among, 0..0, counts).await, Tried::Taken),
                _ => {
                    let tried = self.try_out(mutation, caller, &among, 1..count, counts).await;
                    matches!(tried, Tried::Otherwise | Tried::Taken)
                }
            };
            if !is_first {
                return among.error;
            }
        }
        Error { argument: among.places.into_iter().nth(before), ..among.error }
    }

    async fn try_out(
        &self,
        mutation: &Mutation,
        caller: &Arc<Caller>,
        among: &Among,
        rows: Range<usize>,
        counts: &mut SessionCounts,
    ) -> Tried {
        let mut session = Session::writing(self.pool.clone(), Arc::clone(caller));
        let writer = self.writer(Some(Probe { at: among.at, rows }));
        let tried = writer.run(mutation, &mut session, &mut Vec::new()).await;
        *counts += session.counts();
        match tried {
            Err(Failure::Among(other)) if other.error == among.error => Tried::Alike,
            Err(Failure::Taken) => Tried::Taken,
            Err(Failure::Among(_) | Failure::Refused(_)) => Tried::Otherwise,
            Ok(_) | Err(Failure::Collision(_)) => Tried::Unknown,
        }
    }
}
