//! `orderBy` → ORDER BY, and the condition that continues after a cursor (keyset paging).

use apollo_compiler::response::JsonValue;

use super::input::ArgumentError;
use super::sql::Sql;
use crate::database::Parameter;
use crate::graph::catalog::{Catalog, ColumnId, ColumnType, FieldId, RelationId, Table};

/// A term of an order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    /// To-one relations to follow from the table.
    pub(super) path: Vec<RelationId>,
    /// The column at their end.
    pub(super) column: ColumnId,
    pub(super) ty: ColumnType,
    /// Whether the value may be missing: a nullable column, or one behind a relation.
    pub(super) nullable: bool,
    pub(super) descending: bool,
    pub(super) nulls_first: bool,
}

impl Term {
    /// The same term read from the other end.
    pub(super) fn reversed(&self) -> Self {
        Self { descending: !self.descending, nulls_first: !self.nulls_first, ..self.clone() }
    }
}

/// Reads `orderBy` and adds the primary key, so that the order is total.
pub(super) fn read(
    catalog: &Catalog,
    table: &Table,
    value: Option<&JsonValue>,
) -> Result<Vec<Term>, ArgumentError> {
    let mut terms = Vec::new();
    if let Some(value) = value.filter(|value| !value.is_null()) {
        let single = std::slice::from_ref(value);
        let entries = value.as_array().map_or(single, Vec::as_slice);
        for (at, entry) in entries.iter().enumerate() {
            terms.push(read_entry(catalog, table, entry, &format!("orderBy.{at}"), Vec::new())?);
        }
    }
    // Ties follow the last term's direction, so that one index serves the whole order from either end.
    let descending = terms.last().is_some_and(|term| term.descending);
    for key in &table.primary_key {
        if !terms.iter().any(|term| term.path.is_empty() && term.column == *key) {
            terms.push(Term {
                path: Vec::new(),
                column: *key,
                ty: table.column(*key).ty.clone(),
                nullable: false,
                descending,
                nulls_first: descending,
            });
        }
    }
    Ok(terms)
}

fn read_entry(
    catalog: &Catalog,
    table: &Table,
    entry: &JsonValue,
    argument: &str,
    mut path: Vec<RelationId>,
) -> Result<Term, ArgumentError> {
    let fields: Vec<_> =
        entry.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect();
    let [(name, value)] = fields.as_slice() else {
        return Err(ArgumentError::new(
            argument,
            "name exactly one field; for several, give a list, since a list has an order",
        ));
    };
    let argument = format!("{argument}.{}", name.as_str());
    match table.field(name.as_str()) {
        Some(FieldId::Relation(id)) => {
            path.push(id);
            read_entry(catalog, catalog.table(table.relation(id).target), value, &argument, path)
        }
        Some(FieldId::Column(id)) => {
            let column = table.column(id);
            let direction = value.as_str().unwrap_or_default();
            let descending = direction.starts_with("DESC");
            let nulls_first = match direction {
                "ASC" | "ASC_NULLS_LAST" | "DESC_NULLS_LAST" => false,
                "DESC" | "DESC_NULLS_FIRST" | "ASC_NULLS_FIRST" => true,
                other => return Err(ArgumentError::new(&argument, format!("{other:?} is no direction"))),
            };
            Ok(Term {
                nullable: column.nullable || !path.is_empty(),
                path,
                column: id,
                ty: column.ty.clone(),
                descending,
                nulls_first,
            })
        }
        Some(FieldId::GlobalId) | None => {
            Err(ArgumentError::new(&argument, "there is no such field to order by"))
        }
    }
}

/// The joins that an order needs and the SQL of its terms.
pub(super) struct Ordered {
    /// SQL of each term's value.
    pub(super) values: Vec<String>,
    /// Joins, to stand after the table.
    joins: Vec<Join>,
}

struct Join {
    path: Vec<RelationId>,
    alias: String,
    table: crate::graph::catalog::TableId,
    condition: String,
}

