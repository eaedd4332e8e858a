//! The loader of a request: it asks the questions of a level all at once.
//!
//! A question is coarse: a load, and all keys that some rows of the level give for it. So the loader's own work does not
//! grow with the rows, and equal questions are asked once.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dataloader::BatchFn;
use dataloader::cached::Loader;
use futures_util::future::{join, try_join_all};

use super::ReferenceCache;
use super::answer::{FoundByKey, sort};
use super::key::{self, Key};
use super::level::KeySet;
use super::unanswered::Unanswered;
use crate::database::{DatabaseError, Session, Statement};
use crate::graph::error::{Code, Error};
use crate::graph::plan::{Load, LoadId, LoadKind, Plan};
use crate::graph::question::key::Parents;

/// What a level asks of the database for some of its rows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyedLoad {
    pub(super) load: LoadId,
    pub(super) keys: Arc<[Key]>,
    /// Whether nothing will be asked after its level.
    pub(super) is_last: bool,
}

/// The first key tells most questions of a load apart, as those of a thousand aliases; to look at all keys again and again is
/// not worth it.
impl Hash for KeyedLoad {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.load.hash(state);
        self.keys.first().hash(state);
    }
}

/// Without load and keys: the loader writes each question down before it knows whether it will need the text.
impl fmt::Debug for KeyedLoad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a question")
    }
}

/// What was found, among what equal loads of the level found; small, since the loader moves it about.
type LoadResult = Result<Arc<FoundByKey>, Arc<Unanswered>>;

/// Asks the questions of one request, or of one step of it behind which rows may be others.
pub(super) struct Questions<'r>(
    Loader<KeyedLoad, LoadResult, Statements<'r>, foldhash::HashMap<KeyedLoad, LoadResult>>,
);

impl<'r> Questions<'r> {
    pub(super) fn new(plan: &'r Plan, session: &'r mut Session, reference: &'r ReferenceCache) -> Self {
        let asked = plan.loads.iter().map(|_| KeySet::default()).collect();
        let statements = Statements { plan, session, reference, asked };
        let loader = Loader::with_cache(statements, foldhash::HashMap::default());
        // All questions of a level come together, so that there is nothing to wait for, and nothing to divide.
        Self(loader.with_yield_count(0).with_max_batch_size(usize::MAX))
    }

    /// Returns what the loads of a level find, in one round trip.
    pub(super) async fn ask(
        &self,
        questions: Vec<KeyedLoad>,
    ) -> Result<Vec<(LoadId, Arc<FoundByKey>)>, Unanswered> {
        let found = self.0.try_load_many(questions).await.map_err(|error| Error::internal(&error))?;
        // Questions of one load can have several answers: what the load finds for this level, and what it found for an earlier one.
        let found = found.into_iter().map(|(question, found)| Ok((question.load, found?)));
        found.collect::<Result<_, _>>().map_err(Arc::unwrap_or_clone)
    }
}

/// The statements that answer questions.
struct Statements<'r> {
    plan: &'r Plan,
    session: &'r mut Session,
    reference: &'r ReferenceCache,
    /// The keys that each load has been asked for.
    asked: Vec<KeySet>,
}

impl BatchFn<KeyedLoad, LoadResult> for Statements<'_> {
    async fn load(&mut self, questions: &[KeyedLoad]) -> HashMap<KeyedLoad, LoadResult> {
        let found = self.answer(questions).await.map_err(Arc::new);
        let found = |load: LoadId| match &found {
            Ok(found) => Ok(found.get(&load).cloned().unwrap_or_default()),
            Err(error) => Err(Arc::clone(error)),
        };
        questions.iter().map(|question| (question.clone(), found(question.load))).collect()
    }
}

