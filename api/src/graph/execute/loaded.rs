//! Holds the rows that loads have read, grouped by the keys that they were read for.

use std::sync::Arc;

use foldhash::HashMap;

use super::key::Key;
use super::thin::thin_rows;
use crate::database::Row;
use crate::graph::catalog::ColumnType;
use crate::graph::plan::{Load, LoadKind};

/// The rows that a load has read for one key.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The rows, in the order of the request.
    pub(super) rows: Vec<Row>,
    /// True if there are more rows than these: after the page, or beyond the limit.
    pub(super) more: bool,
}

/// The rows of a statement by their keys. A key without rows is missing.
pub(super) type FoundByKey = HashMap<Key, Found>;

/// All rows that a load has read for a request, one level after another.
#[derive(Debug, Default)]
pub(super) struct LoadedRows(Vec<Arc<FoundByKey>>);

impl LoadedRows {
    /// Returns the rows for a key.
    pub(super) fn get(&self, key: &Key) -> Option<&Found> {
        self.0.iter().find_map(|found| found.get(key))
    }

    /// Adds the rows of a level, unless they were added already.
    pub(super) fn add(&mut self, found: Arc<FoundByKey>) {
        if !self.0.iter().any(|it| Arc::ptr_eq(it, &found)) {
            self.0.push(found);
        }
    }
}

/// Groups the rows of a load's statement by their keys. `only`: the key, if the statement has read rows for a single one.
pub(super) fn sort(rows: Vec<Row>, load: &Load, only: Option<&Key>) -> FoundByKey {
    let positions = &load.positions;
    match (&load.kind, only) {
        // An aggregate for a single parent does not repeat the parent's key.
        (LoadKind::Aggregate, Some(key)) => {
            [(key.clone(), Found { rows, more: false })].into_iter().collect()
        }
        (LoadKind::ByKey | LoadKind::Aggregate, _) => by_key(rows, positions),
        (LoadKind::Series { most }, _) => series(rows, positions, *most),
        (LoadKind::Points { most, max, axes }, _) => thinned(rows, positions, *most, *max, axes),
        (LoadKind::Page { limit, backward, .. }, _) => pages(rows, positions, *limit, *backward),
    }
}

/// Stores the only row of each key.
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

/// Groups lines and points by parent, and sets `more` for all parents if they have too many together.
fn series(rows: Vec<Row>, positions: &[usize], most: u64) -> FoundByKey {
    let more = rows.len() as u64 > most;
    let mut parents = by_parent(rows, positions);
    for found in parents.values_mut() {
        found.more = more;
    }
    parents
}

/// Groups and thins the points of each parent; it keeps none and sets `more` if there are too many rows to choose from.
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
