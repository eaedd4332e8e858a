//! The levels of a request: which rows are looked at next, and what has to be asked for them.

use std::sync::Arc;

use foldhash::HashSet;

use super::answer::LoadAnswer;
use super::key::Key;
use super::loader::KeyedLoad;
use crate::database::Row;
use crate::graph::plan::{Ask, AskedKeys, LoadId, LoadKind, Plan};

/// What one level of a request needs.
pub(super) struct Level<'p> {
    plan: &'p Plan,
    visits: Vec<Visit<'p>>,
}

/// A load that is asked for some keys, and what is asked below its rows.
struct Visit<'p> {
    ask: &'p Ask,
    keys: Arc<[Key]>,
    /// True if the loads below that use this load's own keys are asked together with it.
    ahead: bool,
}

/// The keys that a load has been asked for.
pub(super) type KeySet = HashSet<Key>;

impl<'p> Level<'p> {
    /// Returns the first level.
    pub(super) fn first(plan: &'p Plan) -> Self {
        let mut level = Self { plan, visits: Vec::new() };
        for ask in &plan.asks {
            match &ask.keys {
                AskedKeys::Whole => level.visit(ask, Arc::new([Key::Whole])),
                AskedKeys::Request(keys) => {
                    level.by_key(ask, keys.iter().map(|key| Key::from_parts(key)).collect());
                }
                // Whoever runs the plan gives these.
                AskedKeys::Later | AskedKeys::Rows(_) => {}
            }
        }
        level
    }

    /// Returns a level without anything to ask.
    pub(super) fn empty(plan: &'p Plan) -> Self {
        Self { plan, visits: Vec::new() }
    }

    /// Returns the same level, in which loads are asked for keys that are given when the plan runs. `load`: one of them, or all of them.
    pub(super) fn given(mut self, load: Option<LoadId>, keys: &Arc<[Key]>) -> Self {
        let plan = self.plan;
        let is_meant = |ask: &&Ask| ask.keys == AskedKeys::Later && load.is_none_or(|load| load == ask.load);
        for ask in plan.asks.iter().filter(is_meant) {
            self.by_key(ask, Arc::clone(keys));
        }
        self
    }

    /// Returns whether nothing is left to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// Returns what has to be asked for this level.
    pub(super) fn questions(&self) -> Vec<KeyedLoad> {
        let is_last = self.is_last();
        let question =
            |visit: &Visit<'_>| KeyedLoad { load: visit.ask.load, keys: Arc::clone(&visit.keys), is_last };
        self.visits.iter().map(question).collect()
    }

    /// Returns whether the database will not be asked for more below this level.
    fn is_last(&self) -> bool {
        !self
            .visits
            .iter()
            .flat_map(|visit| self.below_visit(visit))
            .any(|(ask, _)| self.reaches_database(ask))
    }

    /// Returns whether a load or one below it asks the database.
    fn reaches_database(&self, ask: &Ask) -> bool {
        !self.plan.loads[ask.load.0].only_reference || ask.below.iter().any(|ask| self.reaches_database(ask))
    }

    /// Returns the loads that are asked below a visit's rows, each with the positions of its keys there. What was asked ahead stands in the
    /// level of the rows themselves.
    fn below_visit(&self, visit: &Visit<'p>) -> impl Iterator<Item = (&'p Ask, &'p [usize])> + use<'p> {
        let ahead = if visit.ahead { self.own_key(visit.ask.load) } else { None };
        visit.ask.below.iter().filter_map(move |ask| match &ask.keys {
            AskedKeys::Rows(positions) if Some(&**positions) != ahead => Some((ask, &**positions)),
            _ => None,
        })
    }

    /// Returns the level below, when this one is answered.
    pub(super) fn below(&self, answers: &[LoadAnswer]) -> Self {
        let mut level = Self::empty(self.plan);
        for visit in &self.visits {
            let mut asks = self.below_visit(visit).peekable();
            if asks.peek().is_none() {
                continue;
            }
            let answer = &answers[visit.ask.load.0];
            let rows: Vec<&Row> =
                visit.keys.iter().filter_map(|key| answer.get(key)).flat_map(|found| &found.rows).collect();
            // Loads of one field are asked for the same keys.
            let mut last = None;
            for (ask, positions) in asks {
                // Many rows lead to the same one. What is below it is then looked at once.
                let is_one = matches!(self.plan.loads[ask.load.0].kind, LoadKind::ByKey);
                let keys: Arc<[Key]> = match &last {
                    Some((of, keys)) if *of == (positions, is_one) => Arc::clone(keys),
                    _ => {
                        let keys = rows.iter().filter_map(|row| Key::of(row, positions));
                        if is_one { distinct(keys) } else { keys.collect() }
                    }
                };
                last = Some(((positions, is_one), Arc::clone(&keys)));
                level.visit(ask, keys);
            }
        }
        level
    }

    /// Adds a load whose keys are given. What hangs on that same key is asked for along with it: where a row turns out
    /// not to exist, or not to be the caller's, nothing of that is shown.
    fn by_key(&mut self, ask: &'p Ask, keys: Arc<[Key]>) {
        if keys.is_empty() {
            return;
        }
        if let Some(own) = self.own_key(ask.load) {
            let is_own =
                |below: &&Ask| matches!(&below.keys, AskedKeys::Rows(positions) if **positions == *own);
            for below in ask.below.iter().filter(is_own) {
                self.visit(below, Arc::clone(&keys));
            }
        }
        self.visits.push(Visit { ask, keys, ahead: true });
    }

    fn visit(&mut self, ask: &'p Ask, keys: Arc<[Key]>) {
        if !keys.is_empty() {
            self.visits.push(Visit { ask, keys, ahead: false });
        }
    }

    /// Returns positions, in the rows of a load by key, of that key.
    fn own_key(&self, load: LoadId) -> Option<&'p [usize]> {
        let load = &self.plan.loads[load.0];
        matches!(load.kind, LoadKind::ByKey).then_some(load.positions.as_slice())
    }
}

/// Returns keys without those that came before.
fn distinct(keys: impl Iterator<Item = Key>) -> Arc<[Key]> {
    let mut seen = KeySet::default();
    keys.filter(|key| seen.insert(key.clone())).collect()
}
