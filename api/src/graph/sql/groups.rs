//! The SQL of groups.
//!
//! The statement has two layers. The inner one groups: its columns are the keys, followed by the aggregates. The outer one refers to
//! these columns by name, so that `having`, order and cursors are written as for plain rows.

use super::aggregate::write_expression;
use super::builder::Sql;
use super::call;
use super::filter::{Filter, Operand};
use super::keyset;
use super::limit::Limit;
use super::order;
use super::rows::{ROW, matches_key};
use super::snippet::{Snippet, snippet, text};
use crate::graph::aggregate::measured_as;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, FieldId, Scalar, Table};
use crate::graph::question::aggregates::Expression;
use crate::graph::question::allowance::Allowance;
use crate::graph::question::grouping::GroupingKey;
use crate::graph::question::groups::{Groups, read_function};
use crate::graph::question::key::{self, Parents};
use crate::graph::question::order::{CursorBound, Sort};

/// Returns the statement of the groups of the whole table, or of each parent's rows; the parent's key follows the group's columns.
pub(in crate::graph) fn groups(
    groups: &Groups<'_>,
    catalog: &Catalog,
    table: &Table,
    columns: &[ColumnId],
    filter: Option<&Value<'_>>,
    allowance: &mut Allowance<'_>,
) -> Result<Sql, ArgumentError> {
    let parts = key::parts(table, columns);
    let nested = !parts.is_empty();
    let mut sql = Sql::new(parts.len());
    if nested {
        sql.for_each_parent(&parts);
    }
    let ordered = sql.capture(|sql| {
        sql.push("SELECT g.* FROM (");
        write_inner(groups, catalog, table, columns, (filter, &mut *allowance), sql)?;
        let (values, sorts) = order_of(groups, "g");
        let mut before = " WHERE ";
        if let Some(having) = &groups.having {
            sql.push(before);
            write_having(groups, catalog, table, having, allowance, sql)?;
            before = " AND ";
        }
        if let Some(after) = &groups.after {
            sql.push(before);
            keyset::write_after(&values, &sorts, after, CursorBound::Excluded, sql);
        }
        order::write_order(&values, &sorts, sql);
        Ok(())
    })?;
    let limit = Limit::bind(groups.limit + 1, groups.offset, &mut sql);
    limit.write(&mut sql, |sql| {
        sql.push(ordered);
    });
    if nested {
        sql.push(") p");
    }
    Ok(sql)
}

/// Writes the query of the groups, and its alias `g`. The open parenthesis before it is written already.
fn write_inner(
    groups: &Groups<'_>,
    catalog: &Catalog,
    table: &Table,
    columns: &[ColumnId],
    (filter, allowance): (Option<&Value<'_>>, &mut Allowance<'_>),
    sql: &mut Sql,
) -> Result<(), ArgumentError> {
    let Groups { keys, expressions, .. } = groups;
    let is_local = keys.iter().any(GroupingKey::is_local);
    if is_local {
        sql.push("SELECT ");
        sql.join(", ", 0..groups.width(), |sql, at| {
            let column = snippet!("g.c{at}", at);
            let value = match keys.get(at) {
                Some(key) => key.response_value(column, sql),
                None => column,
            };
            sql.push(text!("{value} AS c{at}", value, at));
        });
        sql.push(" FROM (");
    }
    sql.push("SELECT ");
    let paths = keys.iter().map(|key| &key.at);
    let resolved = order::resolve(catalog, table, ROW, paths, |_| "groupBy".into(), allowance, sql)?;
    sql.join(", ", keys.iter().zip(&resolved.values).enumerate(), |sql, (at, (key, value))| {
        key.write(at, value, sql);
        sql.push(text!(" AS c{at}", at));
    });
    for (at, expression) in expressions.iter().enumerate() {
        sql.push(", ");
        write_expression(table, expression, sql);
        sql.push(text!(" AS c{at}", at = keys.len() + at));
    }
    sql.push(" FROM ");
    call::write_from(catalog, table, groups.call.as_ref(), sql);
    sql.push(" ").push(ROW);
    resolved.write_joins(catalog, sql);
    for (at, (key, value)) in keys.iter().zip(&resolved.values).enumerate() {
        key.write_join(at, value, sql);
    }
    let mut before = " WHERE ";
    if !columns.is_empty() {
        sql.push(before);
        matches_key(table, columns, Parents::Many, None, sql);
        before = " AND ";
    }
    if let Some(filter) = filter {
        sql.push(before);
        Filter::new(catalog, sql, allowance).write_row(table, filter)?;
    }
    sql.push(" GROUP BY ").join(", ", 1..=keys.len(), |sql, at| {
        sql.push(at);
    });
    sql.push(if is_local { ") g) g" } else { ") g" });
    Ok(())
}

/// Returns the columns of the grouped statement that order it, with the direction of each.
pub(super) fn order_of(groups: &Groups<'_>, alias: &'static str) -> (Vec<Snippet>, Vec<Sort>) {
    let column = |value| snippet!("{alias}.c{at}", alias, at = groups.column(value));
    groups.order.iter().map(|(value, sort)| (column(*value), sort.clone())).unzip()
}

fn write_having(
    groups: &Groups<'_>,
    catalog: &Catalog,
    table: &Table,
    having: &Value<'_>,
    allowance: &mut Allowance<'_>,
    sql: &mut Sql,
) -> Result<(), ArgumentError> {
    let operand = |expression: &Expression| {
        let at = groups.expressions.iter().position(|known| known == expression)?;
        Some(snippet!("g.c{at}", at = groups.keys.len() + at))
    };
    Filter::on_values(catalog, sql, allowance, "having").write_values(having, &mut |name, value| {
        if name == "count" {
            let (sql, ty) = (operand(&Expression::Count), ColumnType::Scalar(Scalar::BigInt));
            return Ok(vec![Operand { within: Vec::new(), sql, ty, value }]);
        }
        let Some(FieldId::Column(column)) = table.field(name) else { return Ok(Vec::new()) };
        let ty = measured_as(table, column);
        let functions = value.fields().iter().map(|(name, value)| {
            let (function, value, within) =
                read_function(ty, name, value, "value").map_err(|error| error.within(name))?;
            let sql = operand(&Expression::Of(function, column));
            let within = std::iter::once(&**name).chain(within).collect();
            Ok(Operand { within, sql, ty: function.stored(ty), value })
        });
        functions.collect()
    })
}
