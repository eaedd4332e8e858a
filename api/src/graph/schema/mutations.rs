//! Makes the fields, inputs and payloads of mutations, for the tables that can be written.

use async_graphql::dynamic::{Field, InputValue, TypeRef};

use super::derived::{derived_field, derived_input};
use super::types::{DATE_TIME, MUTATION, Part, Types, field, given, input, required_if, value};
use super::{functions, key_arguments};
use crate::graph::catalog::names::capitalise;
use crate::graph::catalog::{Catalog, ColumnId, Function, Relation, Table, TableOperation};

/// Makes `Mutation`, if any table can be written.
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

fn operation_field(table: &Table, operation: TableOperation) -> Part<Field> {
    let (row, name) = (&table.type_name, &table.display_name);
    let new_row = || derived_input("input", TypeRef::named_nn(format!("{row}Input")));
    let (doc, arguments) = match operation {
        TableOperation::Create => (format!("Adds a row to `{name}`."), vec![new_row()]),
        TableOperation::CreateMany => (
            format!("Adds rows to `{name}`: all of them or none."),
            vec![derived_input("inputs", TypeRef::named_nn_list_nn(format!("{row}Input")))],
        ),
        TableOperation::Upsert => (
            format!("Adds a row to `{name}` or changes the one with the same key."),
            vec![
                new_row(),
                input(
                    "onConflict",
                    TypeRef::named_nn(format!("{row}Key")),
                    "Names the key that finds an existing row.",
                ),
            ],
        ),
        TableOperation::Update => {
            let patch = derived_input("patch", TypeRef::named_nn(format!("{row}Patch")));
            let doc = format!("Changes a row of `{name}`. {}", key_hint(table));
            (doc, existing_row(table, Some(patch)))
        }
        TableOperation::Delete => (
            format!("Deletes a row of `{name}` and returns it. {}", key_hint(table)),
            existing_row(table, None),
        ),
    };
    let payload =
        if operation == TableOperation::CreateMany { list_payload_of(row) } else { payload_of(row) };
    field(&operation.field(table), TypeRef::named_nn(payload), &doc).arguments(arguments)
}

fn key_hint(table: &Table) -> String {
    format!("Give one of: id, {}.", table.key_names())
}

/// Makes the arguments for an existing row: its global id or one of its keys, its new values, and the time of its expected version.
fn existing_row(table: &Table, patch: Option<Part<InputValue>>) -> Vec<Part<InputValue>> {
    let mut arguments = vec![derived_input("id", TypeRef::named(TypeRef::ID))];
    arguments.extend(key_arguments(table, false));
    arguments.extend(patch);
    arguments.extend(table.updated_at().map(|id| {
        let doc = format!("Requires this `{}`; else CONFLICT.", table.column(id).field);
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
        &format!("Holds a written row of `{}`.", table.display_name),
        [derived_field(&table.single_field, TypeRef::named(row))],
    );
}

fn list_payload(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    types.object(
        &list_payload_of(row),
        &format!("Holds written rows of `{}` in order.", table.display_name),
        [
            derived_field("affectedCount", TypeRef::named_nn(TypeRef::INT)),
            derived_field("nodes", TypeRef::named_list_nn(row)),
        ],
    );
}

fn inputs(types: &mut Types, catalog: &Catalog, table: &Table) {
    let (row, name) = (&table.type_name, &table.display_name);
    if !table.writes.insert.is_empty() {
        let doc = format!("Holds a new row of `{name}`.");
        types.input(&format!("{row}Input"), &doc, new_row(catalog, table, &[]));
        for relation in catalog.insertable_relations(table) {
            let target = catalog.table(relation.target);
            let doc = format!("Holds a `{}Input` below a new row of `{name}`.", target.type_name);
            let fields = new_row(catalog, target, &relation.remote);
            types.input(&nested_input(table, relation), &doc, fields);
        }
    }
    if !table.writes.update.is_empty() {
        let columns = table.writes.update.iter().map(|id| {
            let column = table.column(*id);
            derived_input(&column.field, given(&column.ty))
        });
        types.input(
            &format!("{row}Patch"),
            &format!("Holds new values of `{row}`; what is left out stays."),
            columns,
        );
    }
    if table.upsert_keys().next().is_some() {
        let keys = table.upsert_keys().map(|key| {
            let fields: Vec<_> = key.iter().map(|id| format!("`{}`", table.column(*id).field)).collect();
            value(&table.key_name(key), &format!("Finds a row by {}.", fields.join(" and ")))
        });
        types.enumeration(&format!("{row}Key"), &format!("Names a unique key of `{name}`."), keys);
    }
}

/// Makes the input fields of a new row. `known`: the columns whose values come from the parent row.
fn new_row(catalog: &Catalog, table: &Table, known: &[ColumnId]) -> Vec<Part<InputValue>> {
    let columns = table.writes.insert.iter().filter(|id| !known.contains(id)).map(|id| {
        let column = table.column(*id);
        let ty = required_if(table.is_required(*id), given(&column.ty));
        // The input of the table itself describes the same columns.
        if known.is_empty() {
            input(&column.field, ty, &column.doc)
        } else {
            derived_input(&column.field, ty)
        }
    });
    let relations = catalog.insertable_relations(table).map(|relation| {
        let ty = TypeRef::named_nn_list(nested_input(table, relation));
        let doc = format!("Adds `{}` of the new row.", relation.field);
        if known.is_empty() { input(&relation.field, ty, &doc) } else { derived_input(&relation.field, ty) }
    });
    columns.chain(relations).collect()
}

fn nested_input(table: &Table, relation: &Relation) -> String {
    format!("{}{}Input", table.type_name, capitalise(&relation.field))
}
