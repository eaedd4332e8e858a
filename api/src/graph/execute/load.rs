//! Loads: the keys of one level gathered by a dataloader, one statement, the rows sorted to their keys.

use std::collections::HashMap;
use std::sync::Arc;

use dataloader::BatchFn;
use dataloader::cached::Loader;

use super::key::{self, Key};
use super::reference::ReferenceCache;
use super::thin::thin_rows;
use crate::database::{DatabaseError, Parameter, Row, Session, Statement};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType};
use crate::graph::error::{Code, Error};
use crate::graph::plan::{Load, LoadKind};

/// What a load found for one key.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The rows, in the order of the request.
    pub(super) rows: Vec<Row>,
    /// Whether there are more rows: behind the page, or than the limit allows.
    pub(super) more: bool,
}

/// What a load found, by key. A key that is missing found nothing.
pub(super) type Answer = HashMap<Key, Arc<Found>>;

/// A loader of one load, for the length of one request.
pub(super) type LevelLoader<'a> = Loader<Key, Result<Arc<Found>, Error>, Batch<'a>>;

/// Runs one statement for all keys of a level.
pub(super) struct Batch<'a> {
    pub(super) load: &'a Load,
    pub(super) catalog: &'a Catalog,
    pub(super) session: &'a Session,
    pub(super) reference: &'a ReferenceCache,
}

/// A loader that waits for the other branches of the request to name their keys, then sends them all at once.
pub(super) fn loader(batch: Batch<'_>) -> LevelLoader<'_> {
    Loader::new(batch).with_yield_count(1).with_max_batch_size(usize::MAX)
}

impl BatchFn<Key, Result<Arc<Found>, Error>> for Batch<'_> {
    async fn load(&mut self, keys: &[Key]) -> HashMap<Key, Result<Arc<Found>, Error>> {
        let result = self.answer(keys).await;
        let nothing = Arc::new(Found::default());
        keys.iter()
            .map(|key| {
                let value = match &result {
                    Ok(answer) => Ok(Arc::clone(answer.get(key).unwrap_or(&nothing))),
                    Err(error) => Err(error.clone()),
                };
                (key.clone(), value)
            })
            .collect()
    }
}

impl Batch<'_> {
    async fn answer(&self, keys: &[Key]) -> Result<Arc<Answer>, Error> {
        let load = self.load;
        let answer = if load.only_reference {
            match &load.kind {
                // Rows by key of a reference table: the whole table is small, and kept.
                LoadKind::ByKey { columns, positions, .. } => {
                    let statement = self.whole_table();
                    self.reference
                        .get(self.session.caller(), &statement, columns, |rows| by_key(rows, positions))
                        .await
                }
                kind => {
                    let statement = self.statement(keys);
                    self.reference.get(self.session.caller(), &statement, &[], |rows| sort(rows, kind)).await
                }
            }
        } else if let (Some(single), [key]) = (&load.single, keys) {
            let statement = with_keys(single, key::single_parameters(key, self.parts()));
            self.session.query(&statement).await.map(|rows| Arc::new(sort_single(rows, &load.kind, key)))
        } else {
            let statement = self.statement(keys);
            self.session.query(&statement).await.map(|rows| Arc::new(sort(rows, &load.kind)))
        };
        let here = |error: Error| error.at(&load.place.path, load.place.location);
        let answer = answer.map_err(|error| here(Error::from(&error)))?;
        let exceeded = || answer.values().any(|found| found.more);
        let message = match &load.kind {
            LoadKind::Series { most, .. } if exceeded() => {
                format!("The series have more than {most} points. Ask for wider buckets or fewer lines.")
            }
            LoadKind::Points { most, .. } if exceeded() => format!(
                "The points would be chosen from more than {most} rows. Narrow the filter, or ask below fewer parents."
            ),
            _ => return Ok(answer),
        };
        Err(here(Error::new(Code::LimitExceeded, message)))
    }

    fn statement(&self, keys: &[Key]) -> Statement {
        with_keys(&self.load.statement, key::parameters(keys, self.parts()))
    }

    fn parts(&self) -> &[ColumnType] {
        let (LoadKind::ByKey { parts, .. }
        | LoadKind::Page { parts, .. }
        | LoadKind::Aggregate { parts, .. }
        | LoadKind::Series { parts, .. }
        | LoadKind::Points { parts, .. }) = &self.load.kind;
        parts
    }

    fn whole_table(&self) -> Statement {
        let table = self.catalog.table(self.load.table);
        let name = |column: &ColumnId| table.column(*column).sql_name.as_str();
        let columns: Vec<&str> = self.load.projection.iter().map(name).collect();
        Statement {
            text: format!("SELECT {} FROM {}", columns.join(", "), table.sql_name),
            parameters: Vec::new(),
        }
    }
}

/// A statement whose first parameters are keys.
fn with_keys(statement: &Statement, mut keys: Vec<Parameter>) -> Statement {
    keys.extend(statement.parameters.iter().cloned());
    Statement { text: statement.text.clone(), parameters: keys }
}

/// The answer for the only key; the row of an aggregate does not repeat it.
fn sort_single(rows: Vec<Row>, kind: &LoadKind, key: &Key) -> Answer {
    match kind {
        LoadKind::Aggregate { .. } => {
            HashMap::from([(key.clone(), Arc::new(Found { rows, ..Found::default() }))])
        }
        kind => sort(rows, kind),
    }
}

fn sort(rows: Vec<Row>, kind: &LoadKind) -> Answer {
    match kind {
        LoadKind::ByKey { positions, .. } | LoadKind::Aggregate { positions, .. } => by_key(rows, positions),
        LoadKind::Series { positions, most, .. } => pages(rows, positions, *most, false),
        LoadKind::Points { positions, most, max, axes, .. } => thinned(rows, positions, *most, *max, axes),
        LoadKind::Page { positions, limit, backward, .. } => pages(rows, positions, *limit, *backward),
    }
}

fn by_key(rows: Vec<Row>, positions: &[usize]) -> Answer {
    let found = |row| Arc::new(Found { rows: vec![row], ..Found::default() });
    rows.into_iter().filter_map(|row| Some((Key::of(&row, positions)?, found(row)))).collect()
}

fn pages(rows: Vec<Row>, positions: &[usize], limit: u64, backward: bool) -> Answer {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    by_parent(rows, positions)
        .into_iter()
        .map(|(key, mut page)| {
            page.more = page.rows.len() > limit;
            page.rows.truncate(limit);
            if backward {
                page.rows.reverse();
            }
            (key, Arc::new(page))
        })
        .collect()
}

/// The points of each parent; none, and more, where there are too many rows to choose from.
fn thinned(rows: Vec<Row>, positions: &[usize], most: u64, max: usize, axes: &[ColumnType; 2]) -> Answer {
    let more = rows.len() as u64 > most;
    by_parent(rows, positions)
        .into_iter()
        .map(|(key, found)| {
            let rows = if more { Vec::new() } else { thin_rows(found.rows, max, axes) };
            (key, Arc::new(Found { rows, more }))
        })
        .collect()
}

fn by_parent(rows: Vec<Row>, positions: &[usize]) -> HashMap<Key, Found> {
    let mut parents: HashMap<Key, Found> = HashMap::new();
    for row in rows {
        if let Some(key) = Key::of(&row, positions) {
            parents.entry(key).or_default().rows.push(row);
        }
    }
    parents
}

/// How a load's rows come from the database where a cache asks for them.
pub(super) type Sorted = Result<Arc<Answer>, DatabaseError>;
