//! Spans of time that moments are rounded down to: units of a place's calendar, hours of its clock, or a length of time from an
//! origin.
//!
//! The spans of a bucket tile the time: each begins where the last one ends, and a moment lies in one of them. Clocks make this
//! hard. A day of a place's calendar begins at the first moment when its clock shows that day; that is midnight, or the first
//! moment behind the gap where midnight is skipped, or the first of two midnights. A day that is skipped as a whole has no span.
//! Days that are counted from another time of day begin likewise, when the clock first shows that time or a later one.

use tokio_postgres::types::Type;

use super::duration::{DAY, Duration};
use super::zone::Zone;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::sql::Sql;
use crate::graph::sql::clock::{firsts, firsts_of_shown, told, within_calendars};
use crate::graph::value::{is_within_calendars, parameter};

/// A span of time.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Bucket {
    span: Span,
    zone: Zone,
}

#[derive(Clone, Debug, PartialEq)]
enum Span {
    /// A unit of the calendar, by its name and by its length as an interval.
    Calendar(&'static str, &'static str),
    /// A number of days of the calendar.
    Days(u64, Origin),
    /// An hour of a clock that is put forward and back.
    Hour,
    /// A number of seconds.
    Length(u64, Origin),
}

/// Where lengths are counted from.
#[derive(Clone, Debug, PartialEq)]
enum Origin {
    /// This moment.
    Moment(Parameter),
    /// Midnight of [`MONDAY`] in the zone.
    Monday,
}

/// Where lengths are counted from if nobody says: a Monday, so that seven days are a week.
const MONDAY: &str = "2000-01-03";
/// The same in UTC, as Postgres counts.
const MONDAY_MICROSECONDS: i64 = 2 * 86_400_000_000;
const HOUR: u64 = 60 * 60;
const DATE_TIME: ColumnType = ColumnType::Scalar(Scalar::DateTime);

impl Bucket {
    /// Reads a `TimeBucket`; `None` if it asks for no rounding.
    pub(in crate::graph) fn read(value: &Value<'_>, argument: &str) -> Result<Option<Self>, ArgumentError> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let refuse = |name: &str, message: &str| ArgumentError::new(&format!("{argument}.{name}"), message);
        let zone = match text("timeZone") {
            Some(name) => Zone::read(name).ok_or_else(|| {
                refuse("timeZone", "give the IANA name of a time zone or an offset: America/Denver, +05:30")
            })?,
            None => Zone::utc(),
        };
        let origin = value.get("origin").map(moment).transpose();
        let origin = origin.map_err(|error| error.within(&format!("{argument}.origin")))?;
        let every = text("every").map(|every| {
            Duration::read(every).ok_or_else(|| {
                refuse("every", "a length is weeks, days, hours, minutes, seconds: P7D, PT90M")
            })
        });
        let span = match (text("unit"), every.transpose()?) {
            (None, None) => match ["timeZone", "origin"].into_iter().find(|name| value.get(name).is_some()) {
                Some(alone) => return Err(refuse(alone, "give `unit` or `every` too")),
                None => return Ok(None),
            },
            (Some(_), Some(_)) => return Err(refuse("every", "give either `unit` or `every`, not both")),
            (Some(unit), None) => {
                if origin.is_some() {
                    return Err(refuse("origin", "it is for `every`; a unit begins where the calendar says"));
                }
                Span::of_unit(unit).ok_or_else(|| refuse("unit", &format!("there is no unit {unit}")))?
            }
            (None, Some(length)) => {
                if length.is_exact && origin.is_some() && text("timeZone").is_some() {
                    return Err(refuse(
                        "timeZone",
                        "hours that are counted from an `origin` are the same everywhere",
                    ));
                }
                let origin = origin.map_or(Origin::Monday, Origin::Moment);
                match length.seconds / DAY {
                    days if !length.is_exact => Span::Days(days, origin),
                    _ => Span::Length(length.seconds, origin),
                }
            }
        };
        Ok(Some(Self { span: span.by(&zone), zone }))
    }

    /// The fewest seconds that a bucket has: clocks change, and months differ.
    pub(in crate::graph) fn shortest(&self) -> u64 {
        match &self.span {
            Span::Calendar("week", _) => 6 * DAY,
            Span::Calendar("month", _) => 27 * DAY,
            Span::Calendar("quarter", _) => 88 * DAY,
            Span::Calendar("year", _) => 363 * DAY,
            Span::Calendar(..) => DAY / 2,
            Span::Days(days, _) => (days * DAY).saturating_sub(DAY).max(DAY / 2),
            Span::Hour => HOUR / 4,
            Span::Length(seconds, _) => *seconds,
        }
    }

