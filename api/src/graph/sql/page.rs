//! The SQL of pages of rows.

use std::convert::Infallible;

use super::builder::Sql;
use super::call;
use super::filter::Filter;
use super::keyset;
use super::limit::Limit;
use super::merge::Merge;
use super::order::{self, Resolved};
use super::rows::{ROW, matches_key, own, select, write_key};
use super::snippet::{Snippet, snippet, text};
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{CallerKeys, Catalog, ColumnId, ColumnType, Relation, Scope, Strip, Table};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::key::{self, Parents};
use crate::graph::question::order::{Sort, Term};
use crate::graph::question::page::Page;
use crate::graph::question::projection::SelectedColumn;

/// The alias of the keys of the tenants whose rows the caller may see.
const SEEN: &str = "seen";

/// The parts of a page's statement.
pub(in crate::graph) struct PageQuery<'a> {
    pub(in crate::graph) table: &'a Table,
    /// The columns that match the parents' keys; empty for the whole table.
    pub(in crate::graph) columns: &'a [ColumnId],
    pub(in crate::graph) parents: Parents,
    pub(in crate::graph) projection: &'a [SelectedColumn],
    pub(in crate::graph) page: &'a Page,
    pub(in crate::graph) filter: Option<&'a Value<'a>>,
    /// True if the values of the order are selected too, after the projection.
    pub(in crate::graph) cursors: bool,
    /// True if the page may be merged from the strips of the table's scope.
    pub(in crate::graph) scoped: bool,
}

/// Returns the statement of a page of the whole table, or of a page for each parent with a limit of its own.
pub(in crate::graph) fn page(
    catalog: &Catalog,
    query: &PageQuery<'_>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let PageQuery { table, columns, parents, projection, page, filter, cursors, scoped } = query;
    let parts = key::parts(table, columns);
    let mut sql = Sql::new(parts.len());
    let tenant = if *scoped { tenant(catalog, table, columns) } else { None };
    let asks_first = tenant.map(|strip| strip.keys).filter(|keys| !keys.are_the_policy());
    if let Some(keys) = asks_first {
        write_seen(keys, &mut sql);
    }
    let nested = !columns.is_empty() && *parents == Parents::Many;
    if nested {
        sql.push("SELECT p.* FROM ").keys(&parts).push(" CROSS JOIN LATERAL (");
    }
    let sorts: Vec<Sort> = page
        .order
        .iter()
        .map(|term| if page.backward { term.sort.reversed() } else { term.sort.clone() })
        .collect();
    let paths = page.order.iter().map(|term| &term.at);
    let ordered =
        order::resolve(catalog, table, ROW, paths, |at| format!("orderBy.{at}"), allowance, &mut sql)?;

    let scope = if *scoped { scope(catalog, table, columns) } else { None };
    let lead = lead(catalog, query, scope);
    let is_own = |term: &Term| term.at.relations.is_empty();
    let (ahead, behind) =
        if page.backward { (&page.before, &page.after) } else { (&page.after, &page.before) };
    let has_order = columns.is_empty() || tenant.is_some() || lead.is_some();
    let kinds = if has_order { kinds(table, page) } else { Vec::new() };
    let is_of_tenants = tenant.is_some() || scope.is_some_and(Scope::may_be_whole);
    let has_missing_values = is_of_tenants && sorts.first().is_some_and(|sort| sort.nullable);
    let splits = page.order.iter().all(is_own)
        && (has_missing_values || !kinds.is_empty() || !keyset::is_one_range(&sorts, ahead.as_deref()));
    let merges = scope.is_some() || tenant.is_some() || splits;

    let by_key =
        scope.is_some_and(Scope::has_many) && !projection.is_empty() && page.order.iter().all(is_own);
    let rows = capture(&mut sql, |sql| {
        let projection = if by_key { &[] } else { *projection };
        write_rows(catalog, query, projection, &ordered, *cursors || merges, sql);
    });

    let mut conditions = Vec::new();
    if !columns.is_empty() {
        conditions.push(capture(&mut sql, |sql| {
            matches_key(table, columns, *parents, lead, sql);
            if asks_first.is_some() {
                write_is_seen(table, columns, *parents, sql);
            }
        }));
    }
    let present = page.present.iter().map(|column| table.column(*column));
    conditions.extend(present.map(|column| snippet!("{ROW}.{column} IS NOT NULL", ROW, column)));
    let (by, bound) = (&ordered.values, page.bound);
    let ranges = match ahead.as_deref() {
        _ if !splits => Vec::new(),
        ahead if !kinds.is_empty() => keyset::ranges_of_kinds(&kinds, by, &sorts, ahead, bound, &mut sql),
        Some(values) => keyset::ranges_after(by, &sorts, values, bound, &mut sql),
        None => keyset::with_and_without(&by[0]).into(),
    };
    if let (Some(values), false) = (ahead, splits) {
        conditions.push(capture(&mut sql, |sql| keyset::write_after(by, &sorts, values, bound, sql)));
    }
    if let Some(values) = behind {
        let other: Vec<Sort> = sorts.iter().map(Sort::reversed).collect();
        conditions.push(capture(&mut sql, |sql| keyset::write_after(by, &other, values, bound, sql)));
    }
    if let Some(filter) = filter {
        let write = |sql: &mut Sql| Filter::new(catalog, sql, allowance).write_row(table, filter);
        conditions.push(sql.capture(write)?);
    }
    // One more row than the page has shows whether any row follows.
    let limit = Limit::bind(page.limit + 1, page.offset, &mut sql);

    let lead = lead.map(|column| own(table, column));
    let merge = Merge {
        table,
        projection,
        cursors: *cursors,
        by_key,
        rows: &rows,
        conditions: &conditions,
        ranges: &ranges,
        scope,
        lead: lead.as_ref(),
        tenant: tenant.map(|strip| strip.column),
        sorts: &sorts,
        values: &ordered.values,
        limit,
    };
    if merges {
        merge.write(&mut sql);
    } else {
        merge.write_whole(&mut sql);
    }
    if nested {
        sql.push(") p");
    }
    Ok(sql)
}

