//! The SQL of grouping keys.

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::graph::question::grouping::{Grouping, GroupingKey};

impl GroupingKey {
    /// Writes the key with this number for a row, from the value of the row's column.
    pub(super) fn write(&self, number: usize, value: &Snippet, sql: &mut Sql) {
        match &self.grouping {
            Grouping::Value => {
                sql.push(value);
            }
            Grouping::Bucket(bucket) => {
                let local = snippet!("e{number}.local", number);
                let rounded = bucket.rounded(value, &local, &self.ty, sql);
                sql.push(rounded);
            }
            Grouping::Range(ranges) => ranges.write(value, sql),
            Grouping::Each => {
                sql.push(text!("e{number}.element", number));
            }
        }
    }

    /// Writes the join that the key with this number needs, if any. An element that occurs twice in a list counts once; a local time is
    /// computed once for each row.
    pub(super) fn write_join(&self, number: usize, value: &Snippet, sql: &mut Sql) {
        match &self.grouping {
            Grouping::Each => {
                sql.push(text!(
                    " CROSS JOIN LATERAL (SELECT DISTINCT unnest({value}) AS element) e{number}",
                    value,
                    number,
                ));
            }
            Grouping::Bucket(bucket) if bucket.is_local(&self.ty) => {
                let local = bucket.local_time(value, sql);
                sql.push(text!(
                    " CROSS JOIN LATERAL (SELECT {local} AS local OFFSET 0) e{number}",
                    local,
                    number
                ));
            }
            Grouping::Value | Grouping::Bucket(_) | Grouping::Range(_) => {}
        }
    }

    /// Returns the key of a group for the response, from the value that identifies the group.
    pub(super) fn response_value(&self, value: Snippet, sql: &mut Sql) -> Snippet {
        match &self.grouping {
            Grouping::Bucket(bucket) if bucket.is_local(&self.ty) => bucket.begin(&value, &self.ty, sql),
            Grouping::Value | Grouping::Bucket(_) | Grouping::Range(_) | Grouping::Each => value,
        }
    }

    /// Returns true if a local time identifies a group, which differs from the key in the response.
    pub(super) fn is_local(&self) -> bool {
        matches!(&self.grouping, Grouping::Bucket(bucket) if bucket.is_local(&self.ty))
    }
}
