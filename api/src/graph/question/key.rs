//! Keys of rows: among arguments, and of the parents that rows belong to.

use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{ColumnId, ColumnType, Table};
use crate::graph::value::key_part;

/// How many parents a statement is for. One parent's needs no array of keys, and Postgres then keeps its plan: that for an
/// array of unknown length looks dear beside a plan for one key, and so would be made anew for every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Parents {
    /// One, whose key's parts are parameters; or the whole table, without a key.
    One,
    /// Any number; the parts of their keys are arrays.
    Many,
}

/// Returns the types of a key's parts.
pub(in crate::graph) fn parts(table: &Table, columns: &[ColumnId]) -> Vec<ColumnType> {
    columns.iter().map(|column| table.column(*column).ty.clone()).collect()
}

/// Returns the values of a key, one for each of its columns.
pub(in crate::graph) fn key_values(
    table: &Table,
    key: &[ColumnId],
    given: &Arguments<'_>,
) -> Result<Vec<Vec<u8>>, ArgumentError> {
    key.iter()
        .map(|id| part(table, *id, given.get(&table.column(*id).field).unwrap_or(&Value::Null)))
        .collect()
}

/// Refuses values that are none of their column's, whether they make a key together or not.
pub(in crate::graph) fn check(table: &Table, given: &Arguments<'_>) -> Result<(), ArgumentError> {
    let mut columns = table.keys.iter().flatten();
    columns.try_for_each(|id| match given.get(&table.column(*id).field) {
        Some(value) => part(table, *id, value).map(drop),
        None => Ok(()),
    })
}

fn part(table: &Table, id: ColumnId, value: &Value<'_>) -> Result<Vec<u8>, ArgumentError> {
    let column = table.column(id);
    key_part(&column.ty, value).map_err(|error| error.within(&column.field))
}
