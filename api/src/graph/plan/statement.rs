//! The SQL of a load.

use tokio_postgres::types::Type;

use super::allowance::Allowance;
use super::call::{self, Call};
use super::filter::Filter;
use super::merge::Merge;
use super::order::{self, Sort};
use super::page::Page;
use super::sql::{KEY_ALIAS, Sql};
use crate::database::Parameter;
use crate::graph::aggregate::{Function, NUMBER_WITHIN};
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, Keys, Relation, Scope, Strip, Table, TableId};

/// Digits that a number within JSON does not have: Postgres writes them all.
const LONGEST_NUMBER: usize = 140;

/// Alias of the table whose rows are loaded.
pub(super) const ROW: &str = "t";
/// Alias of the tenants of whom the caller sees rows.
const SEEN: &str = "seen";

/// How many parents a statement is for. One parent's needs no array of keys, and Postgres then keeps its plan: that for an
/// array of unknown length looks dear beside a plan for one key, and so would be made anew for every request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum Parents {
    /// One, whose key's parts are parameters; or the whole table, without a key.
    One,
    /// Any number; the parts of their keys are arrays.
    Many,
}

/// A table that is joined to the one whose rows are loaded, by a relation to one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Join {
    /// Which table the relation starts from: 0 for the one whose rows are loaded, otherwise the number of its join.
    pub(super) from: usize,
    pub(super) table: TableId,
    pub(super) local: Vec<ColumnId>,
    pub(super) remote: Vec<ColumnId>,
}

/// A column that a statement selects, of the table with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Selected {
    pub(super) table: usize,
    pub(super) column: ColumnId,
}

/// Rows of a table with what is joined to them.
pub(super) struct Rows<'a> {
    pub(super) table: &'a Table,
    pub(super) joins: &'a [Join],
    pub(super) projection: &'a [Selected],
    pub(super) filter: Option<&'a Value<'a>>,
}

/// All rows of a table.
pub(super) fn all(table: &Table, projection: &[Selected]) -> Sql {
    let mut sql = Sql::new(0);
    sql.push("SELECT ");
    select(table, projection, &mut sql);
    sql.push(" FROM ").table(table).push(format_args!(" {ROW}"));
    sql
}

/// Rows by key: `SELECT … FROM t WHERE t.pk = $1`, or for many
/// `SELECT … FROM unnest($1) k(k0) CROSS JOIN LATERAL (SELECT t.* FROM t WHERE t.pk = k.k0 OFFSET 0) t`.
///
/// Each row is looked up by its key and by nothing else. `t.pk = ANY ($1)` leaves Postgres the choice, and for an array of
/// unknown length it takes the index of the policy as well, and reads the tenant's rows.
pub(super) fn by_key(
    catalog: &Catalog,
    rows: &Rows<'_>,
    columns: &[ColumnId],
    parents: Parents,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let table = rows.table;
    let parts = parts(table, columns);
    let mut sql = Sql::new(parts.len());
    sql.push("SELECT ").join(", ", rows.projection, |sql, selected| {
        let of = selected.table.checked_sub(1).map_or(table, |join| catalog.table(rows.joins[join].table));
        let column = &of.column(selected.column).sql_name;
        sql.push(alias(selected.table)).push(format_args!(".{column}"));
    });
    sql.push(" FROM ");
    if parents == Parents::Many {
        sql.keys(&parts).push(" CROSS JOIN LATERAL ");
    } else if rows.filter.is_none() {
        sql.table(table).push(format_args!(" {ROW}"));
        write_joins(catalog, rows, &mut sql);
        sql.push(" WHERE ");
        matches_key(table, columns, parents, &mut sql);
        return Ok(sql);
    }
    // The key comes first, whatever index a filter would have: where many rows match it, that one would go through all.
    sql.push(format_args!("(SELECT {ROW}.* FROM ")).table(table).push(format_args!(" {ROW} WHERE "));
    matches_key(table, columns, parents, &mut sql);
    sql.push(format_args!(" OFFSET 0) {ROW}"));
    write_joins(catalog, rows, &mut sql);
    if let Some(filter) = rows.filter {
        sql.push(" WHERE ");
        Filter::new(catalog, &mut sql, allowance).write(table, ROW, filter)?;
    }
    Ok(sql)
}

