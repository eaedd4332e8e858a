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
    wanted: Snippet,
    skipped: Option<Snippet>,
    /// About as many rows as both together, and no fewer.
    about: u64,
}

impl Limit {
    /// Binds a number of rows that are wanted, and of those that are skipped before them.
    pub(super) fn bind(wanted: u64, skipped: u64, sql: &mut Sql) -> Self {
        Self {
            wanted: parameter(wanted, sql),
            skipped: (skipped > 0).then(|| parameter(skipped, sql)),
            about: about(wanted.saturating_add(skipped)),
        }
    }

    /// Writes the rows of an ordered query that are wanted.
    pub(super) fn write(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        self.write_wanted(sql, query);
        if let Some(skipped) = &self.skipped {
            sql.push(" OFFSET ").push(skipped);
        }
    }

    /// Writes the rows of an ordered query that are wanted, and before them those that are skipped.
    pub(super) fn write_with_skipped(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        self.write_wanted(sql, query);
        if let Some(skipped) = &self.skipped {
            sql.push(" + ").push(skipped);
        }
    }

    fn write_wanted(&self, sql: &mut Sql, query: impl FnOnce(&mut Sql)) {
        sql.push("SELECT q.* FROM (");
        query(sql);
        sql.push(" LIMIT ").push(self.about).push(") q LIMIT ").push(&self.wanted);
    }
}

/// Returns the place of a parameter that is a number of rows.
pub(super) fn parameter(rows: u64, sql: &mut Sql) -> Snippet {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    sql.parameter(Parameter::from(rows))
}

/// Returns the literal by which Postgres plans so many rows.
fn about(rows: u64) -> u64 {
    let mut about = LEAST;
    while about < rows && about < i64::MAX as u64 / STEP {
        about *= STEP;
    }
    if about < rows { i64::MAX as u64 } else { about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_is_never_less_than_what_is_wanted_and_seldom_another() {
        let all: Vec<u64> = (0..=100_000).map(about).collect();
        assert!(all.iter().zip(0..).all(|(about, rows)| *about >= rows));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 7);
        for rows in [u64::from(u32::MAX), i64::MAX as u64 - 1, i64::MAX as u64] {
            assert!(about(rows) >= rows && i64::try_from(about(rows)).is_ok());
        }
    }
}
