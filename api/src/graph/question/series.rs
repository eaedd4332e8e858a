//! Series: numbers over spans of time, one line for each group of rows, gaps filled.
//!
//! One statement gives for each line a row over all of it, then a row for each of its buckets. The rows are the lines'
//! groups (see [`super::groups`]) with four columns before the keys: the line's number, what the row stands for, and the
//! bucket's beginning and end.

use super::allowance::Allowance;
use super::bucket::{self, Bucket};
use super::call;
use super::groups::Groups;
use super::order::{self, Path};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use crate::graph::limits::Limits;
use crate::graph::sql::clock::CALENDARS;
use crate::graph::sql::filter::Filter;
use crate::graph::sql::rows::{self, Parents, ROW};
use crate::graph::sql::{KEY_ALIAS, Sql};

/// Where the columns of the rows are.
pub(in crate::graph) const COLUMNS: SeriesColumns = SeriesColumns { kind: 1, start: 2, end: 3 };
/// Number of columns before the keys.
const BEFORE_KEYS: usize = 4;
/// How far a series reaches that has no bounds of its own: a date that somebody has mistyped shall not stretch everybody's charts.
const REACH: [&str; 2] = ["1900-01-01", "2100-01-01"];
/// The same, as Postgres counts.
const REACH_MICROSECONDS: [i64; 2] = [-3_155_673_600_000_000, 3_155_760_000_000_000];

/// Which buckets a series shows where gaps are filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum Grid {
    /// All of them.
    Whole,
    /// All but the longest stretches without rows, for which there is no room.
    Torn,
}

/// What a point shows where no row lies in its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum Fill {
    /// No values; a number of rows is 0.
    Null,
    /// 0 for every number.
    Zero,
    /// The values of the last point that had rows.
    Previous,
    /// There is no such point.
    None,
}

/// Positions in the rows of a series.
#[derive(Clone, Copy, Debug)]
pub(in crate::graph) struct SeriesColumns {
    /// 1 for a line, 0 for a point with rows, 2 for one without.
    pub(in crate::graph) kind: usize,
    /// Beginning of the bucket.
    pub(in crate::graph) start: usize,
    /// End of the bucket.
    pub(in crate::graph) end: usize,
}

/// The arguments of a series, checked.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Series<'a> {
    pub(in crate::graph) lines: Groups<'a>,
    pub(in crate::graph) fill: Fill,
    time: ColumnId,
    /// Type of that column.
    ty: ColumnType,
    bucket: Bucket,
    from: Option<Parameter>,
    to: Option<Parameter>,
    /// Rows at most, below all parents together; one more is asked for, to know whether there are more.
    pub(in crate::graph) most: u64,
}

