//! The inputs of mutations: new rows, and the changes to a row.

use std::borrow::Cow;

use super::find_or_push;
use super::write::{Cell, Insert};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, Column, ColumnId, FieldId, Relation, Table};
use crate::graph::limits::Limits;
use crate::graph::value::stored;

/// The largest number of parameters of a statement in Postgres's protocol.
const MOST_VALUES: usize = u16::MAX as usize;

/// Reads new rows from an argument, together with the rows that belong to them.
pub(in crate::graph) fn read_rows(
    catalog: &Catalog,
    limits: &Limits,
    table: &Table,
    rows: &[Value<'_>],
    argument: &str,
) -> Result<Insert, ArgumentError> {
    let places: Vec<String> = match argument {
        "inputs" => (0..rows.len()).map(|at| format!("inputs.{at}")).collect(),
        argument => vec![argument.to_owned(); rows.len()],
    };
    let given: Vec<GivenRow<'_>> =
        rows.iter().zip(places).map(|(row, place)| GivenRow { row, place, parent: None }).collect();
    if given.is_empty() {
        return Err(ArgumentError::new(argument, "there is nothing to add"));
    }
    let mut reader = InputReader { catalog, argument, most: limits.written_rows, count: 0 };
    reader.rows(table, &given, None)
}

/// Returns the message of an error about more rows than one field may add.
pub(in crate::graph) fn too_many(most: usize) -> String {
    format!("one field adds at most {most} rows, together with those that belong to them")
}

/// Reads the changes to a row: a value for each column; `None` is NULL.
pub(in crate::graph) fn read_patch(
    table: &Table,
    patch: &[(Cow<'_, str>, Value<'_>)],
) -> Result<Vec<(ColumnId, Option<Parameter>)>, ArgumentError> {
    let mut values = Vec::with_capacity(patch.len());
    for (name, value) in patch {
        let Some(FieldId::Column(id)) = table.field(name) else { continue };
        values.push((id, read_value(table.column(id), value, &format!("patch.{name}"))?));
    }
    Ok(values)
}

/// A row of the input.
struct GivenRow<'v> {
    row: &'v Value<'v>,
    /// Its place in the arguments: `input.events.0`.
    place: String,
    /// The index of the row that it belongs to.
    parent: Option<usize>,
}

struct InputReader<'a> {
    catalog: &'a Catalog,
    /// The argument with all rows.
    argument: &'a str,
    most: usize,
    count: usize,
}

impl InputReader<'_> {
    /// Reads rows of a table. `of` holds the relation by which they belong to other rows, and the positions of its columns among the
    /// returned columns of those.
    fn rows(
        &mut self,
        table: &Table,
        given: &[GivenRow<'_>],
        of: Option<(&Relation, &[usize])>,
    ) -> Result<Insert, ArgumentError> {
        self.count += given.len();
        if self.count > self.most {
            return Err(ArgumentError::exceeded(self.argument, too_many(self.most)));
        }
        let columns = columns(table, given, of.map(|(relation, _)| relation));
        if columns.len().saturating_mul(given.len()) > MOST_VALUES {
            let message = format!("rows have at most {MOST_VALUES} values together");
            return Err(ArgumentError::exceeded(self.argument, message));
        }
        let rows = given
            .iter()
            .map(|given| columns.iter().map(|id| cell(table, *id, given, of)).collect())
            .collect::<Result<_, _>>()?;
        let mut insert = Insert {
            table: table.id,
            columns,
            rows,
            parents: given.iter().filter_map(|given| given.parent).collect(),
            places: given.iter().map(|given| given.place.clone()).collect(),
            on_conflict: None,
            returning: table.primary_key.clone(),
            children: Vec::new(),
        };
        for relation in self.catalog.insertable_relations(table) {
            let below = below(given, relation);
            if !below.is_empty() {
                let local = relation.local.iter();
                let positions: Vec<usize> =
                    local.map(|id| find_or_push(&mut insert.returning, *id)).collect();
                let target = self.catalog.table(relation.target);
                insert.children.push(self.rows(target, &below, Some((relation, &positions)))?);
            }
        }
        Ok(insert)
    }
}

/// Returns the columns that any row sets, in the order of the table.
fn columns(table: &Table, given: &[GivenRow<'_>], of: Option<&Relation>) -> Vec<ColumnId> {
    let is_given = |id: &ColumnId| {
        let field = table.column(*id).field.as_str();
        of.is_some_and(|relation| relation.remote.contains(id))
            || given.iter().any(|given| given.row.get(field).is_some())
    };
    let mut columns: Vec<ColumnId> = table.writes.insert.iter().filter(|id| is_given(id)).copied().collect();
    if columns.is_empty() {
        columns.extend(table.writes.insert.first());
    }
    columns
}

fn cell(
    table: &Table,
    id: ColumnId,
    given: &GivenRow<'_>,
    of: Option<(&Relation, &[usize])>,
) -> Result<Cell, ArgumentError> {
    let from_parent = of.and_then(|(relation, positions)| {
        let at = relation.remote.iter().position(|remote| *remote == id)?;
        positions.get(at)
    });
    if let Some(position) = from_parent {
        return Ok(Cell::Parent(*position));
    }
    let column = table.column(id);
    let Some(value) = given.row.get(&column.field) else { return Ok(Cell::Default) };
    let place = format!("{}.{}", given.place, column.field);
    Ok(read_value(column, value, &place)?.map_or(Cell::Null, Cell::Given))
}

/// Returns the rows that the input nests below other rows, by a relation.
fn below<'v>(given: &[GivenRow<'v>], relation: &Relation) -> Vec<GivenRow<'v>> {
    let mut below = Vec::new();
    for (parent, given) in given.iter().enumerate() {
        let rows = given.row.get(&relation.field).map(Value::items).unwrap_or_default();
        below.extend(rows.iter().enumerate().map(|(at, row)| {
            let place = format!("{}.{}.{at}", given.place, relation.field);
            GivenRow { row, place, parent: Some(parent) }
        }));
    }
    below
}

fn read_value(column: &Column, value: &Value<'_>, place: &str) -> Result<Option<Parameter>, ArgumentError> {
    if value.is_null() {
        return Ok(None);
    }
    stored(&column.ty, column.bounds, value).map(Some).map_err(|error| error.within(place))
}
