//! Numbers over rows: aggregates and groups.

use super::functions;
use super::sdl::{Sdl, first_sentence};
use crate::graph::aggregate::{self, Described, Function};
use crate::graph::catalog::{Catalog, Column, ColumnType, Scalar, Table};

/// Writes the aggregate and group types of a table.
pub(super) fn write(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    aggregates(sdl, table);
    groups(sdl, catalog, table);
    if table.has_time() {
        series(sdl, table);
    }
}

/// Arguments and type of series.
pub(super) fn series_of(catalog: &Catalog, table: &Table) -> String {
    format!(
        "({arguments}
    \"The time that the series runs along.\"
    time: {name}Time!
    \"The spans of time that the points stand for.\"
    bucket: TimeBucket!
    \"From this moment; without it, from the first row.\"
    from: DateTime
    \"Up to this moment, which is not in the series; without it, up to the last row.\"
    to: DateTime
    \"One line for each of these; without it, one line.\"
    groupBy: {name}GroupBy
    \"What stands where no row lies in a bucket.\"
    fill: SeriesFill! = NULL
    \"Only rows that match.\"
    filter: {name}Filter
    \"The order of the lines, by keys or by numbers over the whole line.\"
    orderBy: [{name}GroupOrderBy!]
    \"The first n lines; without it, the server's default page.\"
    first: Int
  ): [{name}Series!]!",
        arguments = functions::arguments_of(catalog, table),
        name = table.type_name
    )
}

fn series(sdl: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    sdl.open(&format!("Times of `{}` that a series can run along.", table.name), &format!("enum {name}Time"));
    for column in &table.columns {
        if let Some(time) = column.time_name() {
            sdl.field(&first_sentence(&column.doc), &time);
        }
    }
    sdl.close();
    sdl.open(
        &format!("Numbers over rows of `{}` along time: a line of a chart.", table.name),
        &format!("type {name}Series"),
    );
    sdl.field("What the rows of the line have in common.", &format!("key: {name}GroupKey!"));
    sdl.field("Numbers over the whole line.", &format!("aggregate: {name}Aggregate!"));
    sdl.field("Its points, in order of time.", &format!("points: [{name}Point!]!"));
    sdl.close();
    sdl.open(
        &format!("Numbers over the rows of `{}` in a span of time.", table.name),
        &format!("type {name}Point"),
    );
    let moment = table.bucket_scalar();
    sdl.field("Beginning of the span.", &format!("start: {moment}!"));
    sdl.field("End of the span, which is the next one's beginning.", &format!("end: {moment}!"));
    sdl.field("Numbers over its rows.", &format!("aggregate: {name}Aggregate!"));
    sdl.close();
}

/// Arguments and type of a grouped list.
pub(super) fn groups_of(catalog: &Catalog, table: &Table) -> String {
    format!(
        "({arguments}
    \"What the rows of a group have in common.\"
    groupBy: {name}GroupBy!
    \"Only rows that match.\"
    filter: {name}Filter
    \"Only groups whose numbers match.\"
    having: {name}Having
    \"First by the first entry, then by the next; the keys decide ties. One field per entry.\"
    orderBy: [{name}GroupOrderBy!]
    \"The first n groups; without it, the server's default page.\"
    first: Int
    \"Groups after this cursor.\"
    after: String
    \"Skips n groups; with a cursor, counted from the cursor.\"
    offset: Int
  ): [{name}Group!]!",
        arguments = functions::arguments_of(catalog, table),
        name = table.type_name
    )
}