/// Writes what is joined. A row of it may be missing, or not be the caller's.
fn write_joins(catalog: &Catalog, rows: &Rows<'_>, sql: &mut Sql) {
    for (at, join) in rows.joins.iter().enumerate() {
        let from = join.from.checked_sub(1).map_or(rows.table, |join| catalog.table(rows.joins[join].table));
        let table = catalog.table(join.table);
        sql.push(" LEFT JOIN ").table(table).push(format_args!(" {} ON ", alias(at + 1)));
        sql.join(" AND ", join.remote.iter().zip(&join.local), |sql, (remote, local)| {
            let (remote, local) = (&table.column(*remote).sql_name, &from.column(*local).sql_name);
            sql.push(format_args!("{}.{remote} = {}.{local}", alias(at + 1), alias(join.from)));
        });
    }
}

/// Alias of the table with this number: the one whose rows are loaded, or one that is joined.
fn alias(table: usize) -> String {
    if table == 0 { ROW.into() } else { format!("j{table}") }
}

/// The numbers of those recalled changes before which the row was the caller's to see and matched a filter. `columns`: those
/// of the table that the filter looks at.
pub(super) fn rows_before(
    catalog: &Catalog,
    table: &Table,
    columns: impl IntoIterator<Item = ColumnId>,
    filter: Option<&Value<'_>>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let mut sql = Sql::new(0);
    // It reads what nobody keeps.
    sql.only_reference = false;
    let columns: Vec<&[u8]> = columns.into_iter().map(|id| table.column(id).name.as_bytes()).collect();
    sql.push(format_args!("SELECT g.change_id FROM praxis.rows_before(NULL::{}, ", table.sql_name));
    sql.bind(Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, columns.into_iter())).push(") g");
    if let Some(filter) = filter {
        sql.push(format_args!(" CROSS JOIN LATERAL (SELECT (g.row_before).*) {ROW} WHERE "));
        Filter::new(catalog, &mut sql, allowance).write(table, ROW, filter)?;
    }
    Ok(sql)
}

/// What a page's statement is made of.
pub(super) struct PageQuery<'a> {
    pub(super) table: &'a Table,
    /// Columns that match the parents' keys; empty for the whole table.
    pub(super) columns: &'a [ColumnId],
    pub(super) parents: Parents,
    pub(super) projection: &'a [Selected],
    pub(super) page: &'a Page,
    pub(super) filter: Option<&'a Value<'a>>,
    /// Whether the values of the order are selected too, behind the projection.
    pub(super) cursors: bool,
    /// Whether the page may be merged from the parts of the table that the caller sees.
    pub(super) scoped: bool,
}

