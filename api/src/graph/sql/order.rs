//! The SQL of ORDER BY, and of the joins that lead to its columns.

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::graph::arguments::ArgumentError;
use crate::graph::catalog::{Catalog, RelationId, Table, TableId};
use crate::graph::question::allowance::Allowance;
use crate::graph::question::order::{Path, Sort};

/// The columns of paths, as a statement names them, and the joins that lead to them.
pub(super) struct Resolved {
    /// The columns.
    pub(super) values: Vec<Snippet>,
    /// The joins, which follow the table.
    joins: Vec<OrderJoin>,
}

struct OrderJoin {
    path: Vec<RelationId>,
    alias: Snippet,
    table: TableId,
    condition: Snippet,
}

/// Resolves paths from a table with this alias to columns. `argument` returns the argument that contains a path, by the path's number.
pub(super) fn resolve<'p>(
    catalog: &Catalog,
    table: &Table,
    alias: &'static str,
    paths: impl IntoIterator<Item = &'p Path>,
    argument: impl Fn(usize) -> String,
    allowance: &mut Allowance<'_>,
    sql: &mut Sql,
) -> Result<Resolved, ArgumentError> {
    let mut joins: Vec<OrderJoin> = Vec::new();
    let mut values = Vec::new();
    for (number, wanted) in paths.into_iter().enumerate() {
        let mut at = table;
        let mut at_alias = Snippet::of(alias);
        for depth in 1..=wanted.relations.len() {
            let path = &wanted.relations[..depth];
            let relation = at.relation(wanted.relations[depth - 1]);
            let target = catalog.table(relation.target);
            if let Some(join) = joins.iter().find(|join| join.path == path) {
                at_alias.clone_from(&join.alias);
            } else {
                allowance.relation(depth, || within(catalog, table, path, argument(number)))?;
                let alias = sql.alias();
                let columns = relation.local.iter().zip(&relation.remote);
                let conditions: Vec<Snippet> = columns
                    .map(|(mine, theirs)| {
                        let (mine, theirs) = (at.column(*mine), target.column(*theirs));
                        snippet!("{alias}.{theirs} = {at_alias}.{mine}", alias, theirs, at_alias, mine)
                    })
                    .collect();
                let condition = Snippet::join(&conditions, " AND ");
                joins.push(OrderJoin {
                    path: path.to_vec(),
                    alias: alias.clone(),
                    table: target.id,
                    condition,
                });
                at_alias = alias;
            }
            at = target;
        }
        values.push(snippet!("{at_alias}.{column}", at_alias, column = at.column(wanted.column)));
    }
    Ok(Resolved { values, joins })
}

/// Returns the place of the last relation of a path, as a dotted path below an argument.
fn within(catalog: &Catalog, table: &Table, relations: &[RelationId], argument: String) -> String {
    let mut at = table;
    relations.iter().fold(argument, |place, id| {
        let relation = at.relation(*id);
        at = catalog.table(relation.target);
        format!("{place}.{}", relation.field)
    })
}

impl Resolved {
    /// Writes the joins.
    pub(super) fn write_joins(&self, catalog: &Catalog, sql: &mut Sql) {
        for OrderJoin { alias, table, condition, .. } in &self.joins {
            sql.push(" LEFT JOIN ").table(catalog.table(*table));
            sql.push(text!(" {alias} ON {condition}", alias, condition));
        }
    }
}

/// Writes ORDER BY with these values and directions.
pub(super) fn write_order(values: &[Snippet], sorts: &[Sort], sql: &mut Sql) {
    sql.push(" ORDER BY ").join(", ", sorts.iter().zip(values), |sql, (sort, value)| {
        sql.push(value);
        if sort.descending {
            sql.push(" DESC");
        }
        // Omitted where it is Postgres's default, so that a plain index serves the order.
        if sort.nullable && sort.nulls_first != sort.descending {
            sql.push(if sort.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
        }
    });
}
