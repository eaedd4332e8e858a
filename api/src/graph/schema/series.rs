//! Series: numbers over rows along time.

use async_graphql::dynamic::{Field, TypeRef};
use async_graphql::{Name, Value};

use super::functions;
use super::types::{DATE_TIME, Part, Types, field, first_sentence, input, value};
use crate::graph::catalog::{Catalog, Table};

/// A field that holds series over rows of a table.
pub(super) fn series_field(catalog: &Catalog, table: &Table, name: &str, doc: &str) -> Part<Field> {
    let row = &table.type_name;
    let moment = || TypeRef::named(DATE_TIME);
    let mut arguments = functions::arguments_of(catalog, table);
    arguments.extend([
        input("time", TypeRef::named_nn(format!("{row}Time")), "The time that the series runs along."),
        input("bucket", TypeRef::named_nn(TIME_BUCKET), "The spans of time that the points stand for."),
        input("from", moment(), "From this moment; without it, from the first row."),
        input(
            "to",
            moment(),
            "Up to this moment, which is not in the series; without it, up to the last row.",
        ),
        input(
            "groupBy",
            TypeRef::named(format!("{row}GroupBy")),
            "One line for each of these; without it, one line.",
        ),
        input("fill", TypeRef::named_nn(SERIES_FILL), "What stands where no row lies in a bucket.")
            .default(Value::Enum(Name::new("NULL"))),
        input("filter", TypeRef::named(format!("{row}Filter")), "Only rows that match."),
        input(
            "orderBy",
            TypeRef::named_nn_list(format!("{row}GroupOrderBy")),
            "The order of the lines, by keys or by numbers over the whole line.",
        ),
        input(
            "first",
            TypeRef::named(TypeRef::INT),
            "The first n lines; without it, the server's default page.",
        ),
    ]);
    field(name, TypeRef::named_nn_list_nn(format!("{row}Series")), doc).arguments(arguments)
}

/// Makes the types of a table's series, where it has a time.
pub(super) fn make(types: &mut Types, table: &Table) {
    if !table.has_time() {
        return;
    }
    let (row, name) = (&table.type_name, &table.name);
    let times = table.columns.iter().filter_map(|column| {
        let time = column.time_name()?;
        Some(value(&time, first_sentence(&column.doc)))
    });
    let doc = format!("Times of `{name}` that a series can run along.");
    types.enumeration(&format!("{row}Time"), &doc, times);
    let aggregate = || TypeRef::named_nn(format!("{row}Aggregate"));
    types.object(
        &format!("{row}Series"),
        &format!("Numbers over rows of `{name}` along time: a line of a chart."),
        [
            field(
                "key",
                TypeRef::named_nn(format!("{row}GroupKey")),
                "What the rows of the line have in common.",
            ),
            field("aggregate", aggregate(), "Numbers over the whole line."),
            field(
                "points",
                TypeRef::named_nn_list_nn(format!("{row}Point")),
                "Its points, in order of time.",
            ),
        ],
    );
    let moment = || TypeRef::named_nn(table.bucket_scalar());
    types.object(
        &format!("{row}Point"),
        &format!("Numbers over the rows of `{name}` in a span of time."),
        [
            field("start", moment(), "Beginning of the span."),
            field("end", moment(), "End of the span, which is the next one's beginning."),
            field("aggregate", aggregate(), "Numbers over its rows."),
        ],
    );
}

pub(super) const TIME_BUCKET: &str = "TimeBucket";
const TIME_UNIT: &str = "TimeUnit";
const SERIES_FILL: &str = "SeriesFill";

/// Makes the types of spans of time, which all tables share.
pub(super) fn make_shared(types: &mut Types) {
    types.enumeration(
        TIME_UNIT,
        "A span of time that moments are rounded down to.",
        [
            value("MINUTE", "A minute."),
            value("FIVE_MINUTES", "Five minutes, on the clock."),
            value("FIFTEEN_MINUTES", "Fifteen minutes, on the clock."),
            value("HOUR", "An hour."),
            value("DAY", "A day."),
            value("WEEK", "A week; it begins on Monday."),
            value("MONTH", "A month."),
            value("QUARTER", "Three months."),
            value("YEAR", "A year."),
        ],
    );
    types.input(
        TIME_BUCKET,
        "How moments are grouped.",
        [
            input(
                "unit",
                TypeRef::named(TIME_UNIT),
                "Round down to this; without it and `every`, each moment is by itself.",
            ),
            input(
                "every",
                TypeRef::named(TypeRef::STRING),
                "Round down to a multiple of this length instead, as an ISO 8601 duration. Weeks and days are the \
                 calendar's: `P14D` is 14 midnights. Hours, minutes and seconds are exact: `PT90M`.",
            ),
            input(
                "origin",
                TypeRef::named(DATE_TIME),
                "Where `every` is counted from; without it, Monday, 3 January 2000, at midnight in `timeZone`. Days begin at its \
                 time of day there; dates are counted from its date there.",
            ),
            input(
                "timeZone",
                TypeRef::named(TypeRef::STRING),
                "Whose calendar and clock count: the IANA name of a time zone (`America/Denver`) or an ISO 8601 offset \
                 (`+05:30`); UTC unless said. Dates have no clock: beside them it says when the day of `from` and `to` \
                 begins.",
            ),
        ],
    );
    types.enumeration(
        SERIES_FILL,
        "What a point shows where no row lies in its span of time.",
        [
            value("NULL", "No values; numbers of rows are 0."),
            value("ZERO", "0 for every number."),
            value("PREVIOUS", "The values of the last point that had rows."),
            value("NONE", "There is no such point."),
        ],
    );
}
