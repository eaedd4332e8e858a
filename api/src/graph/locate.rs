//! Finds the row that the database refuses among those that are added together.
//!
//! Postgres says which rule is not kept, and not by which of the rows. So less and less of them are added once more, each
//! time in a transaction that is rolled back: of a thousand it takes ten. Only a request that is refused anyway pays for it.

use std::sync::Arc;

use super::engine::Engine;
use super::error::Error;
use super::execute::mutation::{Among, Failure, Probe, Writer, within};
use super::plan::Mutation;
use crate::auth::Caller;
use crate::database::{Session, SessionCounts};

impl Engine {
    pub(super) fn writer(&self, probe: Option<Probe>) -> Writer<'_> {
        Writer {
            catalog: &self.catalog,
            reference: &self.reference,
            refusals: &self.refusals,
            most: self.limits.answer,
            probe,
        }
    }

    /// The error of a mutation, with the row that it is about as its argument. `counts`: grows by what that costs.
    pub(super) async fn locate(
        &self,
        mutation: &Mutation,
        caller: &Arc<Caller>,
        among: Among,
        counts: &mut SessionCounts,
    ) -> Error {
        // So many of the rows are taken, or refused for another reason; with so many it is this one.
        let (mut before, mut with) = (0, among.places.len());
        while with - before > 1 {
            let rows = usize::midpoint(before, with);
            let mut session = Session::writing(self.pool.clone(), Arc::clone(caller));
            let writer = self.writer(Some(Probe { at: among.at, rows }));
            let tried = writer.run(mutation, &mut session, &mut Vec::new()).await;
            *counts += session.counts();
            match tried {
                Err(Failure::Among(other)) if other.error == among.error => with = rows,
                Err(Failure::Taken | Failure::Among(_) | Failure::Refused(_)) => before = rows,
                // Others are writing, and it cannot be told.
                Ok(_) | Err(Failure::Collision(_)) => return among.error,
            }
        }
        let place = among.places.get(before).map(|place| within(place, among.field.as_deref()));
        Error { argument: place, ..among.error }
    }
}
