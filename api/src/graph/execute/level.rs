//! A level holds the loads that run together, because the rows of the level above have their keys.

use std::sync::Arc;

use foldhash::HashSet;

use super::key::Key;
use super::loaded::LoadedRows;
use super::loader::KeyedLoad;
use crate::database::Row;
use crate::graph::plan::{KeySource, LoadId, LoadKind, LoadNode, Plan};

/// The loads of one level.
pub(super) struct Level<'p> {
    plan: &'p Plan,
    visits: Vec<Visit<'p>>,
}

/// A load with its keys, and with the loads below its rows.
struct Visit<'p> {
    node: &'p LoadNode,
    keys: Arc<[Key]>,
    /// True if the loads below that use this load's own keys run together with it.
    ahead: bool,
}

/// The keys that a load has read.
pub(super) type KeySet = HashSet<Key>;

impl<'p> Level<'p> {
    /// Returns the first level.
    pub(super) fn first(plan: &'p Plan) -> Self {
        let mut level = Self { plan, visits: Vec::new() };
        for node in &plan.load_tree {
            match &node.keys {
                KeySource::Whole => level.visit(node, Arc::new([Key::Whole])),
                KeySource::Request(keys) => {
                    level.by_key(node, keys.iter().map(|key| Key::from_parts(key)).collect());
                }
                // The caller adds these: see `given`.
                KeySource::Later | KeySource::Rows(_) => {}
            }
        }
        level
    }

    /// Returns a level without loads.
    pub(super) fn empty(plan: &'p Plan) -> Self {
        Self { plan, visits: Vec::new() }
    }

    /// Returns the same level with the loads whose keys the caller gives. `load`: the only one of these to add; without it, all.
    pub(super) fn given(mut self, load: Option<LoadId>, keys: &Arc<[Key]>) -> Self {
        let plan = self.plan;
        let is_meant =
            |node: &&LoadNode| node.keys == KeySource::Later && load.is_none_or(|load| load == node.load);
        for node in plan.load_tree.iter().filter(is_meant) {
            self.by_key(node, Arc::clone(keys));
        }
        self
    }

    /// Returns true if the level has no loads.
    pub(super) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// Returns the loads with their keys, for the loader.
    pub(super) fn keyed_loads(&self) -> Vec<KeyedLoad> {
        let is_last = self.is_last();
        let keyed =
            |visit: &Visit<'_>| KeyedLoad { id: visit.node.load, keys: Arc::clone(&visit.keys), is_last };
        self.visits.iter().map(keyed).collect()
    }

    /// Returns true if no load below this level reaches the database.
    fn is_last(&self) -> bool {
        !self
            .visits
            .iter()
            .flat_map(|visit| self.below_visit(visit))
            .any(|(node, _)| self.reaches_database(node))
    }

    /// Returns true if a load or one below it reaches the database.
    fn reaches_database(&self, node: &LoadNode) -> bool {
        !self.plan.loads[node.load.0].only_reference
            || node.children.iter().any(|node| self.reaches_database(node))
    }

    /// Returns the loads below a visit's rows, each with the positions of its keys there. Loads that ran together with the rows are
    /// left out.
    fn below_visit(&self, visit: &Visit<'p>) -> impl Iterator<Item = (&'p LoadNode, &'p [usize])> + use<'p> {
        let ahead = if visit.ahead { self.own_key(visit.node.load) } else { None };
        visit.node.children.iter().filter_map(move |node| match &node.keys {
            KeySource::Rows(positions) if Some(&**positions) != ahead => Some((node, &**positions)),
            _ => None,
        })
    }

    /// Returns the level below, from the answers of this one.
    pub(super) fn below(&self, answers: &[LoadedRows]) -> Self {
        let mut level = Self::empty(self.plan);
        for visit in &self.visits {
            let mut nodes = self.below_visit(visit).peekable();
            if nodes.peek().is_none() {
                continue;
            }
            let answer = &answers[visit.node.load.0];
            let rows: Vec<&Row> =
                visit.keys.iter().filter_map(|key| answer.get(key)).flat_map(|found| &found.rows).collect();
            // Loads of one field have the same keys.
            let mut last = None;
            for (node, positions) in nodes {
                // Many rows can reference one row, whose loads then run once.
                let is_one = matches!(self.plan.loads[node.load.0].kind, LoadKind::ByKey);
                let keys: Arc<[Key]> = match &last {
                    Some((of, keys)) if *of == (positions, is_one) => Arc::clone(keys),
                    _ => {
                        let keys = rows.iter().filter_map(|row| Key::of(row, positions));
                        if is_one { distinct(keys) } else { keys.collect() }
                    }
                };
                last = Some(((positions, is_one), Arc::clone(&keys)));
                level.visit(node, keys);
            }
        }
        level
    }

    /// Adds a load whose keys are known, and the loads below it that use the same keys. If a row does not exist, or the caller may
    /// not see it, the answer shows nothing of these.
    fn by_key(&mut self, node: &'p LoadNode, keys: Arc<[Key]>) {
        if keys.is_empty() {
            return;
        }
        if let Some(own) = self.own_key(node.load) {
            let is_own =
                |below: &&LoadNode| matches!(&below.keys, KeySource::Rows(positions) if **positions == *own);
            for below in node.children.iter().filter(is_own) {
                self.visit(below, Arc::clone(&keys));
            }
        }
        self.visits.push(Visit { node, keys, ahead: true });
    }

    fn visit(&mut self, node: &'p LoadNode, keys: Arc<[Key]>) {
        if !keys.is_empty() {
            self.visits.push(Visit { node, keys, ahead: false });
        }
    }

    /// Returns the positions of the key in the rows of a load by key.
    fn own_key(&self, load: LoadId) -> Option<&'p [usize]> {
        let load = &self.plan.loads[load.0];
        matches!(load.kind, LoadKind::ByKey).then_some(load.positions.as_slice())
    }
}

/// Returns the keys without repetitions.
fn distinct(keys: impl Iterator<Item = Key>) -> Arc<[Key]> {
    let mut seen = KeySet::default();
    keys.filter(|key| seen.insert(key.clone())).collect()
}
