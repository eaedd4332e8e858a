//! Buckets of time, to which moments are rounded down: units of the calendar in a time zone, hours of its clocks, or lengths of time that
//! are counted from an origin.
//!
//! Buckets tile the time: each starts where the last one ends, so that a moment belongs to exactly one. Changes of clocks make this
//! hard. A day of the calendar starts at the first moment with that local date: at midnight, after the gap if clocks skip midnight, or at
//! the first of two midnights. A day that is skipped as a whole has no bucket. Days that are counted from another time of day start at
//! the first moment with that local time or a later one.

use tokio_postgres::types::Type;

use super::duration::{DAY, Duration};
use super::zone::Zone;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::value::{is_within_calendars, parameter};

/// The rule that divides time into buckets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Bucket {
    pub(in crate::graph) span: Span,
    pub(in crate::graph) zone: Zone,
}

/// The length of a bucket, and the origin from which buckets are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Span {
    /// The buckets are units of the calendar: the unit's name, and its length as an interval.
    Calendar(&'static str, &'static str),
    /// The buckets are numbers of days of the calendar.
    Days(u64, Origin),
    /// The buckets are hours of a clock that is put forward and back.
    Hour,
    /// The buckets are numbers of seconds.
    Length(u64, Origin),
}

/// The origin from which buckets are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Origin {
    /// The origin is this moment.
    Moment(Parameter),
    /// The origin is midnight of [`MONDAY`] in the zone.
    Monday,
}

/// The times that can be rounded: from the first on, up to the second, which is excluded.
pub(in crate::graph) const CALENDARS: [&str; 2] = ["0001-01-01", "10000-01-01"];
/// The day of the default origin: a Monday, so that seven days are a week.
pub(in crate::graph) const MONDAY: &str = "2000-01-03";
/// Midnight of [`MONDAY`] in UTC, in microseconds since 2000-01-01.
const MONDAY_MICROSECONDS: i64 = 2 * 86_400_000_000;
const HOUR: u64 = 60 * 60;
pub(in crate::graph) const DATE_TIME: ColumnType = ColumnType::Scalar(Scalar::DateTime);

impl Bucket {
    /// Reads a `TimeBucket`; `None` if it asks for no rounding.
    pub(in crate::graph) fn read(value: &Value<'_>, argument: &str) -> Result<Option<Self>, ArgumentError> {
        // Coercion leaves one field.
        let Some((kind, bucket)) = value.fields().first() else { return Ok(None) };
        let read = match &**kind {
            "calendar" => Self::of_calendar(bucket).map(Some),
            "every" => Self::of_length(bucket).map(Some),
            _ if bucket.as_bool() == Some(true) => Ok(None),
            _ => Err(ArgumentError::here("only true has a meaning here")),
        };
        read.map_err(|error| error.within(kind).within(argument))
    }

    /// Reads a `CalendarBucket`.
    fn of_calendar(value: &Value<'_>) -> Result<Self, ArgumentError> {
        let zone = zone(value)?;
        let unit = value.get("unit").and_then(Value::as_str).unwrap_or_default();
        let span = Span::of_unit(unit);
        let span = span.ok_or_else(|| ArgumentError::new("unit", format!("there is no unit {unit}")))?;
        Ok(Self { span: span.by(&zone), zone })
    }

    /// Reads a `LengthBucket`.
    fn of_length(value: &Value<'_>) -> Result<Self, ArgumentError> {
        let zone = zone(value)?;
        let origin = value.get("origin").map(moment).transpose().map_err(|error| error.within("origin"))?;
        let length = value.get("length").and_then(Value::as_str).and_then(Duration::read);
        let length = length.ok_or_else(|| {
            ArgumentError::new("length", "a length is weeks, days, hours, minutes, seconds: P7D, PT90M")
        })?;
        if length.is_exact && origin.is_some() && value.get("timeZone").is_some() {
            let message = "hours that are counted from an `origin` are the same everywhere";
            return Err(ArgumentError::new("timeZone", message));
        }
        let origin = origin.map_or(Origin::Monday, Origin::Moment);
        let span = match length.seconds / DAY {
            days if !length.is_exact => Span::Days(days, origin),
            _ => Span::Length(length.seconds, origin),
        };
        Ok(Self { span: span.by(&zone), zone })
    }

    /// Returns the seconds of the shortest bucket: months and days with clock changes differ in length.
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

    /// Returns the usual seconds of a bucket.
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

    /// Refuses buckets to which values of a column cannot be rounded down.
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

    /// Returns true if buckets are local: moments are rounded down as local times of a zone whose clocks change. The local time of its
    /// start then identifies a bucket, and the bucket starts at the first moment with this local time.
    pub(in crate::graph) fn is_local(&self, ty: &ColumnType) -> bool {
        let by_calendar = matches!(self.span, Span::Calendar(..) | Span::Days(..));
        by_calendar && self.zone.offset.is_none() && ty.scalar() != Scalar::Date
    }
}

impl Span {
    fn of_unit(unit: &str) -> Option<Self> {
        // The minutes of all clocks are the same, or differ by quarters of an hour.
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

    /// Returns the span in a zone. If the zone's clocks never change, hours and days are numbers of seconds.
    fn by(self, zone: &Zone) -> Self {
        let Some(offset) = zone.offset else { return self };
        let (seconds, origin) = match self {
            Self::Calendar(..) => return self,
            Self::Hour => (HOUR, Origin::Monday),
            Self::Days(days, origin) => (days * DAY, origin),
            Self::Length(seconds, origin) => (seconds, origin),
        };
        let monday = MONDAY_MICROSECONDS - offset * 1_000_000;
        let monday = || Parameter { ty: Type::TIMESTAMPTZ, ..monday.into() };
        Self::Length(
            seconds,
            match origin {
                Origin::Monday => Origin::Moment(monday()),
                given @ Origin::Moment(_) => given,
            },
        )
    }
}

/// Reads the `timeZone` of a bucket.
fn zone(bucket: &Value<'_>) -> Result<Zone, ArgumentError> {
    let Some(name) = bucket.get("timeZone").and_then(Value::as_str) else { return Ok(Zone::utc()) };
    Zone::read(name).ok_or_else(|| {
        let message = "give the IANA name of a time zone or an offset: America/Denver, +05:30";
        ArgumentError::new("timeZone", message)
    })
}

/// Reads a moment within the years 1 to 9999.
pub(in crate::graph) fn moment(value: &Value<'_>) -> Result<Parameter, ArgumentError> {
    let moment = parameter(&DATE_TIME, value)?;
    let is_shown = microseconds(&moment).is_some_and(is_within_calendars);
    if is_shown { Ok(moment) } else { Err(ArgumentError::here("a time lies in the years from 1 to 9999")) }
}

/// Returns the microseconds since 2000-01-01 of a parameter that is a moment.
pub(in crate::graph) fn microseconds(moment: &Parameter) -> Option<i64> {
    Some(i64::from_be_bytes(moment.value.as_deref()?.try_into().ok()?))
}
