//! Mutations: fields, inputs and payloads of the tables that can be written.

use std::fmt::Write as _;

use super::functions;
use super::sdl::{Sdl, first_sentence, quoted};
use crate::graph::catalog::{Catalog, ColumnId, Function, Operation, Relation, Table};

/// Writes `Mutation`, where any table can be written.
pub(super) fn write(sdl: &mut Sdl, catalog: &Catalog) {
    let functions = || catalog.functions().iter().filter(|function| function.writes());
    let is_given = |table: &Table| functions().any(|function| function.table() == table.id);
    let tables = || {
        let tables = catalog.tables().iter();
        tables.filter(|table| table.operations().next().is_some() || is_given(table))
    };
    if tables().next().is_none() {
        return;
    }
    sdl.open(
        "Everything that can be written. A request is carried out whole or not at all: if one of its fields fails, \
         nothing was written. With a header `Idempotency-Key` it can be sent again without being carried out twice.",
        "type Mutation",
    );
    for table in tables() {
        for operation in table.operations() {
            field(sdl, table, operation);
        }
    }
    for function in functions() {
        let list = if function.is_single() { "" } else { "List" };
        let arguments = functions::arguments(&function.arguments);
        let arguments = if arguments.is_empty() { arguments } else { format!("({arguments}\n  )") };
        let ty = &catalog.table(function.table()).type_name;
        sdl.field(&function.doc, &format!("{}{arguments}: {ty}{list}Payload!", function.field));
    }
    sdl.close();
    for table in tables() {
        let is_listed = |function: &Function| function.table() == table.id && !function.is_single();
        payloads(sdl, table, !table.writes.insert.is_empty() || functions().any(is_listed));
        inputs(sdl, catalog, table);
    }
    for function in functions() {
        functions::inputs(sdl, function);
    }
}

fn field(sdl: &mut Sdl, table: &Table, operation: Operation) {
    let (ty, name) = (&table.type_name, &table.name);
    let (doc, arguments) = match operation {
        Operation::Create => {
            (format!("Adds a row to `{name}`."), format!("\n    \"The row.\"\n    input: {ty}Input!"))
        }
        Operation::CreateMany => (
            format!("Adds rows to `{name}`: all of them or none."),
            format!("\n    \"The rows.\"\n    inputs: [{ty}Input!]!"),
        ),
        Operation::Upsert => (
            format!(
                "Adds a row to `{name}`, or changes the one that has the same key: of that, the columns that may be \
                 changed."
            ),
            format!(
                "\n    \"The row.\"\n    input: {ty}Input!\n    \"The key by which a row that is there already is \
                 found.\"\n    onConflict: {ty}Key!"
            ),
        ),
        Operation::Update => (
            format!("Changes a row of `{name}`. {}", key_hint(table)),
            format!(
                "{}\n    \"What to change; what is left out stays as it is.\"\n    patch: {ty}Patch!{}",
                key_arguments(table),
                if_unchanged(table)
            ),
        ),
        Operation::Delete => (
            format!("Deletes a row of `{name}` and returns it as it was. {}", key_hint(table)),
            format!("{}{}", key_arguments(table), if_unchanged(table)),
        ),
    };
    let list = if operation == Operation::CreateMany { "List" } else { "" };
    sdl.field(&doc, &format!("{}({arguments}\n  ): {ty}{list}Payload!", operation.field(table)));
}

fn key_hint(table: &Table) -> String {
    format!("Give exactly one of: id, {}.", super::keys(table))
}

/// A row can be named by its global id or by any of its keys.
fn key_arguments(table: &Table) -> String {
    let mut arguments = "\n    \"Its global id.\"\n    id: ID".to_owned();
    let mut named: Vec<ColumnId> = Vec::new();
    for id in table.keys.iter().flatten() {
        if named.contains(id) {
            continue;
        }
        named.push(*id);
        let column = table.column(*id);
        let doc = quoted(&first_sentence(&column.doc));
        // Writing to a String cannot fail.
        let _ = write!(arguments, "\n    {doc}\n    {}: {}", column.field, column.ty.graphql_name());
    }
    arguments
}

