//! Random operations over the whole schema, with values from the database or with wild ones: the same seed generates the same
//! operations, and one with a fault shrinks to the smallest that still has it.
//!
//! The schema is read by introspection, so that new tables, fields and arguments are used by themselves.

mod corners;
mod dice;
mod generate;
mod inputs;
mod operation;
mod pool;
mod scalars;
mod schema;
mod shrink;

pub(crate) use dice::Dice;
pub(crate) use generate::Generator;
pub(crate) use operation::{Argument, Field, Operation};
pub(crate) use pool::Pool;
pub(crate) use schema::Schema;

/// Returns a number from an environment variable.
pub(crate) fn setting(name: &str) -> Option<usize> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
