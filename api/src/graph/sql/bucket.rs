//! The SQL of buckets of time.

use super::builder::Sql;
use super::clock::{clamped, first_moments, first_moments_without_gaps, within_calendars};
use super::snippet::{Snippet, snippet, text};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::question::bucket::{Bucket, DATE_TIME, MONDAY, Origin, Span};

impl Bucket {
    /// Returns the value that identifies the bucket of a column's value; NULL for a missing value, and outside
    /// [the calendars](within_calendars). `local` is the local time of the value, which is used if buckets are local.
    pub(super) fn rounded(
        &self,
        value: &Snippet,
        local: &Snippet,
        ty: &ColumnType,
        sql: &mut Sql,
    ) -> Snippet {
        let rounded = if self.is_local(ty) {
            self.local_start_of(value, local, sql)
        } else {
            clamped(&self.start_of(value, ty, sql))
        };
        within_calendars(value, &rounded)
    }

    /// Returns the start of the bucket that contains a value.
    pub(super) fn start_of(&self, value: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        match ty.scalar() {
            Scalar::DateTime => {}
            // Dates have no time of day, so their buckets are counted from the day of the origin.
            Scalar::Date => {
                return snippet!(
                    "({local})::date",
                    local = self.round_local(&snippet!("{value}::timestamp", value), true, sql)
                );
            }
            _ => return self.round_local(value, false, sql),
        }
        match &self.span {
            Span::Calendar(unit, _) => {
                snippet!("date_trunc('{unit}', {value}, {zone})", unit, value, zone = self.zone(sql))
            }
            Span::Days(..) => {
                let local = self.at_zone(value, sql);
                let local = self.round_local(&local, false, sql);
                self.at_zone(&local, sql)
            }
            // Clocks may be put forward or back by half an hour. The hour in which that happens ends when it would have ended anyway,
            // or at a full hour of the new time.
            Span::Hour => {
                let zone = self.zone(sql);
                let full =
                    snippet!("date_trunc('hour', date_trunc('hour', {value}, {zone}), {zone})", value, zone);
                snippet!("date_bin('1 hour', {value}, {full})", value, full)
            }
            Span::Length(seconds, origin) => {
                let origin = match origin {
                    Origin::Moment(origin) => sql.parameter(origin.clone()),
                    // A subquery without outer columns runs once for all rows.
                    Origin::Monday => {
                        snippet!(
                            "(SELECT '{MONDAY}'::timestamp AT TIME ZONE {zone})",
                            MONDAY,
                            zone = self.zone(sql)
                        )
                    }
                };
                snippet!("date_bin('{seconds} seconds', {value}, {origin})", seconds, value, origin)
            }
        }
    }

    /// Returns the local time at the start of the bucket that contains a moment. `local` is the moment's local time.
    ///
    /// If clocks are put back across midnight, the local times that repeat belong to the new day. No clock was ever put back by more than
    /// a day, and since 1970 none has repeated more than the last three hours of a day.
    pub(super) fn local_start_of(&self, moment: &Snippet, local: &Snippet, sql: &mut Sql) -> Snippet {
        let zone = self.zone(sql);
        let label = self.round_local(local, false, sql);
        let next = snippet!("({label} + {step})", label, step = self.step());
        // If clocks skip `next`, the local times after the gap were rounded down to it already.
        let first = first_moments_without_gaps(&zone, &snippet!("(SELECT {next} AS s OFFSET 0) s", next));
        let at_midnight = !matches!(self.span, Span::Days(_, Origin::Moment(_)));
        let by_day = if at_midnight {
            snippet!("{local}::time < '21:00' AND {moment} >= '1970-01-01' OR ", local, moment)
        } else {
            Snippet::of("")
        };
        snippet!(
            "CASE WHEN {by_day}({moment} - interval '24 hours') AT TIME ZONE {zone} = {local} - interval '24 hours' THEN {label} \
             WHEN {moment} >= (SELECT b FROM ({first}) s) THEN {next} ELSE {label} END",
            by_day,
            moment,
            zone,
            local,
            label,
            first,
            next
        )
    }

    /// Returns the first moment with this local time or a later one, clamped for the response; NULL for NULL.
    fn first_moment(&self, local: &Snippet, sql: &mut Sql) -> Snippet {
        let starts = first_moments(&self.zone(sql), &snippet!("(SELECT {local} AS s OFFSET 0) s", local));
        snippet!(
            "(SELECT {first} FROM ({starts}) s WHERE s IS NOT NULL)",
            starts,
            first = clamped(&Snippet::of("b"))
        )
    }

    /// Returns the local time of a moment; NULL outside [the calendars](within_calendars).
    pub(super) fn local_time(&self, moment: &Snippet, sql: &mut Sql) -> Snippet {
        within_calendars(moment, &self.at_zone(moment, sql))
    }

    /// Returns a local time, rounded down. With `by_day`, buckets are counted from midnight of the origin's day.
    fn round_local(&self, local: &Snippet, by_day: bool, sql: &mut Sql) -> Snippet {
        let (length, origin) = match &self.span {
            Span::Calendar(unit, _) => return snippet!("date_trunc('{unit}', {local})", unit, local),
            Span::Hour => return snippet!("date_trunc('hour', {local})", local),
            Span::Days(days, origin) => (snippet!("{days} days", days), origin),
            Span::Length(seconds, origin) => (snippet!("{seconds} seconds", seconds), origin),
        };
        let origin = match origin {
            Origin::Moment(moment) => {
                let moment = sql.parameter(moment.clone());
                let origin = self.at_zone(&moment, sql);
                if by_day {
                    snippet!("(SELECT date_trunc('day', {origin}))", origin)
                } else {
                    snippet!("(SELECT {origin})", origin)
                }
            }
            Origin::Monday => snippet!("'{MONDAY}'", MONDAY),
        };
        snippet!("date_bin('{length}', {local}, {origin})", length, local, origin)
    }

