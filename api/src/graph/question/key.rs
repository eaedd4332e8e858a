//! Keys of rows among arguments.

use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::value::key_part;

/// The values of a key, one for each of its columns.
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
