//! The keys by which rows are grouped: a value, a bucket of time, a range of numbers, or each element of a list.

use super::bucket::Bucket;
use super::order::Path;
use super::range::Ranges;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Column, ColumnType};

/// A key of groups.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct GroupingKey {
    /// The column from which the key is made.
    pub(in crate::graph) at: Path,
    /// The type of the key.
    pub(in crate::graph) ty: ColumnType,
    pub(in crate::graph) grouping: Grouping,
}

/// The way in which a column becomes a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Grouping {
    /// The key is the column's value.
    Value,
    /// The key is the bucket of time that contains the value.
    Bucket(Bucket),
    /// The key is the number of the range that contains the value.
    Range(Ranges),
    /// The key is an element of the list; a row belongs to the group of each element.
    Each,
}

impl GroupingKey {
    /// Reads the value of `groupBy` for a column.
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

    /// Reads the value of `groupBy` for the ranges of a column.
    pub(in crate::graph) fn read_ranges(
        at: Path,
        column: &Column,
        value: &Value<'_>,
        argument: &str,
    ) -> Result<Self, ArgumentError> {
        let ranges = Ranges::read(&column.ty, value, argument)?;
        Ok(Self { at, ty: ranges.ty(), grouping: Grouping::Range(ranges) })
    }

    /// Returns the ranges, if the key is the number of a range.
    pub(in crate::graph) fn ranges(&self) -> Option<&Ranges> {
        match &self.grouping {
            Grouping::Range(ranges) => Some(ranges),
            Grouping::Value | Grouping::Bucket(_) | Grouping::Each => None,
        }
    }
}

/// Reads the bucket of time of a key.
fn read_bucket(ty: &ColumnType, value: &Value<'_>, argument: &str) -> Result<Grouping, ArgumentError> {
    let bucket = Bucket::read(value, argument)?;
    if let Some(bucket) = &bucket {
        bucket.check(ty, argument)?;
    }
    Ok(bucket.map_or(Grouping::Value, Grouping::Bucket))
}
