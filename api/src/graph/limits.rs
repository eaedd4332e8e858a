//! Defines the limits of a request.

use std::time::Duration;

/// The default number of points of a line.
pub(in crate::graph) const DEFAULT_POINTS: u64 = 500;

/// The limits of a request; each is a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nested levels; a list takes two or three (`protocols`, `edges`, `node`).
    pub depth: usize,
    /// The most objects that the answer could have: page sizes multiplied down the tree, and a page for each relation of a
    /// filter, an order or a key.
    pub cost: u64,
    /// Bytes of the answer.
    pub answer: usize,
    /// Fields of the operation, with fragments expanded.
    pub fields: usize,
    /// Fields of `Query` in one request.
    pub root_fields: usize,
    /// Aliases in the document.
    pub aliases: usize,
    /// Directives in the document.
    pub directives: usize,
    /// Lexical tokens of the document.
    pub tokens: usize,
    /// Conditions of all filters of the request together.
    pub conditions: usize,
    /// Relations in the filters, orders and keys of the request together.
    pub relations: usize,
    /// Nested relations in a filter, an order or a key.
    pub relation_depth: usize,
    /// Terms of one order, or of one list's groups.
    pub terms: usize,
    /// Values of one list in a filter.
    pub listed: usize,
    /// Characters of a pattern, of a search, and of JSON that is compared with each row's.
    pub pattern: usize,
    /// Bytes of all values in the filters of the request together.
    pub operands: usize,
    /// The default rows of a page.
    pub default_page: u64,
    /// The most rows of a page.
    pub largest_page: u64,
    /// Lines and points of one field of series, below all parents together; rows of one field `points`, below each.
    pub points: u64,
    /// The most rows that one field of `Mutation` adds, including the rows below them.
    pub written_rows: usize,
    /// Rows that one field `points` chooses from, below all parents together.
    pub plotted: u64,
    /// Bytes of the cache of documents.
    pub documents: usize,
    /// The time for which the outcome of a mutation with an idempotency key is stored.
    pub idempotency_retention: Duration,
    /// True if `__schema` and `__type` are answered.
    pub introspection: bool,
    /// True if they are answered to callers without a token too.
    pub anonymous_introspection: bool,
    /// True if errors about unknown names suggest similar ones.
    pub suggestions: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 25,
            cost: 500_000,
            answer: 32 * 1024 * 1024,
            fields: 2_000,
            root_fields: 20,
            aliases: 50,
            directives: 50,
            tokens: 5_000,
            conditions: 200,
            relations: 50,
            relation_depth: 5,
            terms: 16,
            listed: 1_000,
            pattern: 256,
            operands: 64 * 1024,
            default_page: 100,
            largest_page: 1_000,
            points: 10_000,
            written_rows: 5_000,
            plotted: 100_000,
            documents: 32 * 1024 * 1024,
            idempotency_retention: Duration::from_hours(24),
            introspection: true,
            anonymous_introspection: false,
            suggestions: true,
        }
    }
}
