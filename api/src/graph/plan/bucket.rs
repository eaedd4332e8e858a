//! Spans of time that moments are rounded down to: units of a place's calendar, or a length of time from an origin.

use tokio_postgres::types::Type;

use super::sql::Sql;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::value::parameter;

/// A span of time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bucket {
    unit: Unit,
    time_zone: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Unit {
    /// A unit of the calendar, by its name and by its length as an interval.
    Calendar(&'static str, &'static str),
    /// A number of seconds, counted from an origin.
    Length(u64, Parameter),
}

/// No name of a time zone is as long.
const LONGEST_ZONE: usize = 64;

/// Where lengths are counted from if nobody says: a Monday, so that seven days are a week.
const ORIGIN: &str = "2000-01-03T00:00:00Z";

impl Bucket {
    /// Reads a `TimeBucket`; `None` if it asks for no rounding.
    pub(super) fn read(value: &Value<'_>, argument: &str) -> Result<Option<Self>, ArgumentError> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let refuse = |name: &str, message: &str| ArgumentError::new(&format!("{argument}.{name}"), message);
        let length = |seconds: u64| -> Result<Unit, ArgumentError> {
            let origin = Value::Text(text("origin").unwrap_or(ORIGIN).into());
            let origin = parameter(&ColumnType::Scalar(Scalar::DateTime), &origin)
                .map_err(|error| refuse("origin", &error.to_string()))?;
            Ok(Unit::Length(seconds, origin))
        };
        let unit = match (text("unit"), text("every")) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(refuse("every", "give either `unit` or `every`, not both")),
            (None, Some(every)) => {
                let seconds = seconds(every).ok_or_else(|| {
                    refuse("every", "a length is weeks, days, hours, minutes, seconds: P7D, PT90M")
                })?;
                length(seconds)?
            }
            (Some("FIVE_MINUTES"), None) => length(5 * 60)?,
            (Some("FIFTEEN_MINUTES"), None) => length(15 * 60)?,
            (Some("MINUTE"), None) => Unit::Calendar("minute", "1 minute"),
            (Some("HOUR"), None) => Unit::Calendar("hour", "1 hour"),
            (Some("DAY"), None) => Unit::Calendar("day", "1 day"),
            (Some("WEEK"), None) => Unit::Calendar("week", "7 days"),
            (Some("MONTH"), None) => Unit::Calendar("month", "1 month"),
            (Some("QUARTER"), None) => Unit::Calendar("quarter", "3 months"),
            (Some("YEAR"), None) => Unit::Calendar("year", "1 year"),
            (Some(other), None) => return Err(refuse("unit", &format!("there is no unit {other}"))),
        };
        let time_zone = text("timeZone").unwrap_or("UTC");
        if time_zone.contains('\0') || time_zone.len() > LONGEST_ZONE {
            return Err(refuse("timeZone", "this is no name of a time zone"));
        }
        Ok(Some(Self { unit, time_zone: time_zone.to_owned() }))
    }

    /// The fewest seconds that a bucket has: clocks change, and months differ.
    pub(super) fn shortest(&self) -> u64 {
        const HOUR: u64 = 60 * 60;
        const DAY: u64 = 24 * HOUR;
        match &self.unit {
            Unit::Calendar("minute", _) => 60,
            Unit::Calendar("hour", _) => HOUR / 2,
            Unit::Calendar("week", _) => 6 * DAY,
            Unit::Calendar("month", _) => 27 * DAY,
            Unit::Calendar("quarter", _) => 88 * DAY,
            Unit::Calendar("year", _) => 363 * DAY,
            Unit::Calendar(..) => DAY / 2,
            Unit::Length(seconds, _) => *seconds,
        }
    }

    /// Whether the span is a day or a number of days that a date can be rounded to.
    pub(super) fn fits_dates(&self) -> bool {
        const DAY: u64 = 24 * 60 * 60;
        match &self.unit {
            Unit::Calendar(name, _) => !matches!(*name, "minute" | "hour"),
            Unit::Length(seconds, _) => seconds % DAY == 0,
        }
    }

    /// Writes a value of a column, rounded down, as a value of the same type.
    pub(super) fn write_rounded(&self, value: &str, ty: &ColumnType, sql: &mut Sql) {
        match ty.scalar() {
            Scalar::DateTime => self.write_start(
                |_, sql| {
                    sql.push(value);
                },
                sql,
            ),
            Scalar::Date => {
                self.write_local(&format!("{value}::timestamp"), sql);
                sql.push("::date");
            }
            _ => self.write_local(value, sql),
        }
    }

    /// Writes a value of a column as a moment: what has no time zone is taken to be that of the bucket.
    pub(super) fn write_moment(&self, value: &str, ty: &ColumnType, sql: &mut Sql) {
        if ty.scalar() == Scalar::DateTime {
            sql.push(value);
        } else {
            sql.push(format_args!("({value}::timestamp AT TIME ZONE ")).bind(self.zone()).push(")");
        }
    }

    /// Writes the beginning of the bucket that a moment lies in; `moment` writes the moment.
    pub(super) fn write_start(&self, moment: impl FnOnce(&Self, &mut Sql), sql: &mut Sql) {
        match &self.unit {
            Unit::Calendar(unit, _) => {
                sql.push(format_args!("date_trunc('{unit}', "));
                moment(self, sql);
                sql.push(", ").bind(self.zone()).push(")");
            }
            Unit::Length(seconds, origin) => {
                sql.push(format_args!("date_bin('{seconds} seconds', "));
                moment(self, sql);
                sql.push(", ").bind(origin.clone()).push(")");
            }
        }
    }

    /// Writes the end of a bucket, by its beginning.
    pub(super) fn write_end(&self, start: &str, sql: &mut Sql) {
        match &self.unit {
            // A day of the calendar need not have 24 hours.
            Unit::Calendar(_, step) if self.fits_dates() => {
                sql.push(format_args!("(({start} AT TIME ZONE ")).bind(self.zone());
                sql.push(format_args!(") + interval '{step}') AT TIME ZONE ")).bind(self.zone());
            }
            Unit::Calendar(_, step) => {
                sql.push(format_args!("{start} + interval '{step}'"));
            }
            Unit::Length(seconds, _) => {
                sql.push(format_args!("{start} + interval '{seconds} seconds'"));
            }
        }
    }

    /// Writes a query of the beginnings of the buckets from one beginning to another, as column `b`; `most` of them.
    pub(super) fn write_all(&self, first: &str, last: &str, most: u64, sql: &mut Sql) {
        // In the select list the function gives one row after the other, and so the limit ends it.
        let seconds;
        let step = match &self.unit {
            Unit::Calendar(_, step) if self.fits_dates() => {
                sql.push("SELECT s AT TIME ZONE ").bind(self.zone());
                sql.push(format_args!(" AS b FROM (SELECT generate_series({first} AT TIME ZONE "))
                    .bind(self.zone());
                sql.push(format_args!(", {last} AT TIME ZONE ")).bind(self.zone());
                sql.push(format_args!(", interval '{step}') AS s LIMIT {most}) s"));
                return;
            }
            Unit::Calendar(_, step) => step,
            Unit::Length(length, _) => {
                seconds = format!("{length} seconds");
                seconds.as_str()
            }
        };
        sql.push(format_args!(
            "SELECT generate_series({first}, {last}, interval '{step}') AS b LIMIT {most}"
        ));
    }

    fn write_local(&self, value: &str, sql: &mut Sql) {
        match &self.unit {
            Unit::Calendar(unit, _) => {
                sql.push(format_args!("date_trunc('{unit}', {value})"));
            }
            Unit::Length(seconds, origin) => {
                sql.push(format_args!("date_bin('{seconds} seconds', {value}, (")).bind(origin.clone());
                sql.push(" AT TIME ZONE 'UTC'))");
            }
        }
    }

    fn zone(&self) -> Parameter {
        Parameter::new(Type::TEXT, self.time_zone.clone().into_bytes())
    }
}

/// Seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds.
fn seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
    if time == Some("") {
        return None;
    }
    let sum = |part: &str, units: &[(char, u64)]| {
        let mut total = 0_u64;
        let mut units = units.iter();
        let mut rest = part;
        while !rest.is_empty() {
            let (number, after) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
            let letter = after.chars().next()?;
            // Units come in their order, each once.
            let (_, length) = units.find(|(unit, _)| *unit == letter)?;
            total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*length)?)?;
            rest = &after[letter.len_utf8()..];
        }
        Some(total)
    };
    let days = sum(days, &[('W', 604_800), ('D', 86_400)])?;
    let time = sum(time.unwrap_or_default(), &[('H', 3_600), ('M', 60), ('S', 1)])?;
    // Postgres's intervals end long after this.
    days.checked_add(time).filter(|seconds| (1..=100 * 366 * 86_400).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations() {
        assert_eq!(seconds("PT90M"), Some(5_400));
        assert_eq!(seconds("P7D"), Some(604_800));
        assert_eq!(seconds("P1DT12H"), Some(129_600));
        assert_eq!(seconds("P2W"), Some(1_209_600));
        for wrong in [
            "",
            "P",
            "PT",
            "P0D",
            "7D",
            "P1M",
            "PT1H1H",
            "PT1M1H",
            "P-1D",
            "PT1.5H",
            "P1Dé",
            "P99999999999999999999D",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
