//! The SQL of a function call: its arguments are passed by name.

use std::ops::Range;

use super::builder::Sql;
use super::rows::{ROW, write_primary_key};
use super::snippet::{Snippet, text};
use crate::database::Statement;
use crate::graph::catalog::{Catalog, Table, TableId};
use crate::graph::question::call::Call;

/// Writes the source of rows after `FROM`: a table, or the call of the function that returns them.
pub(super) fn write_from(catalog: &Catalog, table: &Table, call: Option<&Call>, sql: &mut Sql) {
    match call {
        Some(call) => write_call(catalog, call, None, sql),
        None => {
            sql.table(table);
        }
    }
}

/// Returns the statement that calls a function that writes, and returns the primary keys of the rows that it wrote. `objects` is the
/// range of the list of objects that is passed; `None` passes all.
pub(in crate::graph) fn call(
    catalog: &Catalog,
    table: TableId,
    call: &Call,
    objects: Option<&Range<usize>>,
) -> Statement {
    let mut sql = Sql::new(0);
    sql.push("SELECT ");
    write_primary_key(catalog.table(table), &mut sql);
    sql.push(" FROM ");
    write_call(catalog, call, objects, &mut sql);
    sql.push(" ").push(ROW);
    sql.finish()
}

fn write_call(catalog: &Catalog, call: &Call, objects: Option<&Range<usize>>, sql: &mut Sql) {
    sql.function(catalog.function(call.function)).push("(");
    sql.join(", ", &call.arguments, |sql, given| {
        sql.push(Snippet::identifier(&given.name)).push(" => ");
        match objects {
            Some(elements) if given.is_of_objects => {
                let (first, last) = (elements.start + 1, elements.end);
                sql.push("(").bind(given.value.clone()).push(text!(")[{first}:{last}]", first, last));
            }
            _ => {
                sql.bind(given.value.clone());
            }
        }
    });
    sql.push(")");
}
