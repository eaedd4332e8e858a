//! Makes the types of a table: object, connection, edge, filter and order.

use async_graphql::dynamic::{Field, TypeRef};

use super::derived::{ListPlace, derived_field, derived_input};
use super::groups::groups_field;
use super::series::series_field;
use super::types::{ORDER_DIRECTION, Part, Types, field, required_if, returned};
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

/// Makes the fields of a relation: the related row, or the related rows as a list, in groups and as series.
fn related(catalog: &Catalog, relation: &Relation) -> Vec<Part<Field>> {
    let (target, doc) = (catalog.table(relation.target), &relation.doc);
    if !relation.many {
        // Nullable even where the key is not: the row may be invisible to the caller.
        return vec![field(&relation.field, TypeRef::named(&target.type_name), doc)];
    }
    let mut fields = vec![
        connection_field(ListPlace::Row, catalog, target, &relation.field, doc),
        groups_field(ListPlace::Row, catalog, target, &relation.groups_field(), None),
    ];
    if target.has_series() {
        fields.push(series_field(ListPlace::Row, catalog, target, &relation.series_field(), None));
    }
    fields
}

/// Makes a field that returns pages of a table's rows.
pub(super) fn connection_field(
    place: ListPlace,
    catalog: &Catalog,
    table: &Table,
    name: &str,
    doc: &str,
) -> Part<Field> {
    let row = &table.type_name;
    let number = || TypeRef::named(TypeRef::INT);
    let cursor = || TypeRef::named(TypeRef::STRING);
    let mut arguments = functions::arguments_of(catalog, table);
    arguments.extend([
        place.argument("first", number(), "Takes rows from the start."),
        place.argument("after", cursor(), "Starts after this cursor."),
        place.argument("last", number(), "Takes rows from the end."),
        place.argument("before", cursor(), "Ends before this cursor."),
        place.argument("offset", number(), "Skips rows."),
        derived_input("filter", TypeRef::named(format!("{row}Filter"))),
        derived_input("orderBy", TypeRef::named_nn_list(format!("{row}OrderBy"))),
    ]);
    field(name, TypeRef::named_nn(format!("{row}Connection")), doc).arguments(arguments)
}

fn connection(types: &mut Types, table: &Table) {
    let (row, name) = (&table.type_name, &table.display_name);
    let edge = format!("{row}Edge");
    let fields = [
        derived_field("edges", TypeRef::named_nn_list_nn(&edge)),
        derived_field("nodes", TypeRef::named_nn_list_nn(row)),
        derived_field("pageInfo", TypeRef::named_nn("PageInfo")),
        derived_field("totalCount", TypeRef::named_nn(TypeRef::INT)),
        derived_field("aggregate", TypeRef::named_nn(format!("{row}Aggregate"))),
    ];
    types.object(
        &format!("{row}Connection"),
        &format!("Holds a page of `{name}`."),
        fields.into_iter().chain(points::points_field(table)),
    );
    types.object(
        &edge,
        &format!("Holds a row of `{name}`."),
        [
            derived_field("cursor", TypeRef::named_nn(TypeRef::STRING)),
            derived_field("node", TypeRef::named_nn(row)),
        ],
    );
}

fn filter(types: &mut Types, catalog: &Catalog, table: &Table) {
    let name = format!("{}Filter", table.type_name);
    let combined = [
        derived_input("and", TypeRef::named_nn_list(&name)),
        derived_input("or", TypeRef::named_nn_list(&name)),
        derived_input("not", TypeRef::named(&name)),
    ];
    let columns = table.columns.iter();
    let columns = columns.map(|column| derived_input(&column.field, TypeRef::named(column.ty.filter_name())));
    let relations = table.relations.iter().map(|relation| {
        let target = &catalog.table(relation.target).type_name;
        let ty = if relation.many { format!("{target}ListFilter") } else { format!("{target}Filter") };
        derived_input(&relation.field, TypeRef::named(ty))
    });
    let doc = format!("Filters `{}` rows.", table.type_name);
    types.input(&name, &doc, combined.into_iter().chain(columns).chain(relations));
}

fn order(types: &mut Types, catalog: &Catalog, table: &Table) {
    let columns = table
        .columns
        .iter()
        .filter(|column| column.ty.is_ordered())
        .map(|column| derived_input(&column.field, TypeRef::named(ORDER_DIRECTION)));
    let relations = table.relations.iter().filter(|relation| !relation.many).map(|relation| {
        let ty = format!("{}OrderBy", catalog.table(relation.target).type_name);
        derived_input(&relation.field, TypeRef::named(ty))
    });
    types.one_of(
        &format!("{}OrderBy", table.type_name),
        &format!("Orders `{}` rows.", table.type_name),
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
        &format!("Filters by the `{row}` rows below."),
        [derived_input("some", filter()), derived_input("none", filter()), derived_input("every", filter())],
    );
}
