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
use crate::graph::value::{is_within_calendars, parameter};

/// A span of time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Bucket {
    pub(in crate::graph) span: Span,
    pub(in crate::graph) zone: Zone,
}

/// The length of a bucket, and where it is counted from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Span {
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Origin {
    /// This moment.
    Moment(Parameter),
    /// Midnight of [`MONDAY`] in the zone.
    Monday,
}

/// The times that are rounded: from the first on, up to and without the second.
pub(in crate::graph) const CALENDARS: [&str; 2] = ["0001-01-01", "10000-01-01"];
/// Where lengths are counted from if nobody says: a Monday, so that seven days are a week.
pub(in crate::graph) const MONDAY: &str = "2000-01-03";
/// The same in UTC, as Postgres counts.
const MONDAY_MICROSECONDS: i64 = 2 * 86_400_000_000;
const HOUR: u64 = 60 * 60;
pub(in crate::graph) const DATE_TIME: ColumnType = ColumnType::Scalar(Scalar::DateTime);

impl Bucket {
    /// Reads a `TimeBucket`; `None` if it asks for no rounding.
    pub(in crate::graph) fn read(value: &Value<'_>, argument: &str) -> Result<Option<Self>, ArgumentError> {
        // Coercion leaves one.
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

    /// Returns the fewest seconds that a bucket has: clocks change, and months differ.
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

    /// Returns the seconds that a bucket usually has.
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

    /// Returns whether moments are rounded down on the clock of a place that is put forward and back. Buckets are then known by what this
    /// clock shows as they begin, and the first moment when it does is looked for.
    pub(in crate::graph) fn is_local(&self, ty: &ColumnType) -> bool {
        let by_calendar = matches!(self.span, Span::Calendar(..) | Span::Days(..));
        by_calendar && self.zone.offset.is_none() && ty.scalar() != Scalar::Date
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

    /// Returns the same by a clock. By one that is never changed, hours and days are lengths of time.
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

/// Reads a moment that a chart can show; the error says what is wrong.
pub(in crate::graph) fn moment(value: &Value<'_>) -> Result<Parameter, ArgumentError> {
    let moment = parameter(&DATE_TIME, value)?;
    let is_shown = microseconds(&moment).is_some_and(is_within_calendars);
    if is_shown { Ok(moment) } else { Err(ArgumentError::here("a time lies in the years from 1 to 9999")) }
}

/// Returns microseconds since 2000-01-01 of a parameter that is a moment.
pub(in crate::graph) fn microseconds(moment: &Parameter) -> Option<i64> {
    Some(i64::from_be_bytes(moment.value.as_deref()?.try_into().ok()?))
}