    /// Writes a query of all buckets from one to another, up to the number `most`. Column `s` identifies a bucket; columns `b` and `e`
    /// are its start and end.
    pub(super) fn write_all(&self, from: &Snippet, to: &Snippet, ty: &ColumnType, most: u64, sql: &mut Sql) {
        sql.push(text!(
            "SELECT s, {begin} AS b, {end} AS e FROM (",
            begin = clamped(&Snippet::of("b")),
            end = clamped(&Snippet::of("e"))
        ));
        self.write_spans(from, to, ty, most, sql);
        sql.push(") s");
    }

    fn write_spans(&self, from: &Snippet, to: &Snippet, ty: &ColumnType, most: u64, sql: &mut Sql) {
        let step = self.step();
        // In the select list the function returns row by row, so that the limit stops it.
        let steps = |from: &Snippet, to: &Snippet, most: u64| {
            snippet!(
                "(SELECT generate_series({from}, {to}, {step}) AS s LIMIT {most}) s",
                from,
                to,
                step,
                most
            )
        };
        if ty.scalar() == Scalar::Date {
            let steps = steps(&snippet!("{from}::timestamp", from), &snippet!("{to}::timestamp", to), most);
            sql.push(text!(
                "SELECT s::date AS s, s::date AS b, (s + {step})::date AS e FROM {steps}",
                step,
                steps
            ));
            return;
        }
        match &self.span {
            Span::Calendar(..) | Span::Days(..) if self.is_local(ty) => {
                let zone = self.zone(sql);
                let starts =
                    first_moments(&zone, &steps(from, &snippet!("{to} + {step}", to, step), most + 1));
                // A day that the zone skips has no moments.
                sql.push(text!("SELECT s, b, e FROM (SELECT s, b, lead(b) OVER (ORDER BY s) AS e FROM ({starts}) s) s WHERE b < e", starts));
            }
            Span::Calendar(..) | Span::Days(..) => {
                let zone = self.zone(sql);
                let local = |moment: &Snippet| snippet!("({moment} AT TIME ZONE {zone})", moment, zone);
                let steps = steps(&local(from), &local(to), most);
                sql.push(text!("SELECT s AT TIME ZONE {zone} AS s, s AT TIME ZONE {zone} AS b, (s + {step}) AT TIME ZONE {zone} AS e \
                     FROM {steps}", zone, step, steps));
            }
            Span::Hour => {
                let (end, next) =
                    (self.next(&Snippet::of("b"), ty, sql), self.next(&Snippet::of("e"), ty, sql));
                sql.push(text!("WITH RECURSIVE hour AS (SELECT b, {end} AS e FROM (SELECT {from} AS b) s WHERE b IS NOT NULL \
                     UNION ALL SELECT e, {next} FROM hour WHERE e <= {to}) SELECT b AS s, b, e FROM hour LIMIT {most}", end, from, next, to, most));
            }
            Span::Length(..) => {
                sql.push(text!(
                    "SELECT s, s AS b, s + {step} AS e FROM {steps}",
                    step,
                    steps = steps(from, to, most)
                ));
            }
        }
    }

    /// Returns the start of a bucket, clamped for the response.
    pub(super) fn begin(&self, bucket: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        if self.is_local(ty) { self.first_moment(bucket, sql) } else { clamped(bucket) }
    }

    /// Returns the end of a bucket, clamped for the response.
    pub(super) fn end(&self, bucket: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        if self.is_local(ty) {
            return self.first_moment(&snippet!("{bucket} + {step}", bucket, step = self.step()), sql);
        }
        clamped(&self.next(bucket, ty, sql))
    }

    /// Returns the start of the next bucket, from the start of a bucket that is not local.
    fn next(&self, bucket: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        let step = self.step();
        if ty.scalar() == Scalar::Date {
            return snippet!("({bucket} + {step})::date", bucket, step);
        }
        match &self.span {
            Span::Calendar(..) | Span::Days(..) => {
                let zone = self.zone(sql);
                snippet!(
                    "((({bucket} AT TIME ZONE {zone}) + {step}) AT TIME ZONE {zone})",
                    bucket,
                    zone,
                    step
                )
            }
            Span::Hour => self.start_of(&snippet!("({bucket} + {step})", bucket, step), &DATE_TIME, sql),
            Span::Length(..) => snippet!("({bucket} + {step})", bucket, step),
        }
    }

    /// Returns the local time of a moment in the bucket's zone, or the moment of a local time.
    pub(super) fn at_zone(&self, value: &Snippet, sql: &mut Sql) -> Snippet {
        snippet!("({value} AT TIME ZONE {zone})", value, zone = self.zone(sql))
    }

    /// Returns the length of a bucket as an interval.
    fn step(&self) -> Snippet {
        match &self.span {
            Span::Calendar(_, step) => snippet!("interval '{step}'", step),
            Span::Days(days, _) => snippet!("interval '{days} days'", days),
            Span::Hour => Snippet::of("interval '1 hour'"),
            Span::Length(seconds, _) => snippet!("interval '{seconds} seconds'", seconds),
        }
    }

    fn zone(&self, sql: &mut Sql) -> Snippet {
        sql.parameter(self.zone.parameter())
    }
}
