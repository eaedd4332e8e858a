//! Mutations as requests, which return the keys of the written rows.

use praxis::graph::catalog::{ColumnId, Function, Table, TableOperation};
use serde_json::{Value, json};

use crate::people::{Key, key_arguments, key_fields};

/// A mutation with its variables.
#[derive(Clone)]
pub(crate) struct Request {
    /// The field of `Mutation`.
    pub(crate) field: String,
    pub(crate) query: String,
    pub(crate) variables: Value,
}

impl Request {
    /// Inserts a row.
    pub(crate) fn create(table: &Table, input: &Value) -> Self {
        Self::of(TableOperation::Create, table, "input: $input", &json!({ "input": input }))
    }

    /// Inserts rows.
    pub(crate) fn create_many(table: &Table, inputs: &[&Value]) -> Self {
        Self::of(TableOperation::CreateMany, table, "inputs: $inputs", &json!({ "inputs": inputs }))
    }

    /// Inserts a row, or updates it if it exists under one of its keys.
    pub(crate) fn upsert(table: &Table, input: &Value, key: &[ColumnId]) -> Self {
        let arguments = format!("input: $input, onConflict: {}", table.key_name(key));
        Self::of(TableOperation::Upsert, table, &arguments, &json!({ "input": input }))
    }

    /// Updates the row with this key.
    pub(crate) fn update(table: &Table, key: &Key, patch: &Value) -> Self {
        let arguments = format!("{}, patch: $patch", key_arguments(table, key));
        Self::of(TableOperation::Update, table, &arguments, &json!({ "patch": patch }))
    }

    /// Deletes the row with this key.
    pub(crate) fn delete(table: &Table, key: &Key) -> Self {
        Self::of(TableOperation::Delete, table, &key_arguments(table, key), &json!({}))
    }

    /// Calls a function that writes a table.
    pub(crate) fn call(function: &Function, table: &Table, arguments: &Value) -> Self {
        let literal = literal(arguments);
        let arguments = &literal[1..literal.len() - 1];
        let payload = payload(table, !function.is_single());
        let field = function.field.clone();
        let query = format!("mutation {{ it: {field}({arguments}) {{ {payload} }} }}");
        Self { field, query, variables: json!({}) }
    }

    fn of(operation: TableOperation, table: &Table, arguments: &str, variables: &Value) -> Self {
        let ty = &table.type_name;
        let declared = match operation {
            TableOperation::Create | TableOperation::Upsert => format!("($input: {ty}Input!)"),
            TableOperation::CreateMany => format!("($inputs: [{ty}Input!]!)"),
            TableOperation::Update => format!("($patch: {ty}Patch!)"),
            TableOperation::Delete => String::new(),
        };
        let payload = payload(table, operation == TableOperation::CreateMany);
        let field = operation.field(table);
        let query = format!("mutation{declared} {{ it: {field}({arguments}) {{ {payload} }} }}");
        Self { field, query, variables: variables.clone() }
    }
}

/// Returns a selection of the keys of the written rows.
pub(super) fn payload(table: &Table, many: bool) -> String {
    let row = if many { "nodes" } else { &table.single_field };
    format!("{row} {{ {} }}", key_fields(table).join(" "))
}

/// Returns a value as a GraphQL literal.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", literal(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
