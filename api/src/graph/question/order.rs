//! `orderBy` → ORDER BY, and the condition that continues after a cursor (keyset paging).

use super::allowance::{self, Allowance};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, Column, ColumnId, ColumnType, FieldId, RelationId, Table};
use crate::graph::limits::Limits;
use crate::graph::sql::Sql;

/// How a value orders rows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Sort {
    pub(in crate::graph) ty: ColumnType,
    /// Whether the value may be missing.
    pub(in crate::graph) nullable: bool,
    pub(in crate::graph) descending: bool,
    pub(in crate::graph) nulls_first: bool,
}

impl Sort {
    /// The same read from the other end.
    pub(in crate::graph) fn reversed(&self) -> Self {
        Self { descending: !self.descending, nulls_first: !self.nulls_first, ..self.clone() }
    }

    /// The same, read from an index that holds missing values first, whichever way it is read.
    pub(in crate::graph) fn nulls_first(&self) -> Self {
        Self { nullable: true, nulls_first: !self.descending, ..self.clone() }
    }

    /// Reads an `OrderDirection`.
    pub(in crate::graph) fn read(
        ty: ColumnType,
        nullable: bool,
        direction: &Value<'_>,
    ) -> Result<Self, String> {
        let direction = direction.as_str().unwrap_or_default();
        let nulls_first = match direction {
            "ASC" | "ASC_NULLS_LAST" | "DESC_NULLS_LAST" => false,
            "DESC" | "DESC_NULLS_FIRST" | "ASC_NULLS_FIRST" => true,
            other => return Err(format!("{other:?} is no direction")),
        };
        Ok(Self { ty, nullable, descending: direction.starts_with("DESC"), nulls_first })
    }
}

/// A column that orders rows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Term {
    pub(in crate::graph) at: Path,
    pub(in crate::graph) sort: Sort,
}

/// Where a column is, seen from a table.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Path {
    /// To-one relations to follow.
    pub(in crate::graph) relations: Vec<RelationId>,
    /// The column at their end.
    pub(in crate::graph) column: ColumnId,
}

impl Path {
    /// A name that no other path from the table has, and that it keeps when others are added: `eventType/eventName`.
    pub(in crate::graph) fn name(&self, catalog: &Catalog, table: &Table) -> String {
        let mut name = String::new();
        let mut at = table;
        for relation in &self.relations {
            let relation = at.relation(*relation);
            name.push_str(&relation.field);
            name.push('/');
            at = catalog.table(relation.target);
        }
        name.push_str(&at.column(self.column).field);
        name
    }
}

/// Reads `orderBy` and adds the primary key, so that the order is total.
pub(in crate::graph) fn read(
    catalog: &Catalog,
    table: &Table,
    value: Option<&Value<'_>>,
    limits: &Limits,
) -> Result<Vec<Term>, ArgumentError> {
    let mut terms = Vec::new();
    let entries = value.map(Value::items).unwrap_or_default();
    allowance::terms(limits, entries.len(), "orderBy")?;
    for (at, entry) in entries.iter().enumerate() {
        terms.push(read_entry(catalog, table, entry, &format!("orderBy.{at}"), Vec::new())?);
    }
    Ok(with_ties(table, terms))
}

/// Adds the primary key to an order, so that it is total.
pub(in crate::graph) fn with_ties(table: &Table, mut terms: Vec<Term>) -> Vec<Term> {
    // Ties follow the last term's direction, so that one index serves the whole order from either end.
    let descending = terms.last().is_some_and(|term| term.sort.descending);
    for key in &table.primary_key {
        let at = Path { relations: Vec::new(), column: *key };
        if !terms.iter().any(|term| term.at == at) {
            let ty = table.column(*key).ty.clone();
            terms.push(Term { at, sort: Sort { ty, nullable: false, descending, nulls_first: descending } });
        }
    }
    terms
}

pub(in crate::graph) fn read_entry(
    catalog: &Catalog,
    table: &Table,
    entry: &Value<'_>,
    argument: &str,
    mut relations: Vec<RelationId>,
) -> Result<Term, ArgumentError> {
    let (name, value) = only_field(entry, argument)?;
    let argument = format!("{argument}.{name}");
    match table.field(name) {
        Some(FieldId::Relation(id)) => {
            relations.push(id);
            read_entry(catalog, catalog.table(table.relation(id).target), value, &argument, relations)
        }
        Some(FieldId::Column(column)) => {
            let Column { ty, nullable, .. } = table.column(column);
            let sort = Sort::read(ty.clone(), *nullable || !relations.is_empty(), value)
                .map_err(|message| ArgumentError::new(&argument, message))?;
            Ok(Term { at: Path { relations, column }, sort })
        }
        Some(FieldId::GlobalId | FieldId::Groups(_) | FieldId::Series(_)) | None => {
            Err(ArgumentError::new(&argument, "there is no such field to order by"))
        }
    }
}

