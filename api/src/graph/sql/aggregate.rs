//! The SQL of aggregates.

use tokio_postgres::types::Type;

use super::builder::{KEY_ALIAS, Sql};
use super::call;
use super::filter::Filter;
use super::function::{double_in_range, write_function};
use super::rows::{ROW, matches_key, own};
use super::snippet::{snippet, text};
use crate::database::Parameter;
use crate::graph::aggregate::NUMBER_WITHIN;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnId, Table};
use crate::graph::question::aggregates::{AggregateValues, Expression};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::key::{self, Parents};

/// The number of digits from which a number within JSON may be too large or too small for a double. Postgres writes all digits.
const LONG_NUMBER: usize = 300;

/// Returns the statement of aggregates over all rows of the table, or over each parent's rows, followed by the parent's key. A parent
/// without rows is left out.
pub(in crate::graph) fn aggregate(
    catalog: &Catalog,
    table: &Table,
    columns: &[ColumnId],
    parents: Parents,
    numbers: &AggregateValues,
    filter: Option<&Value<'_>>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let parts = key::parts(table, columns);
    let mut sql = Sql::new(parts.len());
    sql.push("SELECT ")
        .join(", ", &numbers.expressions, |sql, expression| write_expression(table, expression, sql));
    let grouped = if parents == Parents::Many { parts.len() } else { 0 };
    sql.push_key_columns(grouped).push(" FROM ");
    let mut before = " WHERE ";
    if grouped > 0 {
        sql.keys(&parts).push(" JOIN ").table(table).push(text!(" {ROW} ON ", ROW));
        matches_key(table, columns, parents, None, &mut sql);
    } else {
        call::write_from(catalog, table, numbers.call.as_ref(), &mut sql);
        sql.push(" ").push(ROW);
        if !parts.is_empty() {
            sql.push(before);
            matches_key(table, columns, parents, None, &mut sql);
            before = " AND ";
        }
    }
    if let Some(filter) = filter {
        sql.push(before);
        Filter::new(catalog, &mut sql, allowance).write_row(table, filter)?;
    }
    if grouped > 0 {
        sql.push(" GROUP BY ").join(", ", 0..grouped, |sql, at| {
            sql.push(KEY_ALIAS).push(".k").push(at);
        });
    }
    Ok(sql)
}

/// Writes an aggregate.
pub(super) fn write_expression(table: &Table, expression: &Expression, sql: &mut Sql) {
    match expression {
        Expression::Count => {
            sql.push("count(*)");
        }
        Expression::Of(function, column) => {
            write_function(*function, &own(table, *column), &table.column(*column).ty, sql);
        }
        Expression::Within(function, column, path) => {
            let value = own(table, *column);
            let keys = path.iter().map(String::as_bytes);
            let path = sql.parameter(Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, keys));
            // Values that are not numbers count as missing, and so do numbers outside the range of doubles. JSON numbers can have any
            // number of digits, which would be slow to compute with, so they are converted to doubles.
            let long = double_in_range(&snippet!("({value} #> {path})::numeric", value, path));
            let number = snippet!(
                "(CASE WHEN jsonb_typeof({value} #> {path}) = 'number' THEN CASE WHEN length({value} #>> {path}) < {LONG_NUMBER} \
                 THEN ({value} #>> {path})::float8 ELSE {long} END END)",
                value,
                path,
                LONG_NUMBER,
                long,
            );
            write_function(*function, &number, &NUMBER_WITHIN, sql);
        }
    }
}
