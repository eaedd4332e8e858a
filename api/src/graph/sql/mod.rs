//! The SQL of a request: a statement for each [question](super::question).
//!
//! A statement is made from pieces that only this folder can make (`snippet.rs`), so that a value of a request can only enter as a
//! parameter.

mod aggregate;
mod bucket;
mod builder;
mod call;
mod clock;
mod filter;
mod function;
mod grouping;
mod groups;
mod keyset;
mod limit;
mod merge;
mod order;
mod page;
mod range;
mod rows;
mod series;
mod snippet;
mod write;

pub(super) use aggregate::aggregate;
pub(super) use builder::Sql;
pub(super) use call::call;
pub(super) use groups::groups;
pub(super) use page::{PageQuery, page, points};
pub(super) use rows::{RowsQuery, all, by_key, rows_before};
pub(super) use write::{delete, insert, look, update};

use self::filter::Filter;
use super::arguments::{ArgumentError, Value};
use super::catalog::{Catalog, Table};
use super::question::allowance::Allowance;

/// Refuses an invalid filter of a field that reads no rows.
pub(super) fn check_filter(
    catalog: &Catalog,
    table: &Table,
    filter: &Value<'_>,
    allowance: &mut Allowance<'_>,
) -> Result<(), ArgumentError> {
    Filter::new(catalog, &mut Sql::new(0), allowance).write_row(table, filter)
}