/// The only field of an entry of a list that stands for an order.
pub(in crate::graph) fn only_field<'v>(
    entry: &'v Value<'v>,
    argument: &str,
) -> Result<(&'v str, &'v Value<'v>), ArgumentError> {
    match entry.fields() {
        [(name, value)] => Ok((name, value)),
        _ => Err(ArgumentError::new(
            argument,
            "name exactly one field; for several, give a list, since a list has an order",
        )),
    }
}

/// Columns of a statement, and the joins that lead to them.
pub(in crate::graph) struct Resolved {
    /// SQL of each column.
    pub(in crate::graph) values: Vec<String>,
    /// Joins, to stand after the table.
    joins: Vec<Join>,
}

struct Join {
    path: Vec<RelationId>,
    alias: String,
    table: crate::graph::catalog::TableId,
    condition: String,
}

/// Names columns for a table that has an alias in the statement. `argument`: what asks for them.
pub(in crate::graph) fn resolve<'p>(
    catalog: &Catalog,
    table: &Table,
    alias: &str,
    paths: impl IntoIterator<Item = &'p Path>,
    argument: &str,
    allowance: &mut Allowance<'_>,
    sql: &mut Sql,
) -> Result<Resolved, ArgumentError> {
    let mut joins: Vec<Join> = Vec::new();
    let mut values = Vec::new();
    for wanted in paths {
        let mut at = table;
        let mut at_alias = alias.to_owned();
        for depth in 1..=wanted.relations.len() {
            let path = &wanted.relations[..depth];
            let relation = at.relation(wanted.relations[depth - 1]);
            let target = catalog.table(relation.target);
            if let Some(join) = joins.iter().find(|join| join.path == path) {
                at_alias.clone_from(&join.alias);
            } else {
                allowance.relation(depth, || argument.to_owned())?;
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
        values.push(format!("{at_alias}.{}", at.column(wanted.column).sql_name));
    }
    Ok(Resolved { values, joins })
}

impl Resolved {
    /// Writes the joins.
    pub(in crate::graph) fn write_joins(&self, catalog: &Catalog, sql: &mut Sql) {
        for join in &self.joins {
            sql.push(" LEFT JOIN ").table(catalog.table(join.table));
            sql.push(format_args!(" {} ON {}", join.alias, join.condition));
        }
    }
}

/// Writes ORDER BY.
pub(in crate::graph) fn write_order(values: &[String], sorts: &[Sort], sql: &mut Sql) {
    sql.push(" ORDER BY ").join(", ", sorts.iter().zip(values), |sql, (sort, value)| {
        sql.push(value);
        if sort.descending {
            sql.push(" DESC");
        }
        // Left out where it says what Postgres does anyway, so that a plain index serves the order.
        if sort.nullable && sort.nulls_first != sort.descending {
            sql.push(if sort.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
        }
    });
}

/// Whether the row that given values are of stands after them too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum Edge {
    Excluded,
    Included,
}

impl Edge {
    /// The same for values before the last: what is equal there is decided by those behind it.
    fn of(self, is_last: bool) -> Self {
        if is_last { self } else { Self::Excluded }
    }

    /// Compares a value with that of a cursor.
    fn operator(self, sort: &Sort) -> &'static str {
        match (sort.descending, self == Self::Included) {
            (false, false) => ">",
            (false, true) => ">=",
            (true, false) => "<",
            (true, true) => "<=",
        }
    }
}

/// Whether the rows after the given values are one range of an index: a row comparison. `None`: all rows are.
pub(in crate::graph) fn is_one_range(sorts: &[Sort], after: Option<&[Option<Parameter>]>) -> bool {
    let Some(after) = after else { return true };
    let same_direction = sorts.iter().all(|sort| sort.descending == sorts[0].descending);
    same_direction && sorts.iter().all(|sort| !sort.nullable) && after.iter().all(Option::is_some)
}

/// The rows that stand after the given values in this order, as conditions that are each one range of an index: those that
/// share the first values with them, from the longest beginning to none.
pub(in crate::graph) fn ranges_after(
    values: &[String],
    sorts: &[Sort],
    after: &[Option<Parameter>],
    edge: Edge,
    sql: &mut Sql,
) -> Vec<String> {
    let mut same: Vec<String> = Vec::new();
    let mut ranges = Vec::new();
    for (at, ((value, sort), after)) in values.iter().zip(sorts).zip(after).enumerate() {
        let parameter = after.clone().map(|after| sql.parameter(after));
        let mut beyond = Vec::new();
        let edge = edge.of(at + 1 == sorts.len());
        if let Some(parameter) = &parameter {
            let operator = edge.operator(sort);
            beyond.push(format!("{value} {operator} {parameter}"));
            if sort.nullable && !sort.nulls_first {
                beyond.push(format!("{value} IS NULL"));
            }
        } else {
            if sort.nulls_first {
                beyond.push(format!("{value} IS NOT NULL"));
            }
            if edge == Edge::Included {
                beyond.push(format!("{value} IS NULL"));
            }
        }
        let with_same =
            |beyond: String| same.iter().cloned().chain([beyond]).collect::<Vec<_>>().join(" AND ");
        ranges.extend(beyond.into_iter().map(with_same));
        same.push(match parameter {
            Some(parameter) => format!("{value} = {parameter}"),
            None => format!("{value} IS NULL"),
        });
    }
    if ranges.is_empty() {
        ranges.push("false".into());
    }
    ranges.reverse();
    ranges
}

/// All rows, as those that have a value and those where it is missing.
pub(in crate::graph) fn with_and_without(value: &str) -> [String; 2] {
    [format!("{value} IS NOT NULL"), format!("{value} IS NULL")]
}

/// The rows after the given values, or all of them, as ranges that each have one value of the order's first column: where it is
/// a word for what the row was made from, as in a view over several tables, each of these has an index by the rest.
pub(in crate::graph) fn ranges_of_kinds(
    kinds: &[&str],
    values: &[String],
    sorts: &[Sort],
    after: Option<&[Option<Parameter>]>,
    edge: Edge,
    sql: &mut Sql,
) -> Vec<String> {
    let after = match after {
        Some([Some(first), rest @ ..]) => {
            let first = sql.parameter(first.clone());
            Some((first, ranges_after(&values[1..], &sorts[1..], rest, edge, sql)))
        }
        // No row lacks its key.
        Some(_) => return vec!["false".into()],
        None => None,
    };
    let operator = if sorts[0].descending { "<" } else { ">" };
    let mut ranges = Vec::new();
    for kind in kinds {
        let kind = format!("'{}'::text", kind.replace('\'', "''"));
        let of_kind = format!("{} = {kind}", values[0]);
        match &after {
            Some((first, rest)) => {
                ranges.extend(rest.iter().map(|range| format!("{of_kind} AND {kind} = {first} AND {range}")));
                ranges.push(format!("{of_kind} AND {kind} {operator} {first}"));
            }
            None => ranges.push(of_kind),
        }
    }
    ranges
}

/// Writes the condition of the rows that stand after the given values in this order. `None` is a missing value.
pub(in crate::graph) fn write_after(
    values: &[String],
    sorts: &[Sort],
    after: &[Option<Parameter>],
    edge: Edge,
    sql: &mut Sql,
) {
    let known: Option<Vec<&Parameter>> = after.iter().map(Option::as_ref).collect();
    if let Some(known) = known
        && is_one_range(sorts, Some(after))
    {
        // A row comparison is one range of an index.
        let known: Vec<String> = known.into_iter().map(|value| sql.parameter(value.clone())).collect();
        let operator = edge.operator(&sorts[0]);
        if let ([first, _, ..], [value, ..]) = (known.as_slice(), values) {
            // It says this too, but Postgres does not take it apart where the values come from several tables: in a view.
            let operator = Edge::Included.operator(&sorts[0]);
            sql.push(format_args!("{value} {operator} {first} AND "));
        }
        sql.push(format_args!("({}) {operator} ({})", values.join(", "), known.join(", ")));
        return;
    }
    // (a after x) OR (a = x AND b after y) OR …
    sql.push("(").join(" OR ", 0..sorts.len(), |sql, last| {
        sql.push("(");
        sql.join(" AND ", 0..=last, |sql, at| {
            let (sort, value) = (&sorts[at], &values[at]);
            match (&after[at], at == last) {
                (Some(parameter), false) => {
                    sql.push(format_args!("{value} = ")).bind(parameter.clone());
                }
                (None, false) => {
                    sql.push(format_args!("{value} IS NULL"));
                }
                (Some(parameter), true) => {
                    let operator = edge.of(last + 1 == sorts.len()).operator(sort);
                    sql.push(format_args!("({value} {operator} ")).bind(parameter.clone());
                    if sort.nullable && !sort.nulls_first {
                        sql.push(format_args!(" OR {value} IS NULL"));
                    }
                    sql.push(")");
                }
                (None, true) => {
                    let includes = edge.of(last + 1 == sorts.len()) == Edge::Included;
                    match (sort.nulls_first, includes) {
                        (true, true) => sql.push("true"),
                        (true, false) => sql.push(format_args!("{value} IS NOT NULL")),
                        (false, true) => sql.push(format_args!("{value} IS NULL")),
                        (false, false) => sql.push("false"),
                    };
                }
            }
        });
        sql.push(")");
    });
    sql.push(")");
}
