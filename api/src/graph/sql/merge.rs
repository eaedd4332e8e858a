//! A page merged from strips: parts of a table, each of which an index gives in the page's order.
//!
//! ```sql
//! SELECT m."event_id" FROM (
//!   SELECT q.* FROM unnest((SELECT public.auth_sites_or_all())) s(s0) CROSS JOIN LATERAL (
//!     (SELECT t."event_id", t."event_id" AS o0 FROM … t WHERE s.s0 IS NULL ORDER BY t."event_id" LIMIT 21)
//!     UNION ALL (SELECT … WHERE t."site_id" = s.s0 ORDER BY t."event_id" NULLS FIRST LIMIT 21)) q
//! ) m ORDER BY m.o0 LIMIT 21
//! ```
//!
//! A table that somebody sees all of has an index by its key, and one by a time, beside those that the tenant leads. Where Postgres
//! takes a tenant's rows to lie evenly among the others it would go by such a one, and those of a tenant often lie together: it
//! walks past everybody else's. So a tenant's rows are asked for in the order of the tenant's indexes alone, which are declared
//! NULLS FIRST. No row lacks the values, and the order is the same.
//!
//! Below a row of a reference table a strip has an index by that row, the tenant and the key, and neither
//! estimates nor another index of the tenant may stand before it:
//!
//! ```sql
//! SELECT … WHERE t."site_id" = s.s0 AND t."event_type_id" = ANY (ARRAY[$1]) ORDER BY t."event_type_id", t."event_id" NULLS FIRST
//! ```
//!
//! Of an array Postgres does not conclude that the column is the same in all rows, and only that index gives the order. There is
//! none without the tenant, so that whoever sees all tenants pays for a page of each.
//!
//! The policy still decides about each row; strips only say where to look. What continues after a cursor in an order that has
//! missing values, or goes both ways, is several ranges of an index: strips too.

use super::builder::Sql;
use super::rows::{ROW, Selected};
use crate::graph::catalog::{ColumnId, Keys, Scope, Table, quote};
use crate::graph::question::order::{self, Sort};

/// Alias of what is merged.
const MERGED: &str = "m";

/// The parts of a page's statement, as text whose parameters are bound already.
pub(in crate::graph) struct Merge<'a> {
    pub(in crate::graph) table: &'a Table,
    pub(in crate::graph) projection: &'a [Selected],
    /// Whether the values of the order are selected too, behind the projection.
    pub(in crate::graph) cursors: bool,
    /// Whether only the values of the order are merged, and the page's rows are then looked up by their keys: of many strips
    /// most rows are for nothing, and an index may have all that is asked of them.
    pub(in crate::graph) by_key: bool,
    /// `SELECT … FROM … t …`: projection, unless rows are looked up, and order, `o0` and so on.
    pub(in crate::graph) rows: &'a str,
    /// What must hold of every row.
    pub(in crate::graph) conditions: &'a [String],
    /// Ranges of the order, one of which a row lies in; none for all of it.
    pub(in crate::graph) ranges: &'a [String],
    pub(in crate::graph) scope: Option<&'a Scope>,
    /// The column by which all rows have one row of a reference table: what their index begins with.
    pub(in crate::graph) reference: Option<&'a str>,
    /// Name of the column of the tenant that all rows are of.
    pub(in crate::graph) tenant: Option<&'a str>,
    pub(in crate::graph) sorts: &'a [Sort],
    /// What the rows themselves are ordered by.
    pub(in crate::graph) values: &'a [String],
    /// Rows that are wanted, and those that are skipped.
    pub(in crate::graph) limit: u64,
    pub(in crate::graph) offset: u64,
}

