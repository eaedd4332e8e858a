//! Makes the types of groups of rows that share a key.

use async_graphql::dynamic::{Field, InputValue, TypeRef};

use super::aggregates::measured;
use super::derived::{ListPlace, derived_field, derived_input};
use super::functions;
use super::series::TIME_BUCKET;
use super::types::{ORDER_DIRECTION, Part, Types, field, input, value};
use crate::graph::aggregate;
use crate::graph::catalog::{Catalog, Column, ColumnType, Relation, Scalar, Table};

/// Makes a field that returns groups of a table's rows.
pub(super) fn groups_field(
    place: ListPlace,
    catalog: &Catalog,
    table: &Table,
    name: &str,
    doc: Option<&str>,
) -> Part<Field> {
    let row = &table.type_name;
    let number = || TypeRef::named(TypeRef::INT);
    let mut arguments = functions::arguments_of(catalog, table);
    arguments.extend([
        derived_input("groupBy", TypeRef::named_nn(format!("{row}GroupBy"))),
        derived_input("filter", TypeRef::named(format!("{row}Filter"))),
        derived_input("having", TypeRef::named(format!("{row}Having"))),
        derived_input("orderBy", TypeRef::named_nn_list(format!("{row}GroupOrderBy"))),
        place.argument("first", number(), "Takes groups from the start."),
        place.argument("after", TypeRef::named(TypeRef::STRING), "Starts after this cursor."),
        place.argument("offset", number(), "Skips groups."),
    ]);
    let ty = TypeRef::named_nn_list_nn(format!("{row}Group"));
    doc.map_or_else(|| derived_field(name, ty.clone()), |doc| field(name, ty.clone(), doc))
        .arguments(arguments)
}

/// Makes the types of a table's groups.
pub(super) fn make(types: &mut Types, catalog: &Catalog, table: &Table) {
    group(types, table);
    group_key(types, catalog, table);
    group_by(types, catalog, table);
    group_order(types, table);
    having(types, table);
}

/// Makes the inputs of groups that are the same for all tables.
pub(super) fn make_shared(types: &mut Types) {
    let each = "Makes a group for each element: a row counts in the groups of all its elements.";
    types.enumeration(LIST_GROUPING, "Groups rows by the elements of a list.", [value("EACH", each)]);
    let number = || TypeRef::named(TypeRef::FLOAT);
    let bounds = "Lists where one range ends and the next begins, ascending. `[50, 100]` makes three: below 50, from 50 to \
                  below 100, and from 100 on.";
    types.one_of(
        NUMBER_RANGES,
        "Cuts numbers into ranges, by `bounds` or by `width`.",
        [
            input("bounds", TypeRef::named_nn_list(TypeRef::FLOAT), bounds),
            input("width", number(), "Sets the width of all ranges, to the last digit; one begins at 0."),
        ],
    );
    types.object(
        NUMBER_RANGE,
        "Holds a range of numbers. Both ends are null for rows without a value.",
        [
            field("from", number(), "Begins the range; null if it has no lower end."),
            field("to", number(), "Ends before this number; null if it has no upper end."),
        ],
    );
}

const LIST_GROUPING: &str = "ListGrouping";
const NUMBER_RANGES: &str = "NumberRanges";
const NUMBER_RANGE: &str = "NumberRange";

fn group(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    types.object(
        &format!("{row}Group"),
        &format!("Holds rows of `{}` that share a key.", table.display_name),
        [
            derived_field("key", TypeRef::named_nn(format!("{row}GroupKey"))),
            derived_field("aggregate", TypeRef::named_nn(format!("{row}Aggregate"))),
            derived_field("cursor", TypeRef::named_nn(TypeRef::STRING)),
        ],
    );
}

fn group_key(types: &mut Types, catalog: &Catalog, table: &Table) {
    let columns =
        keys(table).map(|column| derived_field(&column.field, TypeRef::named(column.ty.graphql_name())));
    let ranges =
        ranged(table).map(|column| derived_field(&column.range_field(), TypeRef::named_nn(NUMBER_RANGE)));
    let relations = to_one(table).map(|relation| {
        let ty = format!("{}GroupKey", catalog.table(relation.target).type_name);
        derived_field(&relation.field, TypeRef::named_nn(ty))
    });
    types.object(
        &format!("{}GroupKey", table.type_name),
        "Holds the values that `groupBy` names.",
        columns.chain(ranges).chain(relations),
    );
}

fn group_by(types: &mut Types, catalog: &Catalog, table: &Table) {
    let columns = keys(table).map(|column| {
        let ty = match &column.ty {
            ColumnType::List(_) => LIST_GROUPING,
            ty if ty.is_time() => TIME_BUCKET,
            _ => TypeRef::BOOLEAN,
        };
        derived_input(&column.field, TypeRef::named(ty))
    });
    let ranges =
        ranged(table).map(|column| derived_input(&column.range_field(), TypeRef::named(NUMBER_RANGES)));
    let relations = to_one(table).map(|relation| {
        let ty = format!("{}GroupBy", catalog.table(relation.target).type_name);
        derived_input(&relation.field, TypeRef::named(ty))
    });
    types.input(
        &format!("{}GroupBy", table.type_name),
        &format!("Groups `{}` rows.", table.type_name),
        columns.chain(ranges).chain(relations),
    );
}

fn group_order(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    let direction = || TypeRef::named(ORDER_DIRECTION);
    let group =
        [derived_input("key", TypeRef::named(format!("{row}OrderBy"))), derived_input("count", direction())];
    let lists = keys(table).filter(|column| matches!(column.ty, ColumnType::List(_)));
    let lists = lists.map(|column| derived_input(&column.field, direction()));
    types.one_of(
        &format!("{row}GroupOrderBy"),
        &format!("Orders groups of `{row}` rows."),
        group.into_iter().chain(lists).chain(aggregates(table, "OrderBy")),
    );
}

fn having(types: &mut Types, table: &Table) {
    let name = format!("{}Having", table.type_name);
    let combined = [
        derived_input("and", TypeRef::named_nn_list(&name)),
        derived_input("or", TypeRef::named_nn_list(&name)),
        derived_input("not", TypeRef::named(&name)),
        derived_input("count", TypeRef::named("IntFilter")),
    ];
    let doc = format!("Filters groups of `{}` rows.", table.type_name);
    types.input(&name, &doc, combined.into_iter().chain(aggregates(table, "Filter")));
}

/// Returns an input field for each column with aggregates. `kind`: the end of the names of their types.
fn aggregates(table: &Table, kind: &str) -> impl Iterator<Item = Part<InputValue>> {
    measured(table).map(move |id| {
        let ty = format!("{}{kind}", aggregate::type_name(aggregate::measured_as(table, id)));
        derived_input(&table.column(id).field, TypeRef::named(ty))
    })
}

/// Returns the columns that rows can be grouped by.
fn keys(table: &Table) -> impl Iterator<Item = &Column> {
    let is_json =
        |ty: &ColumnType| matches!(ty, ColumnType::List(Scalar::Json) | ColumnType::Scalar(Scalar::Json));
    table.columns.iter().filter(move |column| !is_json(&column.ty))
}

/// Returns the columns whose numbers can be grouped by ranges.
fn ranged(table: &Table) -> impl Iterator<Item = &Column> {
    table.measures().map(|id| table.column(id))
}

fn to_one(table: &Table) -> impl Iterator<Item = &Relation> {
    table.relations.iter().filter(|relation| !relation.many)
}
