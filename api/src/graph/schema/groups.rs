//! Rows in groups that have a key in common.

use async_graphql::dynamic::{Field, InputValue, TypeRef};

use super::functions;
use super::numbers::measured;
use super::series::TIME_BUCKET;
use super::types::{ORDER_DIRECTION, Part, Types, field, first_sentence, input, value};
use crate::graph::aggregate;
use crate::graph::catalog::{Catalog, Column, ColumnType, Relation, Scalar, Table};

/// A field that holds rows of a table in groups.
pub(super) fn groups_field(catalog: &Catalog, table: &Table, name: &str, doc: &str) -> Part<Field> {
    let row = &table.type_name;
    let number = || TypeRef::named(TypeRef::INT);
    let mut arguments = functions::arguments_of(catalog, table);
    arguments.extend([
        input(
            "groupBy",
            TypeRef::named_nn(format!("{row}GroupBy")),
            "What the rows of a group have in common.",
        ),
        input("filter", TypeRef::named(format!("{row}Filter")), "Only rows that match."),
        input("having", TypeRef::named(format!("{row}Having")), "Only groups whose numbers match."),
        input(
            "orderBy",
            TypeRef::named_nn_list(format!("{row}GroupOrderBy")),
            "First by the first entry, then by the next; the keys decide ties. One field per entry.",
        ),
        input("first", number(), "The first n groups; without it, the server's default page."),
        input("after", TypeRef::named(TypeRef::STRING), "Groups after this cursor."),
        input("offset", number(), "Skips n groups; with a cursor, counted from the cursor."),
    ]);
    field(name, TypeRef::named_nn_list_nn(format!("{row}Group")), doc).arguments(arguments)
}

/// Makes the types of a table's groups.
pub(super) fn make(types: &mut Types, catalog: &Catalog, table: &Table) {
    group(types, table);
    group_key(types, catalog, table);
    group_by(types, catalog, table);
    group_order(types, table);
    having(types, table);
}

/// Makes the inputs of groups that all tables share.
pub(super) fn make_shared(types: &mut Types) {
    let each =
        "A group for each element: a row counts in the groups of all its elements, without any in none.";
    types.enumeration(LIST_GROUPING, "How lists are grouped.", [value("EACH", each)]);
    let number = || TypeRef::named(TypeRef::FLOAT);
    let bounds = "Where one range ends and the next begins, ascending. `[50, 100]` makes three: below 50, from 50 to \
                  below 100, and from 100 on.";
    types.input(
        NUMBER_RANGES,
        "How numbers are cut into ranges: by `bounds` or by `width`.",
        [
            input("bounds", TypeRef::named_nn_list(TypeRef::FLOAT), bounds),
            input("width", number(), "All ranges are this wide, to the last digit; one begins at 0."),
        ],
    );
    types.object(
        NUMBER_RANGE,
        "A range of numbers. Both ends are null for rows without a value.",
        [
            field("from", number(), "The least number in it; null if it has no lower end."),
            field("to", number(), "The least number above it; null if it has no upper end."),
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
        &format!("Rows of `{}` that have a key in common.", table.name),
        [
            field("key", TypeRef::named_nn(format!("{row}GroupKey")), "What the rows have in common."),
            field(
                "aggregate",
                TypeRef::named_nn(format!("{row}Aggregate")),
                "Numbers over the rows. Only what is asked for is computed.",
            ),
            field(
                "cursor",
                TypeRef::named_nn(TypeRef::STRING),
                "Marks the group's place in this order, for `after`.",
            ),
        ],
    );
}

fn group_key(types: &mut Types, catalog: &Catalog, table: &Table) {
    let columns = keys(table).map(|column| {
        let doc = match column.ty {
            ColumnType::List(_) => format!("An element of: {}", column.doc),
            _ => column.doc.clone(),
        };
        field(&column.field, TypeRef::named(column.ty.graphql_name()), first_sentence(&doc))
    });
    let ranges = ranged(table).map(|column| {
        let doc = format!("The range of `{}` that the rows lie in.", column.field);
        field(&column.range_field(), TypeRef::named_nn(NUMBER_RANGE), &doc)
    });
    let relations = to_one(table).map(|relation| {
        let ty = format!("{}GroupKey", catalog.table(relation.target).type_name);
        field(&relation.field, TypeRef::named_nn(ty), first_sentence(&relation.doc))
    });
    types.object(
        &format!("{}GroupKey", table.type_name),
        &format!(
            "What a group of `{}` has in common; only fields that `groupBy` names can be asked for.",
            table.name
        ),
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
        input(&column.field, TypeRef::named(ty), first_sentence(&column.doc))
    });
    let ranges = ranged(table).map(|column| {
        let doc = format!("Ranges of `{}`.", column.field);
        input(&column.range_field(), TypeRef::named(NUMBER_RANGES), &doc)
    });
    let relations = to_one(table).map(|relation| {
        let ty = format!("{}GroupBy", catalog.table(relation.target).type_name);
        input(&relation.field, TypeRef::named(ty), first_sentence(&relation.doc))
    });
    types.input(
        &format!("{}GroupBy", table.type_name),
        &format!("What to group `{}` by: at least one field.", table.name),
        columns.chain(ranges).chain(relations),
    );
}

fn group_order(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    let direction = || TypeRef::named(ORDER_DIRECTION);
    let group = [
        input("key", TypeRef::named(format!("{row}OrderBy")), "By a key that `groupBy` names."),
        input("count", direction(), "By the number of rows."),
    ];
    let lists = keys(table).filter(|column| matches!(column.ty, ColumnType::List(_))).map(|column| {
        let doc = format!("By the elements of `{}`, where `groupBy` names it.", column.field);
        input(&column.field, direction(), &doc)
    });
    types.input(
        &format!("{row}GroupOrderBy"),
        &format!("An order of groups of `{}`: exactly one field.", table.name),
        group.into_iter().chain(lists).chain(numbers(table, "OrderBy")),
    );
}

fn having(types: &mut Types, table: &Table) {
    let name = format!("{}Having", table.type_name);
    let combined = [
        input("and", TypeRef::named_nn_list(&name), "All of these."),
        input("or", TypeRef::named_nn_list(&name), "At least one of these."),
        input("not", TypeRef::named(&name), "Not this."),
        input("count", TypeRef::named("IntFilter"), "Number of rows."),
    ];
    let doc = format!("Which groups of `{}`: all conditions together.", table.name);
    types.input(&name, &doc, combined.into_iter().chain(numbers(table, "Filter")));
}

/// Numbers over a group; `kind` ends the names of their types.
fn numbers(table: &Table, kind: &str) -> impl Iterator<Item = Part<InputValue>> {
    measured(table).map(move |column| {
        let ty = format!("{}{kind}", aggregate::type_name(&column.ty));
        input(&column.field, TypeRef::named(ty), first_sentence(&column.doc))
    })
}

/// Columns that a group can have in common.
fn keys(table: &Table) -> impl Iterator<Item = &Column> {
    let is_json =
        |ty: &ColumnType| matches!(ty, ColumnType::List(Scalar::Json) | ColumnType::Scalar(Scalar::Json));
    table.columns.iter().filter(move |column| !is_json(&column.ty))
}

/// Columns whose numbers can be cut into ranges.
fn ranged(table: &Table) -> impl Iterator<Item = &Column> {
    table.measures().map(|id| table.column(id))
}

fn to_one(table: &Table) -> impl Iterator<Item = &Relation> {
    table.relations.iter().filter(|relation| !relation.many)
}