/// Returns the SQL that a closure writes, which cannot fail.
fn capture(sql: &mut Sql, write: impl FnOnce(&mut Sql)) -> Snippet {
    let Ok(text) = sql.capture(|sql| {
        write(sql);
        Ok::<_, Infallible>(())
    });
    text
}

/// Writes `SELECT … FROM …` of a page: the projection, followed by the values of the order if `with_order` is true.
fn write_rows(
    catalog: &Catalog,
    query: &PageQuery<'_>,
    projection: &[SelectedColumn],
    ordered: &Resolved,
    with_order: bool,
    sql: &mut Sql,
) {
    sql.push("SELECT ");
    select(query.table, projection, sql);
    if with_order {
        let separator = if projection.is_empty() { "" } else { ", " };
        sql.push(separator).join(", ", ordered.values.iter().enumerate(), |sql, (at, value)| {
            sql.push(value).push(text!(" AS o{at}", at));
        });
    }
    sql.push(" FROM ");
    call::write_from(catalog, query.table, query.page.call.as_ref(), sql);
    sql.push(" ").push(ROW);
    ordered.write_joins(catalog, sql);
}

/// Returns the values of an enum with which both the primary key and the order begin; none if they begin with another column.
fn kinds<'t>(table: &'t Table, page: &Page) -> Vec<&'t str> {
    let first = page.order.first().filter(|term| term.at.relations.is_empty());
    let Some(column) = first.map(|term| term.at.column) else { return Vec::new() };
    match &table.column(column).ty {
        ColumnType::Enum(words) if table.primary_key.first() == Some(&column) => {
            words.values.iter().map(|word| word.text.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the scope whose strips a page is merged from; none for rows below a parent, which its key finds, unless the parent is a row of
/// a reference table, which all tenants share.
fn scope<'c>(catalog: &'c Catalog, table: &Table, columns: &[ColumnId]) -> Option<&'c Scope> {
    let is_of_all_tenants = columns.is_empty() || is_below_reference(catalog, table, columns);
    catalog.scope(table.id).filter(|_| is_of_all_tenants)
}

/// Returns true if the parents are rows of a reference table.
fn is_below_reference(catalog: &Catalog, table: &Table, columns: &[ColumnId]) -> bool {
    let leads_here = |it: &&Relation| !it.many && it.local == columns;
    let parent = table.relations.iter().find(leads_here).map(|it| catalog.table(it.target));
    parent.is_some_and(|parent| parent.is_reference)
}

/// Returns the column by which the rows of a parent are ordered first. All of them have the same value there, but only an index that
/// begins with the column has that order.
///
/// It returns none for the whole table, and for the rows of a tenant, whose indexes have an order of their own. The rows of a row of a
/// reference table belong to all tenants, so that there it returns a column only if an index has them in the page's order.
fn lead(catalog: &Catalog, query: &PageQuery<'_>, scope: Option<&Scope>) -> Option<ColumnId> {
    let PageQuery { table, columns, .. } = *query;
    if is_below_reference(catalog, table, columns) {
        return scope.and_then(|_| reference(catalog, query));
    }
    columns.first().copied().filter(|_| tenant(catalog, table, columns).is_none())
}

/// Returns the column by which the rows reference a row of a reference table, if an index of that column has them in the page's order.
/// It returns none if the column is part of the key: each tenant has few of these rows then, and every index of the key has them.
fn reference(catalog: &Catalog, query: &PageQuery<'_>) -> Option<ColumnId> {
    let ([column], table) = (query.columns, query.table) else { return None };
    let by_key = query.page.order.iter().map(|term| (term.at.relations.is_empty(), term.at.column));
    let is_by_key = by_key.eq(table.primary_key.iter().map(|id| (true, *id)));
    let is_of_key = table.primary_key.contains(column);
    (is_by_key && !is_of_key && catalog.is_in_order_by(table, *column)).then_some(*column)
}

/// Returns the strip of the table's scope if the parents are tenants themselves.
fn tenant<'c>(catalog: &'c Catalog, table: &Table, columns: &[ColumnId]) -> Option<&'c Strip> {
    let ([column], scope) = (columns, catalog.scope(table.id)?) else { return None };
    let [strip] = scope.strips else { return None };
    let is_of_tenant = scope.may_be_whole() && strip.column == table.column(*column).name;
    is_of_tenant.then_some(strip)
}

