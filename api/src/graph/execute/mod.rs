//! Runs a plan: level by level, each level's statements in one round trip, then writes the answer as JSON.

pub(super) mod changes;
mod execution_error;
mod json;
mod key;
mod level;
mod loaded;
mod loader;
pub(super) mod mutation;
mod reference;
pub(super) mod refused;
mod thin;
pub(in crate::graph) mod written;

pub(super) use self::execution_error::{ExecutionError, RefusedLoad};
pub(super) use self::json::Out;
use self::level::Level;
use self::loaded::LoadedRows;
use self::loader::RequestLoader;
pub use self::reference::ReferenceCache;
use super::catalog::Catalog;
use super::introspection::IntrospectionAnswers;
use super::plan::Plan;
use crate::database::{Session, SessionCounts};

/// Runs the loads of a plan and appends the response's `data`. `introspection`: the answers to `__schema`
/// and `__type`.
pub(super) async fn run(
    catalog: &Catalog,
    plan: &Plan,
    mut session: Session,
    reference: &ReferenceCache,
    introspection: &IntrospectionAnswers,
    out: Out<'_>,
) -> (Result<(), ExecutionError>, SessionCounts) {
    let answers = load_all(plan, Level::first(plan), &mut session, reference).await;
    let counts = session.counts();
    // The connection is free for others while the answer is written.
    drop(session);
    let written =
        answers.and_then(|answers| Ok(json::write_data(catalog, plan, &answers, introspection, out)?));
    (written, counts)
}

/// Runs the loads of a plan from a level on downwards, and returns their rows in the order of the loads.
async fn load_all(
    plan: &Plan,
    mut level: Level<'_>,
    session: &mut Session,
    reference: &ReferenceCache,
) -> Result<Vec<LoadedRows>, ExecutionError> {
    let mut answers: Vec<LoadedRows> = plan.loads.iter().map(|_| LoadedRows::default()).collect();
    let loader = RequestLoader::new(plan, session, reference);
    while !level.is_empty() {
        for (load, found) in loader.load_level(level.keyed_loads()).await? {
            answers[load.0].add(found);
        }
        level = level.below(&answers);
    }
    Ok(answers)
}