impl Merge<'_> {
    pub(in crate::graph) fn write(&self, sql: &mut Sql) {
        if !self.by_key {
            return self.merged(self.projection, self.cursors, sql);
        }
        let values = self.merged_values();
        let selected = self.projection.iter().map(|it| self.own(it.column));
        let cursors = if self.cursors { values.as_slice() } else { &[] };
        sql.push("SELECT ").join(", ", selected.chain(cursors.iter().cloned()), |sql, value| {
            sql.push(value);
        });
        sql.push(" FROM (");
        self.merged(&[], true, sql);
        sql.push(format_args!(") {MERGED} JOIN ")).table(self.table).push(format_args!(" {ROW} ON "));
        // The key is part of the order.
        let is_of_key = |value: &str| self.table.primary_key.iter().any(|id| self.own(*id) == value);
        let keys = self.values.iter().zip(&values).filter(|(value, _)| is_of_key(value.as_str()));
        sql.join(" AND ", keys, |sql, (value, merged)| {
            sql.push(format_args!("{value} = {merged}"));
        });
        order::write_order(&values, self.sorts, sql);
    }

    /// Writes the page of a table whose rows are in order as they are.
    pub(in crate::graph) fn write_whole(&self, sql: &mut Sql) {
        self.rows_where(self.conditions.iter().map(String::as_str), self.sorts, sql);
        self.limit(sql);
    }

    fn limit(&self, sql: &mut Sql) {
        sql.push(format_args!(" LIMIT {}", self.limit));
        if self.offset > 0 {
            sql.push(format_args!(" OFFSET {}", self.offset));
        }
    }

    /// Writes the page with these columns and, behind them, the values of the order where they are wanted.
    fn merged(&self, projection: &[Selected], cursors: bool, sql: &mut Sql) {
        let values = self.merged_values();
        let is_distinct = self.scope.is_some_and(|scope| scope.strips.len() > 1);
        // Rows that are only counted have no columns, but what is distinct has to have some.
        let is_bare = is_distinct && projection.is_empty() && !cursors;
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
            projection.iter().map(|it| format!("{MERGED}.{}", self.table.column(it.column).sql_name));
        let cursors = if cursors || is_bare { values.as_slice() } else { &[] };
        sql.join(", ", selected.chain(cursors.iter().cloned()), |sql, column| {
            sql.push(column);
        });
        sql.push(" FROM (");
        if let Some(scope) = self.scope {
            sql.join(" UNION ALL ", scope.strips, |sql, strip| self.strip(strip.column, strip.keys, sql));
        } else {
            let of_tenant =
                self.tenant.map(|column| self.sorts_of_tenant(&format!("{ROW}.{}", quote(column))));
            self.ranges(None, of_tenant.as_deref().unwrap_or(self.sorts), sql);
        }
        sql.push(format_args!(") {MERGED}"));
        order::write_order(&values, self.sorts, sql);
        self.limit(sql);
        if is_bare {
            sql.push(") d");
        }
    }

    /// The values of the order, as they are called once merged.
    fn merged_values(&self) -> Vec<String> {
        (0..self.sorts.len()).map(|at| format!("{MERGED}.o{at}")).collect()
    }

    /// A column of the rows themselves.
    fn own(&self, column: ColumnId) -> String {
        format!("{ROW}.{}", self.table.column(column).sql_name)
    }

    fn strip(&self, column: &str, keys: Keys, sql: &mut Sql) {
        let column = format!("{ROW}.{}", quote(column));
        let each = match keys {
            Keys::ManyOrAll { each, .. } if self.reference.is_some() => each,
            _ => None,
        };
        let function = each.unwrap_or(keys.function());
        if let Keys::One(_) = keys {
            return self.ranges(Some(&format!("{column} = (SELECT {function}())")), self.sorts, sql);
        }
        sql.push(format_args!("SELECT q.* FROM unnest((SELECT {function}())) s(s0) CROSS JOIN LATERAL ("));
        let of_key = format!("{column} = s.s0");
        if let Keys::ManyOrAll { .. } = keys {
            if each.is_none() {
                self.ranges(Some("s.s0 IS NULL"), self.sorts, sql);
                sql.push(" UNION ALL ");
            }
            self.ranges(Some(&of_key), &self.sorts_of_tenant(&column), sql);
        } else {
            self.ranges(Some(&of_key), self.sorts, sql);
        }
        sql.push(") q");
    }

    /// The same order as the indexes of a tenant have it, whose column this is. Each range says of the first value whether it is
    /// missing.
    fn sorts_of_tenant(&self, column: &str) -> Vec<Sort> {
        let leads_key = self.table.primary_key.first().is_some_and(|id| self.own(*id) == column);
        if leads_key && self.values.first().is_some_and(|first| first == column) {
            // The primary key itself is an index of a tenant.
            return self.sorts.to_vec();
        }
        let is_known = |at: usize| at == 0 && !self.ranges.is_empty();
        let declared = |(at, sort): (usize, &Sort)| {
            if sort.nullable && !is_known(at) { sort.clone() } else { sort.nulls_first() }
        };
        self.sorts.iter().enumerate().map(declared).collect()
    }

    /// Writes the rows of a strip, range by range.
    fn ranges(&self, strip: Option<&str>, sorts: &[Sort], sql: &mut Sql) {
        if self.ranges.is_empty() {
            self.rows(strip, None, sorts, sql);
        } else {
            sql.join(" UNION ALL ", self.ranges, |sql, range| self.rows(strip, Some(range), sorts, sql));
        }
    }

    fn rows(&self, strip: Option<&str>, range: Option<&str>, sorts: &[Sort], sql: &mut Sql) {
        sql.push("(");
        let conditions = strip.into_iter().chain(self.conditions.iter().map(String::as_str)).chain(range);
        self.rows_where(conditions, sorts, sql);
        sql.push(format_args!(" LIMIT {})", self.limit + self.offset));
    }

    fn rows_where<'c>(&self, conditions: impl Iterator<Item = &'c str>, sorts: &[Sort], sql: &mut Sql) {
        sql.push(self.rows);
        for (at, condition) in conditions.enumerate() {
            sql.push(if at == 0 { " WHERE " } else { " AND " }).push(condition);
        }
        let leads = |reference: &str| (reference.to_owned(), Sort { nullable: false, ..sorts[0].clone() });
        let (mut by, mut how): (Vec<_>, Vec<_>) = self.reference.map(leads).into_iter().unzip();
        by.extend_from_slice(self.values);
        how.extend_from_slice(sorts);
        order::write_order(&by, &how, sql);
    }
}
