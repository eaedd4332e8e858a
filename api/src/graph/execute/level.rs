//! The levels of a request: which rows are looked at next, and what has to be asked for them.

use std::sync::Arc;

use foldhash::HashSet;

use super::answer::Answer;
use super::key::Key;
use super::loader::Question;
use crate::database::Row;
use crate::graph::plan::{
    Connection, ConnectionField, EdgeField, Groups, Keyed, LoadId, LoadKind, PageInfoField, Plan, RootField,
    RowField, RowSelection, Series,
};

/// What one level of a request needs.
pub(super) struct Level<'p> {
    plan: &'p Plan,
    visits: Vec<Visit<'p>>,
}

/// Rows of a load, and what is wanted of them.
struct Visit<'p> {
    load: LoadId,
    keys: Arc<[Key]>,
    below: Option<&'p RowSelection>,
    /// Whether those fields of the rows were visited already whose key is the one that the rows were asked by.
    ahead: bool,
}

/// The keys that a load has been asked for.
pub(super) type Asked = HashSet<Key>;

impl<'p> Level<'p> {
    /// The first level.
    pub(super) fn first(plan: &'p Plan) -> Self {
        let mut level = Self { plan, visits: Vec::new() };
        level.root(&plan.fields);
        level
    }

    /// The level of rows whose keys are given when the plan runs: loads by key, and what is wanted of their rows.
    pub(super) fn given(
        plan: &'p Plan,
        keys: &[Key],
        rows: impl IntoIterator<Item = (LoadId, &'p RowSelection)>,
    ) -> Self {
        let mut level = Self { plan, visits: Vec::new() };
        for (load, selection) in rows {
            level.by_key(load, keys.into(), selection);
        }
        level
    }

    /// The same level, with more keys for a load of which no rows are wanted.
    pub(super) fn and(mut self, load: LoadId, keys: Vec<Key>) -> Self {
        self.visit(load, keys.into(), None);
        self
    }

    /// Whether nothing is left to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// What has to be asked for this level.
    pub(super) fn questions(&self) -> Vec<Question> {
        let is_last = self.is_last();
        let question =
            |visit: &Visit<'_>| Question { load: visit.load, keys: Arc::clone(&visit.keys), is_last };
        self.visits.iter().map(question).collect()
    }

    /// Whether the database will not be asked for more below this level.
    fn is_last(&self) -> bool {
        !self.visits.iter().flat_map(|visit| self.fields_below(visit)).any(|field| self.asks(field))
    }

    /// The fields of a visit's rows that lead on. What was visited ahead stands in the level of the rows themselves.
    fn fields_below(&self, visit: &Visit<'p>) -> Vec<&'p RowField> {
        let ahead = visit.ahead.then(|| self.key_of_rows(visit.load)).flatten();
        let mut fields = visit.below.map(all_fields).unwrap_or_default();
        fields.retain(|field| key_of(field).is_some_and(|key| Some(key) != ahead));
        fields
    }

    /// Whether a field asks the database, itself or below it.
    fn asks(&self, field: &RowField) -> bool {
        loads_of(field).into_iter().any(|(load, below)| {
            !self.plan.loads[load.0].only_reference
                || below.is_some_and(|selection| all_fields(selection).into_iter().any(|it| self.asks(it)))
        })
    }

    /// The level below, when this one is answered.
    pub(super) fn below(&self, answers: &[Answer]) -> Self {
        let mut level = Self { plan: self.plan, visits: Vec::new() };
        for visit in &self.visits {
            let fields = self.fields_below(visit);
            if fields.is_empty() {
                continue;
            }
            let answer = &answers[visit.load.0];
            let rows: Vec<&Row> =
                visit.keys.iter().filter_map(|key| answer.get(key)).flat_map(|found| &found.rows).collect();
            for field in fields {
                level.field(field, |positions| {
                    let keys = rows.iter().filter_map(|row| Key::of(row, positions));
                    match field {
                        // Many rows lead to the same one. What is below it is then looked at once.
                        RowField::One { .. } => distinct(keys),
                        _ => keys.collect(),
                    }
                });
            }
        }
        level
    }

    fn root(&mut self, fields: &'p [Keyed<RootField>]) {
        for field in fields {
            match &field.value {
                RootField::Typename(_) | RootField::Introspection(_) => {}
                RootField::Namespace(fields) => self.root(fields),
                RootField::One(lookup) => {
                    self.by_key(lookup.load, Arc::new([Key::from_parts(&lookup.key)]), &lookup.selection);
                }
                RootField::Nodes(nodes) => {
                    for (at, (load, selection)) in nodes.types.iter().enumerate() {
                        let ids = nodes.ids.iter().flatten().filter(|(of, _)| *of == at);
                        self.by_key(*load, ids.map(|(_, key)| Key::from_parts(key)).collect(), selection);
                    }
                }
                RootField::Connection(connection) => {
                    for (load, below) in loads_of_connection(connection) {
                        self.visit(load, Arc::new([Key::Whole]), below);
                    }
                }
                RootField::Groups(Groups { load, .. }) | RootField::Series(Series { load, .. }) => {
                    self.visit(*load, Arc::new([Key::Whole]), None);
                }
            }
        }
    }

    /// Rows whose key the request gives. What hangs on that same key is asked for along with them: where a row turns out
    /// not to exist, or not to be the caller's, nothing of that is shown.
    fn by_key(&mut self, load: LoadId, keys: Arc<[Key]>, selection: &'p RowSelection) {
        if keys.is_empty() {
            return;
        }
        let key = self.key_of_rows(load);
        for field in all_fields(selection).into_iter().filter(|field| key.is_some() && key_of(field) == key) {
            self.field(field, |_| Arc::clone(&keys));
        }
        self.visits.push(Visit { load, keys, below: Some(selection), ahead: true });
    }

    fn field(&mut self, field: &'p RowField, keys: impl FnOnce(&[usize]) -> Arc<[Key]>) {
        let Some(key) = key_of(field) else { return };
        let keys = keys(key);
        for (load, below) in loads_of(field) {
            self.visit(load, Arc::clone(&keys), below);
        }
    }

    fn visit(&mut self, load: LoadId, keys: Arc<[Key]>, below: Option<&'p RowSelection>) {
        if !keys.is_empty() {
            self.visits.push(Visit { load, keys, below, ahead: false });
        }
    }

    /// Positions, in the rows of a load by key, of that key.
    fn key_of_rows(&self, load: LoadId) -> Option<&'p [usize]> {
        let load = &self.plan.loads[load.0];
        matches!(load.kind, LoadKind::ByKey).then_some(load.positions.as_slice())
    }
}

/// Keys without those that came before.
fn distinct(keys: impl Iterator<Item = Key>) -> Arc<[Key]> {
    let mut seen = Asked::default();
    keys.filter(|key| seen.insert(key.clone())).collect()
}

/// Positions, in a row, of the key by which a field's rows are found.
fn key_of(field: &RowField) -> Option<&[usize]> {
    match field {
        RowField::Typename | RowField::GlobalId(_) | RowField::Column(..) | RowField::Joined { .. } => None,
        RowField::One { key, .. }
        | RowField::Many { key, .. }
        | RowField::Groups { key, .. }
        | RowField::Series { key, .. } => Some(key),
    }
}

/// The loads that answer a field, each with what is wanted of its rows.
fn loads_of(field: &RowField) -> Vec<(LoadId, Option<&RowSelection>)> {
    match field {
        RowField::Typename | RowField::GlobalId(_) | RowField::Column(..) | RowField::Joined { .. } => {
            Vec::new()
        }
        RowField::One { load, selection, .. } => vec![(*load, Some(selection))],
        RowField::Groups { groups: Groups { load, .. }, .. }
        | RowField::Series { series: Series { load, .. }, .. } => vec![(*load, None)],
        RowField::Many { connection, .. } => loads_of_connection(connection),
    }
}

fn loads_of_connection(connection: &Connection) -> Vec<(LoadId, Option<&RowSelection>)> {
    let mut loads: Vec<_> =
        connection.aggregate.into_iter().chain(connection.page).map(|load| (load, None)).collect();
    for field in &connection.fields {
        match (&field.value, connection.page) {
            (ConnectionField::Points(load, selection), _) => loads.push((*load, Some(selection))),
            (ConnectionField::PageInfo(fields), _) => {
                loads.extend(fields.iter().flat_map(|field| beyond(&field.value)).map(|load| (*load, None)));
            }
            (ConnectionField::Nodes(selection), Some(page)) => loads.push((page, Some(selection))),
            (ConnectionField::Edges(edges), Some(page)) => {
                loads.extend(edges.iter().filter_map(|edge| match &edge.value {
                    EdgeField::Node(selection) => Some((page, Some(selection))),
                    EdgeField::Typename | EdgeField::Cursor => None,
                }));
            }
            _ => {}
        }
    }
    loads
}

/// The loads that tell what lies beyond a page.
fn beyond(field: &PageInfoField) -> &[LoadId] {
    match field {
        PageInfoField::HasNextPage(beyond) | PageInfoField::HasPreviousPage(beyond) => &beyond.loads,
        PageInfoField::Typename | PageInfoField::StartCursor | PageInfoField::EndCursor => &[],
    }
}

/// The fields of rows and of what came along with them.
fn all_fields(selection: &RowSelection) -> Vec<&RowField> {
    let mut fields = Vec::with_capacity(selection.fields.len());
    for field in &selection.fields {
        match &field.value {
            RowField::Joined { selection, .. } => fields.extend(all_fields(selection)),
            field => fields.push(field),
        }
    }
    fields
}
