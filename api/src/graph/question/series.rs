//! The arguments of series: aggregates over buckets of time, with a line for each group of rows.

use super::bucket::{self, Bucket};
use super::groups::Groups;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use crate::graph::limits::Limits;

/// The positions of the columns that precede the keys in a row.
pub(in crate::graph) const COLUMNS: SeriesColumns = SeriesColumns { kind: 1, start: 2, end: 3 };
/// The number of columns before the keys.
const BEFORE_KEYS: usize = 4;

/// The buckets of a series whose gaps are filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum Grid {
    /// The series has all buckets.
    Whole,
    /// The series leaves out the longest stretches without rows, because all buckets exceed the limit.
    Gapped,
}

/// The values of a point without rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Fill {
    /// The values are null, and the number of rows is 0.
    Null,
    /// The numbers are 0.
    Zero,
    /// The values are those of the last point with rows.
    Previous,
    /// A bucket without rows has no point.
    None,
}

/// The positions of columns in the rows of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct SeriesColumns {
    /// The kind of row: 1 for a line, 0 for a point with rows, 2 for a point without.
    pub(in crate::graph) kind: usize,
    /// The start of the bucket.
    pub(in crate::graph) start: usize,
    /// The end of the bucket.
    pub(in crate::graph) end: usize,
}

/// The arguments of a series, checked.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Series<'a> {
    pub(in crate::graph) lines: Groups<'a>,
    pub(in crate::graph) fill: Fill,
    pub(in crate::graph) time: ColumnId,
    /// The type of that column.
    pub(in crate::graph) ty: ColumnType,
    pub(in crate::graph) bucket: Bucket,
    pub(in crate::graph) from: Option<Parameter>,
    pub(in crate::graph) to: Option<Parameter>,
    /// The largest number of rows for all parents together. The statement returns one more, to show that there are more.
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

    /// Returns the largest numbers of lines, and of points of all lines together, below a number of parents.
    pub(in crate::graph) fn size(&self, parents: u64) -> (u64, u64) {
        let lines = if self.lines.keys.is_empty() { 1 } else { self.lines.limit };
        let lines = parents.saturating_mul(lines).min(self.most);
        let buckets = self.buckets().unwrap_or(u64::MAX);
        (lines, lines.saturating_mul(buckets).min(self.most))
    }

    /// Returns the largest number of buckets of a line; `None` if the arguments do not limit it.
    fn buckets(&self) -> Option<u64> {
        let moment =
            |bound: &Option<Parameter>| bound.as_ref().and_then(bucket::microseconds).map(i128::from);
        let microseconds = (moment(&self.to)? - moment(&self.from)?).max(0);
        let shortest = i128::from(self.bucket.shortest()) * 1_000_000;
        // The first and the last bucket may extend beyond `from` and `to`.
        u64::try_from(microseconds / shortest + 2).ok()
    }

    /// Returns the type of the starts and ends of buckets: dates for a column of dates.
    pub(in crate::graph) fn bucket_type(&self) -> ColumnType {
        let dates = self.ty.scalar() == Scalar::Date;
        ColumnType::Scalar(if dates { Scalar::Date } else { Scalar::DateTime })
    }

    /// Returns the number of columns of a row, without the parent's key.
    pub(in crate::graph) fn width(&self) -> usize {
        BEFORE_KEYS + self.lines.width()
    }

    /// Returns true if gaps are filled and the rows decide where the series begins or ends.
    pub(in crate::graph) fn is_open(&self) -> bool {
        self.fill != Fill::None && (self.from.is_none() || self.to.is_none())
    }
}
