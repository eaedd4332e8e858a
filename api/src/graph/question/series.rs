//! Series: numbers over spans of time, one line for each group of rows, gaps filled.

use super::bucket::{self, Bucket};
use super::groups::Groups;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use crate::graph::limits::Limits;

/// Where the columns of the rows are.
pub(in crate::graph) const COLUMNS: SeriesColumns = SeriesColumns { kind: 1, start: 2, end: 3 };
/// Number of columns before the keys.
const BEFORE_KEYS: usize = 4;

/// Which buckets a series shows where gaps are filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum Grid {
    /// All of them.
    Whole,
    /// All but the longest stretches without rows, for which there is no room.
    Gapped,
}

/// What a point shows where no row lies in its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub(in crate::graph) time: ColumnId,
    /// Type of that column.
    pub(in crate::graph) ty: ColumnType,
    pub(in crate::graph) bucket: Bucket,
    pub(in crate::graph) from: Option<Parameter>,
    pub(in crate::graph) to: Option<Parameter>,
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
        let bucket = bucket.flatten().ok_or_else(|| {
            ArgumentError::new("bucket", "a series needs spans: give `calendar` or `every`")
        })?;
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

    /// Returns how many lines, and points of all lines together, there are below so many parents at most.
    pub(in crate::graph) fn size(&self, parents: u64) -> (u64, u64) {
        let lines = if self.lines.keys.is_empty() { 1 } else { self.lines.limit };
        let lines = parents.saturating_mul(lines).min(self.most);
        let buckets = self.buckets().unwrap_or(u64::MAX);
        (lines, lines.saturating_mul(buckets).min(self.most))
    }

    /// Returns how many buckets a line has at most, where the request bounds them.
    fn buckets(&self) -> Option<u64> {
        let moment =
            |bound: &Option<Parameter>| bound.as_ref().and_then(bucket::microseconds).map(i128::from);
        let microseconds = (moment(&self.to)? - moment(&self.from)?).max(0);
        let shortest = i128::from(self.bucket.shortest()) * 1_000_000;
        // Those that the span begins and ends in may lie beyond it.
        u64::try_from(microseconds / shortest + 2).ok()
    }

    /// Returns the type of the beginnings and ends of the buckets: a span of dates has no hours.
    pub(in crate::graph) fn bucket_type(&self) -> ColumnType {
        let dates = self.ty.scalar() == Scalar::Date;
        ColumnType::Scalar(if dates { Scalar::Date } else { Scalar::DateTime })
    }

    /// Returns the number of columns of a row, without the parent's key.
    pub(in crate::graph) fn width(&self) -> usize {
        BEFORE_KEYS + self.lines.width()
    }

    /// Returns whether the rows decide how far the grid of buckets reaches.
    pub(in crate::graph) fn is_open(&self) -> bool {
        self.fill != Fill::None && (self.from.is_none() || self.to.is_none())
    }
}
