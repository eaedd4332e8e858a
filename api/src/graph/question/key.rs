//! The keys of rows: those in arguments, and those of the parents that rows belong to.

use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{ColumnId, ColumnType, Table};
use crate::graph::value::key_part;

/// The number of parents that a statement takes. For one parent it needs no array of keys, and Postgres keeps its generic plan. A plan
/// for an array of unknown length looks expensive compared with one for a single key, so that Postgres would plan each request anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Parents {
    /// The statement takes one parent, whose key's parts are parameters, or reads the whole table without a key.
    One,
    /// The statement takes any number of parents; the parts of their keys are arrays.
    Many,
}

/// Returns the types of a key's parts.
pub(in crate::graph) fn parts(table: &Table, columns: &[ColumnId]) -> Vec<ColumnType> {
    columns.iter().map(|column| table.column(*column).ty.clone()).collect()
}

/// Returns the values of a key from the arguments, one for each of its columns.
pub(in crate::graph) fn key_values(
    table: &Table,
    key: &[ColumnId],
    given: &Arguments<'_>,
) -> Result<Vec<Vec<u8>>, ArgumentError> {
    key.iter()
        .map(|id| part(table, *id, given.get(&table.column(*id).field).unwrap_or(&Value::Null)))
        .collect()
}

/// Refuses arguments whose values do not fit the columns of keys, even if they do not form a key together.
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
