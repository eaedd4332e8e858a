//! Runs a plan: level by level, each level's statements in one round trip, then writes the answer as JSON.

mod answer;
pub(super) mod feed;
mod key;
mod level;
pub(super) mod mutation;
mod reference;
mod thin;
mod write;
pub(in crate::graph) mod written;

use std::sync::Arc;

use futures_util::future::{join, try_join_all};

use self::answer::{Answer, FoundByKey, sort};
use self::key::Key;
use self::level::{Asked, Level};
pub use self::reference::ReferenceCache;
pub(super) use self::write::Out;
use super::catalog::Catalog;
use super::error::{Code, Error};
use super::introspection::Answers;
use super::plan::{Load, LoadId, LoadKind, Parents, Plan};
use crate::database::{DatabaseError, Session, SessionCounts, Statement};

/// Loads everything that a plan asks for and appends the response's `data`. `introspection`: the answers to `__schema`
/// and `__type`.
pub(super) async fn run(
    catalog: &Catalog,
    plan: &Plan,
    mut session: Session,
    reference: &ReferenceCache,
    introspection: &Answers,
    out: Out<'_>,
) -> (Result<(), Error>, SessionCounts) {
    let answers = load_all(plan, Level::first(plan), &mut session, reference).await;
    let counts = session.counts();
    // The connection is free for others while the answer is written.
    drop(session);
    let written = answers.and_then(|answers| write::write_data(catalog, plan, &answers, introspection, out));
    (written, counts)
}

/// Answers the loads of a plan from a level on downwards, in the loads' order.
async fn load_all(
    plan: &Plan,
    mut level: Level<'_>,
    session: &mut Session,
    reference: &ReferenceCache,
) -> Result<Vec<Answer>, Error> {
    let mut answers: Vec<Answer> = plan.loads.iter().map(|_| Answer::default()).collect();
    let mut asked: Vec<Asked> = plan.loads.iter().map(|_| Asked::default()).collect();
    while !level.is_empty() {
        let questions = level.questions(&mut asked);
        let (kept, queried): (Vec<_>, Vec<_>) =
            questions.into_iter().partition(|(load, _)| plan.loads[load.0].only_reference);
        let caller = Arc::clone(session.caller());
        let (remembered, found) = join(
            try_join_all(kept.iter().map(async |(load, keys)| {
                let load = &plan.loads[load.0];
                let found = reference.get(&caller, load, keys).await;
                found.map_err(|error| failed(load, &error))
            })),
            query(plan, session, &queried, level.is_last()),
        )
        .await;
        for ((load, _), found) in kept.iter().zip(remembered?) {
            answers[load.0].add_kept(found);
        }
        for ((load, _), found) in queried.iter().zip(found?) {
            answers[load.0].add(found);
        }
        level = level.below(&answers);
    }
    Ok(answers)
}

/// Asks the database for the keys of some loads, in one round trip. `last`: nothing will be asked after that.
async fn query(
    plan: &Plan,
    session: &mut Session,
    questions: &[(LoadId, Vec<Key>)],
    last: bool,
) -> Result<Vec<FoundByKey>, Error> {
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let load = |at: usize| &plan.loads[questions[at].0.0];
    let statements: Vec<Statement> =
        questions.iter().enumerate().map(|(at, (_, keys))| load(at).statement(keys)).collect();
    let answers = if last { session.query_last(&statements).await } else { session.query(&statements).await };
    let answers = answers.map_err(|failure| failed(load(failure.at), &failure.error))?;
    let sorted = answers.into_iter().enumerate().map(|(at, rows)| {
        let load = load(at);
        let found = sort(rows, load, load.only(&questions[at].1));
        check_size(load, &found)?;
        Ok(found)
    });
    sorted.collect()
}

impl Load {
    /// The key, where the statement is for one.
    fn only<'k>(&self, keys: &'k [Key]) -> Option<&'k Key> {
        keys.first().filter(|_| self.parents == Parents::One)
    }

    /// The statement for some keys.
    fn statement(&self, keys: &[Key]) -> Statement {
        let mut parameters = match self.only(keys) {
            Some(only) => key::single_parameters(only, &self.parts),
            None => key::parameters(keys, &self.parts),
        };
        parameters.extend(self.statement.parameters.iter().cloned());
        Statement { text: Arc::clone(&self.statement.text), parameters }
    }
}

/// What has more points than a request may have is refused, not cut off.
fn check_size(load: &Load, found: &FoundByKey) -> Result<(), Error> {
    let exceeded = || found.values().any(|found| found.more);
    let message = match &load.kind {
        LoadKind::Series { most, .. } if exceeded() => {
            format!("The series have more than {most} points. Ask for wider buckets or fewer lines.")
        }
        LoadKind::Points { most, .. } if exceeded() => format!(
            "The points would be chosen from more than {most} rows. Narrow the filter, or ask below fewer parents."
        ),
        _ => return Ok(()),
    };
    Err(Error::new(Code::LimitExceeded, message).at(&load.place.path, load.place.location))
}

fn failed(load: &Load, error: &DatabaseError) -> Error {
    Error::from(error).at(&load.place.path, load.place.location)
}
