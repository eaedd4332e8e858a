//! Buckets: spans of time to which times are rounded down.

use praxis::graph::catalog::{ColumnType, Scalar};
use serde_json::Value;

/// The buckets of a time zone.
#[derive(Clone)]
pub(super) struct Bucket {
    span: Span,
    /// The origin from which lengths are counted.
    origin: Option<String>,
    /// The time zone, in SQL.
    zone: String,
}

#[derive(Clone)]
enum Span {
    /// A unit of the calendar, and its length.
    Calendar(&'static str, &'static str),
    /// This many calendar days.
    Days(i64),
    Hour,
    /// This many seconds.
    Length(i64),
}

/// A Monday.
const MONDAY: &str = "'2000-01-03'::timestamp";

impl Bucket {
    pub(super) fn read(value: &Value) -> Result<Option<Self>, String> {
        let members = value.as_object().and_then(|it| it.iter().next());
        let (kind, members) = members.ok_or_else(|| format!("{value} is no bucket"))?;
        if kind == "exact" {
            return Ok(None);
        }
        let text = |name: &str| members[name].as_str();
        let span = match (text("unit"), text("length")) {
            (Some("MINUTE"), _) => Span::Length(60),
            (Some("FIVE_MINUTES"), _) => Span::Length(300),
            (Some("FIFTEEN_MINUTES"), _) => Span::Length(900),
            (Some("HOUR"), _) => Span::Hour,
            (Some("DAY"), _) => Span::Calendar("day", "1 day"),
            (Some("WEEK"), _) => Span::Calendar("week", "7 days"),
            (Some("MONTH"), _) => Span::Calendar("month", "1 month"),
            (Some("QUARTER"), _) => Span::Calendar("quarter", "3 months"),
            (Some("YEAR"), _) => Span::Calendar("year", "1 year"),
            (None, Some("P1D")) => Span::Days(1),
            (None, Some("P7D")) => Span::Days(7),
            (None, Some("P14D")) => Span::Days(14),
            (None, Some("PT36H")) => Span::Length(36 * 3_600),
            (None, Some("PT6H")) => Span::Length(6 * 3_600),
            (None, Some("PT90M")) => Span::Length(90 * 60),
            _ => return Err(format!("the judge does not know the span {value}")),
        };
        let zone = match text("timeZone").unwrap_or("UTC") {
            offset if offset.starts_with(['+', '-']) => format!("interval '{offset}'"),
            name => format!("'{name}'"),
        };
        Ok(Some(Self { span, origin: text("origin").map(|it| format!("'{it}'::timestamptz")), zone }))
    }

    /// Returns a value of a column, rounded down.
    pub(super) fn rounded(&self, value: &str, ty: &ColumnType) -> String {
        match ty.scalar() {
            Scalar::DateTime => self.start(value),
            Scalar::Date => self.of_date(value),
            _ => self.of_local(value),
        }
    }

    /// Returns a value of a column as a time.
    pub(super) fn moment(&self, value: &str, ty: &ColumnType) -> String {
        match ty.scalar() {
            Scalar::DateTime => value.to_owned(),
            _ => format!("({value}::timestamp AT TIME ZONE {})", self.zone),
        }
    }

    /// Returns the start of the bucket of a time.
    pub(super) fn start(&self, moment: &str) -> String {
        let (local, zone) = (self.local(moment), &self.zone);
        match &self.span {
            // A time that a clock shows for the second time may be in the next bucket, which has already begun.
            Span::Calendar(..) | Span::Days(_) => format!(
                "(SELECT max(began) FROM (SELECT {} AS began FROM (VALUES (interval '0'), ({})) more(step)) b WHERE began <= {moment})",
                self.first(&format!("({} + step)", self.of_local(&local))),
                self.step()
            ),
            // Where hours are used, clocks change by whole hours.
            Span::Hour => format!("({moment} - ({local} - date_trunc('hour', {local})))"),
            Span::Length(seconds) => {
                let monday = format!("({MONDAY} AT TIME ZONE {zone})");
                stepped(moment, self.origin.as_ref().unwrap_or(&monday), *seconds)
            }
        }
    }