    /// The seconds that a bucket usually has.
    pub(in crate::graph) fn usual(&self) -> u64 {
        match &self.span {
            Span::Calendar("week", _) => 7 * DAY,
            Span::Calendar("month", _) => 365 * DAY / 12,
            Span::Calendar("quarter", _) => 365 * DAY / 4,
            Span::Calendar("year", _) => 365 * DAY,
            Span::Calendar(..) => DAY,
            Span::Days(days, _) => days * DAY,
            Span::Hour => HOUR,
            Span::Length(seconds, _) => *seconds,
        }
    }

    /// Refuses spans that values of a column cannot be rounded down to.
    pub(in crate::graph) fn check(&self, ty: &ColumnType, argument: &str) -> Result<(), ArgumentError> {
        let is_of_days = match &self.span {
            Span::Calendar(..) | Span::Days(..) => true,
            Span::Hour => false,
            Span::Length(seconds, _) => seconds % DAY == 0,
        };
        if ty.scalar() == Scalar::Date && !is_of_days {
            return Err(ArgumentError::new(argument, "a date has no hours and minutes"));
        }
        Ok(())
    }

    /// Whether moments are rounded down on the clock of a place that is put forward and back. Buckets are then known by what this
    /// clock shows as they begin, and [`Self::first`] gives the moment.
    pub(in crate::graph) fn is_shown(&self, ty: &ColumnType) -> bool {
        let by_calendar = matches!(self.span, Span::Calendar(..) | Span::Days(..));
        by_calendar && self.zone.offset.is_none() && ty.scalar() != Scalar::Date
    }

    /// A value of a column, rounded down. `shown`: what the clock shows then, where it counts. NULL beyond all calendars, as
    /// without a value.
    pub(in crate::graph) fn rounded(
        &self,
        value: &str,
        shown: &str,
        ty: &ColumnType,
        sql: &mut Sql,
    ) -> String {
        let rounded =
            if self.is_shown(ty) { self.of_shown(value, shown, sql) } else { told(&self.of(value, ty, sql)) };
        within_calendars(value, &rounded)
    }

    /// The bucket that a value lies in, by its beginning.
    pub(in crate::graph) fn of(&self, value: &str, ty: &ColumnType, sql: &mut Sql) -> String {
        match ty.scalar() {
            Scalar::DateTime => {}
            // Dates have no time of day, and so their buckets are counted from the day of an origin.
            Scalar::Date => {
                return format!("({})::date", self.of_local(&format!("{value}::timestamp"), true, sql));
            }
            _ => return self.of_local(value, false, sql),
        }
        match &self.span {
            Span::Calendar(unit, _) => format!("date_trunc('{unit}', {value}, {})", self.zone(sql)),
            Span::Days(..) => {
                let local = self.at_zone(value, sql);
                let local = self.of_local(&local, false, sql);
                self.at_zone(&local, sql)
            }
            // The clock may have been put forward or back by half an hour since it showed a full one. The hour that was under way
            // then ends when it would have, or with the new clock's.
            Span::Hour => {
                let zone = self.zone(sql);
                let full = format!("date_trunc('hour', date_trunc('hour', {value}, {zone}), {zone})");
                format!("date_bin('1 hour', {value}, {full})")
            }
            Span::Length(seconds, origin) => {
                let origin = match origin {
                    Origin::Moment(origin) => sql.parameter(origin.clone()),
                    // Found once for all rows.
                    Origin::Monday => {
                        format!("(SELECT '{MONDAY}'::timestamp AT TIME ZONE {})", self.zone(sql))
                    }
                };
                format!("date_bin('{seconds} seconds', {value}, {origin})")
            }
        }
    }

    /// The bucket that a moment lies in, by what the clock shows as it begins. `shown`: what it shows at the moment.
    ///
    /// In some nights a clock is put back over midnight, and what it shows for the second time then is of the new day already.
    /// None has been put back by more than a day. Since 1970 none has shown more than the last three hours of a day again.
    pub(in crate::graph) fn of_shown(&self, moment: &str, shown: &str, sql: &mut Sql) -> String {
        let zone = self.zone(sql);
        let label = self.of_local(shown, false, sql);
        let next = format!("({label} + {})", self.step());
        // If it is skipped, what is shown behind the gap has been rounded down to it.
        let first = firsts_of_shown(&zone, &format!("(SELECT {next} AS s OFFSET 0) s"));
        let at_midnight = !matches!(self.span, Span::Days(_, Origin::Moment(_)));
        let by_day = if at_midnight {
            format!("{shown}::time < '21:00' AND {moment} >= '1970-01-01' OR ")
        } else {
            String::new()
        };
        format!(
            "CASE WHEN {by_day}({moment} - interval '24 hours') AT TIME ZONE {zone} = {shown} - interval '24 hours' THEN {label} \
             WHEN {moment} >= (SELECT b FROM ({first}) s) THEN {next} ELSE {label} END"
        )
    }

