//! The SQL of what rows are grouped by.

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::graph::question::grouping::{Grouping, GroupingKey};

impl GroupingKey {
    /// Writes the key with this number, of a row whose column has this value.
    pub(super) fn write(&self, number: usize, value: &Snippet, sql: &mut Sql) {
        match &self.grouping {
            Grouping::Value => {
                sql.push(value);
            }
            Grouping::Bucket(bucket) => {
                let shown = snippet!("e{number}.shown", number);
                let rounded = bucket.rounded(value, &shown, &self.ty, sql);
                sql.push(rounded);
            }
            Grouping::Range(ranges) => ranges.write(value, sql),
            Grouping::Each => {
                sql.push(text!("e{number}.element", number));
            }
        }
    }

    /// Writes the join that the key with this number needs. An element that is twice in a list counts once; what a clock shows is
    /// asked once.
    pub(super) fn write_join(&self, number: usize, value: &Snippet, sql: &mut Sql) {
        match &self.grouping {
            Grouping::Each => {
                sql.push(text!(
                    " CROSS JOIN LATERAL (SELECT DISTINCT unnest({value}) AS element) e{number}",
                    value,
                    number,
                ));
            }
            Grouping::Bucket(bucket) if bucket.is_shown(&self.ty) => {
                let shown = bucket.shown(value, sql);
                sql.push(text!(
                    " CROSS JOIN LATERAL (SELECT {shown} AS shown OFFSET 0) e{number}",
                    shown,
                    number
                ));
            }
            Grouping::Value | Grouping::Bucket(_) | Grouping::Range(_) => {}
        }
    }

    /// Returns the value of the key, of a group that is known by `value`.
    pub(super) fn told(&self, value: Snippet, sql: &mut Sql) -> Snippet {
        match &self.grouping {
            Grouping::Bucket(bucket) if bucket.is_shown(&self.ty) => bucket.begin(&value, &self.ty, sql),
            Grouping::Value | Grouping::Bucket(_) | Grouping::Range(_) | Grouping::Each => value,
        }
    }

    /// Returns whether groups are known by something else than the value of the key.
    pub(super) fn is_shown(&self) -> bool {
        matches!(&self.grouping, Grouping::Bucket(bucket) if bucket.is_shown(&self.ty))
    }
}
