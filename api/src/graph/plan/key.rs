//! Keys of rows among arguments.

use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::value::key_part;

/// The values of a key, one for each of its columns.
pub(super) fn key_values(
    table: &Table,
    key: &[ColumnId],
    given: &Arguments<'_>,
) -> Result<Vec<Vec<u8>>, ArgumentError> {
    let value = |id: &ColumnId| {
        let column = table.column(*id);
        let value = given.get(&column.field).unwrap_or(&Value::Null);
        key_part(&column.ty, value).map_err(|error| ArgumentError::new(&column.field, error.to_string()))
    };
    key.iter().map(value).collect()
}
