//! The SQL of a load.

use std::borrow::Cow;

use tokio_postgres::types::Type;

use super::builder::{KEY_ALIAS, Sql};
use super::filter::Filter;
use crate::database::Parameter;
use crate::graph::aggregate::{Function, NUMBER_WITHIN, held};
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, Table, TableId};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::call::{self, Call};

/// Digits of a number within JSON, all of which Postgres writes, that may be beyond the doubles at either end.
const LONG_NUMBER: usize = 300;

/// Alias of the table whose rows are loaded.
pub(in crate::graph) const ROW: &str = "t";

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
pub(in crate::graph) struct Join {
    /// Which table the relation starts from: 0 for the one whose rows are loaded, otherwise the number of its join.
    pub(in crate::graph) from: usize,
    pub(in crate::graph) table: TableId,
    pub(in crate::graph) local: Vec<ColumnId>,
    pub(in crate::graph) remote: Vec<ColumnId>,
}

/// A column that a statement selects, of the table with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) struct Selected {
    pub(in crate::graph) table: usize,
    pub(in crate::graph) column: ColumnId,
}

/// Rows of a table with what is joined to them.
pub(in crate::graph) struct Rows<'a> {
    pub(in crate::graph) table: &'a Table,
    pub(in crate::graph) joins: &'a [Join],
    pub(in crate::graph) projection: &'a [Selected],
    pub(in crate::graph) filter: Option<&'a Value<'a>>,
}

/// All rows of a table.
pub(in crate::graph) fn all(table: &Table, projection: &[Selected]) -> Sql {
    let mut sql = Sql::new(0);
    sql.push("SELECT ");
    select(table, projection, &mut sql);
    sql.push(" FROM ").table(table).push(" ").push(ROW);
    sql
}

/// Rows by key: `SELECT … FROM t WHERE t.pk = $1`, or for many
/// `SELECT … FROM unnest($1) k(k0) CROSS JOIN LATERAL (SELECT t.* FROM t WHERE t.pk = k.k0 OFFSET 0) t`.
///
/// Each row is looked up by its key and by nothing else. `t.pk = ANY ($1)` leaves Postgres the choice, and for an array of
/// unknown length it takes the index of the policy as well, and reads the tenant's rows.
pub(in crate::graph) fn by_key(
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
        sql.column(&alias(selected.table), of.column(selected.column));
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
            sql.column(&alias(at + 1), table.column(*remote)).push(" = ");
            sql.column(&alias(join.from), from.column(*local));
        });
    }
}

/// Alias of the table with this number: the one whose rows are loaded, or one that is joined.
fn alias(table: usize) -> Cow<'static, str> {
    if table == 0 { ROW.into() } else { format!("j{table}").into() }
}

/// The numbers of those recalled changes before which the row was the caller's to see and matched a filter. `columns`: those
/// of the table that the filter looks at.
pub(in crate::graph) fn rows_before(
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

/// A value over many rows: the number of rows, or a function of a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Expression {
    /// `count(*)`
    Count,
    /// A function of a column.
    Of(Function, ColumnId),
    /// A function of the numbers at a path within a column's JSON.
    Within(Function, ColumnId, Vec<String>),
}

impl Expression {
    /// A name that no other value of the table has, and that it keeps when columns are added.
    pub(in crate::graph) fn name(&self, table: &Table) -> String {
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
pub(in crate::graph) struct Numbers {
    pub(in crate::graph) expressions: Vec<Expression>,
    /// The function that gives the rows.
    pub(in crate::graph) call: Option<Call>,
}

/// Values over all rows of the table, or over each parent's, and behind them the parent's key; a parent without rows is
/// left out.
pub(in crate::graph) fn aggregate(
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
        sql.push(" ").push(ROW);
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
pub(in crate::graph) fn write_expression(table: &Table, expression: &Expression, sql: &mut Sql) {
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
            // What is no number there counts as missing, and so does what no double has room for. What somebody has written has any
            // number of digits, and to compute with all of them would take long.
            let long = held(&format!("({value} #> {path})::numeric"));
            let number = format!(
                "(CASE WHEN jsonb_typeof({value} #> {path}) = 'number' THEN CASE WHEN length({value} #>> {path}) < {LONG_NUMBER} \
                 THEN ({value} #>> {path})::float8 ELSE {long} END END)"
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
pub(in crate::graph) fn parts(table: &Table, columns: &[ColumnId]) -> Vec<ColumnType> {
    columns.iter().map(|column| table.column(*column).ty.clone()).collect()
}

/// Writes columns of the table whose rows are loaded.
pub(in crate::graph) fn select(table: &Table, projection: &[Selected], sql: &mut Sql) {
    sql.join(", ", projection, |sql, selected| {
        sql.column(ROW, table.column(selected.column));
    });
}

/// Writes the columns of the primary key.
pub(in crate::graph) fn write_primary_key(table: &Table, sql: &mut Sql) {
    sql.join(", ", &table.primary_key, |sql, id| {
        sql.column(ROW, table.column(*id));
    });
}

/// Writes the condition that a row belongs to a parent.
pub(in crate::graph) fn matches_key(table: &Table, columns: &[ColumnId], parents: Parents, sql: &mut Sql) {
    sql.join(" AND ", columns.iter().enumerate(), |sql, (at, column)| {
        sql.column(ROW, table.column(*column)).push(" = ");
        write_key(table, at, *column, parents, sql);
    });
}

/// Writes a part of a parent's key.
pub(in crate::graph) fn write_key(
    table: &Table,
    at: usize,
    column: ColumnId,
    parents: Parents,
    sql: &mut Sql,
) {
    match parents {
        Parents::One => sql.key_part(at, &table.column(column).ty),
        Parents::Many => sql.push(format_args!("{KEY_ALIAS}.k{at}")),
    };
}
