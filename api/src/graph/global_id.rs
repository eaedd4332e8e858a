//! Writes and reads the global ids of Relay's `Node`: the type's name and the primary key, opaque to the client.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::arguments::json;
use super::catalog::{Catalog, Table};
use super::value::{key_part, write_value};
use crate::database::Row;

/// Appends a row's global id, in quotes. `positions`: those of the primary key in the row.
pub(super) fn write(table: &Table, positions: &[usize], row: &Row, out: &mut Vec<u8>) {
    write_parts(table, positions.iter().map(|position| row.bytes(*position)), out);
}

/// Appends the global id of the row with this primary key, in quotes.
pub(super) fn write_key(table: &Table, key: &[Vec<u8>], out: &mut Vec<u8>) {
    write_parts(table, key.iter().map(|part| Some(part.as_slice())), out);
}

fn write_parts<'a>(table: &Table, key: impl Iterator<Item = Option<&'a [u8]>>, out: &mut Vec<u8>) {
    let mut plain = Vec::with_capacity(48);
    plain.extend_from_slice(b"[\"");
    plain.extend_from_slice(table.type_name.as_bytes());
    plain.push(b'"');
    for (column, part) in table.primary_key.iter().zip(key) {
        plain.push(b',');
        write_value(&table.column(*column).ty, part, &mut plain);
    }
    plain.push(b']');
    out.push(b'"');
    out.extend_from_slice(BASE64_URL_SAFE_NO_PAD.encode(&plain).as_bytes());
    out.push(b'"');
}

/// Returns the table and key of a global id; `None` if it is not valid.
pub(super) fn read<'a>(catalog: &'a Catalog, id: &str) -> Option<(&'a Table, Vec<Vec<u8>>)> {
    let plain = BASE64_URL_SAFE_NO_PAD.decode(id).ok()?;
    let parts = json::read(std::str::from_utf8(&plain).ok()?)?;
    let (type_name, key) = parts.items().split_first()?;
    let table = catalog.table_of_type(type_name.as_str()?).filter(|table| table.has_global_id())?;
    if key.len() != table.primary_key.len() {
        return None;
    }
    let key = table
        .primary_key
        .iter()
        .zip(key)
        .map(|(column, value)| key_part(&table.column(*column).ty, value).ok())
        .collect::<Option<Vec<_>>>()?;
    Some((table, key))
}
