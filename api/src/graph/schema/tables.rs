//! The types of a table: object, connection, filter, order.

use async_graphql::dynamic::{Field, TypeRef};

use super::groups::groups_field;
use super::series::series_field;
use super::types::{ORDER_DIRECTION, Part, Types, field, first_sentence, input, required_if, returned};
use super::{functions, points};
use crate::graph::catalog::{Catalog, Function, Relation, Table};

/// Makes the types of a table.
pub(super) fn make(types: &mut Types, catalog: &Catalog, table: &Table) {
    object(types, catalog, table);
    if catalog.function_of(table).is_some_and(Function::is_single) {
        return;
    }
    connection(types, table);
    filter(types, catalog, table);
    order(types, catalog, table);
    if is_listed_by_another(catalog, table) {
        list_filter(types, table);
    }
}

fn object(types: &mut Types, catalog: &Catalog, table: &Table) {
    let columns = table
        .columns
        .iter()
        .map(|column| field(&column.field, required_if(!column.nullable, returned(&column.ty)), &column.doc));
    let relations = table.relations.iter().flat_map(|relation| related(catalog, relation));
    let fields = columns.chain(relations);
    if table.has_global_id() {
        types.node(&table.type_name, &table.doc, fields);
    } else {
        types.object(&table.type_name, &table.doc, fields);
    }
}

/// The related row, or related rows as a list, in groups and along time.
fn related(catalog: &Catalog, relation: &Relation) -> Vec<Part<Field>> {
    let (target, doc) = (catalog.table(relation.target), &relation.doc);
    if !relation.many {
        // Nullable even where the key is not: the row may be invisible to the caller.
        return vec![field(&relation.field, TypeRef::named(&target.type_name), doc)];
    }
    let groups = format!("{doc} In groups, with numbers over each.");
    let series = format!("{doc} Along time, with numbers over each span.");
    let mut fields = vec![
        connection_field(catalog, target, &relation.field, doc),
        groups_field(catalog, target, &relation.groups_field(), &groups),
    ];
    if target.has_time() {
        fields.push(series_field(catalog, target, &relation.series_field(), &series));
    }
    fields
}

/// A field that holds rows of a table, by pages.
pub(super) fn connection_field(catalog: &Catalog, table: &Table, name: &str, doc: &str) -> Part<Field> {
    let row = &table.type_name;
    let number = || TypeRef::named(TypeRef::INT);
    let cursor = || TypeRef::named(TypeRef::STRING);
    let mut arguments = functions::arguments_of(catalog, table);
    arguments.extend([
        input("first", number(), "The first n rows; without `first` and `last`, the server's default page."),
        input("after", cursor(), "Rows after this cursor."),
        input("last", number(), "The last n rows, in the same order."),
        input("before", cursor(), "Rows before this cursor."),
        input("offset", number(), "Skips n rows; with cursors, counted from the cursor."),
        input("filter", TypeRef::named(format!("{row}Filter")), "Only rows that match."),
        input(
            "orderBy",
            TypeRef::named_nn_list(format!("{row}OrderBy")),
            "First by the first entry, then by the next; the primary key decides ties. One column per entry.",
        ),
    ]);
    field(name, TypeRef::named_nn(format!("{row}Connection")), doc).arguments(arguments)
}

fn connection(types: &mut Types, table: &Table) {
    let (row, name) = (&table.type_name, &table.name);
    let edge = format!("{row}Edge");
    let fields = [
        field("edges", TypeRef::named_nn_list_nn(&edge), "The page's rows, each with its cursor."),
        field("nodes", TypeRef::named_nn_list_nn(row), "The page's rows."),
        field("pageInfo", TypeRef::named_nn("PageInfo"), "Where the page stands."),
        field(
            "totalCount",
            TypeRef::named_nn(TypeRef::INT),
            "Rows on all pages; counted only when asked for.",
        ),
        field(
            "aggregate",
            TypeRef::named_nn(format!("{row}Aggregate")),
            "Numbers over the rows on all pages. Only what is asked for is computed.",
        ),
    ];
    types.object(
        &format!("{row}Connection"),
        &format!("A page of `{name}`."),
        fields.into_iter().chain(points::points_field(table)),
    );
    types.object(
        &edge,
        &format!("A row of `{name}` in a page."),
        [
            field(
                "cursor",
                TypeRef::named_nn(TypeRef::STRING),
                "Marks the row's place in this order, for `after` and `before`.",
            ),
            field("node", TypeRef::named_nn(row), "The row."),
        ],
    );
}

fn filter(types: &mut Types, catalog: &Catalog, table: &Table) {
    let name = format!("{}Filter", table.type_name);
    let combined = [
        input("and", TypeRef::named_nn_list(&name), "All of these."),
        input("or", TypeRef::named_nn_list(&name), "At least one of these."),
        input("not", TypeRef::named(&name), "Not this."),
    ];
    let columns = table.columns.iter().map(|column| {
        input(&column.field, TypeRef::named(column.ty.filter_name()), first_sentence(&column.doc))
    });
    let relations = table.relations.iter().map(|relation| {
        let target = &catalog.table(relation.target).type_name;
        let ty = if relation.many { format!("{target}ListFilter") } else { format!("{target}Filter") };
        input(&relation.field, TypeRef::named(ty), first_sentence(&relation.doc))
    });
    let doc = format!("Which rows of `{}`: all conditions together.", table.name);
    types.input(&name, &doc, combined.into_iter().chain(columns).chain(relations));
}

fn order(types: &mut Types, catalog: &Catalog, table: &Table) {
    let columns = table
        .columns
        .iter()
        .filter(|column| column.ty.is_ordered())
        .map(|column| input(&column.field, TypeRef::named(ORDER_DIRECTION), first_sentence(&column.doc)));
    let relations = table.relations.iter().filter(|relation| !relation.many).map(|relation| {
        let ty = format!("{}OrderBy", catalog.table(relation.target).type_name);
        input(&relation.field, TypeRef::named(ty), first_sentence(&relation.doc))
    });
    types.input(
        &format!("{}OrderBy", table.type_name),
        &format!("An order of `{}`: exactly one field.", table.name),
        columns.chain(relations),
    );
}

fn is_listed_by_another(catalog: &Catalog, table: &Table) -> bool {
    let lists = |relation: &Relation| relation.many && relation.target == table.id;
    // A single row of a function cannot be filtered by what belongs to it.
    let is_filtered = |other: &&Table| !catalog.function_of(other).is_some_and(Function::is_single);
    catalog.tables().iter().filter(is_filtered).any(|other| other.relations.iter().any(lists))
}

fn list_filter(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    let filter = || TypeRef::named(format!("{row}Filter"));
    types.input(
        &format!("{row}ListFilter"),
        &format!("Conditions on the rows of `{}` that belong to a row.", table.name),
        [
            input("some", filter(), "At least one row matches."),
            input("none", filter(), "No row matches."),
            input("every", filter(), "Every row matches; also where there is none."),
        ],
    );
}