/// Names the terms' values for a table that has an alias in the statement.
pub(super) fn resolve(
    catalog: &Catalog,
    table: &Table,
    alias: &str,
    terms: &[Term],
    sql: &mut Sql,
) -> Ordered {
    let mut joins: Vec<Join> = Vec::new();
    let mut values = Vec::with_capacity(terms.len());
    for term in terms {
        let mut at = table;
        let mut at_alias = alias.to_owned();
        for depth in 1..=term.path.len() {
            let path = &term.path[..depth];
            let relation = at.relation(term.path[depth - 1]);
            let target = catalog.table(relation.target);
            if let Some(join) = joins.iter().find(|join| join.path == path) {
                at_alias.clone_from(&join.alias);
            } else {
                let alias = sql.alias();
                let condition = relation
                    .local
                    .iter()
                    .zip(&relation.remote)
                    .map(|(mine, theirs)| {
                        format!(
                            "{alias}.{} = {at_alias}.{}",
                            target.column(*theirs).sql_name,
                            at.column(*mine).sql_name
                        )
                    })
                    .collect::<Vec<_>>()
                    .join(" AND ");
                joins.push(Join { path: path.to_vec(), alias: alias.clone(), table: target.id, condition });
                at_alias = alias;
            }
            at = target;
        }
        values.push(format!("{at_alias}.{}", at.column(term.column).sql_name));
    }
    Ordered { values, joins }
}

impl Ordered {
    /// Writes the joins.
    pub(super) fn write_joins(&self, catalog: &Catalog, sql: &mut Sql) {
        for join in &self.joins {
            sql.push(" LEFT JOIN ").table(catalog.table(join.table));
            sql.push(format_args!(" {} ON {}", join.alias, join.condition));
        }
    }

    /// Writes ORDER BY.
    pub(super) fn write_order(&self, terms: &[Term], sql: &mut Sql) {
        sql.push(" ORDER BY ").join(", ", terms.iter().zip(&self.values), |sql, (term, value)| {
            sql.push(value);
            if term.descending {
                sql.push(" DESC");
            }
            // Left out where it says what Postgres does anyway, so that a plain index serves the order.
            if term.nullable && term.nulls_first != term.descending {
                sql.push(if term.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
            }
        });
    }

    /// Writes the condition of the rows that stand after the given values in this order. `None` is a missing value.
    pub(super) fn write_after(&self, terms: &[Term], after: &[Option<Parameter>], sql: &mut Sql) {
        let same_direction = terms.iter().all(|term| term.descending == terms[0].descending);
        let values: Option<Vec<&Parameter>> = after.iter().map(Option::as_ref).collect();
        if let Some(values) = values
            && same_direction
            && terms.iter().all(|term| !term.nullable)
        {
            // A row comparison is one range of an index.
            sql.push("(").join(", ", &self.values, |sql, value| {
                sql.push(value);
            });
            sql.push(if terms[0].descending { ") < (" } else { ") > (" });
            sql.join(", ", values, |sql, value| {
                sql.bind(value.clone());
            });
            sql.push(")");
            return;
        }
        // (a after x) OR (a = x AND b after y) OR …
        sql.push("(").join(" OR ", 0..terms.len(), |sql, last| {
            sql.push("(");
            sql.join(" AND ", 0..=last, |sql, at| {
                let (term, value) = (&terms[at], &self.values[at]);
                match (&after[at], at == last) {
                    (Some(parameter), false) => {
                        sql.push(format_args!("{value} = ")).bind(parameter.clone());
                    }
                    (None, false) => {
                        sql.push(format_args!("{value} IS NULL"));
                    }
                    (Some(parameter), true) => {
                        let operator = if term.descending { "<" } else { ">" };
                        sql.push(format_args!("({value} {operator} ")).bind(parameter.clone());
                        if term.nullable && !term.nulls_first {
                            sql.push(format_args!(" OR {value} IS NULL"));
                        }
                        sql.push(")");
                    }
                    (None, true) if term.nulls_first => {
                        sql.push(format_args!("{value} IS NOT NULL"));
                    }
                    (None, true) => {
                        sql.push("false");
                    }
                }
            });
            sql.push(")");
        });
        sql.push(")");
    }
}
