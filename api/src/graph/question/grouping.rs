//! What rows are grouped by: a value, a span of time, a range of numbers, or each element of a list.

use super::bucket::Bucket;
use super::order::Path;
use super::range::Ranges;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Column, ColumnType};
use crate::graph::sql::Sql;

/// A key of groups.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Key {
    /// The column that it is made of.
    pub(in crate::graph) at: Path,
    /// Type of the key.
    pub(in crate::graph) ty: ColumnType,
    pub(in crate::graph) grouping: Grouping,
}

/// How a column makes a key.
#[derive(Clone, Debug, PartialEq)]
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

impl Key {
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

    /// The ranges that it is the number of one of.
    pub(in crate::graph) fn ranges(&self) -> Option<&Ranges> {
        match &self.grouping {
            Grouping::Range(ranges) => Some(ranges),
            Grouping::Value | Grouping::Bucket(_) | Grouping::Each => None,
        }
    }

    /// Writes the key with this number, of a row whose column has this value.
    pub(in crate::graph) fn write(&self, number: usize, value: &str, sql: &mut Sql) {
        match &self.grouping {
            Grouping::Value => {
                sql.push(value);
            }
            Grouping::Bucket(bucket) => {
                let rounded = bucket.rounded(value, &format!("e{number}.shown"), &self.ty, sql);
                sql.push(rounded);
            }
            Grouping::Range(ranges) => ranges.write(value, sql),
            Grouping::Each => {
                sql.push(format_args!("e{number}.element"));
            }
        }
    }

    /// Writes the join that the key with this number needs. An element that is twice in a list counts once; what a clock shows is
    /// asked once.
    pub(in crate::graph) fn write_join(&self, number: usize, value: &str, sql: &mut Sql) {
        match &self.grouping {
            Grouping::Each => {
                sql.push(format_args!(
                    " CROSS JOIN LATERAL (SELECT DISTINCT unnest({value}) AS element) e{number}"
                ));
            }
            Grouping::Bucket(bucket) if bucket.is_shown(&self.ty) => {
                let shown = bucket.shown(value, sql);
                sql.push(format_args!(" CROSS JOIN LATERAL (SELECT {shown} AS shown OFFSET 0) e{number}"));
            }
            Grouping::Value | Grouping::Bucket(_) | Grouping::Range(_) => {}
        }
    }

    /// The value of the key, of a group that is known by `value`.
    pub(in crate::graph) fn told(&self, value: &str, sql: &mut Sql) -> String {
        match &self.grouping {
            Grouping::Bucket(bucket) if bucket.is_shown(&self.ty) => bucket.begin(value, &self.ty, sql),
            Grouping::Value | Grouping::Bucket(_) | Grouping::Range(_) | Grouping::Each => value.to_owned(),
        }
    }

    /// Whether groups are known by something else than the value of the key.
    pub(in crate::graph) fn is_shown(&self) -> bool {
        matches!(&self.grouping, Grouping::Bucket(bucket) if bucket.is_shown(&self.ty))
    }
}

/// The span of time of a key.
fn read_bucket(ty: &ColumnType, value: &Value<'_>, argument: &str) -> Result<Grouping, ArgumentError> {
    let bucket = Bucket::read(value, argument)?;
    if let Some(bucket) = &bucket {
        bucket.check(ty, argument)?;
    }
    Ok(bucket.map_or(Grouping::Value, Grouping::Bucket))
}
