//! A page merged from strips: parts of a table, each of which an index gives in the page's order.
//!
//! ```sql
//! SELECT m."event_id" FROM (
//!   SELECT q.* FROM unnest((SELECT public.auth_sites_or_all())) s(s0) CROSS JOIN LATERAL (
//!     (SELECT t."event_id", t."event_id" AS o0 FROM … t WHERE s.s0 IS NULL ORDER BY t."event_id" LIMIT …)
//!     UNION ALL (SELECT … WHERE t."site_id" = s.s0 ORDER BY t."event_id" NULLS FIRST LIMIT …)) q
//! ) m ORDER BY m.o0 LIMIT …
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
//! none without the tenant, so that a caller who sees all tenants pays for a page of each.
//!
//! The policy still decides about each row; strips only say where to look. What continues after a cursor in an order that has
//! missing values, or goes both ways, is several ranges of an index: strips too.

use super::builder::Sql;
use super::limit::Limit;
use super::order;
use super::rows::{ROW, own};
use super::snippet::{Snippet, snippet, text};
use crate::graph::catalog::{CallerKeys, Scope, Table};
use crate::graph::question::order::Sort;
use crate::graph::question::projection::SelectedColumn;

/// Alias of what is merged.
const MERGED: &str = "m";

/// The parts of a page's statement, as text whose parameters are bound already.
pub(super) struct Merge<'a> {
    pub(super) table: &'a Table,
    pub(super) projection: &'a [SelectedColumn],
    /// Whether the values of the order are selected too, behind the projection.
    pub(super) cursors: bool,
    /// Whether only the values of the order are merged, and the page's rows are then looked up by their keys: of many strips
    /// most rows are for nothing, and an index may have all that is asked of them.
    pub(super) by_key: bool,
    /// `SELECT … FROM … t …`: projection, unless rows are looked up, and order, `o0` and so on.
    pub(super) rows: &'a Snippet,
    /// What must hold of every row.
    pub(super) conditions: &'a [Snippet],
    /// Ranges of the order, one of which a row lies in; none for all of it.
    pub(super) ranges: &'a [Snippet],
    pub(super) scope: Option<&'a Scope>,
    /// The column by which all rows have one row of a reference table: what their index begins with.
    pub(super) reference: Option<&'a Snippet>,
    /// Name of the column of the tenant that all rows are of.
    pub(super) tenant: Option<&'a str>,
    pub(super) sorts: &'a [Sort],
    /// What the rows themselves are ordered by.
    pub(super) values: &'a [Snippet],
    pub(super) limit: Limit,
}

