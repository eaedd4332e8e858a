//! The argument `orderBy`: the values that order rows.

use super::allowance;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, Column, ColumnId, ColumnType, FieldId, RelationId, Table};
use crate::graph::limits::Limits;

/// The direction in which a value orders rows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Sort {
    pub(in crate::graph) ty: ColumnType,
    /// True if the value may be missing.
    pub(in crate::graph) nullable: bool,
    pub(in crate::graph) descending: bool,
    pub(in crate::graph) nulls_first: bool,
}

impl Sort {
    /// Returns the reversed direction.
    pub(in crate::graph) fn reversed(&self) -> Self {
        Self { descending: !self.descending, nulls_first: !self.nulls_first, ..self.clone() }
    }

    /// Returns the direction as an index with NULLS FIRST has it, if it is read forwards, or backwards for a descending order.
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

/// A column that orders rows, with its direction.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Term {
    pub(in crate::graph) at: Path,
    pub(in crate::graph) sort: Sort,
}

/// The path from a table to a column.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) struct Path {
    /// The relations to follow, each of which leads to one row.
    pub(in crate::graph) relations: Vec<RelationId>,
    /// The column at their end.
    pub(in crate::graph) column: ColumnId,
}

impl Path {
    /// Returns the path's name, which no other path from the table has and which does not change when others are added:
    /// `eventType/eventName`.
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
    Ok(with_tie_breaker(table, terms))
}

/// Adds the primary key to an order, so that it is total.
pub(in crate::graph) fn with_tie_breaker(table: &Table, mut terms: Vec<Term>) -> Vec<Term> {
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

/// Reads an entry of `orderBy` for a table that `relations` lead to. `argument` is the entry's place.
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

/// Returns the only field of a value of a `@oneOf` type.
pub(in crate::graph) fn only_field<'v>(
    entry: &'v Value<'v>,
    argument: &str,
) -> Result<(&'v str, &'v Value<'v>), ArgumentError> {
    match entry.fields() {
        [(name, value)] => Ok((name, value)),
        _ => Err(ArgumentError::new(argument, "give exactly one field")),
    }
}

/// The bound of the rows after a cursor: the row of the cursor is excluded or included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum CursorBound {
    Excluded,
    Included,
}
