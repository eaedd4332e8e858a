//! Cursors: the values that order a row, opaque to the client.
//!
//! A cursor only holds values that the caller may see: those that order the row. It names its order, so that a cursor of another order
//! is refused.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::call::Call;
use super::order::{Sort, Term};
use crate::database::{Parameter, Row};
use crate::graph::arguments::json;
use crate::graph::catalog::{Catalog, ColumnType, Table};
use crate::graph::value::{read_exact, write_exact};

/// The parts of the cursors of a load.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct CursorShape {
    /// The name of the order; a cursor of another order is refused.
    pub(in crate::graph) signature: String,
    /// The position in the row and the type of each value.
    pub(in crate::graph) parts: Vec<(usize, ColumnType)>,
}

/// A value that orders rows: a name that no other value of the table has, and its direction.
pub(in crate::graph) type NamedSort = (String, Sort);

/// Returns the terms of an order with their names.
pub(in crate::graph) fn named(catalog: &Catalog, table: &Table, terms: &[Term]) -> Vec<NamedSort> {
    terms.iter().map(|term| (term.at.name(catalog, table), term.sort.clone())).collect()
}

/// Returns the name of an order: a hash of the table or call, the values and the directions.
pub(in crate::graph) fn signature(table: &Table, call: Option<&Call>, order: &[NamedSort]) -> String {
    let mut hash = Sha256::new();
    hash.update(&table.sql_name);
    // The rows of a function, and their order, depend on its arguments.
    for part in call.into_iter().flat_map(Call::fingerprint) {
        hash.update([0]);
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(&*part);
    }
    for (name, sort) in order {
        hash.update([0]);
        hash.update(name);
        hash.update([u8::from(sort.descending), u8::from(sort.nulls_first)]);
    }
    let digest = hash.finalize();
    BASE64_URL_SAFE_NO_PAD.encode(&digest[..6])
}

/// Appends a row's cursor, in quotes.
pub(crate) fn write_cursor(shape: &CursorShape, row: &Row, out: &mut Vec<u8>) {
    let mut plain = Vec::with_capacity(64);
    plain.extend_from_slice(b"[\"");
    plain.extend_from_slice(shape.signature.as_bytes());
    plain.push(b'"');
    for (position, ty) in &shape.parts {
        plain.push(b',');
        write_exact(ty, row.bytes(*position), &mut plain);
    }
    plain.push(b']');
    out.push(b'"');
    out.extend_from_slice(BASE64_URL_SAFE_NO_PAD.encode(&plain).as_bytes());
    out.push(b'"');
}

/// Reads a cursor of an order. The error is a message for the client.
pub(in crate::graph) fn read(
    text: &str,
    table: &Table,
    call: Option<&Call>,
    order: &[NamedSort],
) -> Result<Vec<Option<Parameter>>, &'static str> {
    const NOT_OURS: &str = "this is not a cursor of this server";
    let plain = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NOT_OURS)?;
    let values = std::str::from_utf8(&plain).ok().and_then(json::read).ok_or(NOT_OURS)?;
    let Some((Some(named), values)) = values.items().split_first().map(|(named, it)| (named.as_str(), it))
    else {
        return Err(NOT_OURS);
    };
    if named != signature(table, call, order) || values.len() != order.len() {
        return Err("this cursor belongs to another list or order; start again without it");
    }
    order
        .iter()
        .zip(values)
        .map(|((_, sort), value)| match value {
            value if value.is_null() && sort.nullable => Ok(None),
            value => read_exact(&sort.ty, value).map(Some).map_err(|_| NOT_OURS),
        })
        .collect()
}
