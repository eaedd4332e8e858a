//! Random operations over the whole schema, with values that are in the database: the same seed makes the same operations, and
//! one that shows a fault shrinks to the smallest that still does.
//!
//! The schema is read by introspection, so a new table, field or argument is asked for by itself.

mod dice;
mod generate;
mod operation;
mod pool;
mod schema;

pub(crate) use dice::Dice;
pub(crate) use generate::Generator;
pub(crate) use operation::{Argument, Field, Operation};
pub(crate) use pool::Pool;
pub(crate) use schema::Schema;
