//! The SQL of a page that is merged from strips: parts of a table, each of which an index has in the page's order.
//!
//! ```sql
//! SELECT m."event_id" FROM (
//!   SELECT q.* FROM unnest((SELECT public.auth_sites_or_all())) s(s0) CROSS JOIN LATERAL (
//!     (SELECT t."event_id", t."event_id" AS o0 FROM … t WHERE s.s0 IS NULL ORDER BY t."event_id" LIMIT …)
//!     UNION ALL (SELECT … WHERE t."site_id" = s.s0 ORDER BY t."event_id" NULLS FIRST LIMIT …)) q
//! ) m ORDER BY m.o0 LIMIT …
//! ```
//!
//! A table of which some callers see all rows has an index by its key, and one by a time, besides those that begin with the tenant.
//! Postgres assumes that a tenant's rows are spread evenly among the others, and would read them from such an index. But they are often
//! adjacent, so that it would walk past the rows of everybody else. So a tenant's rows are requested in an order that only the tenant's
//! indexes have, which are declared NULLS FIRST. No row lacks the values, so that the order is the same.
//!
//! The rows of one parent are ordered by the parent first. If these are the rows of a row of a reference table, each strip is:
//!
//! ```sql
//! SELECT … WHERE t."site_id" = s.s0 AND t."event_type_id" = ANY (ARRAY[$1]) ORDER BY t."event_type_id", t."event_id" NULLS FIRST
//! ```
//!
//! From an array Postgres does not conclude that the column is the same in all rows, so that only an index that begins with it has the
//! order: here the one by type, site and key; by protocol and key below a protocol. Neither an estimate nor another index wins against
//! it, and without it Postgres sorts the rows of the parent instead of searching those of all others. No index has the rows of a
//! reference row without the tenant, so a caller who sees all tenants pays for a page of each.
//!
//! The policy still decides about each row; strips only say where to search. If an order has missing values or mixed directions, the
//! rows after a cursor are several ranges of an index, which are merged in the same way.

use super::builder::Sql;
use super::limit::Limit;
use super::order;
use super::rows::{ROW, own};
use super::snippet::{Snippet, snippet, text};
use crate::graph::catalog::{CallerKeys, Scope, Table};
use crate::graph::question::order::Sort;
use crate::graph::question::projection::SelectedColumn;

/// The alias of the merged rows.
const MERGED: &str = "m";

/// The parts of a page's statement, as SQL whose parameters are bound already.
pub(super) struct Merge<'a> {
    pub(super) table: &'a Table,
    pub(super) projection: &'a [SelectedColumn],
    /// True if the values of the order are selected too, after the projection.
    pub(super) cursors: bool,
    /// True if only the values of the order are merged, and the page's rows are then looked up by their keys. Most rows of many strips
    /// do not reach the page, and an index may hold the values of the order.
    pub(super) by_key: bool,
    /// `SELECT … FROM … t …`, with the projection (unless rows are looked up) and the values of the order, `o0` and so on.
    pub(super) rows: &'a Snippet,
    /// The conditions that every row must meet.
    pub(super) conditions: &'a [Snippet],
    /// The ranges of the order that contain the rows; empty if the rows are not divided.
    pub(super) ranges: &'a [Snippet],
    pub(super) scope: Option<&'a Scope>,
    /// The column by which the rows of one parent are ordered first, though it is the same in all of them.
    pub(super) lead: Option<&'a Snippet>,
    /// The name of the tenant's column, if all rows belong to one tenant.
    pub(super) tenant: Option<&'a str>,
    pub(super) sorts: &'a [Sort],
    /// The values of the order, as columns of the rows.
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

    /// Writes the page as one query, without merging.
    pub(super) fn write_whole(&self, sql: &mut Sql) {
        self.limit.write(sql, |sql| self.rows_where(self.conditions.iter(), self.sorts, sql));
    }

    /// Writes the merged page with these columns, followed by the values of the order if `cursors` is true.
    fn merged(&self, projection: &[SelectedColumn], cursors: bool, sql: &mut Sql) {
        // Rows that are only counted have no columns, but `DISTINCT ON` needs some.
        let is_bare = self.is_distinct() && projection.is_empty() && !cursors;
        if is_bare {
            sql.push("SELECT FROM (");
        }
        self.limit.write(sql, |sql| self.in_order(projection, cursors || is_bare, sql));
        if is_bare {
            sql.push(") d");
        }
    }

    /// Returns true if a row may belong to several strips.
    fn is_distinct(&self) -> bool {
        self.scope.is_some_and(|scope| scope.strips.len() > 1)
    }

    fn in_order(&self, projection: &[SelectedColumn], cursors: bool, sql: &mut Sql) {
        let values = self.merged_values();
        sql.push("SELECT ");
        if self.is_distinct() {
            // The order is total: rows with the same values of it are the same row.
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

    /// Returns the values of the order, as columns of the merged rows.
    fn merged_values(&self) -> Vec<Snippet> {
        (0..self.sorts.len()).map(|at| snippet!("{MERGED}.o{at}", MERGED, at)).collect()
    }

    fn strip(&self, column: &str, keys: CallerKeys, sql: &mut Sql) {
        let column = named(column);
        let each = match keys {
            CallerKeys::ManyOrAll { each, .. } if self.lead.is_some() => each,
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

    /// Returns the order as the indexes of a tenant have it. `column` is the tenant's. The condition of each range says whether the first
    /// value is missing.
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

    /// Writes the rows of a strip, one query for each range.
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
        // In the direction of the rest, so that one index serves the order from either end.
        let leads = |lead: &Snippet| (lead.clone(), Sort { nullable: false, ..sorts[0].clone() });
        let lead = self.lead.filter(|lead| self.values.first() != Some(lead));
        let (mut by, mut how): (Vec<_>, Vec<_>) = lead.map(leads).into_iter().unzip();
        by.extend_from_slice(self.values);
        how.extend_from_slice(sorts);
        order::write_order(&by, &how, sql);
    }
}

/// Returns a column of the rows by its name.
fn named(column: &str) -> Snippet {
    snippet!("{ROW}.{column}", ROW, column = Snippet::identifier(column))
}
