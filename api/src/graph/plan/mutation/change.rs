//! A row that is changed or deleted, named by one of its keys.

use crate::database::{Parameter, Statement};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::sql::Sql;
use crate::graph::sql::rows::{ROW, write_primary_key};

/// A row that is changed or deleted.
#[derive(Debug)]
pub(in crate::graph) struct Change {
    /// Writes, if it may. Returns the primary key of the row that it wrote, if there was one.
    pub(in crate::graph) statement: Statement,
    /// Looks for the row: its primary key and, behind it, whether it is unchanged since the given moment.
    pub(in crate::graph) look: Statement,
}

/// Which row is meant.
pub(in crate::graph::plan) struct Which<'a> {
    pub(in crate::graph::plan) table: &'a Table,
    /// A unique key.
    pub(in crate::graph::plan) columns: &'a [ColumnId],
    /// Its values.
    pub(in crate::graph::plan) values: Vec<Vec<u8>>,
    /// Only if the row has not been changed since this moment.
    pub(in crate::graph::plan) unchanged_since: Option<(ColumnId, Parameter)>,
}

impl Which<'_> {
    /// Gives columns new values; `None` is NULL.
    pub(in crate::graph::plan) fn update(&self, values: Vec<(ColumnId, Option<Parameter>)>) -> Change {
        let mut sql = Sql::new(0);
        sql.push("UPDATE ").push(&self.table.sql_name).push(format_args!(" {ROW} SET "));
        sql.join(", ", values, |sql, (id, value)| {
            sql.push(&self.table.column(id).sql_name).push(" = ");
            match value {
                Some(value) => sql.bind(value),
                None => sql.push("NULL"),
            };
        });
        self.change(sql)
    }

    /// Deletes.
    pub(in crate::graph::plan) fn delete(&self) -> Change {
        let mut sql = Sql::new(0);
        sql.push("DELETE FROM ").push(&self.table.sql_name).push(" ").push(ROW);
        self.change(sql)
    }

    fn change(&self, mut sql: Sql) -> Change {
        sql.push(" WHERE ");
        self.write_key(&mut sql);
        if let Some((column, moment)) = &self.unchanged_since {
            sql.push(" AND ");
            self.write_unchanged(*column, moment, &mut sql);
        }
        sql.push(" RETURNING ");
        write_primary_key(self.table, &mut sql);
        Change { statement: sql.finish(), look: self.look() }
    }

    fn look(&self) -> Statement {
        let mut sql = Sql::new(0);
        sql.push("SELECT ");
        write_primary_key(self.table, &mut sql);
        sql.push(", ");
        match &self.unchanged_since {
            Some((column, moment)) => self.write_unchanged(*column, moment, &mut sql),
            None => {
                sql.push("true");
            }
        }
        sql.push(" FROM ").push(&self.table.sql_name).push(format_args!(" {ROW} WHERE "));
        self.write_key(&mut sql);
        sql.finish()
    }

    fn write_key(&self, sql: &mut Sql) {
        sql.join(" AND ", self.columns.iter().zip(&self.values), |sql, (id, value)| {
            let column = self.table.column(*id);
            sql.column(ROW, column).push(" = ");
            sql.bind(Parameter::new(column.ty.postgres(), value.clone()));
        });
    }

    fn write_unchanged(&self, column: ColumnId, moment: &Parameter, sql: &mut Sql) {
        sql.column(ROW, self.table.column(column)).push(" <= ").bind(moment.clone());
    }
}
