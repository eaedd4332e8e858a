//! LIMIT and OFFSET, bound as parameters, so that equal questions with pages of other sizes share one prepared statement.
//!
//! Of a LIMIT that is a parameter Postgres assumes a tenth of all rows. A plan for that many looks dear beside one for the few that
//! are wanted, so that it would plan each page anew, or sort where an index gives the order. So a literal that is about as large stands
//! within, by which it plans, and the parameter stands around it:
//!
//! ```sql
//! SELECT q.* FROM (SELECT … ORDER BY t."event_id" LIMIT 32) q LIMIT $1::int8 OFFSET $2::int8
//! ```

use super::builder::Sql;
use super::snippet::Snippet;
use crate::database::Parameter;

/// The least literal, and how many times the next one is as large.
const LEAST: u64 = 32;
const STEP: u64 = 4;

/// How many rows are wanted, and how many are skipped before them.
#[derive(Debug)]
pub(super) struct Limit {
    rows: Snippet,
    offset: Option<Snippet>,
    /// About as many rows as both together, and no fewer.
    literal: u64,
}

impl Limit {
    /// Binds a number of rows that are wanted, and of those that are skipped before them.
    pub(super) fn bind(limit: u64, offset: u64, sql: &mut Sql) -> Self {
        Self {
            rows: parameter(limit, sql),
            offset: (offset > 0).then(|| parameter(offset, sql)),
            literal: literal(limit.saturating_add(offset)),
        }
    }

    /// Writes the rows of an ordered query that are wanted.
    pub(super) fn write(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        self.write_limited(sql, query);
        if let Some(offset) = &self.offset {
            sql.push(" OFFSET ").push(offset);
        }
    }

    /// Writes the rows of an ordered query that are wanted, and before them those that are skipped.
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

/// Returns the place of a parameter that is a number of rows.
pub(super) fn parameter(rows: u64, sql: &mut Sql) -> Snippet {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    sql.parameter(Parameter::from(rows))
}

/// Returns the literal by which Postgres plans so many rows.
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
