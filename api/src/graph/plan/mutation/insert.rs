//! New rows, also with rows that belong to them.

use crate::database::{Parameter, Row, Statement};
use crate::graph::catalog::{Catalog, ColumnId, TableId};
use crate::graph::sql::Sql;

/// New rows of a table, in one statement.
#[derive(Debug)]
pub(in crate::graph) struct Insert {
    pub(in crate::graph) table: TableId,
    /// Columns that any of the rows is given; at least one.
    pub(in crate::graph) columns: Vec<ColumnId>,
    /// The rows: a cell for each of the columns.
    pub(in crate::graph) rows: Vec<Vec<Cell>>,
    /// For each row, the index of the row that it belongs to; empty where they belong to none.
    pub(in crate::graph) parents: Vec<usize>,
    /// For each row, where it was given: `input.events.0`.
    pub(in crate::graph) places: Vec<String>,
    pub(in crate::graph) on_conflict: Option<OnConflict>,
    /// Columns that are returned: the primary key, and behind it what rows that belong to these need.
    pub(in crate::graph) returning: Vec<ColumnId>,
    /// Rows that belong to these.
    pub(in crate::graph) children: Vec<Insert>,
}

/// A cell of a new row.
#[derive(Clone, Debug)]
pub(in crate::graph) enum Cell {
    /// The database's own value.
    Default,
    /// NULL.
    Null,
    /// A value of the request.
    Given(Parameter),
    /// A value of the row that this one belongs to: its position among what that row returns.
    Parent(usize),
}

/// What to do where a row with the same key is there already.
#[derive(Debug)]
pub(in crate::graph) struct OnConflict {
    pub(in crate::graph) key: Vec<ColumnId>,
    /// Columns of the row that are changed.
    pub(in crate::graph) set: Vec<ColumnId>,
}

impl Insert {
    /// The statement that adds the first `count` rows. `parents`: what was returned of the rows that these belong to.
    pub(in crate::graph) fn statement(&self, catalog: &Catalog, parents: &[Row], count: usize) -> Statement {
        let table = catalog.table(self.table);
        let mut sql = Sql::new(0);
        let name = |id: &ColumnId| table.column(*id).sql_name.as_str();
        sql.push("INSERT INTO ").push(&table.sql_name);
        sql.push(" (").join(", ", &self.columns, |sql, id| {
            sql.push(name(id));
        });
        sql.push(") VALUES ").join(", ", self.rows.iter().take(count).enumerate(), |sql, (at, row)| {
            let parent = self.parents.get(at).and_then(|parent| parents.get(*parent));
            sql.push("(").join(", ", self.columns.iter().zip(row), |sql, (id, cell)| {
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
        if let Some(OnConflict { key, set }) = &self.on_conflict {
            sql.push(" ON CONFLICT (").join(", ", key, |sql, id| {
                sql.push(name(id));
            });
            sql.push(") DO UPDATE SET ").join(", ", set, |sql, id| {
                sql.push(format_args!("{0} = EXCLUDED.{0}", name(id)));
            });
        }
        sql.push(" RETURNING ").join(", ", &self.returning, |sql, id| {
            sql.push(name(id));
        });
        sql.finish()
    }
}
