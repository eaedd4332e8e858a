//! Makes the types of series, which aggregate rows along time.

use async_graphql::dynamic::{Field, TypeRef};
use async_graphql::{Name, Value};

use super::derived::{ListPlace, derived_field, derived_input, derived_value};
use super::functions;
use super::types::{DATE_TIME, Part, Types, field, input, value};
use crate::graph::catalog::{Catalog, Table};

/// Makes a field that returns series of a table's rows.
pub(super) fn series_field(
    place: ListPlace,
    catalog: &Catalog,
    table: &Table,
    name: &str,
    doc: Option<&str>,
) -> Part<Field> {
    let row = &table.type_name;
    let moment = || TypeRef::named(DATE_TIME);
    let mut arguments = functions::arguments_of(catalog, table);
    arguments.extend([
        derived_input("time", TypeRef::named_nn(format!("{row}Time"))),
        place.argument("bucket", TypeRef::named_nn(TIME_BUCKET), "Sets the spans of the points."),
        place.argument("from", moment(), "Starts at this moment."),
        place.argument("to", moment(), "Ends before this moment."),
        derived_input("groupBy", TypeRef::named(format!("{row}GroupBy"))),
        place
            .argument("fill", TypeRef::named_nn(SERIES_FILL), "Fills spans without rows.")
            .default(Value::Enum(Name::new("NULL"))),
        derived_input("filter", TypeRef::named(format!("{row}Filter"))),
        derived_input("orderBy", TypeRef::named_nn_list(format!("{row}GroupOrderBy"))),
        place.argument("first", TypeRef::named(TypeRef::INT), "Takes lines from the start."),
    ]);
    let ty = TypeRef::named_nn_list_nn(format!("{row}Series"));
    doc.map_or_else(|| derived_field(name, ty.clone()), |doc| field(name, ty.clone(), doc))
        .arguments(arguments)
}

/// Makes the types of a table's series, if the table has a column with a time.
pub(super) fn make(types: &mut Types, table: &Table) {
    if !table.has_series() {
        return;
    }
    let (row, name) = (&table.type_name, &table.display_name);
    let times = table.columns.iter().filter_map(|column| Some(derived_value(&column.time_name()?)));
    let doc = format!("Names a time of `{row}`.");
    types.enumeration(&format!("{row}Time"), &doc, times);
    let aggregate = || TypeRef::named_nn(format!("{row}Aggregate"));
    types.object(
        &format!("{row}Series"),
        &format!("Holds a line of rows of `{name}` along time."),
        [
            derived_field("key", TypeRef::named_nn(format!("{row}GroupKey"))),
            derived_field("aggregate", aggregate()),
            derived_field("points", TypeRef::named_nn_list_nn(format!("{row}Point"))),
        ],
    );
    let moment = || TypeRef::named_nn(table.bucket_scalar());
    types.object(
        &format!("{row}Point"),
        &format!("Aggregates rows of `{name}` from `start` to `end`."),
        [
            derived_field("start", moment()),
            derived_field("end", moment()),
            derived_field("aggregate", aggregate()),
        ],
    );
}

pub(super) const TIME_BUCKET: &str = "TimeBucket";
const CALENDAR_BUCKET: &str = "CalendarBucket";
const LENGTH_BUCKET: &str = "LengthBucket";
const TIME_UNIT: &str = "TimeUnit";
const SERIES_FILL: &str = "SeriesFill";

/// Makes the inputs for time buckets, which are the same for all tables.
pub(super) fn make_shared(types: &mut Types) {
    types.enumeration(
        TIME_UNIT,
        "Names a unit of the calendar or the clock.",
        [
            value("MINUTE", "Rounds to a minute."),
            value("FIVE_MINUTES", "Rounds to five minutes on the clock."),
            value("FIFTEEN_MINUTES", "Rounds to fifteen minutes on the clock."),
            value("HOUR", "Rounds to an hour."),
            value("DAY", "Rounds to a day."),
            value("WEEK", "Rounds to a week, which begins on Monday."),
            value("MONTH", "Rounds to a month."),
            value("QUARTER", "Rounds to three months."),
            value("YEAR", "Rounds to a year."),
        ],
    );
    let time_zone = || {
        input(
            "timeZone",
            TypeRef::named(TypeRef::STRING),
            "Names the time zone of the calendar and the clock: an IANA name (`America/Denver`) or an ISO 8601 offset \
             (`+05:30`); UTC by default. For a column of dates it says when the day of `from` and `to` begins.",
        )
    };
    types.one_of(
        TIME_BUCKET,
        "Rounds times down to the beginnings of spans.",
        [
            input(
                "calendar",
                TypeRef::named(CALENDAR_BUCKET),
                "Rounds to units of the calendar or the clock.",
            ),
            input("every", TypeRef::named(LENGTH_BUCKET), "Rounds to multiples of a length."),
            input(
                "exact",
                TypeRef::named(TypeRef::BOOLEAN),
                "Rounds nothing if true: groups each time by itself.",
            ),
        ],
    );
    types.input(
        CALENDAR_BUCKET,
        "Rounds times down to a unit of the calendar or the clock.",
        [input("unit", TypeRef::named_nn(TIME_UNIT), "Names the unit."), time_zone()],
    );
    types.input(
        LENGTH_BUCKET,
        "Rounds times down to multiples of a length.",
        [
            input(
                "length",
                TypeRef::named_nn(TypeRef::STRING),
                "Sets the length as an ISO 8601 duration. Weeks and days are the calendar's: `P14D` is 14 midnights. Hours, \
                 minutes and seconds are exact: `PT90M`.",
            ),
            input(
                "origin",
                TypeRef::named(DATE_TIME),
                "Sets where the spans are counted from; by default, Monday, 3 January 2000, at midnight in `timeZone`. Days begin \
                 at its time of day there; dates are counted from its date there.",
            ),
            time_zone(),
        ],
    );
    types.enumeration(
        SERIES_FILL,
        "Fills the points of spans without rows.",
        [
            value("NULL", "Leaves the values empty; counts are 0."),
            value("ZERO", "Fills every number with 0."),
            value("PREVIOUS", "Repeats the values of the last point that had rows."),
            value("NONE", "Leaves the point out."),
        ],
    );
}