/// Writes the `WITH` query of the tenants whose rows the caller may see, which runs once for the whole statement.
fn write_seen(keys: CallerKeys, sql: &mut Sql) {
    sql.push(text!(
        "WITH {SEEN} AS MATERIALIZED (SELECT {function}() AS keys) ",
        SEEN,
        function = keys.function()
    ));
}

/// Writes the condition that a parent is a tenant whose rows the caller may see. Without it the policy would check each row of other
/// tenants.
fn write_is_seen(table: &Table, columns: &[ColumnId], parents: Parents, sql: &mut Sql) {
    let keys = snippet!("(SELECT keys FROM {SEEN})", SEEN);
    sql.push(text!(" AND (array_position({keys}, NULL) IS NOT NULL OR ARRAY[", keys));
    sql.join(", ", columns.iter().enumerate(), |sql, (at, column)| {
        write_key(table, at, *column, parents, sql);
    });
    sql.push(text!("] <@ {keys})", keys));
}

/// Returns the statement of the rows from which points are chosen, for the whole table or for each parent. It reads one row more than the
/// limit, for each parent and in total.
pub(in crate::graph) fn points(
    catalog: &Catalog,
    query: &PageQuery<'_>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let mut sql = page(catalog, query, allowance)?;
    if !query.columns.is_empty() && query.parents == Parents::Many {
        sql.push(" LIMIT ").push(query.page.limit + 1);
    }
    // Answers are cached by their SQL, which does not contain the number of points to choose.
    sql.not_only_reference();
    Ok(sql)
}