fn groups(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    let name = &table.type_name;
    sdl.open(&format!("Rows of `{}` that have a key in common.", table.name), &format!("type {name}Group"));
    sdl.field("What the rows have in common.", &format!("key: {name}GroupKey!"));
    sdl.field(
        "Numbers over the rows. Only what is asked for is computed.",
        &format!("aggregate: {name}Aggregate!"),
    );
    sdl.field("Marks the group's place in this order, for `after`.", "cursor: String!");
    sdl.close();

    sdl.open(
        &format!(
            "What a group of `{}` has in common; only fields that `groupBy` names can be asked for.",
            table.name
        ),
        &format!("type {name}GroupKey"),
    );
    let columns = || table.columns.iter().filter(|column| is_group_key(&column.ty));
    let ranged = || table.measures().map(|id| table.column(id));
    let relations = || table.relations.iter().filter(|relation| !relation.many);
    for column in columns() {
        let (doc, ty) = match &column.ty {
            ColumnType::List(element) => {
                (format!("An element of: {}", column.doc), element.graphql_name().to_owned())
            }
            ty => (column.doc.clone(), ty.graphql_name()),
        };
        sdl.field(&first_sentence(&doc), &format!("{}: {ty}", column.field));
    }
    for column in ranged() {
        let doc = format!("The range of `{}` that the rows lie in.", column.field);
        sdl.field(&doc, &format!("{}: NumberRange!", column.range_field()));
    }
    for relation in relations() {
        let target = &catalog.table(relation.target).type_name;
        sdl.field(&first_sentence(&relation.doc), &format!("{}: {target}GroupKey!", relation.field));
    }
    sdl.close();

    sdl.open(
        &format!("What to group `{}` by: at least one field.", table.name),
        &format!("input {name}GroupBy"),
    );
    for column in columns() {
        let ty = match &column.ty {
            ColumnType::List(_) => "ListGrouping",
            ty if ty.is_time() => "TimeBucket",
            _ => "Boolean",
        };
        sdl.field(&first_sentence(&column.doc), &format!("{}: {ty}", column.field));
    }
    for column in ranged() {
        let doc = format!("Ranges of `{}`.", column.field);
        sdl.field(&doc, &format!("{}: NumberRanges", column.range_field()));
    }
    for relation in relations() {
        let target = &catalog.table(relation.target).type_name;
        sdl.field(&first_sentence(&relation.doc), &format!("{}: {target}GroupBy", relation.field));
    }
    sdl.close();

    sdl.open(
        &format!("An order of groups of `{}`: exactly one field.", table.name),
        &format!("input {name}GroupOrderBy"),
    );
    sdl.field("By a key that `groupBy` names.", &format!("key: {name}OrderBy"));
    sdl.field("By the number of rows.", "count: OrderDirection");
    for column in columns().filter(|column| matches!(column.ty, ColumnType::List(_))) {
        let doc = format!("By the elements of `{0}`, where `groupBy` names it.", column.field);
        sdl.field(&doc, &format!("{}: OrderDirection", column.field));
    }
    for column in measured(table) {
        let ty = aggregate::type_name(&column.ty);
        sdl.field(&first_sentence(&column.doc), &format!("{}: {ty}OrderBy", column.field));
    }
    sdl.close();

    sdl.open(
        &format!("Which groups of `{}`: all conditions together.", table.name),
        &format!("input {name}Having"),
    );
    sdl.field("All of these.", &format!("and: [{name}Having!]"));
    sdl.field("At least one of these.", &format!("or: [{name}Having!]"));
    sdl.field("Not this.", &format!("not: {name}Having"));
    sdl.field("Number of rows.", "count: IntFilter");
    for column in measured(table) {
        let ty = aggregate::type_name(&column.ty);
        sdl.field(&first_sentence(&column.doc), &format!("{}: {ty}Filter", column.field));
    }
    sdl.close();
}

/// Columns that have aggregate functions.
fn measured(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| !aggregate::functions(&column.ty).is_empty())
}

fn is_group_key(ty: &ColumnType) -> bool {
    !matches!(ty, ColumnType::List(Scalar::Json) | ColumnType::Scalar(Scalar::Json))
}

fn aggregates(sdl: &mut Sdl, table: &Table) {
    sdl.open(
        &format!("Numbers over rows of `{}`.", table.name),
        &format!("type {}Aggregate", table.type_name),
    );
    sdl.field("Number of rows.", "count: Int!");
    for column in measured(table) {
        sdl.field(
            &first_sentence(&column.doc),
            &format!("{}: {}!", column.field, aggregate::type_name(&column.ty)),
        );
    }
    for column in table.columns.iter().filter(|column| aggregate::has_numbers_within(&column.ty)) {
        let ty = aggregate::type_name(&column.ty);
        sdl.field(
            &format!("Numbers within: {}", first_sentence(&column.doc)),
            &format!(
                "{}(\n    \"Keys, or positions counted from 0, from the outside in.\"\n    at: [String!]!\n  ): {ty}!",
                column.field
            ),
        );
    }
    sdl.close();
}

/// The functions of a column; all columns of a type share them.
/// Writes the functions of numbers within JSON.
pub(super) fn aggregate_within(sdl: &mut Sdl, ty: &ColumnType) {
    let doc = "Numbers over the numbers at a place within JSON; what is no number there counts as missing.";
    sdl.open(doc, &format!("type {}", aggregate::type_name(ty)));
    results(sdl, &aggregate::NUMBER_WITHIN);
    sdl.close();
}

fn results(sdl: &mut Sdl, ty: &ColumnType) {
    for Described { field, doc, function } in aggregate::functions(ty) {
        let arguments = if matches!(function, Function::Percentile(_)) {
            "(\n    \"Share of the rows, from 0 to 1: 0.5 for the median.\"\n    p: Float!\n  )"
        } else {
            ""
        };
        let mark = if function.is_count() { "!" } else { "" };
        sdl.field(doc, &format!("{field}{arguments}: {}{mark}", function.result(ty).graphql_name()));
    }
}

