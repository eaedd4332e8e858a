//! Finds the argument that the database cannot compute with, if planning has not detected it.
//!
//! Postgres reports an invalid value without saying which. So the statements run again without one argument after the other, and
//! then without parts of the argument whose absence makes them succeed. Only a refused request pays for it.

use std::time::Duration;

use super::execute::{ExecutionError, RefusedLoad};
use super::plan::{Plan, Trial};
use crate::database::{Session, SessionCounts};
use crate::graph::error::Error;

/// The most attempts for one error.
const MOST_TRIALS: u32 = 32;
/// The longest time of these attempts.
const LONGEST: Duration = Duration::from_secs(3);

/// The result of an attempt.
enum TrialOutcome {
    /// The statement succeeds.
    Succeeded,
    /// The statement fails.
    Failed,
    /// The plan has no such statement without that part.
    NoStatement,
}

/// Searches for the argument by variants of a failed request.
pub(super) struct Search<'a, Replan, Begin> {
    plan: &'a Plan,
    /// Plans the same request without a part of its arguments.
    replan: Replan,
    /// Begins a session of the caller.
    begin: Begin,
    left: u32,
    counts: SessionCounts,
}

impl<'a, Replan, Begin> Search<'a, Replan, Begin>
where
    Replan: Fn(&Trial) -> Option<Plan>,
    Begin: Fn() -> Session,
{
    pub(super) fn new(plan: &'a Plan, replan: Replan, begin: Begin) -> Self {
        Self { plan, replan, begin, left: MOST_TRIALS, counts: SessionCounts::default() }
    }

    /// Returns the error with its argument, if there is one, and the cost of the search.
    pub(super) async fn name_argument(mut self, failed: ExecutionError) -> (Error, SessionCounts) {
        let ExecutionError { mut error, refused } = failed;
        if let Some(refused) = refused {
            let mut found = None;
            // The result so far is correct, if not as precise as possible.
            let _ = tokio::time::timeout(LONGEST, self.search(&refused, &mut found)).await;
            if let Some(argument) = found {
                error.message = format!("{argument}: {}", error.message);
                error.argument = Some(argument);
            }
        }
        (error, self.counts)
    }

    async fn search(&mut self, refused: &RefusedLoad, found: &mut Option<String>) {
        let path = &refused.place(self.plan).path;
        let whole = Trial::whole(path);
        (self.replan)(&whole);
        let mut parts = whole.parts();
        while !parts.is_empty() {
            let (mut hits, mut deeper) = (Vec::new(), Vec::new());
            for part in std::mem::take(&mut parts) {
                if self.left == 0 {
                    return;
                }
                let trial = Trial::without(path, part);
                match self.outcome(refused, &trial).await {
                    TrialOutcome::Succeeded => hits.push(trial),
                    TrialOutcome::Failed => {}
                    TrialOutcome::NoStatement => match self.outcome(refused, &trial.emptied()).await {
                        TrialOutcome::Succeeded => hits.push(trial),
                        TrialOutcome::Failed | TrialOutcome::NoStatement => deeper.extend(trial.parts()),
                    },
                }
            }
            match hits.as_slice() {
                [] => parts = deeper,
                [only] => {
                    parts = only.parts();
                    *found = Some(only.argument());
                }
                // The argument could be any of them.
                _ => return,
            }
        }
    }

    async fn outcome(&mut self, refused: &RefusedLoad, trial: &Trial) -> TrialOutcome {
        let planned = (self.replan)(trial).and_then(|plan| refused.statement(self.plan, &plan));
        let Some(statement) = planned else { return TrialOutcome::NoStatement };
        self.left = self.left.saturating_sub(1);
        let mut session = (self.begin)();
        let answered = session.query_last(std::slice::from_ref(&statement)).await.is_ok();
        self.counts += session.counts();
        if answered { TrialOutcome::Succeeded } else { TrialOutcome::Failed }
    }
}
