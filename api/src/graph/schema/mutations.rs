//! Mutations: fields, inputs and payloads of the tables that can be written.

use async_graphql::dynamic::{Field, InputValue, TypeRef};

use super::types::{
    DATE_TIME, MUTATION, Part, Types, field, first_sentence, given, input, required_if, value,
};
use super::{functions, key_arguments};
use crate::graph::catalog::names::capitalise;
use crate::graph::catalog::{Catalog, ColumnId, Function, Operation, Relation, Table};

/// Makes `Mutation`, where any table can be written.
pub(super) fn make(types: &mut Types, catalog: &Catalog) {
    let functions = || catalog.functions().iter().filter(|function| function.writes());
    let is_given = |table: &Table| functions().any(|function| function.table() == table.id);
    let tables = || {
        let tables = catalog.tables().iter();
        tables.filter(|table| table.operations().next().is_some() || is_given(table))
    };
    if tables().next().is_none() {
        return;
    }
    let of_tables =
        tables().flat_map(|table| table.operations().map(|operation| operation_field(table, operation)));
    types.object(
        MUTATION,
        "Everything that can be written. A request is carried out whole or not at all: if one of its fields fails, \
         nothing was written. With a header `Idempotency-Key` it can be sent again without being carried out twice.",
        of_tables.chain(functions().map(|function| function_field(catalog, function))),
    );
    for table in tables() {
        let is_listed = |function: &Function| function.table() == table.id && !function.is_single();
        payload(types, table);
        if !table.writes.insert.is_empty() || functions().any(is_listed) {
            list_payload(types, table);
        }
        inputs(types, catalog, table);
    }
    for function in functions() {
        functions::inputs(types, function);
    }
}

fn function_field(catalog: &Catalog, function: &Function) -> Part<Field> {
    let row = &catalog.table(function.table()).type_name;
    let payload = if function.is_single() { payload_of(row) } else { list_payload_of(row) };
    field(&function.field, TypeRef::named_nn(payload), &function.doc)
        .arguments(functions::arguments(&function.arguments))
}

fn operation_field(table: &Table, operation: Operation) -> Part<Field> {
    let (row, name) = (&table.type_name, &table.name);
    let new_row = || input("input", TypeRef::named_nn(format!("{row}Input")), "The row.");
    let (doc, arguments) = match operation {
        Operation::Create => (format!("Adds a row to `{name}`."), vec![new_row()]),
        Operation::CreateMany => (
            format!("Adds rows to `{name}`: all of them or none."),
            vec![input("inputs", TypeRef::named_nn_list_nn(format!("{row}Input")), "The rows.")],
        ),
        Operation::Upsert => (
            format!(
                "Adds a row to `{name}`, or changes the one that has the same key: of that, the columns that may be \
                 changed."
            ),
            vec![
                new_row(),
                input(
                    "onConflict",
                    TypeRef::named_nn(format!("{row}Key")),
                    "The key by which a row that is there already is found.",
                ),
            ],
        ),
        Operation::Update => {
            let patch = input(
                "patch",
                TypeRef::named_nn(format!("{row}Patch")),
                "What to change; what is left out stays as it is.",
            );
            let doc = format!("Changes a row of `{name}`. {}", key_hint(table));
            (doc, existing_row(table, Some(patch)))
        }
        Operation::Delete => (
            format!("Deletes a row of `{name}` and returns it as it was. {}", key_hint(table)),
            existing_row(table, None),
        ),
    };
    let payload = if operation == Operation::CreateMany { list_payload_of(row) } else { payload_of(row) };
    field(&operation.field(table), TypeRef::named_nn(payload), &doc).arguments(arguments)
}

fn key_hint(table: &Table) -> String {
    format!("Give exactly one of: id, {}.", table.key_names())
}

/// A row named by its global id or by any of its keys, what is to become of it, and as what it was read.
fn existing_row(table: &Table, patch: Option<Part<InputValue>>) -> Vec<Part<InputValue>> {
    let mut arguments = vec![input("id", TypeRef::named(TypeRef::ID), "Its global id.")];
    arguments.extend(key_arguments(table, false));
    arguments.extend(patch);
    arguments.extend(table.updated_at().map(|id| {
        let doc = format!(
            "Only if nobody has changed the row since: the `{}` that was read. Otherwise it is a CONFLICT, with the \
             row as it is now.",
            table.column(id).field
        );
        input("ifUnchangedSince", TypeRef::named(DATE_TIME), &doc)
    }));
    arguments
}

fn payload_of(row: &str) -> String {
    format!("{row}Payload")
}

fn list_payload_of(row: &str) -> String {
    format!("{row}ListPayload")
}

fn payload(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    types.object(
        &payload_of(row),
        &format!("What became of a row of `{}`.", table.name),
        [field(&table.single_field, TypeRef::named(row), "The row.")],
    );
}

fn list_payload(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    types.object(
        &list_payload_of(row),
        &format!("What became of rows of `{}`.", table.name),
        [
            field("affectedCount", TypeRef::named_nn(TypeRef::INT), "How many rows were written."),
            field("nodes", TypeRef::named_list_nn(row), "The rows, in the order in which they were given."),
        ],
    );
}

fn inputs(types: &mut Types, catalog: &Catalog, table: &Table) {
    let (row, name) = (&table.type_name, &table.name);
    if !table.writes.insert.is_empty() {
        let doc = format!("A new row of `{name}`.");
        types.input(&format!("{row}Input"), &doc, new_row(catalog, table, &[]));
        for relation in catalog.added_along(table) {
            let target = catalog.table(relation.target);
            let doc = format!("A new row of `{}` that belongs to a new row of `{name}`.", target.name);
            let fields = new_row(catalog, target, &relation.remote);
            types.input(&nested_input(table, relation), &doc, fields);
        }
    }
    if !table.writes.update.is_empty() {
        let columns = table.writes.update.iter().map(|id| {
            let column = table.column(*id);
            input(&column.field, given(&column.ty), &column.doc)
        });
        types.input(&format!("{row}Patch"), &format!("Changes to a row of `{name}`."), columns);
    }
    if table.upsert_keys().next().is_some() {
        let keys = table.upsert_keys().map(|key| {
            let fields: Vec<_> = key.iter().map(|id| format!("`{}`", table.column(*id).field)).collect();
            value(&table.key_name(key), &format!("By {}.", fields.join(" and ")))
        });
        types.enumeration(&format!("{row}Key"), &format!("Unique keys of `{name}`."), keys);
    }
}

/// What is given for a new row; `known`: columns that come from the row that it belongs to.
fn new_row(catalog: &Catalog, table: &Table, known: &[ColumnId]) -> Vec<Part<InputValue>> {
    let columns = table.writes.insert.iter().filter(|id| !known.contains(id)).map(|id| {
        let column = table.column(*id);
        input(&column.field, required_if(table.is_required(*id), given(&column.ty)), &column.doc)
    });
    let relations = catalog.added_along(table).map(|relation| {
        let ty = TypeRef::named_nn_list(nested_input(table, relation));
        let doc = format!("Added along with it. {}", first_sentence(&relation.doc));
        input(&relation.field, ty, &doc)
    });
    columns.chain(relations).collect()
}

fn nested_input(table: &Table, relation: &Relation) -> String {
    format!("{}{}Input", table.type_name, capitalise(&relation.field))
}
