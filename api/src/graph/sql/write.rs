//! The SQL of new, changed and deleted rows. Each statement returns the primary keys of the rows that it wrote.

use super::builder::Sql;
use super::rows::{ROW, write_primary_key};
use super::snippet::text;
use crate::database::{Parameter, Row, Statement};
use crate::graph::catalog::{Catalog, ColumnId, Table};
use crate::graph::question::write::{Cell, Insert, OnConflict, TargetRow};

/// Returns the statement that adds the first `count` rows. `parents` are the rows that these belong to, as their insert returned them.
pub(in crate::graph) fn insert(
    catalog: &Catalog,
    insert: &Insert,
    parents: &[Row],
    count: usize,
) -> Statement {
    let table = catalog.table(insert.table);
    let mut sql = Sql::new(0);
    let names = |ids: &[ColumnId], sql: &mut Sql| {
        sql.join(", ", ids, |sql, id| {
            sql.push(table.column(*id));
        });
    };
    sql.push("INSERT INTO ").table(table).push(" (");
    names(&insert.columns, &mut sql);
    sql.push(") VALUES ").join(", ", insert.rows.iter().take(count).enumerate(), |sql, (at, row)| {
        let parent = insert.parents.get(at).and_then(|parent| parents.get(*parent));
        sql.push("(").join(", ", insert.columns.iter().zip(row), |sql, (id, cell)| {
            match cell {
                Cell::Default => sql.push("DEFAULT"),
                Cell::Null => sql.push("NULL"),
                Cell::Given(parameter) => sql.bind(parameter.clone()),
                Cell::Parent(position) => sql.bind(Parameter {
                    ty: table.column(*id).ty.postgres(),
                    value: parent.and_then(|row| row.bytes(*position)).map(<[u8]>::to_vec),
                }),
            };
        });
        sql.push(")");
    });
    if let Some(OnConflict { key, set }) = &insert.on_conflict {
        sql.push(" ON CONFLICT (");
        names(key, &mut sql);
        sql.push(") DO UPDATE SET ").join(", ", set, |sql, id| {
            let column = table.column(*id);
            sql.push(text!("{column} = EXCLUDED.{column}", column));
        });
    }
    sql.push(" RETURNING ");
    names(&insert.returning, &mut sql);
    sql.finish()
}

/// Returns the statement that sets columns of a row; the value `None` is NULL.
pub(in crate::graph) fn update(
    target: &TargetRow<'_>,
    values: Vec<(ColumnId, Option<Parameter>)>,
) -> Statement {
    let mut sql = Sql::new(0);
    sql.push("UPDATE ").table(target.table).push(text!(" {ROW} SET ", ROW));
    sql.join(", ", values, |sql, (id, value)| {
        sql.push(target.table.column(id)).push(" = ");
        match value {
            Some(value) => sql.bind(value),
            None => sql.push("NULL"),
        };
    });
    write_target(target, &mut sql);
    sql.finish()
}

/// Returns the statement that deletes a row.
pub(in crate::graph) fn delete(target: &TargetRow<'_>) -> Statement {
    let mut sql = Sql::new(0);
    sql.push("DELETE FROM ").table(target.table).push(" ").push(ROW);
    write_target(target, &mut sql);
    sql.finish()
}

/// Returns the statement that looks up a row: its primary key, followed by true if it is unchanged since the given moment.
pub(in crate::graph) fn look(target: &TargetRow<'_>) -> Statement {
    let mut sql = Sql::new(0);
    sql.push("SELECT ");
    write_primary_key(target.table, &mut sql);
    sql.push(", ");
    match &target.unchanged_since {
        Some((column, moment)) => write_unchanged(target.table, *column, moment, &mut sql),
        None => {
            sql.push("true");
        }
    }
    sql.push(" FROM ").table(target.table).push(text!(" {ROW} WHERE ", ROW));
    write_key(target, &mut sql);
    sql.finish()
}

fn write_target(target: &TargetRow<'_>, sql: &mut Sql) {
    sql.push(" WHERE ");
    write_key(target, sql);
    if let Some((column, moment)) = &target.unchanged_since {
        sql.push(" AND ");
        write_unchanged(target.table, *column, moment, sql);
    }
    sql.push(" RETURNING ");
    write_primary_key(target.table, sql);
}

fn write_key(target: &TargetRow<'_>, sql: &mut Sql) {
    sql.join(" AND ", target.columns.iter().zip(&target.values), |sql, (id, value)| {
        let column = target.table.column(*id);
        sql.column(ROW, column).push(" = ");
        sql.bind(Parameter::new(column.ty.postgres(), value.clone()));
    });
}

fn write_unchanged(table: &Table, column: ColumnId, moment: &Parameter, sql: &mut Sql) {
    sql.column(ROW, table.column(column)).push(" <= ").bind(moment.clone());
}
