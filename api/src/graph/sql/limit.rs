//! LIMIT and OFFSET are bound as parameters, so that pages of different sizes share one prepared statement.
//!
//! If LIMIT is a parameter, Postgres plans for a tenth of all rows. Such a plan looks expensive compared with one for a few rows, so that
//! Postgres would plan each page anew, or sort although an index has the order. So the inner query has a literal limit of about the
//! same size, for the planner, and the outer query has the parameter:
//!
//! ```sql
//! SELECT q.* FROM (SELECT … ORDER BY t."event_id" LIMIT 32) q LIMIT $1::int8 OFFSET $2::int8
//! ```

use super::builder::Sql;
use super::snippet::Snippet;
use crate::database::Parameter;

/// The smallest literal limit, and the factor between one and the next.
const LEAST: u64 = 32;
const STEP: u64 = 4;

/// The limit and offset of a query.
#[derive(Debug)]
pub(super) struct Limit {
    rows: Snippet,
    offset: Option<Snippet>,
    /// The literal for the planner: at least the sum of both.
    literal: u64,
}

impl Limit {
    /// Binds a limit and an offset, both in rows.
    pub(super) fn bind(limit: u64, offset: u64, sql: &mut Sql) -> Self {
        Self {
            rows: parameter(limit, sql),
            offset: (offset > 0).then(|| parameter(offset, sql)),
            literal: literal(limit.saturating_add(offset)),
        }
    }

    /// Writes an ordered query with its limit and offset.
    pub(super) fn write(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        self.write_limited(sql, query);
        if let Some(offset) = &self.offset {
            sql.push(" OFFSET ").push(offset);
        }
    }

    /// Writes an ordered query with the sum of its limit and offset as the limit: a part of a merged page.
    pub(super) fn write_with_skipped(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        self.write_limited(sql, query);
        if let Some(offset) = &self.offset {
            sql.push(" + ").push(offset);
        }
    }

    fn write_limited(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        sql.push("SELECT q.* FROM (");
        query(sql);
        sql.push(" LIMIT ").push(self.literal).push(") q LIMIT ").push(&self.rows);
    }
}

/// Binds a number of rows, and returns its place in the statement.
pub(super) fn parameter(rows: u64, sql: &mut Sql) -> Snippet {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    sql.parameter(Parameter::from(rows))
}

/// Returns the literal limit for a number of rows.
fn literal(rows: u64) -> u64 {
    let mut literal = LEAST;
    while literal < rows && literal < i64::MAX as u64 / STEP {
        literal *= STEP;
    }
    if literal < rows { i64::MAX as u64 } else { literal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_is_at_least_the_number_of_rows_and_has_few_values() {
        let all: Vec<u64> = (0..=100_000).map(literal).collect();
        assert!(all.iter().zip(0..).all(|(literal, rows)| *literal >= rows));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 7);
        for rows in [u64::from(u32::MAX), i64::MAX as u64 - 1, i64::MAX as u64] {
            assert!(literal(rows) >= rows && i64::try_from(literal(rows)).is_ok());
        }
    }
}