impl Merge<'_> {
    pub(super) fn write(&self, sql: &mut Sql) {
        if !self.by_key {
            return self.merged(self.projection, self.cursors, sql);
        }
        let values = self.merged_values();
        let selected = self.projection.iter().map(|it| own(self.table, it.column));
        let cursors = if self.cursors { values.as_slice() } else { &[] };
        sql.push("SELECT ").join(", ", selected.chain(cursors.iter().cloned()), |sql, value| {
            sql.push(value);
        });
        sql.push(" FROM (");
        self.merged(&[], true, sql);
        sql.push(text!(") {MERGED} JOIN ", MERGED)).table(self.table).push(text!(" {ROW} ON ", ROW));
        // The key is part of the order.
        let is_of_key =
            |value: &Snippet| self.table.primary_key.iter().any(|id| own(self.table, *id) == *value);
        let keys = self.values.iter().zip(&values).filter(|(value, _)| is_of_key(value));
        sql.join(" AND ", keys, |sql, (value, merged)| {
            sql.push(text!("{value} = {merged}", value, merged));
        });
        order::write_order(&values, self.sorts, sql);
    }

    /// Writes the page of a table whose rows are in order as they are.
    pub(super) fn write_whole(&self, sql: &mut Sql) {
        self.limit.write(sql, |sql| self.rows_where(self.conditions.iter(), self.sorts, sql));
    }

    /// Writes the page with these columns and, behind them, the values of the order where they are wanted.
    fn merged(&self, projection: &[SelectedColumn], cursors: bool, sql: &mut Sql) {
        // Rows that are only counted have no columns, but what is distinct has to have some.
        let is_bare = self.is_distinct() && projection.is_empty() && !cursors;
        if is_bare {
            sql.push("SELECT FROM (");
        }
        self.limit.write(sql, |sql| self.in_order(projection, cursors || is_bare, sql));
        if is_bare {
            sql.push(") d");
        }
    }

    /// Returns whether a row may lie in several strips.
    fn is_distinct(&self) -> bool {
        self.scope.is_some_and(|scope| scope.strips.len() > 1)
    }

    fn in_order(&self, projection: &[SelectedColumn], cursors: bool, sql: &mut Sql) {
        let values = self.merged_values();
        sql.push("SELECT ");
        if self.is_distinct() {
            // The order is total, so that rows are the same where it is.
            sql.push("DISTINCT ON (").join(", ", &values, |sql, value| {
                sql.push(value);
            });
            sql.push(") ");
        }
        let selected = projection
            .iter()
            .map(|it| snippet!("{MERGED}.{column}", MERGED, column = self.table.column(it.column)));
        let cursors = if cursors { values.as_slice() } else { &[] };
        sql.join(", ", selected.chain(cursors.iter().cloned()), |sql, column| {
            sql.push(column);
        });
        sql.push(" FROM (");
        if let Some(scope) = self.scope {
            sql.join(" UNION ALL ", scope.strips, |sql, strip| self.strip(strip.column, strip.keys, sql));
        } else {
            let of_tenant = self.tenant.map(|column| self.sorts_of_tenant(&named(column)));
            self.ranges(None, of_tenant.as_deref().unwrap_or(self.sorts), sql);
        }
        sql.push(") ").push(MERGED);
        order::write_order(&values, self.sorts, sql);
    }

    /// Returns the values of the order, as they are called once merged.
    fn merged_values(&self) -> Vec<Snippet> {
        (0..self.sorts.len()).map(|at| snippet!("{MERGED}.o{at}", MERGED, at)).collect()
    }

    fn strip(&self, column: &str, keys: CallerKeys, sql: &mut Sql) {
        let column = named(column);
        let each = match keys {
            CallerKeys::ManyOrAll { each, .. } if self.reference.is_some() => each,
            _ => None,
        };
        let function = each.unwrap_or(keys.function());
        if let CallerKeys::One(_) = keys {
            let of_caller = snippet!("{column} = (SELECT {function}())", column, function);
            return self.ranges(Some(&of_caller), self.sorts, sql);
        }
        sql.push(text!("SELECT q.* FROM unnest((SELECT {function}())) s(s0) CROSS JOIN LATERAL (", function));
        let of_key = snippet!("{column} = s.s0", column);
        if let CallerKeys::ManyOrAll { .. } = keys {
            if each.is_none() {
                self.ranges(Some(&Snippet::of("s.s0 IS NULL")), self.sorts, sql);
                sql.push(" UNION ALL ");
            }
            self.ranges(Some(&of_key), &self.sorts_of_tenant(&column), sql);
        } else {
            self.ranges(Some(&of_key), self.sorts, sql);
        }
        sql.push(") q");
    }

    /// Returns the same order as the indexes of a tenant have it, whose column this is. Each range says of the first value whether it is
    /// missing.
    fn sorts_of_tenant(&self, column: &Snippet) -> Vec<Sort> {
        let leads_key = self.table.primary_key.first().is_some_and(|id| own(self.table, *id) == *column);
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
    fn ranges(&self, strip: Option<&Snippet>, sorts: &[Sort], sql: &mut Sql) {
        if self.ranges.is_empty() {
            self.rows(strip, None, sorts, sql);
        } else {
            sql.join(" UNION ALL ", self.ranges, |sql, range| self.rows(strip, Some(range), sorts, sql));
        }
    }

    fn rows(&self, strip: Option<&Snippet>, range: Option<&Snippet>, sorts: &[Sort], sql: &mut Sql) {
        let conditions = strip.into_iter().chain(self.conditions).chain(range);
        sql.push("(");
        self.limit.write_with_skipped(sql, |sql| self.rows_where(conditions, sorts, sql));
        sql.push(")");
    }

    fn rows_where<'c>(&self, conditions: impl Iterator<Item = &'c Snippet>, sorts: &[Sort], sql: &mut Sql) {
        sql.push(self.rows);
        for (at, condition) in conditions.enumerate() {
            sql.push(if at == 0 { " WHERE " } else { " AND " }).push(condition);
        }
        let leads = |reference: &Snippet| (reference.clone(), Sort { nullable: false, ..sorts[0].clone() });
        let (mut by, mut how): (Vec<_>, Vec<_>) = self.reference.map(leads).into_iter().unzip();
        by.extend_from_slice(self.values);
        how.extend_from_slice(sorts);
        order::write_order(&by, &how, sql);
    }
}

/// Returns the column of this name of the rows themselves.
fn named(column: &str) -> Snippet {
    snippet!("{ROW}.{column}", ROW, column = Snippet::identifier(column))
}
