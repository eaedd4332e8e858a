//! Builds the expected state of a database, as JSON for the checks.

use serde_json::{Value, json};

use super::functions::Functions;
use crate::auth::ANONYMOUS_ROLE;
use crate::graph::catalog::{Argument, ArgumentType, Catalog, Column, ColumnId, ColumnType, Function, Table};
use tokio_postgres::types::Type;

/// The gateway's own tables, whose rows callers must not see.
const INTERNAL: [&str; 3] = ["changes", "changes_forgotten", "idempotency_keys"];

/// Returns the expected tables and functions of a catalog for callers of these roles, with this protection.
pub(super) fn of(catalog: &Catalog, made: &Functions, roles: &[String], protection: &Value) -> Value {
    let stored = catalog.tables().iter().filter(|table| table.function.is_none()).map(table);
    let internal = INTERNAL.iter().map(|name| {
        json!({
            "schema": "praxis", "name": name, "columns": [], "keys": [],
            "reference": false, "reads": false, "inserts": [], "updates": [], "deletes": false,
        })
    });
    let functions = catalog.functions().iter().map(|it| function(catalog, it));
    json!({
        "roles": roles,
        "anonymous": ANONYMOUS_ROLE,
        "tables": stored.chain(internal).collect::<Vec<_>>(),
        "functions": functions.collect::<Vec<_>>(),
        "protection": protection,
        "made": made.to_compare(),
    })
}

fn table(table: &Table) -> Value {
    let names = |ids: &[ColumnId]| ids.iter().map(|id| table.column(*id).name.as_str()).collect::<Vec<_>>();
    json!({
        "schema": table.schema,
        "name": table.name,
        "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        "keys": table.keys.iter().map(|key| names(key)).collect::<Vec<_>>(),
        "reference": table.is_reference,
        "reads": true,
        "inserts": names(&table.writes.insert),
        "updates": names(&table.writes.update),
        "deletes": table.writes.delete,
    })
}

fn column(column: &Column) -> Value {
    json!({ "name": column.name, "types": types(&column.ty), "required": !column.nullable })
}

fn function(catalog: &Catalog, function: &Function) -> Value {
    let mut arguments = Vec::new();
    for argument in &function.arguments {
        match &argument.ty {
            ArgumentType::Value(ty) => arguments.push((argument, types(ty))),
            ArgumentType::Objects { fields, .. } => {
                arguments.extend(fields.iter().map(|field| (field, arrays(field))));
            }
        }
    }
    let argument =
        |(argument, types): &(&Argument, Vec<u32>)| json!({ "name": argument.name, "types": types });
    let gives = catalog.table(function.table());
    json!({
        "schema": function.schema,
        "name": function.name,
        "writes": function.writes(),
        "arguments": arguments.iter().map(argument).collect::<Vec<_>>(),
        "columns": if function.writes() { vec![] } else { gives.columns.iter().map(column).collect() },
    })
}

/// Returns the Postgres types that a column may have, the usual one first.
fn types(ty: &ColumnType) -> Vec<u32> {
    let usual = ty.postgres();
    let others: &[Type] = match usual {
        Type::TEXT => &[Type::VARCHAR, Type::BPCHAR],
        Type::TEXT_ARRAY => &[Type::VARCHAR_ARRAY],
        _ => &[],
    };
    std::iter::once(&usual).chain(others).map(Type::oid).collect()
}

/// Returns the types of the argument that holds a field of many objects.
fn arrays(field: &Argument) -> Vec<u32> {
    match &field.ty {
        ArgumentType::Value(ty) => vec![ty.scalar().postgres_array().oid()],
        ArgumentType::Objects { .. } => Vec::new(),
    }
}
