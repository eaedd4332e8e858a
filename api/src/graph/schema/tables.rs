//! The types of a table: object, connection, filter, order.

use super::functions;
use super::numbers::{groups_of, series_of};
use super::points;
use super::sdl::{Sdl, first_sentence};
use crate::graph::catalog::{Catalog, ColumnType, Function, Relation, Table};

/// Writes the types of a table.
pub(super) fn write(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    object(sdl, catalog, table);
    if catalog.function_of(table).is_some_and(Function::is_single) {
        return;
    }
    connection(sdl, table);
    filter(sdl, catalog, table);
    order(sdl, catalog, table);
    if is_listed_by_another(catalog, table) {
        list_filter(sdl, table);
    }
}

fn object(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    if table.has_global_id() {
        sdl.open(&table.doc, &format!("type {} implements Node", table.type_name));
        sdl.field("Global id, for caches and for `node(id:)`.", "id: ID!");
    } else {
        sdl.open(&table.doc, &format!("type {}", table.type_name));
    }
    for column in &table.columns {
        let mark = if column.nullable { "" } else { "!" };
        sdl.field(&column.doc, &format!("{}: {}{mark}", column.field, output(&column.ty)));
    }
    for relation in &table.relations {
        let target = catalog.table(relation.target);
        if relation.many {
            sdl.field(&relation.doc, &format!("{}{}", relation.field, connection_of(catalog, target)));
            sdl.field(
                &format!("{} In groups, with numbers over each.", relation.doc),
                &format!("{}{}", relation.groups_field(), groups_of(catalog, target)),
            );
            if target.has_time() {
                sdl.field(
                    &format!("{} Along time, with numbers over each span.", relation.doc),
                    &format!("{}{}", relation.series_field(), series_of(catalog, target)),
                );
            }
        } else {
            // Nullable even where the key is not: the row may be invisible to the caller.
            sdl.field(&relation.doc, &format!("{}: {}", relation.field, target.type_name));
        }
    }
    sdl.close();
}

/// Type of a value that is returned: an array of Postgres may hold NULL, which nobody needs to send.
fn output(ty: &ColumnType) -> String {
    match ty {
        ColumnType::List(element) => format!("[{}]", element.graphql_name()),
        ColumnType::Scalar(_) | ColumnType::Enum(_) => ty.graphql_name(),
    }
}

/// Arguments and type of a connection.
pub(super) fn connection_of(catalog: &Catalog, table: &Table) -> String {
    format!(
        "({arguments}
    \"The first n rows; without `first` and `last`, the server's default page.\"
    first: Int
    \"Rows after this cursor.\"
    after: String
    \"The last n rows, in the same order.\"
    last: Int
    \"Rows before this cursor.\"
    before: String
    \"Skips n rows; with cursors, counted from the cursor.\"
    offset: Int
    \"Only rows that match.\"
    filter: {name}Filter
    \"First by the first entry, then by the next; the primary key decides ties. One column per entry.\"
    orderBy: [{name}OrderBy!]
  ): {name}Connection!",
        arguments = functions::arguments_of(catalog, table),
        name = table.type_name
    )
}

fn connection(sdl: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    sdl.open(&format!("A page of `{}`.", table.name), &format!("type {name}Connection"));
    sdl.field("The page's rows, each with its cursor.", &format!("edges: [{name}Edge!]!"));
    sdl.field("The page's rows.", &format!("nodes: [{name}!]!"));
    sdl.field("Where the page stands.", "pageInfo: PageInfo!");
    sdl.field("Rows on all pages; counted only when asked for.", "totalCount: Int!");
    sdl.field(
        "Numbers over the rows on all pages. Only what is asked for is computed.",
        &format!("aggregate: {name}Aggregate!"),
    );
    points::write_field(sdl, table);
    sdl.close();
    sdl.open(&format!("A row of `{}` in a page.", table.name), &format!("type {name}Edge"));
    sdl.field("Marks the row's place in this order, for `after` and `before`.", "cursor: String!");
    sdl.field("The row.", &format!("node: {name}!"));
    sdl.close();
}

fn filter(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    let name = &table.type_name;
    sdl.open(
        &format!("Which rows of `{}`: all conditions together.", table.name),
        &format!("input {name}Filter"),
    );
    sdl.field("All of these.", &format!("and: [{name}Filter!]"));
    sdl.field("At least one of these.", &format!("or: [{name}Filter!]"));
    sdl.field("Not this.", &format!("not: {name}Filter"));
    for column in &table.columns {
        sdl.field(&first_sentence(&column.doc), &format!("{}: {}", column.field, column.ty.filter_name()));
    }
    for relation in &table.relations {
        let target = &catalog.table(relation.target).type_name;
        let ty = if relation.many { format!("{target}ListFilter") } else { format!("{target}Filter") };
        sdl.field(&first_sentence(&relation.doc), &format!("{}: {ty}", relation.field));
    }
    sdl.close();
}

fn order(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    sdl.open(
        &format!("An order of `{}`: exactly one field.", table.name),
        &format!("input {}OrderBy", table.type_name),
    );
    for column in table.columns.iter().filter(|column| column.ty.is_ordered()) {
        sdl.field(&first_sentence(&column.doc), &format!("{}: OrderDirection", column.field));
    }
    for relation in table.relations.iter().filter(|relation| !relation.many) {
        sdl.field(
            &first_sentence(&relation.doc),
            &format!("{}: {}OrderBy", relation.field, catalog.table(relation.target).type_name),
        );
    }
    sdl.close();
}

fn is_listed_by_another(catalog: &Catalog, table: &Table) -> bool {
    let lists = |relation: &Relation| relation.many && relation.target == table.id;
    // A single row of a function cannot be filtered by what belongs to it.
    let is_filtered = |other: &&Table| !catalog.function_of(other).is_some_and(Function::is_single);
    catalog.tables().iter().filter(is_filtered).any(|other| other.relations.iter().any(lists))
}

fn list_filter(sdl: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    sdl.open(
        &format!("Conditions on the rows of `{}` that belong to a row.", table.name),
        &format!("input {name}ListFilter"),
    );
    sdl.field("At least one row matches.", &format!("some: {name}Filter"));
    sdl.field("No row matches.", &format!("none: {name}Filter"));
    sdl.field("Every row matches; also where there is none.", &format!("every: {name}Filter"));
    sdl.close();
}