impl Statements<'_> {
    /// Returns what each load finds for the keys that it was not asked for before: one statement for each, in one round trip; but
    /// loads from reference tables are answered from memory.
    async fn answer(
        &mut self,
        questions: &[KeyedLoad],
    ) -> Result<BTreeMap<LoadId, Arc<FoundByKey>>, Unanswered> {
        // In the order of the plan, whichever order the questions have.
        let mut new: BTreeMap<LoadId, Vec<Key>> = BTreeMap::new();
        for KeyedLoad { load, keys, .. } in questions {
            let asked = &mut self.asked[load.0];
            let keys = keys.iter().filter(|key| asked.insert((*key).clone())).cloned();
            new.entry(*load).or_default().extend(keys);
        }
        new.retain(|_, keys| !keys.is_empty());
        let (plan, reference) = (self.plan, self.reference);
        let is_shared = reference.is_shared();
        // Who counts on the memory takes a level for the last one above reference tables.
        let is_last = is_shared && questions.iter().all(|question| question.is_last);
        let (kept, queried): (Vec<_>, Vec<_>) =
            new.into_iter().partition(|(load, _)| is_shared && plan.loads[load.0].only_reference);
        let caller = Arc::clone(self.session.caller());
        let (remembered, found) = join(
            try_join_all(kept.iter().map(async |(id, keys)| {
                // Reference tables have neither series nor points, so that no answer is too large.
                let found = reference.get(&caller, &plan.loads[id.0], keys).await;
                found.map_err(|error| Unanswered::of(plan, *id, keys, &error))
            })),
            self.query(&queried, is_last),
        )
        .await;
        let remembered = kept.iter().map(|(load, _)| *load).zip(remembered?);
        Ok(remembered.chain(queried.iter().map(|(load, _)| *load).zip(found?)).collect())
    }

    /// Asks the database for the keys of some loads, in one round trip.
    async fn query(
        &mut self,
        questions: &[(LoadId, Vec<Key>)],
        is_last: bool,
    ) -> Result<Vec<Arc<FoundByKey>>, Unanswered> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let plan = self.plan;
        let load = |at: usize| &plan.loads[questions[at].0.0];
        let statements: Vec<Statement> =
            questions.iter().enumerate().map(|(at, (_, keys))| load(at).statement(keys)).collect();
        let session = &mut *self.session;
        // One that turns out too large is asked for differently, of the same snapshot.
        let is_last = is_last && questions.iter().all(|(load, _)| plan.loads[load.0].gapped.is_none());
        let answers =
            if is_last { session.query_last(&statements).await } else { session.query(&statements).await };
        let failed = |at: usize, error: &DatabaseError| {
            let (load, keys) = &questions[at];
            Unanswered::of(plan, *load, keys, error)
        };
        let answers = answers.map_err(|failure| failed(failure.at, &failure.error))?;
        let mut sorted = Vec::with_capacity(questions.len());
        for (at, rows) in answers.into_iter().enumerate() {
            let (load, keys) = (load(at), &questions[at].1);
            let mut found = sort(rows, load, load.only(keys));
            if let Some(gapped) = load.gapped.as_deref().filter(|load| is_too_large(load, &found)) {
                let rows = session.query(&[gapped.statement(keys)]).await;
                let rows = rows.map_err(|failure| failed(at, &failure.error))?;
                found = sort(rows.into_iter().flatten().collect(), gapped, gapped.only(keys));
            }
            check_size(load, &found)?;
            sorted.push(Arc::new(found));
        }
        Ok(sorted)
    }
}

impl Load {
    /// Returns the key, where the statement is for one.
    pub(super) fn only<'k>(&self, keys: &'k [Key]) -> Option<&'k Key> {
        keys.first().filter(|_| self.parents == Parents::One)
    }

    /// Returns the statement for some keys.
    pub(super) fn statement(&self, keys: &[Key]) -> Statement {
        let mut parameters = match self.only(keys) {
            Some(only) => key::single_parameters(only, &self.parts),
            None => key::parameters(keys, &self.parts),
        };
        parameters.extend(self.statement.parameters.iter().cloned());
        Statement { text: Arc::clone(&self.statement.text), parameters }
    }
}

/// Returns whether there are more points than a request may have.
fn is_too_large(load: &Load, found: &FoundByKey) -> bool {
    let is_bounded = matches!(load.kind, LoadKind::Series { .. } | LoadKind::Points { .. });
    is_bounded && found.values().any(|found| found.more)
}

/// Refuses more points than a request may have; it cuts none off.
fn check_size(load: &Load, found: &FoundByKey) -> Result<(), Error> {
    if !is_too_large(load, found) {
        return Ok(());
    }
    let message = match &load.kind {
        LoadKind::Series { most, .. } => {
            format!("The series have more than {most} points. Ask for wider buckets or fewer lines.")
        }
        LoadKind::Points { most, .. } => format!(
            "The points would be chosen from more than {most} rows. Narrow the filter, or ask below fewer parents."
        ),
        _ => return Ok(()),
    };
    Err(Error::new(Code::LimitExceeded, message).at(&load.place.path, load.place.location))
}
