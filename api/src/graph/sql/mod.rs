//! The SQL of a question: text with parameters, for Postgres.

mod builder;
pub(in crate::graph) mod clock;
pub(in crate::graph) mod filter;
pub(in crate::graph) mod merge;
pub(in crate::graph) mod page;
pub(in crate::graph) mod rows;

pub(in crate::graph) use builder::{KEY_ALIAS, Sql};
