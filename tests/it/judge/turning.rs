//! Further pages: operations that continue where another one stopped.

use serde_json::Value;

use crate::random::{Argument, Field, Operation, Schema};

/// Arguments that determine the position of a page.
const PLACES: [&str; 4] = ["after", "before", "last", "offset"];

/// Selects the cursors of the first list or groups of a query; `None` if it has neither.
pub(super) fn cursors_of(operation: &Operation, schema: &Schema) -> Option<Operation> {
    change(operation, schema, &|field, ty| {
        let cursor = Field::named("cursor");
        field.fields = if ty.ends_with("Connection") {
            vec![Field { fields: vec![cursor], ..Field::named("edges") }]
        } else {
            vec![cursor]
        };
    })
}

/// Continues the operation after a cursor that was found in this way.
pub(super) fn turned(operation: &Operation, schema: &Schema, cursor: &str) -> Option<Operation> {
    change(operation, schema, &|field, _| {
        field.arguments.push(("after".into(), Argument::text(cursor)));
    })
}

/// Returns the cursors of an answer, in order.
pub(super) fn found(answer: &Value) -> Vec<&str> {
    match answer {
        Value::Array(items) => items.iter().flat_map(found).collect(),
        Value::Object(fields) => match fields.get("cursor").and_then(Value::as_str) {
            Some(cursor) => vec![cursor],
            None => fields.values().flat_map(found).collect(),
        },
        _ => Vec::new(),
    }
}

/// Returns only the first list or groups of a query, from its beginning and changed.
fn change(operation: &Operation, schema: &Schema, change: &dyn Fn(&mut Field, &str)) -> Option<Operation> {
    let mut root = operation.fields.first()?.clone();
    let mut declared = schema.field(&schema.query, &root.name)?;
    let field = if declared.arguments.is_empty() {
        root.fields.retain(|field| field.on.is_none());
        root.fields.truncate(1);
        let field = root.fields.first_mut()?;
        declared = schema.field(&declared.ty.name, &field.name)?;
        field
    } else {
        &mut root
    };
    if !declared.arguments.iter().any(|argument| argument.name == "after") {
        return None;
    }
    field.include = None;
    field.arguments.retain(|(name, _)| !PLACES.contains(&name.as_str()));
    change(field, &declared.ty.name);
    Some(Operation { kind: "query", fields: vec![root] })
}
