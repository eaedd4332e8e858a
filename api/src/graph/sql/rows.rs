//! The SQL of rows by their keys, and what every statement writes of rows: columns, joins, the parents' keys.

use tokio_postgres::types::Type;

use super::builder::{KEY_ALIAS, Sql};
use super::filter::Filter;
use super::snippet::{Snippet, snippet, text};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnId, Table};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::key::{self, Parents};
use crate::graph::question::projection::{Join, SelectedColumn};

/// Alias of the table whose rows are loaded.
pub(super) const ROW: &str = "t";

/// Rows of a table with what is joined to them.
pub(in crate::graph) struct RowsQuery<'a> {
    pub(in crate::graph) table: &'a Table,
    pub(in crate::graph) joins: &'a [Join],
    pub(in crate::graph) projection: &'a [SelectedColumn],
    pub(in crate::graph) filter: Option<&'a Value<'a>>,
}

/// Returns the statement of all rows of a table.
pub(in crate::graph) fn all(table: &Table, projection: &[SelectedColumn]) -> Sql {
    let mut sql = Sql::new(0);
    sql.push("SELECT ");
    select(table, projection, &mut sql);
    sql.push(" FROM ").table(table).push(" ").push(ROW);
    sql
}

/// Returns the statement of rows by key: `SELECT … FROM t WHERE t.pk = $1`, or for many
/// `SELECT … FROM unnest((SELECT $1)) k(k0) CROSS JOIN LATERAL (SELECT t.* FROM t WHERE t.pk = k.k0 OFFSET 0) t`.
///
/// Each row is looked up by its key and by nothing else. `t.pk = ANY ($1)` leaves Postgres the choice, and for an array of
/// unknown length it takes the index of the policy as well, and reads the tenant's rows.
pub(in crate::graph) fn by_key(
    catalog: &Catalog,
    rows: &RowsQuery<'_>,
    columns: &[ColumnId],
    parents: Parents,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let table = rows.table;
    let parts = key::parts(table, columns);
    let mut sql = Sql::new(parts.len());
    sql.push("SELECT ").join(", ", rows.projection, |sql, selected| {
        let of = selected.table.checked_sub(1).map_or(table, |join| catalog.table(rows.joins[join].table));
        push_alias(selected.table, sql);
        sql.push(".").push(of.column(selected.column));
    });
    sql.push(" FROM ");
    if parents == Parents::Many {
        sql.keys(&parts).push(" CROSS JOIN LATERAL ");
    } else if rows.filter.is_none() {
        sql.table(table).push(" ").push(ROW);
        write_joins(catalog, rows, &mut sql);
        sql.push(" WHERE ");
        matches_key(table, columns, parents, &mut sql);
        return Ok(sql);
    }
    // The key comes first, whatever index a filter would have: where many rows match it, that one would go through all.
    sql.push(text!("(SELECT {ROW}.* FROM ", ROW)).table(table).push(text!(" {ROW} WHERE ", ROW));
    matches_key(table, columns, parents, &mut sql);
    sql.push(text!(" OFFSET 0) {ROW}", ROW));
    write_joins(catalog, rows, &mut sql);
    if let Some(filter) = rows.filter {
        sql.push(" WHERE ");
        Filter::new(catalog, &mut sql, allowance).write_row(table, filter)?;
    }
    Ok(sql)
}

/// Writes what is joined. A row of it may be missing, or not be the caller's.
fn write_joins(catalog: &Catalog, rows: &RowsQuery<'_>, sql: &mut Sql) {
    for (at, join) in rows.joins.iter().enumerate() {
        let from = join.from.checked_sub(1).map_or(rows.table, |join| catalog.table(rows.joins[join].table));
        let table = catalog.table(join.table);
        sql.push(" LEFT JOIN ").table(table).push(" ");
        push_alias(at + 1, sql);
        sql.push(" ON ").join(" AND ", join.remote.iter().zip(&join.local), |sql, (remote, local)| {
            push_alias(at + 1, sql);
            sql.push(".").push(table.column(*remote)).push(" = ");
            push_alias(join.from, sql);
            sql.push(".").push(from.column(*local));
        });
    }
}

/// Appends the alias of the table with this number: the one whose rows are loaded, or one that is joined.
fn push_alias(table: usize, sql: &mut Sql) {
    if table == 0 {
        sql.push(ROW);
    } else {
        sql.push("j").push(table);
    }
}

/// Returns the statement of the numbers of those recalled changes before which the row was the caller's to see and matched a
/// filter. `columns`: those of the table that the filter looks at.
pub(in crate::graph) fn rows_before(
    catalog: &Catalog,
    table: &Table,
    columns: impl IntoIterator<Item = ColumnId>,
    filter: Option<&Value<'_>>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let mut sql = Sql::new(0);
    let columns: Vec<&[u8]> = columns.into_iter().map(|id| table.column(id).name.as_bytes()).collect();
    sql.push("SELECT g.change_id FROM praxis.rows_before(NULL::").table(table).push(", ");
    // It reads what nobody keeps.
    sql.not_only_reference();
    sql.bind(Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, columns.into_iter())).push(") g");
    if let Some(filter) = filter {
        sql.push(text!(" CROSS JOIN LATERAL (SELECT (g.row_before).*) {ROW} WHERE ", ROW));
        Filter::new(catalog, &mut sql, allowance).write_row(table, filter)?;
    }
    Ok(sql)
}

/// Returns a column of the rows that are loaded: `t."name"`.
pub(super) fn own(table: &Table, column: ColumnId) -> Snippet {
    snippet!("{ROW}.{column}", ROW, column = table.column(column))
}

/// Writes columns of the table whose rows are loaded.
pub(super) fn select(table: &Table, projection: &[SelectedColumn], sql: &mut Sql) {
    sql.join(", ", projection, |sql, selected| {
        sql.column(ROW, table.column(selected.column));
    });
}

/// Writes the columns of the primary key.
pub(super) fn write_primary_key(table: &Table, sql: &mut Sql) {
    sql.join(", ", &table.primary_key, |sql, id| {
        sql.column(ROW, table.column(*id));
    });
}

/// Writes the condition that a row belongs to a parent.
pub(super) fn matches_key(table: &Table, columns: &[ColumnId], parents: Parents, sql: &mut Sql) {
    sql.join(" AND ", columns.iter().enumerate(), |sql, (at, column)| {
        sql.column(ROW, table.column(*column)).push(" = ");
        write_key(table, at, *column, parents, sql);
    });
}

/// Writes a part of a parent's key.
pub(super) fn write_key(table: &Table, at: usize, column: ColumnId, parents: Parents, sql: &mut Sql) {
    match parents {
        Parents::One => sql.key_part(at, &table.column(column).ty),
        Parents::Many => sql.push(KEY_ALIAS).push(".k").push(at),
    };
}
