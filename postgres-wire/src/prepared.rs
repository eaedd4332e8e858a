//! The statements that a server keeps prepared for a connection.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio_postgres::types::Oid;

use crate::answers::Columns;
use crate::batch::Query;
use crate::rows::Column;

/// A connection remembers this many statements, and this many bytes of their texts. Beyond that the least recently used ones
/// are evicted, one for each that is new, so that a stream of ever new queries fills the memory of neither gateway nor server,
/// and statements that are in use stay prepared.
pub(crate) const MOST_STATEMENTS: usize = 500;
const MOST_BYTES: usize = 1024 * 1024;

/// The prepared statements of a connection. A statement is found by its text and the types of its parameters: with other types
/// the same text may mean something else.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// A number in the names of this connection's statements, which no other connection has: a pooler may give both the same
    /// server, where a name must not lead to the other's statement.
    prefix: u64,
    statements: HashMap<Box<str>, Vec<Named>>,
    count: usize,
    bytes: usize,
    /// The number of the last name.
    last: u64,
    /// The number of the current batch.
    batch: u64,
    /// Names of statements that the server is to close.
    stale: Vec<Box<str>>,
}

/// A prepared statement.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: Box<str>,
    parameters: Box<[Oid]>,
    pub(crate) columns: Columns,
    /// The number in its name. Of two statements that were used in the same batch, the older one has the lower number.
    number: u64,
    /// The number of the last batch that used it.
    used: u64,
}

impl Named {
    /// Returns a key that orders statements by their last use.
    fn age(&self) -> (u64, u64) {
        (self.used, self.number)
    }

    fn is_for(&self, query: &Query<'_>) -> bool {
        self.parameters.iter().copied().eq(oids(query))
    }
}

#[expect(clippy::disallowed_methods, reason = "the only random number of this crate is drawn here")]
impl Default for Prepared {
    fn default() -> Self {
        Self {
            // The keys of the standard library's hashers are random, and differ with each hasher.
            prefix: RandomState::new().hash_one(()),
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
    /// Begins a batch. Returns the names of the statements that the server is to close before it.
    pub(crate) fn begin(&mut self) -> Vec<Box<str>> {
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

    /// Finds a statement that the server knows, or will know when it comes to this place of the batch.
    pub(crate) fn find(&mut self, query: &Query<'_>) -> Option<&Named> {
        let named = self.statements.get_mut(query.text)?.iter_mut().find(|named| named.is_for(query))?;
        named.used = self.batch;
        Some(named)
    }

    /// Adds a statement that the server is to prepare at a place of the batch. Returns its name.
    pub(crate) fn add(&mut self, query: &Query<'_>, at: usize) -> &str {
        self.last += 1;
        self.count += 1;
        self.bytes += query.text.len();
        let named = Named {
            name: format!("wire_{:x}_{}", self.prefix, self.last).into(),
            parameters: oids(query).collect(),
            columns: Columns::OfEarlier(at),
            number: self.last,
            used: self.batch,
        };
        let known = self.statements.entry(query.text.into()).or_default();
        known.push(named);
        known.last().map_or("", |named| &named.name)
    }

    /// Keeps the columns of a statement, which the server has described.
    pub(crate) fn describe(&mut self, query: &Query<'_>, columns: Arc<[Column]>) {
        let known = self.statements.get_mut(query.text).map(Vec::as_mut_slice).unwrap_or_default();
        if let Some(named) = known.iter_mut().find(|named| named.is_for(query)) {
            named.columns = Columns::Known(columns);
        }
    }

    /// Forgets the statement that failed, and those that the server has not come to.
    pub(crate) fn forget_failed(&mut self, failed: Option<&Query<'_>>) {
        self.forget_where(|named| matches!(named.columns, Columns::OfEarlier(_)));
        let Some(query) = failed else { return };
        let Some(known) = self.statements.get_mut(query.text) else { return };
        if let Some(at) = known.iter().position(|named| named.is_for(query)) {
            self.stale.push(known.swap_remove(at).name);
            self.count -= 1;
            self.bytes -= query.text.len();
        }
    }

    /// Forgets all statements.
    pub(crate) fn clear(&mut self) {
        self.forget_where(|_| true);
    }

    /// Returns the names of all statements.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
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
