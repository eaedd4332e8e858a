//! What one request may ask for.

use std::time::Duration;

/// Limits of a request; each is a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting; a list takes two or three (`protocols`, `edges`, `node`).
    pub depth: usize,
    /// Rows that the answer could have at most: page sizes multiplied down the tree.
    pub cost: u64,
    /// Fields of the operation after fragments are put in.
    pub fields: usize,
    /// Fields of `Query` in one request.
    pub root_fields: usize,
    /// Aliases in the document.
    pub aliases: usize,
    /// Directives in the document.
    pub directives: usize,
    /// Lexical tokens of the document.
    pub tokens: usize,
    /// Conditions in one filter.
    pub conditions: usize,
    /// Rows of a page where the request names no number.
    pub default_page: u64,
    /// Rows of a page at most.
    pub largest_page: u64,
    /// Lines and points of one field of series, or rows of one field `points`, below each parent.
    pub points: u64,
    /// Rows that one field of `Mutation` adds at most, with the rows that belong to them.
    pub written_rows: usize,
    /// Rows that one field `points` chooses from, below all parents together.
    pub plotted: u64,
    /// How long the answer to a mutation with an idempotency key is kept.
    pub idempotency_retention: Duration,
    /// Whether `__schema` and `__type` are answered.
    pub introspection: bool,
    /// Whether an unknown name is answered with similar ones.
    pub suggestions: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 25,
            cost: 500_000,
            fields: 2_000,
            root_fields: 20,
            aliases: 50,
            directives: 50,
            tokens: 5_000,
            conditions: 100,
            default_page: 100,
            largest_page: 1_000,
            points: 10_000,
            written_rows: 5_000,
            plotted: 100_000,
            idempotency_retention: Duration::from_hours(24),
            introspection: true,
            suggestions: true,
        }
    }
}