impl<'a> Series<'a> {
    pub(in crate::graph) fn read(
        catalog: &Catalog,
        table: &Table,
        arguments: &Arguments<'a>,
        limits: &Limits,
    ) -> Result<Self, ArgumentError> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let time = table
            .columns
            .iter()
            .position(|column| column.time_name().is_some_and(|name| name == text("time")))
            .map(ColumnId)
            .ok_or_else(|| ArgumentError::new("time", "there is no such column of time"))?;
        let bucket = arguments.get("bucket").map(|bucket| Bucket::read(bucket, "bucket")).transpose()?;
        let bucket =
            bucket.flatten().ok_or_else(|| ArgumentError::new("bucket", "give `unit` or `every`"))?;
        bucket.check(&table.column(time).ty, "bucket")?;
        let bound = |name: &str| {
            let given = arguments.get(name).map(bucket::moment).transpose();
            given.map_err(|error| error.within(name))
        };
        let fill = match text("fill") {
            "ZERO" => Fill::Zero,
            "PREVIOUS" => Fill::Previous,
            "NONE" => Fill::None,
            _ => Fill::Null,
        };
        Ok(Self {
            lines: Groups::read_lines(catalog, table, arguments, limits, BEFORE_KEYS)?,
            fill,
            time,
            ty: table.column(time).ty.clone(),
            bucket,
            from: bound("from")?,
            to: bound("to")?,
            most: limits.points,
        })
    }

    /// Lines, and points of all lines together, that there are below so many parents at most.
    pub(in crate::graph) fn size(&self, parents: u64) -> (u64, u64) {
        let lines = if self.lines.keys.is_empty() { 1 } else { self.lines.limit };
        let lines = parents.saturating_mul(lines).min(self.most);
        let buckets = self.buckets().unwrap_or(u64::MAX);
        (lines, lines.saturating_mul(buckets).min(self.most))
    }

    /// Buckets of a line at most, where the request bounds them.
    fn buckets(&self) -> Option<u64> {
        let moment =
            |bound: &Option<Parameter>| bound.as_ref().and_then(bucket::microseconds).map(i128::from);
        let microseconds = (moment(&self.to)? - moment(&self.from)?).max(0);
        let shortest = i128::from(self.bucket.shortest()) * 1_000_000;
        // Those that the span begins and ends in may lie beyond it.
        u64::try_from(microseconds / shortest + 2).ok()
    }

    /// Type of the beginnings and ends of the buckets: a span of dates has no hours.
    pub(in crate::graph) fn moments(&self) -> ColumnType {
        let dates = self.ty.scalar() == Scalar::Date;
        ColumnType::Scalar(if dates { Scalar::Date } else { Scalar::DateTime })
    }

    /// Number of columns of a row, without the parent's key.
    pub(in crate::graph) fn width(&self) -> usize {
        BEFORE_KEYS + self.lines.width()
    }

    /// Whether the rows decide how far the grid of buckets reaches.
    pub(in crate::graph) fn is_open(&self) -> bool {
        self.fill != Fill::None && (self.from.is_none() || self.to.is_none())
    }

    /// The series of the whole table, or of each parent's rows with the parent's key behind them.
    pub(in crate::graph) fn sql(
        &self,
        grid: Grid,
        catalog: &Catalog,
        table: &Table,
        columns: &[ColumnId],
        filter: Option<&Value<'_>>,
        allowance: &mut Allowance<'_>,
    ) -> Result<Sql, ArgumentError> {
        let parts = rows::parts(table, columns);
        let nested = !parts.is_empty();
        let mut sql = Sql::new(parts.len());
        if nested {
            sql.push("SELECT p.*").join("", 0..parts.len(), |sql, at| {
                sql.push(format_args!(", {KEY_ALIAS}.k{at}"));
            });
            sql.push(" FROM ").keys(&parts).push(" CROSS JOIN LATERAL (");
        }
        self.write_groups(catalog, table, columns, filter, allowance, &mut sql)?;
        self.write_top(&mut sql);
        self.write_grid(grid, &parts, &mut sql);
        self.write_rows(&mut sql);
        if nested {
            sql.push(format_args!(") p LIMIT {}", self.most + 1));
        }
        Ok(sql)
    }

    /// Every line and every bucket of it, in one pass over the rows: `g`.
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
            sql.push(format_args!("{ROW}.\"#{at}\" AS c{at}, "));
        }
        sql.push(format_args!("{ROW}.\"#b\" AS b, GROUPING({ROW}.\"#b\") AS kind"));
        for (at, expression) in self.lines.expressions.iter().enumerate() {
            sql.push(", ");
            rows::write_expression(table, expression, sql);
            sql.push(format_args!(" AS c{}", keys.len() + at));
        }
        let value = format!("{ROW}.{}", table.column(self.time).sql_name);
        let moment = match self.ty.scalar() {
            Scalar::LocalDateTime => self.bucket.at_zone(&value, sql),
            _ => value,
        };
        // No column is called `#0`.
        let shows = self.shows();
        sql.push(" FROM (");
        if shows {
            // What the clock shows is asked once for each row, beneath a fence.
            let bucket = self.bucket.of_shown(&moment, &format!("{ROW}.\"#s\""), sql);
            sql.push(format_args!("SELECT {ROW}.*, {bucket} AS \"#b\" FROM ("));
        }
        sql.push(format_args!("SELECT {ROW}.*"));
        let here = Path { relations: Vec::new(), column: self.time };
        let paths = keys.iter().map(|key| &key.at).chain([&here]);
        let resolved = order::resolve(catalog, table, ROW, paths, "groupBy", allowance, sql)?;
        for (at, (key, value)) in keys.iter().zip(&resolved.values).enumerate() {
            sql.push(", ");
            key.write(at, value, sql);
            sql.push(format_args!(" AS \"#{at}\""));
        }
        if shows {
            let local = self.bucket.at_zone(&moment, sql);
            sql.push(format_args!(", {local} AS \"#s\" FROM "));
        } else {
            let bucket = self.bucket.of(&moment, &self.moments(), sql);
            sql.push(format_args!(", {bucket} AS \"#b\" FROM "));
        }
        call::write_from(table, self.lines.call.as_ref(), sql);
        sql.push(" ").push(ROW);
        resolved.write_joins(catalog, sql);
        for (at, (key, value)) in keys.iter().zip(&resolved.values).enumerate() {
            key.write_join(at, value, sql);
        }
        let [from, to] = self.bounds(sql);
        sql.push(format_args!(" WHERE {moment} >= {from} AND {moment} < {to}"));
        if !columns.is_empty() {
            sql.push(" AND ");
            rows::matches_key(table, columns, Parents::Many, sql);
        }
        if let Some(filter) = filter {
            sql.push(" AND ");
            Filter::new(catalog, sql, allowance).write(table, ROW, filter)?;
        }
        if shows {
            sql.push(format_args!(" OFFSET 0) {ROW}"));
        }
        let names: Vec<String> = (0..keys.len()).map(|at| format!("{ROW}.\"#{at}\"")).collect();
        let names = names.join(", ");
        let comma = if names.is_empty() { "" } else { ", " };
        sql.push(format_args!(") {ROW} GROUP BY GROUPING SETS (({names}), ({names}{comma}{ROW}.\"#b\")))"));
        Ok(())
    }

    /// The lines that are shown, numbered in their order: `top`.
    fn write_top(&self, sql: &mut Sql) {
        let (values, sorts) = self.lines.order("g");
        sql.push(", top AS (SELECT row_number() OVER (");
        if !sorts.is_empty() {
            order::write_order(&values, &sorts, sql);
        }
        sql.push(format_args!(") AS n, g.* FROM g WHERE g.kind = 1 ORDER BY n LIMIT {})", self.lines.limit));
    }

    /// All buckets, where gaps are filled: `grid`.
    fn write_grid(&self, grid: Grid, parts: &[ColumnType], sql: &mut Sql) {
        if self.fill == Fill::None {
            return;
        }
        // The bounds as beginnings of buckets: of the arguments, or of what there is.
        let [from, to] = self.bounds(sql);
        let first = match &self.from {
            Some(_) => self.bucket_of(&from, sql),
            None => "(SELECT min(g.b) FROM g)".into(),
        };
        let last = match &self.to {
            // `to` itself is not in the series.
            Some(_) if self.ty.scalar() == Scalar::Date => self.bucket_of(&format!("({to} - 1)"), sql),
            Some(_) => self.bucket_of(&format!("({to} - interval '1 microsecond')"), sql),
            None => "(SELECT max(g.b) FROM g)".into(),
        };
        sql.push(format_args!(", span AS (SELECT {first} AS first, {last} AS last"));
        if self.from.is_some() && self.to.is_some() {
            // Where no time can lie between the bounds there is no bucket.
            sql.push(format_args!(" WHERE {from} < {to}"));
        }
        sql.push(")");
        // Materialized, so that the cost of making the grid does not hide from the planner what a nested loop over it costs.
        match grid {
            Grid::Whole => {
                sql.push(", grid AS MATERIALIZED (");
                let (first, last) = ("(SELECT first FROM span)", "(SELECT last FROM span)");
                self.bucket.write_all(first, last, &self.moments(), self.most + 1, sql);
            }
            Grid::Torn => {
                self.write_stretches(parts, sql);
                sql.push(", grid AS MATERIALIZED (SELECT p.* FROM stretch CROSS JOIN LATERAL (");
                self.bucket.write_all("stretch.first", "stretch.last", &self.moments(), self.most + 1, sql);
                sql.push(") p");
            }
        }
        sql.push(")");
    }

    /// The stretches that are left where the longest ones without rows are left out: `stretch`. Each line of each parent has the
    /// same room, and what the points with rows leave of it is for those without. Not all of that: how many these are is
    /// told by the usual length of a bucket.
    fn write_stretches(&self, parts: &[ColumnType], sql: &mut Sql) {
        let parents = parts.first().map_or_else(|| "1".into(), Sql::key_count);
        let room = format!(
            "greatest(({} / {parents} / greatest((SELECT count(*) FROM top), 1) - (SELECT count(*) FROM stop)) * 9 / 10 - 2, 0)",
            self.most
        );
        let usual = self.bucket.usual();
        sql.push(format_args!(
            ", stop AS (SELECT b, round((extract(epoch FROM lead(b) OVER (ORDER BY b)) - extract(epoch FROM b)) / {usual}) - 1 AS empty \
             FROM (SELECT first FROM span UNION SELECT last FROM span UNION SELECT g.b FROM g) s(b) WHERE b IS NOT NULL)\
             , kept AS (SELECT b, sum(empty) OVER (ORDER BY empty, b) <= {room} AS goes_on FROM stop)\
             , stretch AS (SELECT min(b) AS first, max(b) AS last FROM (SELECT b, count(*) FILTER (WHERE NOT goes_on) OVER \
             (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS n FROM kept) s GROUP BY n)"
        ));
    }

    /// The bucket that a bound lies in.
    fn bucket_of(&self, bound: &str, sql: &mut Sql) -> String {
        if self.shows() {
            let shown = self.bucket.at_zone(bound, sql);
            self.bucket.of_shown(bound, &shown, sql)
        } else {
            self.bucket.of(bound, &self.moments(), sql)
        }
    }

    /// Whether buckets are known by what a clock shows.
    fn shows(&self) -> bool {
        self.bucket.is_shown(&self.moments())
    }

    /// The least value of the column that the series may show, and the least above them.
    fn bounds(&self, sql: &mut Sql) -> [String; 2] {
        let dates = self.ty.scalar() == Scalar::Date;
        let mut bound = |given: &Option<Parameter>, reach: &str| match given {
            // A date counts where its midnight does.
            Some(bound) if dates => {
                let bound = sql.parameter(bound.clone());
                let local = self.bucket.at_zone(&bound, sql);
                format!("(SELECT ({local} + interval '1 day' - interval '1 microsecond')::date)")
            }
            Some(bound) => sql.parameter(bound.clone()),
            None if dates => format!("'{reach}'::date"),
            None => format!("'{reach}Z'::timestamptz"),
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

    /// The rows: each line, and behind it its buckets in order of time.
    fn write_rows(&self, sql: &mut Sql) {
        let keys = self.lines.keys.len();
        let width = self.lines.width();
        let list = |sql: &mut Sql, alias: &str, range: std::ops::Range<usize>| {
            for at in range {
                sql.push(format_args!(", {alias}.c{at}"));
            }
        };
        let told = |sql: &mut Sql| {
            for (at, key) in self.lines.keys.iter().enumerate() {
                let told = key.told(&format!("top.c{at}"), sql);
                sql.push(format_args!(", {told}"));
            }
        };
        let ty = self.moments().postgres();
        sql.push(format_args!(" SELECT top.n, 1 AS kind, NULL::{0} AS b, NULL::{0} AS e", ty.name()));
        told(sql);
        list(sql, "top", keys..width);
        sql.push(" FROM top UNION ALL SELECT top.n, ");
        if self.fill == Fill::None {
            let begin = self.bucket.begin("g.b", &self.moments(), sql);
            let end = self.bucket.end("g.b", &self.moments(), sql);
            sql.push(format_args!("0, {begin}, {end}"));
        } else {
            // What no row lies in has no `kind`.
            sql.push("coalesce(g.kind, 2), grid.b, grid.e");
        }
        told(sql);
        list(sql, "g", keys..width);
        sql.push(" FROM top ");
        if self.fill == Fill::None {
            sql.push("JOIN g ON g.kind = 0");
        } else {
            sql.push("CROSS JOIN grid LEFT JOIN g ON g.kind = 0 AND g.b = grid.s");
        }
        for at in 0..keys {
            sql.push(format_args!(" AND g.c{at} IS NOT DISTINCT FROM top.c{at}"));
        }
        // The line itself has no beginning.
        sql.push(format_args!(" ORDER BY 1, 3 NULLS FIRST LIMIT {}", self.most + 1));
    }
}
