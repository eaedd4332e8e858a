//! What rows are grouped by: a value, a span of time, a range of numbers, or each element of a list.

use super::bucket::Bucket;
use super::order::Path;
use super::range::Ranges;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Column, ColumnType};

/// A key of groups.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct GroupingKey {
    /// The column that it is made of.
    pub(in crate::graph) at: Path,
    /// Type of the key.
    pub(in crate::graph) ty: ColumnType,
    pub(in crate::graph) grouping: Grouping,
}

/// How a column makes a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Grouping {
    /// Its value.
    Value,
    /// The span of time that it is rounded down to.
    Bucket(Bucket),
    /// The number of the range that it lies in.
    Range(Ranges),
    /// Each element of it: a row counts once for each.
    Each,
}

impl GroupingKey {
    /// Reads what `groupBy` says of a column.
    pub(in crate::graph) fn read(
        at: Path,
        column: &Column,
        value: &Value<'_>,
        argument: &str,
    ) -> Result<Self, ArgumentError> {
        let ty = &column.ty;
        if let ColumnType::List(element) = ty {
            return Ok(Self { at, ty: ColumnType::Scalar(*element), grouping: Grouping::Each });
        }
        let grouping = if ty.is_time() { read_bucket(ty, value, argument)? } else { Grouping::Value };
        Ok(Self { at, ty: ty.clone(), grouping })
    }

    /// Reads ranges of a column.
    pub(in crate::graph) fn read_ranges(
        at: Path,
        column: &Column,
        value: &Value<'_>,
        argument: &str,
    ) -> Result<Self, ArgumentError> {
        let ranges = Ranges::read(&column.ty, value, argument)?;
        Ok(Self { at, ty: ranges.ty(), grouping: Grouping::Range(ranges) })
    }

    /// Returns the ranges that it is the number of one of.
    pub(in crate::graph) fn ranges(&self) -> Option<&Ranges> {
        match &self.grouping {
            Grouping::Range(ranges) => Some(ranges),
            Grouping::Value | Grouping::Bucket(_) | Grouping::Each => None,
        }
    }
}

/// Returns the span of time of a key.
fn read_bucket(ty: &ColumnType, value: &Value<'_>, argument: &str) -> Result<Grouping, ArgumentError> {
    let bucket = Bucket::read(value, argument)?;
    if let Some(bucket) = &bucket {
        bucket.check(ty, argument)?;
    }
    Ok(bucket.map_or(Grouping::Value, Grouping::Bucket))
}
