//! What a load found: its rows, sorted to the keys that asked for them.

use std::sync::Arc;

use foldhash::HashMap;

use super::key::Key;
use super::thin::thin_rows;
use crate::database::Row;
use crate::graph::catalog::ColumnType;
use crate::graph::plan::{Load, LoadKind};

/// What a load found for one key.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The rows, in the order of the request.
    pub(super) rows: Vec<Row>,
    /// Whether there are more rows: behind the page, or than the limit allows.
    pub(super) more: bool,
}

/// What a statement found, by key. A key that is missing found nothing.
pub(super) type FoundByKey = HashMap<Key, Found>;

/// Everything that a load found for a request, one level after another.
#[derive(Debug, Default)]
pub(super) struct LoadAnswer(Vec<Arc<FoundByKey>>);

impl LoadAnswer {
    /// Returns the rows for a key.
    pub(super) fn get(&self, key: &Key) -> Option<&Found> {
        self.0.iter().find_map(|found| found.get(key))
    }

    /// Adds what a level found, unless it is there already.
    pub(super) fn add(&mut self, found: Arc<FoundByKey>) {
        if !self.0.iter().any(|it| Arc::ptr_eq(it, &found)) {
            self.0.push(found);
        }
    }
}

/// Sorts the rows of a load's statement to their keys. `only`: the key that the statement was for, where it was for one.
pub(super) fn sort(rows: Vec<Row>, load: &Load, only: Option<&Key>) -> FoundByKey {
    let positions = &load.positions;
    match (&load.kind, only) {
        // The row of numbers for one parent does not repeat its key.
        (LoadKind::Aggregate, Some(key)) => {
            [(key.clone(), Found { rows, more: false })].into_iter().collect()
        }
        (LoadKind::ByKey | LoadKind::Aggregate, _) => by_key(rows, positions),
        (LoadKind::Series { most }, _) => series(rows, positions, *most),
        (LoadKind::Points { most, max, axes }, _) => thinned(rows, positions, *most, *max, axes),
        (LoadKind::Page { limit, backward, .. }, _) => pages(rows, positions, *limit, *backward),
    }
}

/// Sorts rows of which there is one for each key.
fn by_key(rows: Vec<Row>, positions: &[usize]) -> FoundByKey {
    let found = |row| Found { rows: vec![row], more: false };
    rows.into_iter().filter_map(|row| Some((Key::of(&row, positions)?, found(row)))).collect()
}

fn pages(rows: Vec<Row>, positions: &[usize], limit: u64, backward: bool) -> FoundByKey {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut pages = by_parent(rows, positions);
    for page in pages.values_mut() {
        page.more = page.rows.len() > limit;
        page.rows.truncate(limit);
        if backward {
            page.rows.reverse();
        }
    }
    pages
}

/// Returns the lines and points of each parent; none, and more, where there are too many of all together.
fn series(rows: Vec<Row>, positions: &[usize], most: u64) -> FoundByKey {
    let more = rows.len() as u64 > most;
    let mut parents = by_parent(rows, positions);
    for found in parents.values_mut() {
        found.more = more;
    }
    parents
}

/// Returns the points of each parent; none, and more, where there are too many rows to choose from.
fn thinned(rows: Vec<Row>, positions: &[usize], most: u64, max: usize, axes: &[ColumnType; 2]) -> FoundByKey {
    let more = rows.len() as u64 > most;
    let mut parents = by_parent(rows, positions);
    for found in parents.values_mut() {
        let rows = std::mem::take(&mut found.rows);
        *found = Found { rows: if more { Vec::new() } else { thin_rows(rows, max, axes) }, more };
    }
    parents
}

fn by_parent(rows: Vec<Row>, positions: &[usize]) -> FoundByKey {
    let mut parents = FoundByKey::default();
    for row in rows {
        if let Some(key) = Key::of(&row, positions) {
            parents.entry(key).or_default().rows.push(row);
        }
    }
    parents
}