    /// The first moment when the clock shows this or more, as it is told; NULL for NULL.
    fn first(&self, shown: &str, sql: &mut Sql) -> String {
        let firsts = firsts(&self.zone(sql), &format!("(SELECT {shown} AS s OFFSET 0) s"));
        format!("(SELECT {} FROM ({firsts}) s WHERE s IS NOT NULL)", told("b"))
    }

    /// What the clock shows at a moment; NULL beyond all calendars.
    pub(in crate::graph) fn shown(&self, moment: &str, sql: &mut Sql) -> String {
        within_calendars(moment, &self.at_zone(moment, sql))
    }

    /// What a clock shows, rounded down. `by_day`: an origin counts with its day, whatever the time.
    fn of_local(&self, local: &str, by_day: bool, sql: &mut Sql) -> String {
        let (length, origin) = match &self.span {
            Span::Calendar(unit, _) => return format!("date_trunc('{unit}', {local})"),
            Span::Hour => return format!("date_trunc('hour', {local})"),
            Span::Days(days, origin) => (format!("{days} days"), origin),
            Span::Length(seconds, origin) => (format!("{seconds} seconds"), origin),
        };
        let origin = match origin {
            Origin::Moment(moment) => {
                let moment = sql.parameter(moment.clone());
                let shown = self.at_zone(&moment, sql);
                if by_day {
                    format!("(SELECT date_trunc('day', {shown}))")
                } else {
                    format!("(SELECT {shown})")
                }
            }
            Origin::Monday => format!("'{MONDAY}'"),
        };
        format!("date_bin('{length}', {local}, {origin})")
    }

    /// Writes a query of all buckets from one to another, at most so many: what they are known by as column `s`, their beginnings
    /// and ends as columns `b` and `e`.
    pub(in crate::graph) fn write_all(
        &self,
        from: &str,
        to: &str,
        ty: &ColumnType,
        most: u64,
        sql: &mut Sql,
    ) {
        sql.push(format_args!("SELECT s, {} AS b, {} AS e FROM (", told("b"), told("e")));
        self.write_spans(from, to, ty, most, sql);
        sql.push(") s");
    }

    fn write_spans(&self, from: &str, to: &str, ty: &ColumnType, most: u64, sql: &mut Sql) {
        let step = self.step();
        // In the select list the function gives one row after the other, and so the limit ends it.
        let steps = |from: &str, to: &str, most: u64| {
            format!("(SELECT generate_series({from}, {to}, {step}) AS s LIMIT {most}) s")
        };
        if ty.scalar() == Scalar::Date {
            let steps = steps(&format!("{from}::timestamp"), &format!("{to}::timestamp"), most);
            sql.push(format_args!("SELECT s::date AS s, s::date AS b, (s + {step})::date AS e FROM {steps}"));
            return;
        }
        match &self.span {
            Span::Calendar(..) | Span::Days(..) if self.is_shown(ty) => {
                let zone = self.zone(sql);
                let firsts = firsts(&zone, &steps(from, &format!("{to} + {step}"), most + 1));
                // A day that a place skips has no moments.
                sql.push(format_args!(
                    "SELECT s, b, e FROM (SELECT s, b, lead(b) OVER (ORDER BY s) AS e FROM ({firsts}) s) s WHERE b < e"
                ));
            }
            Span::Calendar(..) | Span::Days(..) => {
                let zone = self.zone(sql);
                let local = |moment| format!("({moment} AT TIME ZONE {zone})");
                let steps = steps(&local(from), &local(to), most);
                sql.push(format_args!(
                    "SELECT s AT TIME ZONE {zone} AS s, s AT TIME ZONE {zone} AS b, (s + {step}) AT TIME ZONE {zone} AS e \
                     FROM {steps}"
                ));
            }
            Span::Hour => {
                let (end, next) = (self.next("b", ty, sql), self.next("e", ty, sql));
                sql.push(format_args!(
                    "WITH RECURSIVE hour AS (SELECT b, {end} AS e FROM (SELECT {from} AS b) s WHERE b IS NOT NULL \
                     UNION ALL SELECT e, {next} FROM hour WHERE e <= {to}) SELECT b AS s, b, e FROM hour LIMIT {most}"
                ));
            }
            Span::Length(..) => {
                sql.push(format_args!("SELECT s, s AS b, s + {step} AS e FROM {}", steps(from, to, most)));
            }
        }
    }