/// A page of the whole table, or one for each parent, each with its own limit.
pub(super) fn page(
    catalog: &Catalog,
    query: &PageQuery<'_>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let PageQuery { table, columns, parents, projection, page, filter, cursors, scoped } = query;
    let parts = parts(table, columns);
    let mut sql = Sql::new(parts.len());
    let tenant = if *scoped { tenant(catalog, table, columns) } else { None };
    if let Some(strip) = tenant {
        write_seen(strip.keys, &mut sql);
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
    let ordered = order::resolve(catalog, table, ROW, paths, "orderBy", allowance, &mut sql)?;

    let scope = if *scoped { scope(catalog, table, columns) } else { None };
    let reference = scope.and_then(|_| reference(catalog, query));
    let own = |term: &order::Term| term.at.relations.is_empty();
    let (ahead, behind) =
        if page.backward { (&page.before, &page.after) } else { (&page.after, &page.before) };
    let kinds = if columns.is_empty() || tenant.is_some() { kinds(table, page) } else { Vec::new() };
    let is_of_tenants = tenant.is_some() || scope.is_some_and(Scope::may_be_whole);
    let may_miss = is_of_tenants && sorts.first().is_some_and(|sort| sort.nullable);
    let splits = page.order.iter().all(own)
        && (may_miss || !kinds.is_empty() || !order::is_one_range(&sorts, ahead.as_deref()));
    let merges = scope.is_some() || tenant.is_some() || splits;

    let by_key = scope.is_some_and(Scope::has_many) && !projection.is_empty() && page.order.iter().all(own);
    let rows = sql.apart(|sql| {
        let projection = if by_key { &[] } else { *projection };
        write_rows(catalog, query, projection, &ordered, *cursors || merges, sql);
        Ok::<_, ArgumentError>(())
    })?;

    let mut conditions = Vec::new();
    let mut holds = |sql: &mut Sql, write: &mut dyn FnMut(&mut Sql) -> Result<(), ArgumentError>| {
        conditions.push(sql.apart(write)?);
        Ok::<_, ArgumentError>(())
    };
    if !columns.is_empty() {
        holds(&mut sql, &mut |sql| {
            write_is_below(query, reference, tenant.is_some(), sql);
            Ok(())
        })?;
    }
    for column in &page.present {
        holds(&mut sql, &mut |sql| {
            sql.push(format_args!("{ROW}.{} IS NOT NULL", table.column(*column).sql_name));
            Ok(())
        })?;
    }
    let mut ranges = Vec::new();
    let (by, edge) = (&ordered.values, page.edge);
    match ahead {
        _ if splits && !kinds.is_empty() => {
            ranges = order::ranges_of_kinds(&kinds, by, &sorts, ahead.as_deref(), edge, &mut sql);
        }
        Some(values) if splits => ranges = order::ranges_after(by, &sorts, values, edge, &mut sql),
        None if splits => ranges = order::with_and_without(&by[0]).into(),
        Some(values) => holds(&mut sql, &mut |sql| {
            order::write_after(by, &sorts, values, edge, sql);
            Ok(())
        })?,
        None => {}
    }
    if let Some(values) = behind {
        let other: Vec<Sort> = sorts.iter().map(Sort::reversed).collect();
        holds(&mut sql, &mut |sql| {
            order::write_after(by, &other, values, edge, sql);
            Ok(())
        })?;
    }
    if let Some(filter) = filter {
        holds(&mut sql, &mut |sql| Filter::new(catalog, sql, allowance).write(table, ROW, filter))?;
    }
    // One more than the page has: whether any row follows.
    let limit = page.limit + 1;

    let reference = reference.map(|column| format!("{ROW}.{}", table.column(column).sql_name));
    let merge = Merge {
        table,
        projection,
        cursors: *cursors,
        by_key,
        rows: &rows,
        conditions: &conditions,
        ranges: &ranges,
        scope,
        reference: reference.as_deref(),
        tenant: tenant.map(|strip| strip.column),
        sorts: &sorts,
        values: &ordered.values,
        limit,
        offset: page.offset,
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

/// Writes `SELECT … FROM …` of a page: the projection and, behind it, the values of the order where they are wanted.
fn write_rows(
    catalog: &Catalog,
    query: &PageQuery<'_>,
    projection: &[Selected],
    ordered: &order::Resolved,
    with_order: bool,
    sql: &mut Sql,
) {
    sql.push("SELECT ");
    select(query.table, projection, sql);
    if with_order {
        let separator = if projection.is_empty() { "" } else { ", " };
        sql.push(separator).join(", ", ordered.values.iter().enumerate(), |sql, (at, value)| {
            sql.push(format_args!("{value} AS o{at}"));
        });
    }
    sql.push(" FROM ");
    call::write_from(query.table, query.page.call.as_ref(), sql);
    sql.push(format_args!(" {ROW}"));
    ordered.write_joins(catalog, sql);
}

/// The values of the column that an order begins with, where the key does too and these are a few words.
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

/// The scope by which a page is merged. Rows below a parent are found by its key; only those below a row of a reference table
/// are of all tenants.
fn scope<'c>(catalog: &'c Catalog, table: &Table, columns: &[ColumnId]) -> Option<&'c Scope> {
    let leads_here = |it: &&Relation| !it.many && it.local == columns;
    let parent = table.relations.iter().find(leads_here).map(|it| catalog.table(it.target));
    let is_apart = columns.is_empty() || parent.is_some_and(|parent| parent.is_reference);
    catalog.scope(table.id).filter(|_| is_apart)
}

/// The column by which the rows have one row of a reference table, where only one index gives these in the page's order. Where the
/// column is part of the key, each tenant's rows are few, and every index of the key gives them.
fn reference(catalog: &Catalog, query: &PageQuery<'_>) -> Option<ColumnId> {
    let ([column], table) = (query.columns, query.table) else { return None };
    let by_key = query.page.order.iter().map(|term| (term.at.relations.is_empty(), term.at.column));
    let is_by_key = by_key.eq(table.primary_key.iter().map(|id| (true, *id)));
    let is_of_key = table.primary_key.contains(column);
    (is_by_key && !is_of_key && catalog.is_in_order_by(table, *column)).then_some(*column)
}

/// The strip by which a table is read where a parent is a tenant itself.
fn tenant<'c>(catalog: &'c Catalog, table: &Table, columns: &[ColumnId]) -> Option<&'c Strip> {
    let ([column], scope) = (columns, catalog.scope(table.id)?) else { return None };
    let [strip] = scope.strips else { return None };
    let is_of_tenant = scope.may_be_whole() && strip.column == table.column(*column).name;
    is_of_tenant.then_some(strip)
}

