//! Spans of time that moments are rounded down to.

use praxis::graph::catalog::{ColumnType, Scalar};
use serde_json::Value;

/// Spans of time of a place.
#[derive(Clone)]
pub(super) struct Bucket {
    span: Span,
    /// Where lengths are counted from.
    origin: Option<String>,
    /// The place's clock, in SQL.
    zone: String,
}

#[derive(Clone)]
enum Span {
    /// A unit of the calendar, and its length.
    Calendar(&'static str, &'static str),
    /// So many days of the calendar.
    Days(i64),
    Hour,
    /// So many seconds.
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

    /// A value of a column, rounded down.
    pub(super) fn rounded(&self, value: &str, ty: &ColumnType) -> String {
        match ty.scalar() {
            Scalar::DateTime => self.start(value),
            Scalar::Date => self.of_date(value),
            _ => self.of_local(value),
        }
    }

    /// A value of a column as a moment.
    pub(super) fn moment(&self, value: &str, ty: &ColumnType) -> String {
        match ty.scalar() {
            Scalar::DateTime => value.to_owned(),
            _ => format!("({value}::timestamp AT TIME ZONE {})", self.zone),
        }
    }

    /// The beginning of the bucket that a moment lies in.
    pub(super) fn start(&self, moment: &str) -> String {
        let (local, zone) = (self.local(moment), &self.zone);
        match &self.span {
            // What a clock shows for the second time may be of the next bucket, which has begun before.
            Span::Calendar(..) | Span::Days(_) => format!(
                "(SELECT max(began) FROM (SELECT {} AS began FROM (VALUES (interval '0'), ({})) more(step)) b WHERE began <= {moment})",
                self.first(&format!("({} + step)", self.of_local(&local))),
                self.step()
            ),
            // Clocks are put forward and back by whole hours where they are.
            Span::Hour => format!("({moment} - ({local} - date_trunc('hour', {local})))"),
            Span::Length(seconds) => {
                let monday = format!("({MONDAY} AT TIME ZONE {zone})");
                stepped(moment, self.origin.as_ref().unwrap_or(&monday), *seconds)
            }
        }
    }

    /// The first day of the bucket that a day lies in. Days are counted from the day of an origin.
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

    /// The first day whose midnight is not before a moment.
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
                // What a place skips has no span.
                format!("(SELECT min({ends}) FROM generate_series(1, 2) n WHERE {ends} > {start})")
            }
            Span::Hour | Span::Length(_) => format!("({start} + {step})"),
        }
    }

    /// The last day of a bucket of days, which is the first of the next.
    pub(super) fn end_of_date(&self, start: &str) -> String {
        format!("(({start} + {})::date)", self.step())
    }

    /// The beginnings of all buckets from one to another.
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

    /// The same of buckets of days.
    pub(super) fn all_dates(&self, first: &str, last: &str) -> String {
        format!(
            "(SELECT it::date FROM generate_series({first}::timestamp, {last}::timestamp, {}) it)",
            self.step()
        )
    }

    /// The first moment when the clock shows this or more. On a day when the clock is changed, all moments at which it may be
    /// are tried: clocks differ by quarters of an hour, and are changed at one.
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

    /// What a clock shows, rounded down.
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

/// The last of the steps from an origin that is not behind a time.
fn stepped(time: &str, origin: &str, seconds: i64) -> String {
    let since = format!("extract(epoch FROM {time} - {origin})");
    format!("({origin} + floor({since} / {seconds}) * interval '{seconds} seconds')")
}
