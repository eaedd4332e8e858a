//! Builds the GraphQL schema of a catalog, with async-graphql's types.
//!
//! Types that all tables share are made once, and only if a field uses them; each table adds its object, connection, edge, filter
//! and order. The schema is used for SDL, introspection and validation; its resolvers are never called.

mod aggregates;
mod derived;
mod functions;
mod groups;
mod introspection;
mod mutations;
mod points;
mod series;
mod shared;
mod subscriptions;
mod tables;
mod types;

use std::collections::BTreeSet;

use async_graphql::SDLExportOptions;
use async_graphql::dynamic::{Field, InputValue, Schema, SchemaBuilder, TypeRef};
use thiserror::Error;

use self::derived::{ListPlace, derived_input};
use self::shared::Used;
use self::types::{NODE, Part, QUERY, Types, field, given, input, required_if};
use super::catalog::names::capitalise;
use super::catalog::{Catalog, ColumnId, DATE_OR_DATE_TIME, Function, Table};
use super::document;

/// The reasons why a catalog has no valid schema. Each is a mistake in the source, found at the first start.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// Two types have the same name, or two fields, arguments or values of the same owner have it.
    #[error("{owner}: the name {name} is taken twice")]
    Twice {
        /// The type, field or argument that has the name.
        owner: String,
        /// The name.
        name: String,
    },
    /// GraphQL does not allow the name.
    #[error("{owner}: GraphQL has no name {name}")]
    Name {
        /// The type, field or argument that has the name.
        owner: String,
        /// The name.
        name: String,
    },
    /// A type has no field and no value.
    #[error("{0}: there is nothing in it")]
    Empty(String),
    /// The types are not consistent with one another.
    #[error("the schema is not valid: {0}")]
    Invalid(#[from] async_graphql::dynamic::SchemaError),
}

/// Builds the schema of a catalog.
pub fn build(catalog: &Catalog) -> Result<Schema, SchemaError> {
    Ok(document::readable(builder(catalog)?).finish()?)
}

fn builder(catalog: &Catalog) -> Result<SchemaBuilder, SchemaError> {
    let mut types = Types::default();
    let mut used = Used::default();
    query(&mut types, catalog);
    mutations::make(&mut types, catalog);
    subscriptions::make(&mut types, catalog);
    for table in catalog.tables() {
        tables::make(&mut types, catalog, table);
        if !catalog.function_of(table).is_some_and(Function::is_single) {
            aggregates::make(&mut types, table);
            groups::make(&mut types, catalog, table);
            series::make(&mut types, table);
            points::make(&mut types, table);
            used.dates_and_moments |= table.has_series() && table.bucket_scalar() == DATE_OR_DATE_TIME;
            used.note_aggregates(table);
        }
        for column in &table.columns {
            used.note(&column.ty);
        }
    }
    shared::make(&mut types, &used);
    Ok(introspection::add(types.into_builder()?))
}

/// Returns a schema as SDL: types are sorted by name; fields, arguments and values have the order of the catalog.
pub fn sdl(schema: &Schema) -> String {
    let options = SDLExportOptions::new();
    schema
        .sdl_with_options(options.include_specified_by().use_space_ident().prefer_single_line_descriptions())
}

fn query(types: &mut Types, catalog: &Catalog) {
    let mut fields = vec![
        field("node", TypeRef::named(NODE), "Finds an object by its global id.").arguments(vec![input(
            "id",
            TypeRef::named_nn(TypeRef::ID),
            "Identifies the object.",
        )]),
        field(
            "nodes",
            TypeRef::named_list_nn(NODE),
            "Finds objects by their global ids, in the given order; null if there is none.",
        )
        .arguments(vec![input(
            "ids",
            TypeRef::named_nn_list_nn(TypeRef::ID),
            "Identifies the objects.",
        )]),
    ];
    for (index, system) in catalog.systems().iter().enumerate() {
        let of_system = root_fields(catalog, index);
        match &system.field {
            Some(name) => {
                let ty = format!("{}Query", capitalise(name));
                fields.push(field(name, TypeRef::named_nn(&ty), system.doc));
                types.object(&ty, system.doc, of_system);
            }
            None => fields.extend(of_system),
        }
    }
    types.object(
        QUERY,
        "Everything that can be read. What the caller may not see does not exist: it is null or left out, never an \
         error.",
        fields,
    );
}

/// Returns the fields of a system's tables and functions.
fn root_fields(catalog: &Catalog, system: usize) -> Vec<Part<Field>> {
    let mut fields = Vec::new();
    for table in catalog.tables().iter().filter(|table| table.system == system) {
        match catalog.function_of(table) {
            Some(function) if function.is_single() => {
                let row = field(&function.field, TypeRef::named(&table.type_name), &function.doc);
                fields.push(row.arguments(functions::arguments(&function.arguments)));
            }
            Some(function) => fields.extend(lists(catalog, table, &function.doc)),
            None => {
                fields.push(look_up(table));
                fields.extend(lists(catalog, table, &format!("Lists rows of `{}`.", table.display_name)));
            }
        }
    }
    fields
}

/// Makes the field that finds a row of a table by a key.
fn look_up(table: &Table) -> Part<Field> {
    let only_key = table.keys.len() == 1;
    let hint = if only_key { String::new() } else { format!(" Give one of: {}.", table.key_names()) };
    field(
        &table.single_field,
        TypeRef::named(&table.type_name),
        &format!("Finds a row of `{}` by a key.{hint}", table.display_name),
    )
    .arguments(key_arguments(table, only_key))
}

/// Makes the arguments for the columns of all keys of a table.
fn key_arguments(table: &Table, required: bool) -> Vec<Part<InputValue>> {
    let mut named = BTreeSet::new();
    let columns = table.keys.iter().flatten().filter(|id| named.insert(**id));
    columns.map(|id| column_argument(table, *id, required)).collect()
}

/// Makes the argument for a column's value that identifies rows.
fn column_argument(table: &Table, id: ColumnId, required: bool) -> Part<InputValue> {
    let column = table.column(id);
    derived_input(&column.field, required_if(required, given(&column.ty)))
}

/// Makes the fields that return a table's rows as a list, in groups and as series.
fn lists(catalog: &Catalog, table: &Table, doc: &str) -> Vec<Part<Field>> {
    let groups = format!("Groups rows of `{}`.", table.display_name);
    let series = format!("Measures rows of `{}` along time.", table.display_name);
    let mut fields = vec![
        tables::connection_field(ListPlace::Root, catalog, table, &table.list_field, doc),
        groups::groups_field(ListPlace::Root, catalog, table, &table.groups_field, Some(&groups)),
    ];
    if table.has_series() {
        fields.push(series::series_field(
            ListPlace::Root,
            catalog,
            table,
            &table.series_field,
            Some(&series),
        ));
    }
    fields
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;
    use crate::systems;

    /// Checks that a document which the schema executes, instead of the engine, gets an error and no data.
    #[tokio::test]
    async fn its_resolvers_answer_nothing() {
        let schema = build(&Catalog::new(&systems::ALL).unwrap()).unwrap();
        let node = schema.execute("{ node(id: \"1\") { id } }").await;
        assert!(node.errors[0].message.contains("answered by the engine"), "{node:?}");
        let document = "subscription { protocolsChanged { cursor } }";
        let responses: Vec<_> = schema.execute_stream(document).collect().await;
        assert!(responses[0].errors[0].message.contains("answered by the engine"), "{responses:?}");
    }
}