    /// Returns the first day of the bucket of a day. Days are counted from the day of an origin.
    pub(super) fn of_date(&self, date: &str) -> String {
        let days = match &self.span {
            Span::Calendar(unit, _) => return format!("(date_trunc('{unit}', {date}::timestamp)::date)"),
            Span::Days(days) => *days,
            Span::Hour => 1,
            Span::Length(seconds) => seconds / 86_400,
        };
        let origin = self.origin.as_ref().map_or_else(|| MONDAY.to_owned(), |origin| self.local(origin));
        let origin = format!("{origin}::date");
        format!("({origin} + floor(({date} - {origin})::numeric / {days})::int * {days})")
    }

    /// Returns the first day whose midnight is not before a time.
    pub(super) fn date_from(&self, moment: &str) -> String {
        let local = self.local(moment);
        format!("({local}::date + ({local} <> date_trunc('day', {local}))::int)")
    }

    pub(super) fn end(&self, start: &str) -> String {
        let (step, zone) = (self.step(), &self.zone);
        match &self.span {
            Span::Calendar(..) | Span::Days(_) => {
                let label = self.of_local(&format!("({start} AT TIME ZONE {zone})"));
                let ends = self.first(&format!("({label} + {step} * n)"));
                // The clock may skip a whole bucket.
                format!("(SELECT min({ends}) FROM generate_series(1, 2) n WHERE {ends} > {start})")
            }
            Span::Hour | Span::Length(_) => format!("({start} + {step})"),
        }
    }

    /// Returns the end of a bucket of days, which is the first day of the next.
    pub(super) fn end_of_date(&self, start: &str) -> String {
        format!("(({start} + {})::date)", self.step())
    }

    /// Returns the starts of all buckets from one to another.
    pub(super) fn all(&self, first: &str, last: &str) -> String {
        let (step, zone) = (self.step(), &self.zone);
        match &self.span {
            Span::Calendar(..) | Span::Days(_) => {
                let label = |moment: &str| self.of_local(&format!("({moment} AT TIME ZONE {zone})"));
                let (from, to) = (label(first), label(last));
                format!(
                    "(SELECT DISTINCT {} FROM generate_series({from}, {to}, {step}) it)",
                    self.first("it")
                )
            }
            Span::Hour | Span::Length(_) => format!("generate_series({first}, {last}, {step})"),
        }
    }

    /// Returns the same for buckets of days.
    pub(super) fn all_dates(&self, first: &str, last: &str) -> String {
        format!(
            "(SELECT it::date FROM generate_series({first}::timestamp, {last}::timestamp, {}) it)",
            self.step()
        )
    }

    /// Returns the first time when the clock shows this time or more. On a day of a clock change, all possible times are tried:
    /// clocks differ by quarters of an hour, and change at one.
    fn first(&self, shown: &str) -> String {
        let zone = &self.zone;
        format!(
            "(SELECT CASE WHEN (p - day) AT TIME ZONE {zone} + day = shown AND (p + day) AT TIME ZONE {zone} - day = shown THEN p
               ELSE (SELECT min(tried) FROM generate_series(-96, 96) n,
                       LATERAL (VALUES (p + n * interval '15 minutes'), (date_trunc('hour', p) + n * interval '15 minutes')) t(tried)
                      WHERE tried AT TIME ZONE {zone} >= shown) END
                FROM (SELECT s AS shown, s AT TIME ZONE {zone} AS p, interval '24 hours' AS day FROM (SELECT {shown}) s(s)) s)"
        )
    }

    fn local(&self, moment: &str) -> String {
        format!("({moment} AT TIME ZONE {})", self.zone)
    }

    /// Returns a clock's time, rounded down.
    fn of_local(&self, local: &str) -> String {
        let origin = self.origin.as_ref().map_or_else(|| MONDAY.to_owned(), |origin| self.local(origin));
        match &self.span {
            Span::Calendar(unit, _) => format!("date_trunc('{unit}', {local})"),
            Span::Hour => format!("date_trunc('hour', {local})"),
            Span::Days(days) => stepped(local, &origin, days * 86_400),
            Span::Length(seconds) => stepped(local, &origin, *seconds),
        }
    }

    fn step(&self) -> String {
        match &self.span {
            Span::Calendar(_, step) => format!("interval '{step}'"),
            Span::Days(days) => format!("interval '{days} days'"),
            Span::Hour => "interval '1 hour'".into(),
            Span::Length(seconds) => format!("interval '{seconds} seconds'"),
        }
    }
}

/// Returns the last step from an origin that is not after a time.
fn stepped(time: &str, origin: &str, seconds: i64) -> String {
    let since = format!("extract(epoch FROM {time} - {origin})");
    format!("({origin} + floor({since} / {seconds}) * interval '{seconds} seconds')")
}
