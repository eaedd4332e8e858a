//! The SQL of buckets of time.

use super::builder::Sql;
use super::clock::{clamped, first_moments, first_moments_without_gaps, within_calendars};
use super::snippet::{Snippet, snippet, text};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::question::bucket::{Bucket, DATE_TIME, MONDAY, Origin, Span};

impl Bucket {
    /// Returns a value of a column, rounded down. `shown`: what the clock shows then, where it counts. NULL beyond all calendars, as
    /// without a value.
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

    /// Returns the bucket that a value lies in, by its beginning.
    pub(super) fn start_of(&self, value: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        match ty.scalar() {
            Scalar::DateTime => {}
            // Dates have no time of day, and so their buckets are counted from the day of an origin.
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
            // The clock may have been put forward or back by half an hour since it showed a full one. The hour that was under way
            // then ends when it would have, or with the new clock's.
            Span::Hour => {
                let zone = self.zone(sql);
                let full =
                    snippet!("date_trunc('hour', date_trunc('hour', {value}, {zone}), {zone})", value, zone);
                snippet!("date_bin('1 hour', {value}, {full})", value, full)
            }
            Span::Length(seconds, origin) => {
                let origin = match origin {
                    Origin::Moment(origin) => sql.parameter(origin.clone()),
                    // Found once for all rows.
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

    /// Returns the bucket that a moment lies in, by what the clock shows as it begins. `shown`: what it shows at the moment.
    ///
    /// In some nights a clock is put back over midnight, and what it shows for the second time then is of the new day already.
    /// None has been put back by more than a day. Since 1970 none has shown more than the last three hours of a day again.
    pub(super) fn local_start_of(&self, moment: &Snippet, local: &Snippet, sql: &mut Sql) -> Snippet {
        let zone = self.zone(sql);
        let label = self.round_local(local, false, sql);
        let next = snippet!("({label} + {step})", label, step = self.step());
        // If it is skipped, what is shown behind the gap has been rounded down to it.
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

    /// Returns the first moment when the clock shows this or more, as it is told; NULL for NULL.
    fn first_moment(&self, local: &Snippet, sql: &mut Sql) -> Snippet {
        let starts = first_moments(&self.zone(sql), &snippet!("(SELECT {local} AS s OFFSET 0) s", local));
        snippet!(
            "(SELECT {first} FROM ({starts}) s WHERE s IS NOT NULL)",
            starts,
            first = clamped(&Snippet::of("b"))
        )
    }

    /// Returns what the clock shows at a moment; NULL beyond all calendars.
    pub(super) fn local_time(&self, moment: &Snippet, sql: &mut Sql) -> Snippet {
        within_calendars(moment, &self.at_zone(moment, sql))
    }

    /// Returns what a clock shows, rounded down. `by_day`: an origin counts with its day, whatever the time.
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

    /// Writes a query of all buckets from one to another, at most so many: what they are known by as column `s`, their beginnings
    /// and ends as columns `b` and `e`.
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
        // In the select list the function gives one row after the other, and so the limit ends it.
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
                // A day that a place skips has no moments.
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

    /// Returns the beginning of a bucket, as it is told.
    pub(super) fn begin(&self, bucket: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        if self.is_local(ty) { self.first_moment(bucket, sql) } else { clamped(bucket) }
    }

    /// Returns the end of a bucket, as it is told.
    pub(super) fn end(&self, bucket: &Snippet, ty: &ColumnType, sql: &mut Sql) -> Snippet {
        if self.is_local(ty) {
            return self.first_moment(&snippet!("{bucket} + {step}", bucket, step = self.step()), sql);
        }
        clamped(&self.next(bucket, ty, sql))
    }

    /// Returns the beginning of the bucket behind one that is known by its own.
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

    /// Returns what the zone's clock shows at a moment, or the moment when it shows that.
    pub(super) fn at_zone(&self, value: &Snippet, sql: &mut Sql) -> Snippet {
        snippet!("({value} AT TIME ZONE {zone})", value, zone = self.zone(sql))
    }

    /// Returns the length of a bucket, by the calendar where it is one of it.
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
