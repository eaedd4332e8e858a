//! Catalog → GraphQL schema, as SDL that apollo-compiler then parses and checks.
//!
//! What is alike for all tables is written once; a table adds its type, connection, edge, filter and order, and only
//! what some field reaches.

mod functions;
mod mutations;
mod numbers;
mod points;
mod sdl;
mod shared;
mod subscriptions;
mod tables;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use thiserror::Error;

pub(super) use self::mutations::nested;
use self::sdl::{Sdl, first_sentence, quoted};
use self::shared::Used;
use super::catalog::names::capitalise;
use super::catalog::{Catalog, DATE_OR_DATE_TIME, Function, Table};

/// The generated SDL is not a valid schema: two names clash, or a description or name cannot be written.
#[derive(Debug, Error)]
#[error("the generated schema is not valid: {0}")]
pub struct SchemaError(String);

/// Builds the schema of a catalog.
pub fn build(catalog: &Catalog) -> Result<Valid<Schema>, SchemaError> {
    Schema::parse_and_validate(sdl(catalog), "schema.graphql")
        .map_err(|invalid| SchemaError(invalid.errors.to_string()))
}

/// The schema of a catalog as SDL, the same for the same catalog.
pub fn sdl(catalog: &Catalog) -> String {
    let mut sdl = Sdl::default();
    let mut used = Used::default();
    query(&mut sdl, catalog);
    mutations::write(&mut sdl, catalog);
    subscriptions::write(&mut sdl, catalog);
    for table in catalog.tables() {
        tables::write(&mut sdl, catalog, table);
        if !catalog.function_of(table).is_some_and(Function::is_single) {
            numbers::write(&mut sdl, catalog, table);
            points::write(&mut sdl, table);
            used.dates_and_moments |= table.has_time() && table.bucket_scalar() == DATE_OR_DATE_TIME;
        }
        for column in &table.columns {
            used.note(&column.ty);
        }
    }
    shared::write(&mut sdl, &used);
    sdl.text
}

fn query(sdl: &mut Sdl, catalog: &Catalog) {
    sdl.open(
        "Everything that can be read. What the caller may not see does not exist: it is null or left out, never an \
         error.",
        "type Query",
    );
    sdl.field("Any object by its global id.", "node(\n    \"The id of any object.\"\n    id: ID!\n  ): Node");
    sdl.field(
        "Objects by their global ids, in the order asked for; null where there is none.",
        "nodes(\n    \"Ids of any objects.\"\n    ids: [ID!]!\n  ): [Node]!",
    );
    for (index, system) in catalog.systems().iter().enumerate() {
        match &system.field {
            Some(field) => sdl.field(system.doc, &format!("{field}: {}Query!", capitalise(field))),
            None => root_fields(sdl, catalog, index),
        }
    }
    sdl.close();
    for (index, system) in catalog.systems().iter().enumerate() {
        if let Some(field) = &system.field {
            sdl.open(system.doc, &format!("type {}Query", capitalise(field)));
            root_fields(sdl, catalog, index);
            sdl.close();
        }
    }
}

fn root_fields(sdl: &mut Sdl, catalog: &Catalog, system: usize) {
    for table in catalog.tables().iter().filter(|table| table.system == system) {
        match catalog.function_of(table) {
            Some(function) if function.is_single() => {
                let arguments = functions::arguments(&function.arguments);
                let arguments = if arguments.is_empty() { arguments } else { format!("({arguments}\n  )") };
                sdl.field(&function.doc, &format!("{}{arguments}: {}", function.field, table.type_name));
            }
            Some(function) => lists(sdl, catalog, table, &function.doc),
            None => {
                look_up(sdl, table);
                lists(sdl, catalog, table, &table.doc);
            }
        }
    }
}

/// A row of a table by its key.
fn look_up(sdl: &mut Sdl, table: &Table) {
    let mut arguments = String::new();
    let only_key = table.keys.len() == 1;
    let mut named = BTreeSet::new();
    for column in table.keys.iter().flatten() {
        if !named.insert(*column) {
            continue;
        }
        let column = table.column(*column);
        let mark = if only_key { "!" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(
            arguments,
            "\n    {}\n    {}: {}{mark}",
            quoted(&first_sentence(&column.doc)),
            column.field,
            column.ty.graphql_name()
        );
    }
    let hint = if only_key { String::new() } else { format!(" Give exactly one of: {}.", keys(table)) };
    sdl.field(
        &format!("One row of `{}` by its key; null where there is none.{hint}", table.name),
        &format!("{}({arguments}\n  ): {}", table.single_field, table.type_name),
    );
}

/// Rows as a list, in groups and along time.
fn lists(sdl: &mut Sdl, catalog: &Catalog, table: &Table, doc: &str) {
    sdl.field(doc, &format!("{}{}", table.list_field, tables::connection_of(catalog, table)));
    sdl.field(
        &format!("Rows of `{}` in groups, with numbers over each.", table.name),
        &format!("{}{}", table.groups_field, numbers::groups_of(catalog, table)),
    );
    if table.has_time() {
        sdl.field(
            &format!("Numbers over rows of `{}` along time.", table.name),
            &format!("{}{}", table.series_field, numbers::series_of(catalog, table)),
        );
    }
}

/// `medicationId` or `medicationName`; columns of one key joined by `+`.
pub fn keys(table: &Table) -> String {
    let key = |columns: &Vec<crate::graph::catalog::ColumnId>| {
        columns.iter().map(|column| table.column(*column).field.as_str()).collect::<Vec<_>>().join(" + ")
    };
    table.keys.iter().map(key).collect::<Vec<_>>().join(", ")
}