fn if_unchanged(table: &Table) -> String {
    table.updated_at().map_or_else(String::new, |id| {
        format!(
            "\n    \"Only if nobody has changed the row since: the `{}` that was read. Otherwise it is a CONFLICT, with the \
             row as it is now.\"\n    ifUnchangedSince: DateTime",
            table.column(id).field
        )
    })
}

fn payloads(sdl: &mut Sdl, table: &Table, listed: bool) {
    let (one, name) = (&table.type_name, &table.name);
    sdl.open(&format!("What became of a row of `{name}`."), &format!("type {one}Payload"));
    sdl.field("The row.", &format!("{}: {one}", table.single_field));
    sdl.close();
    if !listed {
        return;
    }
    sdl.open(&format!("What became of rows of `{name}`."), &format!("type {one}ListPayload"));
    sdl.field("How many rows were written.", "affectedCount: Int!");
    sdl.field("The rows, in the order in which they were given.", &format!("nodes: [{one}]!"));
    sdl.close();
}

fn inputs(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    let (one, name) = (&table.type_name, &table.name);
    if !table.writes.insert.is_empty() {
        let head = format!("input {one}Input");
        new_row(sdl, catalog, table, &[], &format!("A new row of `{name}`."), &head);
        for relation in nested(catalog, table) {
            let target = catalog.table(relation.target);
            let doc = format!("A new row of `{}` that belongs to a new row of `{name}`.", target.name);
            let head = format!("input {}", nested_input(table, relation));
            new_row(sdl, catalog, target, &relation.remote, &doc, &head);
        }
    }
    if !table.writes.update.is_empty() {
        sdl.open(&format!("Changes to a row of `{name}`."), &format!("input {one}Patch"));
        for id in &table.writes.update {
            let column = table.column(*id);
            sdl.field(&column.doc, &format!("{}: {}", column.field, column.ty.graphql_name()));
        }
        sdl.close();
    }
    if table.upsert_keys().next().is_some() {
        sdl.open(&format!("Unique keys of `{name}`."), &format!("enum {one}Key"));
        for key in table.upsert_keys() {
            let fields: Vec<_> = key.iter().map(|id| format!("`{}`", table.column(*id).field)).collect();
            sdl.field(&format!("By {}.", fields.join(" and ")), &table.key_name(key));
        }
        sdl.close();
    }
}

/// An input for a row; `given`: columns that come from the row that it belongs to.
fn new_row(sdl: &mut Sdl, catalog: &Catalog, table: &Table, given: &[ColumnId], doc: &str, head: &str) {
    sdl.open(doc, head);
    for id in table.writes.insert.iter().filter(|id| !given.contains(id)) {
        let column = table.column(*id);
        let mark = if table.is_required(*id) { "!" } else { "" };
        sdl.field(&column.doc, &format!("{}: {}{mark}", column.field, column.ty.graphql_name()));
    }
    for relation in nested(catalog, table) {
        let ty = nested_input(table, relation);
        sdl.field(
            &format!("Added along with it. {}", first_sentence(&relation.doc)),
            &format!("{}: [{ty}!]", relation.field),
        );
    }
    sdl.close();
}

/// Relations whose rows can be added along with a row of this table.
pub(in crate::graph) fn nested<'a>(
    catalog: &'a Catalog,
    table: &'a Table,
) -> impl Iterator<Item = &'a Relation> {
    table.relations.iter().filter(|relation| {
        // A new row of a reference table is a new word; nobody adds with it what speaks of it.
        if table.is_reference && !catalog.table(relation.target).is_reference {
            return false;
        }
        let inserts = &catalog.table(relation.target).writes.insert;
        let own = inserts.iter().filter(|id| !relation.remote.contains(id)).count();
        relation.many && own > 0 && relation.remote.iter().all(|id| inserts.contains(id))
    })
}

fn nested_input(table: &Table, relation: &Relation) -> String {
    format!("{}{}Input", table.type_name, crate::graph::catalog::names::capitalise(&relation.field))
}