pub(super) fn column_aggregate(sdl: &mut Sdl, ty: &ColumnType, of: &str) {
    sdl.open(&format!("Numbers over values of type {of}."), &format!("type {}", aggregate::type_name(ty)));
    results(sdl, ty);
    sdl.close();

    let name = aggregate::type_name(ty);
    sdl.open(
        &format!("An order by values of type {of}: exactly one field."),
        &format!("input {name}OrderBy"),
    );
    for Described { field, doc, function } in aggregate::functions(ty) {
        let order =
            if matches!(function, Function::Percentile(_)) { "PercentileOrderBy" } else { "OrderDirection" };
        sdl.field(doc, &format!("{field}: {order}"));
    }
    sdl.close();
    sdl.open(
        &format!("Conditions on numbers over values of type {of}, all together."),
        &format!("input {name}Filter"),
    );
    for Described { field, doc, function } in aggregate::functions(ty) {
        let filter = if matches!(function, Function::Percentile(_)) {
            "PercentileFilter".to_owned()
        } else {
            function.result(ty).filter_name()
        };
        sdl.field(doc, &format!("{field}: {filter}"));
    }
    sdl.close();
}

pub(super) fn ranges(sdl: &mut Sdl) {
    sdl.open("How numbers are cut into ranges: by `bounds` or by `width`.", "input NumberRanges");
    sdl.field(
        "Where one range ends and the next begins, ascending. `[50, 100]` makes three: below 50, from 50 to below 100, \
         and from 100 on.",
        "bounds: [Float!]",
    );
    sdl.field("All ranges are this wide; one begins at 0.", "width: Float");
    sdl.close();
    sdl.open("A range of numbers. Both ends are null for rows without a value.", "type NumberRange");
    sdl.field("The least number in it; null if it has no lower end.", "from: Float");
    sdl.field("The least number above it; null if it has no upper end.", "to: Float");
    sdl.close();
}

pub(super) fn list_grouping(sdl: &mut Sdl) {
    sdl.open("How lists are grouped.", "enum ListGrouping");
    sdl.field(
        "A group for each element: a row counts in the groups of all its elements, without any in none.",
        "EACH",
    );
    sdl.close();
}

pub(super) fn time_bucket(sdl: &mut Sdl) {
    sdl.open("A span of time that moments are rounded down to.", "enum TimeUnit");
    for (name, doc) in [
        ("MINUTE", "A minute."),
        ("FIVE_MINUTES", "Five minutes, on the clock."),
        ("FIFTEEN_MINUTES", "Fifteen minutes, on the clock."),
        ("HOUR", "An hour."),
        ("DAY", "A day."),
        ("WEEK", "A week; it begins on Monday."),
        ("MONTH", "A month."),
        ("QUARTER", "Three months."),
        ("YEAR", "A year."),
    ] {
        sdl.field(doc, name);
    }
    sdl.close();
    sdl.open("How moments are grouped.", "input TimeBucket");
    sdl.field("Round down to this; without it and `every`, each moment is by itself.", "unit: TimeUnit");
    sdl.field(
        "Round down to a multiple of this length instead, as an ISO 8601 duration. Weeks and days are the calendar's: `P14D` \
         is 14 midnights. Hours, minutes and seconds are exact: `PT90M`.",
        "every: String",
    );
    sdl.field(
        "Where `every` is counted from; without it, Monday, 3 January 2000, at midnight in `timeZone`.",
        "origin: DateTime",
    );
    sdl.field(
        "Whose calendar and clock count: the IANA name of a time zone (`America/Denver`) or an ISO 8601 offset (`+05:30`); \
         UTC unless said. Dates have no clock: beside them it says when the day of `from` and `to` begins.",
        "timeZone: String",
    );
    sdl.close();
}

pub(super) fn series_fill(sdl: &mut Sdl) {
    sdl.open("What a point shows where no row lies in its span of time.", "enum SeriesFill");
    for (name, doc) in [
        ("NULL", "No values; numbers of rows are 0."),
        ("ZERO", "0 for every number."),
        ("PREVIOUS", "The values of the last point that had rows."),
        ("NONE", "There is no such point."),
    ] {
        sdl.field(doc, name);
    }
    sdl.close();
}

pub(super) fn percentile_inputs(sdl: &mut Sdl) {
    sdl.open("An order by a percentile.", "input PercentileOrderBy");
    sdl.field("Share of the rows, from 0 to 1: 0.5 for the median.", "p: Float!");
    sdl.field("Which way.", "direction: OrderDirection!");
    sdl.close();
    sdl.open("Conditions on a percentile.", "input PercentileFilter");
    sdl.field("Share of the rows, from 0 to 1: 0.5 for the median.", "p: Float!");
    sdl.field("Conditions on the value.", "value: FloatFilter!");
    sdl.close();
}
