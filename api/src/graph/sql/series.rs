//! The SQL of series.
//!
//! One statement returns, for each line, a row of aggregates over the whole line and then a row for each of its buckets. The rows have
//! the columns of groups (see [`super::groups`]), preceded by four others: the line's number, the kind of row, and the bucket's start
//! and end.

use super::aggregate::write_expression;
use super::builder::Sql;
use super::call;
use super::filter::Filter;
use super::groups::order_of;
use super::limit;
use super::order;
use super::rows::{ROW, matches_key, own};
use super::snippet::{Snippet, snippet, text};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::bucket::{self, CALENDARS};
use crate::graph::question::key::{self, Parents};
use crate::graph::question::order::Path;
use crate::graph::question::series::{Fill, Grid, Series};

/// The bounds of a series without `from` and `to`, so that one mistyped date does not stretch every chart.
const REACH: [&str; 2] = ["1900-01-01", "2100-01-01"];
/// The same bounds in microseconds since 2000-01-01.
const REACH_MICROSECONDS: [i64; 2] = [-3_155_673_600_000_000, 3_155_760_000_000_000];

impl Series<'_> {
    /// Returns the statement of the series of the whole table, or of each parent's rows; the parent's key follows the other columns.
    pub(in crate::graph) fn sql(
        &self,
        grid: Grid,
        catalog: &Catalog,
        table: &Table,
        columns: &[ColumnId],
        filter: Option<&Value<'_>>,
        allowance: &mut Allowance<'_>,
    ) -> Result<Sql, ArgumentError> {
        let parts = key::parts(table, columns);
        let nested = !parts.is_empty();
        let mut sql = Sql::new(parts.len());
        if nested {
            sql.for_each_parent(&parts);
        }
        self.write_groups(catalog, table, columns, filter, allowance, &mut sql)?;
        self.write_top(&mut sql);
        self.write_grid(grid, &parts, &mut sql);
        self.write_rows(&mut sql);
        if nested {
            sql.push(") p LIMIT ").push(self.most + 1);
        }
        Ok(sql)
    }

    /// Writes the query `g` of the aggregates over every line and every bucket, in one pass over the rows.
    fn write_groups(
        &self,
        catalog: &Catalog,
        table: &Table,
        columns: &[ColumnId],
        filter: Option<&Value<'_>>,
        allowance: &mut Allowance<'_>,
        sql: &mut Sql,
    ) -> Result<(), ArgumentError> {
        let keys = &self.lines.keys;
        sql.push("WITH g AS (SELECT ");
        for at in 0..keys.len() {
            sql.push(text!("{ROW}.\"#{at}\" AS c{at}, ", ROW, at));
        }
        sql.push(text!("{ROW}.\"#b\" AS b, GROUPING({ROW}.\"#b\") AS kind", ROW));
        for (at, expression) in self.lines.expressions.iter().enumerate() {
            sql.push(", ");
            write_expression(table, expression, sql);
            sql.push(" AS c").push(keys.len() + at);
        }
        let value = own(table, self.time);
        let moment = match self.ty.scalar() {
            Scalar::LocalDateTime => self.bucket.at_zone(&value, sql),
            _ => value,
        };
        // No column has a name such as `#0`.
        let is_local = self.is_local();
        sql.push(" FROM (");
        if is_local {
            // The local time is computed once for each row, below `OFFSET 0`.
            let bucket = self.bucket.local_start_of(&moment, &snippet!("{ROW}.\"#s\"", ROW), sql);
            sql.push(text!("SELECT {ROW}.*, {bucket} AS \"#b\" FROM (", ROW, bucket));
        }
        sql.push(text!("SELECT {ROW}.*", ROW));
        let here = Path { relations: Vec::new(), column: self.time };
        let paths = keys.iter().map(|key| &key.at).chain([&here]);
        let resolved = order::resolve(catalog, table, ROW, paths, |_| "groupBy".into(), allowance, sql)?;
        for (at, (key, value)) in keys.iter().zip(&resolved.values).enumerate() {
            sql.push(", ");
            key.write(at, value, sql);
            sql.push(text!(" AS \"#{at}\"", at));
        }
        if is_local {
            let local = self.bucket.at_zone(&moment, sql);
            sql.push(text!(", {local} AS \"#s\" FROM ", local));
        } else {
            let bucket = self.bucket.start_of(&moment, &self.bucket_type(), sql);
            sql.push(text!(", {bucket} AS \"#b\" FROM ", bucket));
        }
        call::write_from(catalog, table, self.lines.call.as_ref(), sql);
        sql.push(" ").push(ROW);
        resolved.write_joins(catalog, sql);
        for (at, (key, value)) in keys.iter().zip(&resolved.values).enumerate() {
            key.write_join(at, value, sql);
        }
        let [from, to] = self.bounds(sql);
        sql.push(text!(" WHERE {moment} >= {from} AND {moment} < {to}", moment, from, to));
        if !columns.is_empty() {
            sql.push(" AND ");
            matches_key(table, columns, Parents::Many, None, sql);
        }
        if let Some(filter) = filter {
            sql.push(" AND ");
            Filter::new(catalog, sql, allowance).write_row(table, filter)?;
        }
        if is_local {
            sql.push(text!(" OFFSET 0) {ROW}", ROW));
        }
        let names: Vec<Snippet> = (0..keys.len()).map(|at| snippet!("{ROW}.\"#{at}\"", ROW, at)).collect();
        let names = Snippet::join(&names, ", ");
        let comma = if names.is_empty() { "" } else { ", " };
        sql.push(text!(
            ") {ROW} GROUP BY GROUPING SETS (({names}), ({names}{comma}{ROW}.\"#b\")))",
            ROW,
            names,
            comma
        ));
        Ok(())
    }

    /// Writes the query `top` of the lines of the response, numbered in their order.
    fn write_top(&self, sql: &mut Sql) {
        let (values, sorts) = order_of(&self.lines, "g");
        sql.push(", top AS (SELECT row_number() OVER (");
        if !sorts.is_empty() {
            order::write_order(&values, &sorts, sql);
        }
        // All lines are computed by then, so the limit does not affect the plan.
        let lines = limit::parameter(self.lines.limit, sql);
        sql.push(text!(") AS n, g.* FROM g WHERE g.kind = 1 ORDER BY n LIMIT {lines})", lines));
    }

    /// Writes the query `grid` of all buckets, if gaps are filled.
    fn write_grid(&self, grid: Grid, parts: &[ColumnType], sql: &mut Sql) {
        if self.fill == Fill::None {
            return;
        }
        // The first and the last bucket: those of the arguments, or else of the rows.
        let [from, to] = self.bounds(sql);
        let first = match &self.from {
            Some(_) => self.bucket_of(&from, sql),
            None => Snippet::of("(SELECT min(g.b) FROM g)"),
        };
        let last = match &self.to {
            // `to` itself is not in the series.
            Some(_) if self.ty.scalar() == Scalar::Date => self.bucket_of(&snippet!("({to} - 1)", to), sql),
            Some(_) => self.bucket_of(&snippet!("({to} - interval '1 microsecond')", to), sql),
            None => Snippet::of("(SELECT max(g.b) FROM g)"),
        };
        sql.push(text!(", span AS (SELECT {first} AS first, {last} AS last", first, last));
        if self.from.is_some() && self.to.is_some() {
            // Without time between the bounds there is no bucket.
            sql.push(text!(" WHERE {from} < {to}", from, to));
        }
        sql.push(")");
        // Materialized: otherwise the cost of the grid hides the cost of a nested loop over it from Postgres's planner.
        match grid {
            Grid::Whole => {
                sql.push(", grid AS MATERIALIZED (");
                let (first, last) = ("(SELECT first FROM span)", "(SELECT last FROM span)");
                let [first, last] = [first, last].map(Snippet::of);
                self.bucket.write_all(&first, &last, &self.bucket_type(), self.most + 1, sql);
            }
            Grid::Gapped => {
                self.write_stretches(parts, sql);
                sql.push(", grid AS MATERIALIZED (SELECT p.* FROM stretch CROSS JOIN LATERAL (");
                let [first, last] = ["stretch.first", "stretch.last"].map(Snippet::of);
                self.bucket.write_all(&first, &last, &self.bucket_type(), self.most + 1, sql);
                sql.push(") p");
            }
        }
        sql.push(")");
    }

    /// Writes the query `stretch` of the spans of time that remain when the longest ones without rows are left out. Each line of each
    /// parent may have the same number of points. Points without rows get nine tenths of what the points with rows leave, because
    /// their number is estimated from the usual length of a bucket.
    fn write_stretches(&self, parts: &[ColumnType], sql: &mut Sql) {
        let parents = parts.first().map_or_else(|| Snippet::of("1"), Sql::key_count);
        let room = snippet!(
            "greatest(({most} / {parents} / greatest((SELECT count(*) FROM top), 1) - (SELECT count(*) FROM stop)) * 9 / 10 - 2, 0)",
            parents,
            most = self.most
        );
        let usual = self.bucket.usual();
        sql.push(text!(", stop AS (SELECT b, round((extract(epoch FROM lead(b) OVER (ORDER BY b)) - extract(epoch FROM b)) / {usual}) - 1 AS empty \
             FROM (SELECT first FROM span UNION SELECT last FROM span UNION SELECT g.b FROM g) s(b) WHERE b IS NOT NULL)\
             , kept AS (SELECT b, sum(empty) OVER (ORDER BY empty, b) <= {room} AS goes_on FROM stop)\
             , stretch AS (SELECT min(b) AS first, max(b) AS last FROM (SELECT b, count(*) FILTER (WHERE NOT goes_on) OVER \
             (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS n FROM kept) s GROUP BY n)", usual, room));
    }

    /// Returns the bucket that contains a bound.
    fn bucket_of(&self, bound: &Snippet, sql: &mut Sql) -> Snippet {
        if self.is_local() {
            let local = self.bucket.at_zone(bound, sql);
            self.bucket.local_start_of(bound, &local, sql)
        } else {
            self.bucket.start_of(bound, &self.bucket_type(), sql)
        }
    }

    /// Returns true if local times identify the buckets.
    fn is_local(&self) -> bool {
        self.bucket.is_local(&self.bucket_type())
    }

    /// Returns the bounds of the series: the smallest value of the column that belongs to it, and the smallest value beyond it.
    fn bounds(&self, sql: &mut Sql) -> [Snippet; 2] {
        let dates = self.ty.scalar() == Scalar::Date;
        let mut bound = |given: &Option<Parameter>, reach: &'static str| match given {
            // A date belongs to the series if its midnight does.
            Some(bound) if dates => {
                let bound = sql.parameter(bound.clone());
                let local = self.bucket.at_zone(&bound, sql);
                snippet!("(SELECT ({local} + interval '1 day' - interval '1 microsecond')::date)", local)
            }
            Some(bound) => sql.parameter(bound.clone()),
            None if dates => snippet!("'{reach}'::date", reach),
            None => snippet!("'{reach}Z'::timestamptz", reach),
        };
        let is_beyond = |bound: &Option<Parameter>, is_beyond: fn(&i64) -> bool| {
            bound.as_ref().and_then(bucket::microseconds).as_ref().is_some_and(is_beyond)
        };
        let [first, last] = REACH;
        let first = if is_beyond(&self.to, |to| *to <= REACH_MICROSECONDS[0]) { CALENDARS[0] } else { first };
        let last =
            if is_beyond(&self.from, |from| *from >= REACH_MICROSECONDS[1]) { CALENDARS[1] } else { last };
        [bound(&self.from, first), bound(&self.to, last)]
    }

    /// Writes the rows: each line, followed by its buckets in order of time.
    fn write_rows(&self, sql: &mut Sql) {
        let keys = self.lines.keys.len();
        let width = self.lines.width();
        let list = |sql: &mut Sql, alias: &'static str, range: std::ops::Range<usize>| {
            for at in range {
                sql.push(text!(", {alias}.c{at}", alias, at));
            }
        };
        let write_keys = |sql: &mut Sql| {
            for (at, key) in self.lines.keys.iter().enumerate() {
                let value = key.response_value(snippet!("top.c{at}", at), sql);
                sql.push(text!(", {value}", value));
            }
        };
        let ty = self.bucket_type().postgres();
        sql.push(text!(" SELECT top.n, 1 AS kind, NULL::{ty} AS b, NULL::{ty} AS e", ty));
        write_keys(sql);
        list(sql, "top", keys..width);
        sql.push(" FROM top UNION ALL SELECT top.n, ");
        if self.fill == Fill::None {
            let bucket = Snippet::of("g.b");
            let begin = self.bucket.begin(&bucket, &self.bucket_type(), sql);
            let end = self.bucket.end(&bucket, &self.bucket_type(), sql);
            sql.push(text!("0, {begin}, {end}", begin, end));
        } else {
            // A bucket without rows has no `kind`.
            sql.push("coalesce(g.kind, 2), grid.b, grid.e");
        }
        write_keys(sql);
        list(sql, "g", keys..width);
        sql.push(" FROM top ");
        if self.fill == Fill::None {
            sql.push("JOIN g ON g.kind = 0");
        } else {
            sql.push("CROSS JOIN grid LEFT JOIN g ON g.kind = 0 AND g.b = grid.s");
        }
        for at in 0..keys {
            sql.push(text!(" AND g.c{at} IS NOT DISTINCT FROM top.c{at}", at));
        }
        // The row of the whole line has no start.
        sql.push(" ORDER BY 1, 3 NULLS FIRST LIMIT ").push(self.most + 1);
    }
}