    /// The beginning of a bucket, as it is told.
    pub(in crate::graph) fn begin(&self, bucket: &str, ty: &ColumnType, sql: &mut Sql) -> String {
        if self.is_shown(ty) { self.first(bucket, sql) } else { told(bucket) }
    }

    /// The end of a bucket, as it is told.
    pub(in crate::graph) fn end(&self, bucket: &str, ty: &ColumnType, sql: &mut Sql) -> String {
        if self.is_shown(ty) {
            return self.first(&format!("{bucket} + {}", self.step()), sql);
        }
        told(&self.next(bucket, ty, sql))
    }

    /// The beginning of the bucket behind one that is known by its own.
    fn next(&self, bucket: &str, ty: &ColumnType, sql: &mut Sql) -> String {
        let step = self.step();
        if ty.scalar() == Scalar::Date {
            return format!("({bucket} + {step})::date");
        }
        match &self.span {
            Span::Calendar(..) | Span::Days(..) => {
                let zone = self.zone(sql);
                format!("((({bucket} AT TIME ZONE {zone}) + {step}) AT TIME ZONE {zone})")
            }
            Span::Hour => self.of(&format!("({bucket} + {step})"), &DATE_TIME, sql),
            Span::Length(..) => format!("({bucket} + {step})"),
        }
    }

    /// What the zone's clock shows at a moment, or the moment when it shows that.
    pub(in crate::graph) fn at_zone(&self, value: &str, sql: &mut Sql) -> String {
        format!("({value} AT TIME ZONE {})", self.zone(sql))
    }

    /// The length of a bucket, by the calendar where it is one of it.
    fn step(&self) -> String {
        match &self.span {
            Span::Calendar(_, step) => format!("interval '{step}'"),
            Span::Days(days, _) => format!("interval '{days} days'"),
            Span::Hour => "interval '1 hour'".into(),
            Span::Length(seconds, _) => format!("interval '{seconds} seconds'"),
        }
    }

    fn zone(&self, sql: &mut Sql) -> String {
        sql.parameter(self.zone.parameter())
    }
}

impl Span {
    fn of_unit(unit: &str) -> Option<Self> {
        // All clocks show the same minutes, or minutes that differ by a quarter of an hour.
        let minutes = |number: u64| Self::Length(number * 60, Origin::Monday);
        Some(match unit {
            "MINUTE" => minutes(1),
            "FIVE_MINUTES" => minutes(5),
            "FIFTEEN_MINUTES" => minutes(15),
            "HOUR" => Self::Hour,
            "DAY" => Self::Calendar("day", "1 day"),
            "WEEK" => Self::Calendar("week", "7 days"),
            "MONTH" => Self::Calendar("month", "1 month"),
            "QUARTER" => Self::Calendar("quarter", "3 months"),
            "YEAR" => Self::Calendar("year", "1 year"),
            _ => return None,
        })
    }

    /// The same by a clock. By one that is never changed, hours and days are lengths of time.
    fn by(self, zone: &Zone) -> Self {
        let Some(offset) = zone.offset else { return self };
        let (seconds, origin) = match self {
            Self::Calendar(..) => return self,
            Self::Hour => (HOUR, Origin::Monday),
            Self::Days(days, origin) => (days * DAY, origin),
            Self::Length(seconds, origin) => (seconds, origin),
        };
        let monday = MONDAY_MICROSECONDS - offset * 1_000_000;
        let monday = || Parameter::new(Type::TIMESTAMPTZ, monday.to_be_bytes().to_vec());
        Self::Length(
            seconds,
            match origin {
                Origin::Monday => Origin::Moment(monday()),
                given @ Origin::Moment(_) => given,
            },
        )
    }
}

/// Reads a moment that a chart can show; the error says what is wrong.
pub(in crate::graph) fn moment(value: &Value<'_>) -> Result<Parameter, ArgumentError> {
    let moment = parameter(&DATE_TIME, value)?;
    let is_shown = microseconds(&moment).is_some_and(is_within_calendars);
    if is_shown { Ok(moment) } else { Err(ArgumentError::here("a time lies in the years from 1 to 9999")) }
}

/// Microseconds since 2000-01-01 of a parameter that is a moment.
pub(in crate::graph) fn microseconds(moment: &Parameter) -> Option<i64> {
    Some(i64::from_be_bytes(moment.value.as_deref()?.try_into().ok()?))
}