/// Writes the condition that a row is below a parent, be it of a reference table or a tenant.
fn write_is_below(query: &PageQuery<'_>, reference: Option<ColumnId>, of_tenant: bool, sql: &mut Sql) {
    let PageQuery { table, columns, parents, .. } = *query;
    if let Some(column) = reference {
        sql.push(format_args!("{ROW}.{} = ANY (ARRAY[", table.column(column).sql_name));
        write_key(table, 0, column, parents, sql);
        sql.push("])");
    } else {
        matches_key(table, columns, parents, sql);
    }
    if of_tenant {
        write_is_seen(table, columns, parents, sql);
    }
}

/// Writes what a statement begins with that asks for the tenants of whom the caller sees rows: once, however often they are used.
fn write_seen(keys: Keys, sql: &mut Sql) {
    sql.push(format_args!("WITH {SEEN} AS MATERIALIZED (SELECT {}() AS keys) ", keys.function()));
}

/// Writes the condition that a parent is a tenant of whom the caller sees rows. Of others the policy would look at each.
fn write_is_seen(table: &Table, columns: &[ColumnId], parents: Parents, sql: &mut Sql) {
    let keys = format!("(SELECT keys FROM {SEEN})");
    sql.push(format_args!(" AND (array_position({keys}, NULL) IS NOT NULL OR ARRAY["));
    sql.join(", ", columns.iter().enumerate(), |sql, (at, column)| {
        write_key(table, at, *column, parents, sql);
    });
    sql.push(format_args!("] <@ {keys})"));
}

/// A value over many rows: the number of rows, or a function of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// `count(*)`
    Count,
    /// A function of a column.
    Of(Function, ColumnId),
    /// A function of the numbers at a path within a column's JSON.
    Within(Function, ColumnId, Vec<String>),
}

impl Expression {
    /// A name that no other value of the table has, and that it keeps when columns are added.
    pub(super) fn name(&self, table: &Table) -> String {
        match self {
            Self::Count => "count".into(),
            Self::Of(function, column) => format!("{function:?} of {}", table.column(*column).field),
            Self::Within(function, column, path) => {
                format!("{function:?} of {} at {path:?}", table.column(*column).field)
            }
        }
    }
}

/// Values over many rows, as a request asks for them.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    pub(super) expressions: Vec<Expression>,
    /// The function that gives the rows.
    pub(super) call: Option<Call>,
}

