//! The levels of a request: which rows are looked at next, and what has to be asked for them.

use apollo_compiler::collections::HashSet;

use super::answer::Answer;
use super::key::Key;
use crate::database::Row;
use crate::graph::plan::{
    Connection, ConnectionField, EdgeField, Groups, Keyed, LoadId, LoadKind, Plan, RootField, RowField,
    RowSelection, Series,
};

/// What one level of a request needs.
pub(super) struct Level<'p> {
    plan: &'p Plan,
    visits: Vec<Visit<'p>>,
}

/// Rows of a load, and what is wanted of them.
struct Visit<'p> {
    load: LoadId,
    keys: Vec<Key>,
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

    /// Whether nothing is left to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// The loads of this level, each with the keys that it has not been asked for before.
    pub(super) fn questions(&self, asked: &mut [Asked]) -> Vec<(LoadId, Vec<Key>)> {
        let mut questions: Vec<(LoadId, Vec<Key>)> = Vec::with_capacity(self.visits.len());
        for visit in &self.visits {
            let asked = &mut asked[visit.load.0];
            let new = visit.keys.iter().filter(|key| asked.insert((*key).clone())).cloned();
            match questions.iter_mut().find(|(load, _)| *load == visit.load) {
                Some((_, keys)) => keys.extend(new),
                None => questions.push((visit.load, new.collect())),
            }
        }
        questions.retain(|(_, keys)| !keys.is_empty());
        questions
    }

    /// The level below, when this one is answered.
    pub(super) fn below(&self, answers: &[Answer]) -> Self {
        let mut level = Self { plan: self.plan, visits: Vec::new() };
        for visit in &self.visits {
            let Some(selection) = visit.below.filter(|selection| leads_on(selection)) else { continue };
            let answer = &answers[visit.load.0];
            let rows: Vec<&Row> =
                visit.keys.iter().filter_map(|key| answer.get(key)).flat_map(|found| &found.rows).collect();
            for field in &selection.fields {
                if !visit.ahead || key_of(&field.value) != self.key_of_rows(visit.load) {
                    level.field(&field.value, |positions| {
                        rows.iter().filter_map(|row| Key::of(row, positions)).collect()
                    });
                }
            }
        }
        level
    }

    fn root(&mut self, fields: &'p [Keyed<RootField>]) {
        for field in fields {
            match &field.value {
                RootField::Typename(_) | RootField::Introspection => {}
                RootField::Namespace(fields) => self.root(fields),
                RootField::One(lookup) => {
                    self.by_key(lookup.load, vec![Key::from_parts(&lookup.key)], &lookup.selection);
                }
                RootField::Nodes(nodes) => {
                    for (at, (load, selection)) in nodes.types.iter().enumerate() {
                        let ids = nodes.ids.iter().filter(|(of, _)| *of == at);
                        self.by_key(*load, ids.map(|(_, key)| Key::from_parts(key)).collect(), selection);
                    }
                }
                RootField::Connection(connection) => self.connection(connection, vec![Key::Whole]),
                RootField::Groups(Groups { load, .. }) | RootField::Series(Series { load, .. }) => {
                    self.visit(*load, vec![Key::Whole], None);
                }
            }
        }
    }

    /// Rows whose key the request gives. What hangs on that same key is asked for along with them: where a row turns out
    /// not to exist, or not to be the caller's, nothing of that is shown.
    fn by_key(&mut self, load: LoadId, keys: Vec<Key>, selection: &'p RowSelection) {
        let key = self.key_of_rows(load);
        for field in selection.fields.iter().filter(|field| key.is_some() && key_of(&field.value) == key) {
            self.field(&field.value, |_| keys.clone());
        }
        self.visits.push(Visit { load, keys, below: Some(selection), ahead: true });
    }

    fn field(&mut self, field: &'p RowField, keys: impl FnOnce(&[usize]) -> Vec<Key>) {
        match field {
            RowField::Typename | RowField::GlobalId(_) | RowField::Column(..) => {}
            RowField::One { load, key, selection } => self.visit(*load, keys(key), Some(selection)),
            RowField::Many { key, connection } => self.connection(connection, keys(key)),
            RowField::Groups { key, groups: Groups { load, .. } }
            | RowField::Series { key, series: Series { load, .. } } => self.visit(*load, keys(key), None),
        }
    }

    fn connection(&mut self, connection: &'p Connection, keys: Vec<Key>) {
        if let Some(load) = connection.aggregate {
            self.visit(load, keys.clone(), None);
        }
        for field in &connection.fields {
            match (&field.value, connection.page) {
                (ConnectionField::Points(load, selection), _) => {
                    self.visit(*load, keys.clone(), Some(selection));
                }
                (ConnectionField::Nodes(selection), Some(load)) => {
                    self.visit(load, keys.clone(), Some(selection));
                }
                (ConnectionField::Edges(edges), Some(load)) => {
                    for edge in edges {
                        if let EdgeField::Node(selection) = &edge.value {
                            self.visit(load, keys.clone(), Some(selection));
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(load) = connection.page {
            self.visit(load, keys, None);
        }
    }

    fn visit(&mut self, load: LoadId, keys: Vec<Key>, below: Option<&'p RowSelection>) {
        if !keys.is_empty() {
            self.visits.push(Visit { load, keys, below, ahead: false });
        }
    }

    /// Positions, in the rows of a load by key, of that key.
    fn key_of_rows(&self, load: LoadId) -> Option<&'p [usize]> {
        match &self.plan.loads[load.0].kind {
            LoadKind::ByKey { positions, .. } => Some(positions),
            _ => None,
        }
    }
}

/// Positions, in a row, of the key by which a field's rows are found.
fn key_of(field: &RowField) -> Option<&[usize]> {
    match field {
        RowField::Typename | RowField::GlobalId(_) | RowField::Column(..) => None,
        RowField::One { key, .. }
        | RowField::Many { key, .. }
        | RowField::Groups { key, .. }
        | RowField::Series { key, .. } => Some(key),
    }
}

/// Whether a selection asks for more than the row itself.
fn leads_on(selection: &RowSelection) -> bool {
    selection.fields.iter().any(|field| key_of(&field.value).is_some())
}
