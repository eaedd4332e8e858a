//! Random operations over the whole schema, with values that are in the database or with wild ones: the same seed makes the same
//! operations, and one that shows a fault shrinks to the smallest that still does.
//!
//! The schema is read by introspection, so a new table, field or argument is asked for by itself.

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

/// A number that is set in the environment.
pub(crate) fn setting(name: &str) -> Option<usize> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
