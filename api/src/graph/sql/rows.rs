//! The SQL of rows by their keys, and the parts that all statements of rows share: columns, joins, the parents' keys.

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

/// The alias of the table whose rows are loaded.
pub(super) const ROW: &str = "t";

/// The parts of a statement that loads rows of a table by key, with rows that are joined to them.
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
/// Postgres looks up each row by its key alone. With `t.pk = ANY ($1)` it would be free to choose, and for an array of unknown length it
/// also uses the index of the policy, and reads all rows of the tenant.
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
        // A subscription that reads one change should not fail because of the rows of others.
        let reads_beside = rows.filter.is_some() || !rows.joins.is_empty();
        if reads_beside {
            sql.counted_keys(&parts)
        } else {
            sql.keys(&parts)
        };
        sql.push(" CROSS JOIN LATERAL ");
    } else if rows.filter.is_none() {
        sql.table(table).push(" ").push(ROW);
        write_joins(catalog, rows, &mut sql);
        sql.push(" WHERE ");
        matches_key(table, columns, parents, None, &mut sql);
        return Ok(sql);
    }
    // The key comes first, even if a filter has an index: where many rows match the filter, that index would read all of them.
    sql.push(text!("(SELECT {ROW}.* FROM ", ROW)).table(table).push(text!(" {ROW} WHERE ", ROW));
    matches_key(table, columns, parents, None, &mut sql);
    sql.push(text!(" OFFSET 0) {ROW}", ROW));
    write_joins(catalog, rows, &mut sql);
    if let Some(filter) = rows.filter {
        sql.push(" WHERE ");
        Filter::new(catalog, &mut sql, allowance).write_row(table, filter)?;
    }
    Ok(sql)
}

/// Writes the joins. A joined row may be missing, or hidden from the caller.
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

/// Appends the alias of the table with this number: 0 for the table whose rows are loaded, otherwise the number of its join.
fn push_alias(table: usize, sql: &mut Sql) {
    if table == 0 {
        sql.push(ROW);
    } else {
        sql.push("j").push(table);
    }
}

/// Returns the statement of the numbers of recalled changes before which the caller could see the row and it matched the filter.
/// `columns` are the columns of the table that the filter uses.
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
    // Recalled rows are not cached.
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

/// Writes the selected columns of the table whose rows are loaded.
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

/// Writes the condition that a row belongs to a parent. The value of `lead` is selected by an array: from `= ANY (ARRAY[…])` Postgres does
/// not conclude that the column is the same in all rows, and keeps it in their order.
pub(super) fn matches_key(
    table: &Table,
    columns: &[ColumnId],
    parents: Parents,
    lead: Option<ColumnId>,
    sql: &mut Sql,
) {
    sql.join(" AND ", columns.iter().enumerate(), |sql, (at, column)| {
        let [before, after] = if lead == Some(*column) { ["ANY (ARRAY[", "])"] } else { ["", ""] };
        sql.column(ROW, table.column(*column)).push(" = ").push(before);
        write_key(table, at, *column, parents, sql);
        sql.push(after);
    });
}

/// Writes a part of a parent's key: a parameter, or a column of the keys.
pub(super) fn write_key(table: &Table, at: usize, column: ColumnId, parents: Parents, sql: &mut Sql) {
    match parents {
        Parents::One => sql.key_part(at, &table.column(column).ty),
        Parents::Many => sql.push(KEY_ALIAS).push(".k").push(at),
    };
}
