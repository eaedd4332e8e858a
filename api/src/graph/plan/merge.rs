//! A page merged from strips: parts of a table, each of which an index gives in the page's order.
//!
//! ```sql
//! SELECT m."event_id" FROM (
//!   SELECT q.* FROM unnest((SELECT public.auth_sites_or_all())) s(s0) CROSS JOIN LATERAL (
//!     (SELECT t."event_id", t."event_id" AS o0 FROM … t WHERE s.s0 IS NULL ORDER BY t."event_id" LIMIT 21)
//!     UNION ALL (SELECT … WHERE t."site_id" = s.s0 ORDER BY t."event_id" LIMIT 21)) q
//! ) m ORDER BY m.o0 LIMIT 21
//! ```
//!
//! The policy still decides about each row; strips only say where to look. What continues after a cursor in an order that has
//! missing values, or goes both ways, is several ranges of an index: strips too.

use super::order::{self, Sort};
use super::sql::Sql;
use super::statement::{ROW, Selected};
use crate::graph::catalog::{Keys, Scope, Table, quote};

/// Alias of what is merged.
const MERGED: &str = "m";

/// The parts of a page's statement, as text whose parameters are bound already.
pub(super) struct Merge<'a> {
    pub(super) table: &'a Table,
    pub(super) projection: &'a [Selected],
    /// Whether the values of the order are selected too, behind the projection.
    pub(super) cursors: bool,
    /// `SELECT … FROM … t …`: projection and order, `o0` and so on.
    pub(super) rows: &'a str,
    /// What must hold of every row.
    pub(super) conditions: &'a [String],
    /// Ranges of the order, one of which a row lies in; none for all of it.
    pub(super) ranges: &'a [String],
    pub(super) scope: Option<&'a Scope>,
    pub(super) sorts: &'a [Sort],
    /// ` ORDER BY …` of the rows themselves.
    pub(super) order: &'a str,
    /// Rows that are wanted, and those that are skipped.
    pub(super) limit: u64,
    pub(super) offset: u64,
}

impl Merge<'_> {
    pub(super) fn write(&self, sql: &mut Sql) {
        let values: Vec<String> = (0..self.sorts.len()).map(|at| format!("{MERGED}.o{at}")).collect();
        let is_distinct = self.scope.is_some_and(|scope| scope.strips.len() > 1);
        // Rows that are only counted have no columns, but what is distinct has to have some.
        let is_bare = is_distinct && self.projection.is_empty() && !self.cursors;
        if is_bare {
            sql.push("SELECT FROM (");
        }
        sql.push("SELECT ");
        if is_distinct {
            // The order is total, so that rows are the same where it is.
            sql.push("DISTINCT ON (").join(", ", &values, |sql, value| {
                sql.push(value);
            });
            sql.push(") ");
        }
        let selected =
            self.projection.iter().map(|it| format!("{MERGED}.{}", self.table.column(it.column).sql_name));
        let cursors = if self.cursors || is_bare { values.as_slice() } else { &[] };
        sql.join(", ", selected.chain(cursors.iter().cloned()), |sql, column| {
            sql.push(column);
        });
        sql.push(" FROM (");
        match self.scope {
            Some(scope) => {
                sql.join(" UNION ALL ", scope.strips, |sql, strip| self.strip(strip.column, strip.keys, sql));
            }
            None => self.ranges(None, sql),
        }
        sql.push(format_args!(") {MERGED}"));
        order::write_order(&values, self.sorts, sql);
        sql.push(format_args!(" LIMIT {}", self.limit));
        if self.offset > 0 {
            sql.push(format_args!(" OFFSET {}", self.offset));
        }
        if is_bare {
            sql.push(") d");
        }
    }

    fn strip(&self, column: &str, keys: Keys, sql: &mut Sql) {
        let column = format!("{ROW}.{}", quote(column));
        let function = keys.function();
        if let Keys::One(_) = keys {
            return self.ranges(Some(&format!("{column} = (SELECT {function}())")), sql);
        }
        sql.push(format_args!("SELECT q.* FROM unnest((SELECT {function}())) s(s0) CROSS JOIN LATERAL ("));
        if let Keys::ManyOrAll(_) = keys {
            self.ranges(Some("s.s0 IS NULL"), sql);
            sql.push(" UNION ALL ");
        }
        self.ranges(Some(&format!("{column} = s.s0")), sql);
        sql.push(") q");
    }

    /// Writes the rows of a strip, range by range.
    fn ranges(&self, strip: Option<&str>, sql: &mut Sql) {
        if self.ranges.is_empty() {
            self.rows(strip, None, sql);
        } else {
            sql.join(" UNION ALL ", self.ranges, |sql, range| self.rows(strip, Some(range), sql));
        }
    }

    fn rows(&self, strip: Option<&str>, range: Option<&str>, sql: &mut Sql) {
        sql.push("(").push(self.rows);
        let conditions = strip.into_iter().chain(self.conditions.iter().map(String::as_str)).chain(range);
        for (at, condition) in conditions.enumerate() {
            sql.push(if at == 0 { " WHERE " } else { " AND " }).push(condition);
        }
        sql.push(self.order).push(format_args!(" LIMIT {})", self.limit + self.offset));
    }
}
