//! The statements that a server knows by name.

use std::collections::HashMap;

use tokio_postgres::types::Oid;
use uuid::Uuid;

use super::Query;
use super::rows::Columns;

/// A connection remembers this many statements, and this many bytes of their texts. Beyond that the least recently used ones
/// are evicted, one for each that is new, so that a stream of ever new queries fills the memory of neither gateway nor server,
/// and statements that are in use stay prepared.
pub(super) const MOST_STATEMENTS: usize = 500;
const MOST_BYTES: usize = 1024 * 1024;

/// The statements of a connection. One is known again by its text and the types of its parameters: the same text may mean
/// something else for another type.
#[derive(Debug)]
pub(super) struct Prepared {
    /// What the names of this connection begin with. No other connection's do: a pooler may give both the same server, where
    /// a name must not be another one's statement.
    prefix: u64,
    statements: HashMap<Box<str>, Vec<Named>>,
    count: usize,
    bytes: usize,
    /// Number of the last name.
    last: u64,
    /// Number of the batch under way.
    batch: u64,
    /// Names that the server is to forget.
    stale: Vec<Box<str>>,
}

#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: Box<str>,
    parameters: Box<[Oid]>,
    pub(super) columns: Described,
    /// Number of its name: of two statements that were used at the same time, the older one has the lower number.
    number: u64,
    /// The last batch that it was part of.
    used: u64,
}

/// What is known of a statement's columns.
#[derive(Clone, Debug)]
pub(super) enum Described {
    /// Everything.
    Before(Columns),
    /// What the server is about to say at this place of the batch under way.
    At(usize),
}

impl Named {
    /// Orders statements by when they were used last.
    fn age(&self) -> (u64, u64) {
        (self.used, self.number)
    }

    fn is_for(&self, query: &Query<'_>) -> bool {
        self.parameters.iter().copied().eq(oids(query))
    }
}

impl Default for Prepared {
    fn default() -> Self {
        Self {
            prefix: Uuid::new_v4().as_u64_pair().0,
            statements: HashMap::new(),
            count: 0,
            bytes: 0,
            last: 0,
            batch: 0,
            stale: Vec::new(),
        }
    }
}

impl Prepared {
    /// Begins a batch; gives the names that the server is to forget before it.
    pub(super) fn begin(&mut self) -> Vec<Box<str>> {
        self.batch += 1;
        self.evict();
        std::mem::take(&mut self.stale)
    }

    /// Evicts the least recently used statements, as many as are beyond the limits.
    fn evict(&mut self) {
        if self.count <= MOST_STATEMENTS && self.bytes <= MOST_BYTES {
            return;
        }
        let mut known: Vec<_> = self
            .statements
            .iter()
            .flat_map(|(text, known)| known.iter().map(|named| (named.age(), text.len())))
            .collect();
        known.sort_unstable();
        let (mut count, mut bytes) = (self.count, self.bytes);
        let mut oldest = None;
        for (age, length) in known {
            if count <= MOST_STATEMENTS && bytes <= MOST_BYTES {
                break;
            }
            (count, bytes, oldest) = (count - 1, bytes - length, Some(age));
        }
        self.forget_where(|named| Some(named.age()) <= oldest);
    }

    /// A statement that the server knows, or will by the time that it comes to where the batch has got to.
    pub(super) fn find(&mut self, query: &Query<'_>) -> Option<&Named> {
        let named = self.statements.get_mut(query.text)?.iter_mut().find(|named| named.is_for(query))?;
        named.used = self.batch;
        Some(named)
    }

    /// A name for a statement that the server is about to learn, at a place of the batch.
    pub(super) fn add(&mut self, query: &Query<'_>, at: usize) -> &str {
        self.last += 1;
        self.count += 1;
        self.bytes += query.text.len();
        let named = Named {
            name: format!("praxis_{:x}_{}", self.prefix, self.last).into(),
            parameters: oids(query).collect(),
            columns: Described::At(at),
            number: self.last,
            used: self.batch,
        };
        let known = self.statements.entry(query.text.into()).or_default();
        known.push(named);
        known.last().map_or("", |named| &named.name)
    }

    /// Keeps what the server has said of a statement's columns.
    pub(super) fn describe(&mut self, query: &Query<'_>, columns: Columns) {
        let known = self.statements.get_mut(query.text).map(Vec::as_mut_slice).unwrap_or_default();
        if let Some(named) = known.iter_mut().find(|named| named.is_for(query)) {
            named.columns = Described::Before(columns);
        }
    }

    /// Forgets, after a failure, the statement that failed, and those that the server has not come to.
    pub(super) fn doubt(&mut self, failed: Option<&Query<'_>>) {
        self.forget_where(|named| matches!(named.columns, Described::At(_)));
        let Some(query) = failed else { return };
        let Some(known) = self.statements.get_mut(query.text) else { return };
        if let Some(at) = known.iter().position(|named| named.is_for(query)) {
            self.stale.push(known.swap_remove(at).name);
            self.count -= 1;
            self.bytes -= query.text.len();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.forget_where(|_| true);
    }

    /// The names of all that it remembers.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.statements.values().flatten().map(|named| &*named.name)
    }

    fn forget_where(&mut self, is_forgotten: impl Fn(&Named) -> bool) {
        let Self { statements, count, bytes, stale, .. } = self;
        statements.retain(|text, known| {
            for named in known.extract_if(.., |named| is_forgotten(named)) {
                *count -= 1;
                *bytes -= text.len();
                stale.push(named.name);
            }
            !known.is_empty()
        });
    }
}

fn oids(query: &Query<'_>) -> impl Iterator<Item = Oid> {
    query.parameters.iter().map(|parameter| parameter.ty.oid())
}
