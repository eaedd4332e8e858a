//! Remembers the statements that a server keeps prepared for a connection.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio_postgres::types::Oid;

use crate::answers::Columns;
use crate::batch::Query;
use crate::rows::Column;

/// The largest number of statements of a connection. Beyond it, and beyond [`MOST_BYTES`], the least recently used statements are
/// evicted, one for each new one: ever new queries fill the memory of neither gateway nor server, and statements in use stay
/// prepared.
pub(crate) const MOST_STATEMENTS: usize = 500;
/// The largest size of the texts of these statements, in bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// The prepared statements of a connection. A statement is found by its text and the types of its parameters: with other types
/// the same text may mean something else.
#[derive(Debug)]
pub(crate) struct StatementCache {
    /// The number in the names of this connection's statements, which no other connection has: a pooler may give two connections
    /// the same server connection, where a name must not lead to the other's statement.
    prefix: u64,
    statements: HashMap<Box<str>, Vec<PreparedStatement>>,
    count: usize,
    bytes: usize,
    /// The number in the most recent name.
    last: u64,
    /// The number of the current batch.
    batch: u64,
    /// The names of evicted statements, which the server closes before the next batch.
    evicted: Vec<Box<str>>,
}

/// A prepared statement.
#[derive(Debug)]
pub(crate) struct PreparedStatement {
    pub(crate) name: Box<str>,
    parameters: Box<[Oid]>,
    pub(crate) columns: Columns,
    /// The number in its name. Of two statements that were used in the same batch, the older one has the lower number.
    number: u64,
    /// The number of the last batch that used it.
    used: u64,
}

impl PreparedStatement {
    /// Returns a key that orders statements by their last use.
    fn age(&self) -> (u64, u64) {
        (self.used, self.number)
    }

    fn is_for(&self, query: &Query<'_>) -> bool {
        self.parameters.iter().copied().eq(oids(query))
    }
}

#[expect(clippy::disallowed_methods, reason = "the only random number of this crate is drawn here")]
impl Default for StatementCache {
    fn default() -> Self {
        Self {
            // The keys of the standard library's hashers are random, and differ with each hasher.
            prefix: RandomState::new().hash_one(()),
            statements: HashMap::new(),
            count: 0,
            bytes: 0,
            last: 0,
            batch: 0,
            evicted: Vec::new(),
        }
    }
}

impl StatementCache {
    /// Begins a batch. Returns the names of evicted statements, which the server closes before the batch.
    pub(crate) fn begin(&mut self) -> Vec<Box<str>> {
        self.batch += 1;
        self.evict();
        std::mem::take(&mut self.evicted)
    }

    /// Evicts the least recently used statements beyond the limits.
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
        self.evict_where(|named| Some(named.age()) <= oldest);
    }

    /// Returns a statement that is prepared already, or will be when the server reaches this place of the batch.
    pub(crate) fn find(&mut self, query: &Query<'_>) -> Option<&PreparedStatement> {
        let named = self.statements.get_mut(query.text)?.iter_mut().find(|named| named.is_for(query))?;
        named.used = self.batch;
        Some(named)
    }

    /// Adds a statement that the batch prepares at this index. Returns its name.
    pub(crate) fn add(&mut self, query: &Query<'_>, at: usize) -> &str {
        self.last += 1;
        self.count += 1;
        self.bytes += query.text.len();
        let named = PreparedStatement {
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

    /// Records the columns of a statement, which the server has described.
    pub(crate) fn describe(&mut self, query: &Query<'_>, columns: Arc<[Column]>) {
        let known = self.statements.get_mut(query.text).map(Vec::as_mut_slice).unwrap_or_default();
        if let Some(named) = known.iter_mut().find(|named| named.is_for(query)) {
            named.columns = Columns::Known(columns);
        }
    }

    /// Forgets the statement that failed, and those that the server has not reached.
    pub(crate) fn forget_failed(&mut self, failed: Option<&Query<'_>>) {
        self.evict_where(|named| matches!(named.columns, Columns::OfEarlier(_)));
        let Some(query) = failed else { return };
        let Some(known) = self.statements.get_mut(query.text) else { return };
        if let Some(at) = known.iter().position(|named| named.is_for(query)) {
            self.evicted.push(known.swap_remove(at).name);
            self.count -= 1;
            self.bytes -= query.text.len();
        }
    }

    /// Forgets all statements.
    pub(crate) fn clear(&mut self) {
        self.evict_where(|_| true);
    }

    /// Returns the names of all statements.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.statements.values().flatten().map(|named| &*named.name)
    }

    fn evict_where(&mut self, is_forgotten: impl Fn(&PreparedStatement) -> bool) {
        let Self { statements, count, bytes, evicted, .. } = self;
        statements.retain(|text, known| {
            for named in known.extract_if(.., |named| is_forgotten(named)) {
                *count -= 1;
                *bytes -= text.len();
                evicted.push(named.name);
            }
            !known.is_empty()
        });
    }
}

fn oids(query: &Query<'_>) -> impl Iterator<Item = Oid> {
    query.parameters.iter().map(|parameter| parameter.ty.oid())
}
