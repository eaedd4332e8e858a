//! Runs the loads of a request, all loads of a level at once.
//!
//! The data loader caches a load with all of its keys, not each key. So its own work does not grow with the rows, and equal loads
//! run once.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dataloader::BatchFn;
use dataloader::cached::Loader;
use futures_util::future::{join, try_join_all};

use super::ReferenceCache;
use super::execution_error::ExecutionError;
use super::key::{self, Key};
use super::level::KeySet;
use super::loaded::{FoundByKey, sort};
use crate::database::{DatabaseError, Session, Statement};
use crate::graph::error::{Code, Error};
use crate::graph::plan::{Load, LoadId, LoadKind, Plan};
use crate::graph::question::key::Parents;

/// A load of a level, with the keys that it reads rows for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyedLoad {
    pub(super) id: LoadId,
    pub(super) keys: Arc<[Key]>,
    /// True if no later level reaches the database.
    pub(super) is_last: bool,
}

/// Hashes only the first key, which differs between most loads with the same id, such as those of a thousand aliases: hashing all
/// keys again and again is not worth it.
impl Hash for KeyedLoad {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.keys.first().hash(state);
    }
}

/// Writes neither id nor keys, because the data loader formats each load, even if it never uses the text.
impl fmt::Debug for KeyedLoad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a load with its keys")
    }
}

/// The rows of a load, shared by the loads with the same id; it is small, because the data loader copies it.
type LoadResult = Result<Arc<FoundByKey>, Arc<ExecutionError>>;

/// Runs the loads of a request or of one step of a mutation, after which the rows may have changed.
pub(super) struct RequestLoader<'r>(
    Loader<KeyedLoad, LoadResult, Statements<'r>, foldhash::HashMap<KeyedLoad, LoadResult>>,
);

impl<'r> RequestLoader<'r> {
    pub(super) fn new(plan: &'r Plan, session: &'r mut Session, reference: &'r ReferenceCache) -> Self {
        let requested = plan.loads.iter().map(|_| KeySet::default()).collect();
        let statements = Statements { plan, session, reference, requested };
        let loader = Loader::with_cache(statements, foldhash::HashMap::default());
        // All loads of a level arrive in one call: there is nothing to wait for, and nothing to divide.
        Self(loader.with_yield_count(0).with_max_batch_size(usize::MAX))
    }

    /// Returns the rows of a level's loads, in one round trip.
    pub(super) async fn load_level(
        &self,
        loads: Vec<KeyedLoad>,
    ) -> Result<Vec<(LoadId, Arc<FoundByKey>)>, ExecutionError> {
        let found = self.0.try_load_many(loads).await.map_err(|error| Error::internal(&error))?;
        // An id can occur several times: with the rows of this level, and with those that the cache has from an earlier one.
        let found = found.into_iter().map(|(load, found)| Ok((load.id, found?)));
        found.collect::<Result<_, _>>().map_err(Arc::unwrap_or_clone)
    }
}

/// Builds the statements of loads and runs them.
struct Statements<'r> {
    plan: &'r Plan,
    session: &'r mut Session,
    reference: &'r ReferenceCache,
    /// The keys that each load has read so far.
    requested: Vec<KeySet>,
}

impl BatchFn<KeyedLoad, LoadResult> for Statements<'_> {
    async fn load(&mut self, loads: &[KeyedLoad]) -> HashMap<KeyedLoad, LoadResult> {
        let found = self.answer(loads).await.map_err(Arc::new);
        let found = |load: LoadId| match &found {
            Ok(found) => Ok(found.get(&load).cloned().unwrap_or_default()),
            Err(error) => Err(Arc::clone(error)),
        };
        loads.iter().map(|load| (load.clone(), found(load.id))).collect()
    }
}

impl Statements<'_> {
    /// Returns the rows of each load for the keys that it has not read yet. It sends one statement for each load, in one round trip;
    /// loads of reference tables are answered from memory.
    async fn answer(
        &mut self,
        loads: &[KeyedLoad],
    ) -> Result<BTreeMap<LoadId, Arc<FoundByKey>>, ExecutionError> {
        // The statements have the order of the plan, whatever the order of the loads.
        let mut new: BTreeMap<LoadId, Vec<Key>> = BTreeMap::new();
        for KeyedLoad { id, keys, .. } in loads {
            let requested = &mut self.requested[id.0];
            let keys = keys.iter().filter(|key| requested.insert((*key).clone())).cloned();
            new.entry(*id).or_default().extend(keys);
        }
        new.retain(|_, keys| !keys.is_empty());
        let (plan, reference) = (self.plan, self.reference);
        let is_shared = reference.is_shared();
        // Without the memory, loads of reference tables below this level would still reach the database.
        let is_last = is_shared && loads.iter().all(|load| load.is_last);
        let (kept, queried): (Vec<_>, Vec<_>) =
            new.into_iter().partition(|(load, _)| is_shared && plan.loads[load.0].only_reference);
        let caller = Arc::clone(self.session.caller());
        let (remembered, found) = join(
            try_join_all(kept.iter().map(async |(id, keys)| {
                // Reference tables have neither series nor points, so that no answer is too large.
                let found = reference.get(&caller, &plan.loads[id.0], keys).await;
                found.map_err(|error| ExecutionError::of(plan, *id, keys, &error))
            })),
            self.query(&queried, is_last),
        )
        .await;
        let remembered = kept.iter().map(|(load, _)| *load).zip(remembered?);
        Ok(remembered.chain(queried.iter().map(|(load, _)| *load).zip(found?)).collect())
    }

    /// Reads the rows of some loads from the database, in one round trip.
    async fn query(
        &mut self,
        loads: &[(LoadId, Vec<Key>)],
        is_last: bool,
    ) -> Result<Vec<Arc<FoundByKey>>, ExecutionError> {
        if loads.is_empty() {
            return Ok(Vec::new());
        }
        let plan = self.plan;
        let load = |at: usize| &plan.loads[loads[at].0.0];
        let statements: Vec<Statement> =
            loads.iter().enumerate().map(|(at, (_, keys))| load(at).statement(keys)).collect();
        let session = &mut *self.session;
        // A load that turns out to be too large is read in another way, from the same snapshot.
        let is_last = is_last && loads.iter().all(|(load, _)| plan.loads[load.0].gapped.is_none());
        let answers =
            if is_last { session.query_last(&statements).await } else { session.query(&statements).await };
        let failed = |at: usize, error: &DatabaseError| {
            let (load, keys) = &loads[at];
            ExecutionError::of(plan, *load, keys, error)
        };
        let answers = answers.map_err(|failure| failed(failure.at, &failure.error))?;
        let mut sorted = Vec::with_capacity(loads.len());
        for (at, rows) in answers.into_iter().enumerate() {
            let (load, keys) = (load(at), &loads[at].1);
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
    /// Returns the key if the statement reads rows for a single one.
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

/// Returns true if there are more points than a request may have.
fn is_too_large(load: &Load, found: &FoundByKey) -> bool {
    let is_bounded = matches!(load.kind, LoadKind::Series { .. } | LoadKind::Points { .. });
    is_bounded && found.values().any(|found| found.more)
}

/// Refuses more points than a request may have, instead of leaving some of them out.
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
