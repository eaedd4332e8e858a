//! Runs a plan: level by level, each level's statements in one round trip, then writes the answer as JSON.

mod answer;
pub(super) mod changes;
mod json;
mod key;
mod level;
mod loader;
pub(super) mod mutation;
mod reference;
pub(super) mod refused;
mod thin;
mod unanswered;
pub(in crate::graph) mod written;

use self::answer::LoadAnswer;
pub(super) use self::json::Out;
use self::level::Level;
use self::loader::Questions;
pub use self::reference::ReferenceCache;
pub(super) use self::unanswered::{RefusedLoad, Unanswered};
use super::catalog::Catalog;
use super::introspection::Answers;
use super::plan::Plan;
use crate::database::{Session, SessionCounts};

/// Loads everything that a plan asks for and appends the response's `data`. `introspection`: the answers to `__schema`
/// and `__type`.
pub(super) async fn run(
    catalog: &Catalog,
    plan: &Plan,
    mut session: Session,
    reference: &ReferenceCache,
    introspection: &Answers,
    out: Out<'_>,
) -> (Result<(), Unanswered>, SessionCounts) {
    let answers = load_all(plan, Level::first(plan), &mut session, reference).await;
    let counts = session.counts();
    // The connection is free for others while the answer is written.
    drop(session);
    let written =
        answers.and_then(|answers| Ok(json::write_data(catalog, plan, &answers, introspection, out)?));
    (written, counts)
}

/// Answers the loads of a plan from a level on downwards, in the loads' order.
async fn load_all(
    plan: &Plan,
    mut level: Level<'_>,
    session: &mut Session,
    reference: &ReferenceCache,
) -> Result<Vec<LoadAnswer>, Unanswered> {
    let mut answers: Vec<LoadAnswer> = plan.loads.iter().map(|_| LoadAnswer::default()).collect();
    let questions = Questions::new(plan, session, reference);
    while !level.is_empty() {
        for (load, found) in questions.ask(level.questions()).await? {
            answers[load.0].add(found);
        }
        level = level.below(&answers);
    }
    Ok(answers)
}