/// Values over all rows of the table, or over each parent's, and behind them the parent's key; a parent without rows is
/// left out.
pub(super) fn aggregate(
    catalog: &Catalog,
    table: &Table,
    columns: &[ColumnId],
    parents: Parents,
    numbers: &Numbers,
    filter: Option<&Value<'_>>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let parts = parts(table, columns);
    let mut sql = Sql::new(parts.len());
    sql.push("SELECT ")
        .join(", ", &numbers.expressions, |sql, expression| write_expression(table, expression, sql));
    let grouped = if parents == Parents::Many { parts.len() } else { 0 };
    for at in 0..grouped {
        sql.push(format_args!(", {KEY_ALIAS}.k{at}"));
    }
    sql.push(" FROM ");
    let mut before = " WHERE ";
    if grouped > 0 {
        sql.keys(&parts).push(" JOIN ").table(table).push(format_args!(" {ROW} ON "));
        matches_key(table, columns, parents, &mut sql);
    } else {
        call::write_from(table, numbers.call.as_ref(), &mut sql);
        sql.push(format_args!(" {ROW}"));
        if !parts.is_empty() {
            sql.push(before);
            matches_key(table, columns, parents, &mut sql);
            before = " AND ";
        }
    }
    if let Some(filter) = filter {
        sql.push(before);
        Filter::new(catalog, &mut sql, allowance).write(table, ROW, filter)?;
    }
    if grouped > 0 {
        sql.push(" GROUP BY ").join(", ", 0..grouped, |sql, at| {
            sql.push(format_args!("{KEY_ALIAS}.k{at}"));
        });
    }
    Ok(sql)
}

/// Writes a value over many rows.
pub(super) fn write_expression(table: &Table, expression: &Expression, sql: &mut Sql) {
    match expression {
        Expression::Count => {
            sql.push("count(*)");
        }
        Expression::Of(function, column) => {
            let column = table.column(*column);
            write_function(*function, &format!("{ROW}.{}", column.sql_name), &column.ty, sql);
        }
        Expression::Within(function, column, path) => {
            let value = format!("{ROW}.{}", table.column(*column).sql_name);
            let keys = path.iter().map(String::as_bytes);
            let path = sql.parameter(Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, keys));
            // What is no number there counts as missing, and so does what has so many digits that its square is no double.
            let number = format!(
                "CASE WHEN jsonb_typeof({value} #> {path}) = 'number' AND length({value} #>> {path}) < {LONGEST_NUMBER} \
                 THEN ({value} #>> {path})::float8 END"
            );
            write_function(*function, &number, &NUMBER_WITHIN, sql);
        }
    }
}

fn write_function(function: Function, operand: &str, ty: &ColumnType, sql: &mut Sql) {
    let (before, after) = function.sql(operand, ty);
    sql.push(before);
    if let Function::Percentile(share) = function {
        sql.bind(Parameter::new(Type::FLOAT8, share.to_be_bytes().to_vec()));
    }
    sql.push(after);
}

/// Types of a key's parts.
pub(super) fn parts(table: &Table, columns: &[ColumnId]) -> Vec<ColumnType> {
    columns.iter().map(|column| table.column(*column).ty.clone()).collect()
}

/// Writes columns of the table whose rows are loaded.
fn select(table: &Table, projection: &[Selected], sql: &mut Sql) {
    sql.join(", ", projection, |sql, selected| {
        sql.push(format_args!("{ROW}.{}", table.column(selected.column).sql_name));
    });
}

/// Writes the columns of the primary key.
pub(super) fn write_primary_key(table: &Table, sql: &mut Sql) {
    sql.join(", ", &table.primary_key, |sql, id| {
        sql.push(format_args!("{ROW}.{}", table.column(*id).sql_name));
    });
}

/// Writes the condition that a row belongs to a parent.
pub(super) fn matches_key(table: &Table, columns: &[ColumnId], parents: Parents, sql: &mut Sql) {
    sql.join(" AND ", columns.iter().enumerate(), |sql, (at, column)| {
        sql.push(format_args!("{ROW}.{} = ", table.column(*column).sql_name));
        write_key(table, at, *column, parents, sql);
    });
}

/// Writes a part of a parent's key.
fn write_key(table: &Table, at: usize, column: ColumnId, parents: Parents, sql: &mut Sql) {
    match parents {
        Parents::One => sql.key_part(at, &table.column(column).ty),
        Parents::Many => sql.push(format_args!("{KEY_ALIAS}.k{at}")),
    };
}
