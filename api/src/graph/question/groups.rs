//! The arguments of a grouped list.

use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::aggregates::Expression;
use super::allowance;
use super::call::Call;
use super::cursor::{self, NamedSort};
use super::find_or_push;
use super::grouping::GroupingKey;
use super::order::{self, Path, Sort};
use super::page;
use super::range::Ranges;
use crate::database::Parameter;
use crate::fingerprint::fingerprint;
use crate::graph::aggregate::{AggregateFunction, function_named, measured_as};
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{Catalog, ColumnType, FieldId, RelationId, Scalar, Table};
use crate::graph::limits::Limits;

/// The arguments of a grouped list, checked.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Groups<'a> {
    /// The number of columns before the first key in a row.
    first_column: usize,
    pub(in crate::graph) keys: Vec<GroupingKey>,
    pub(in crate::graph) expressions: Vec<Expression>,
    pub(in crate::graph) order: Vec<(GroupColumn, Sort)>,
    pub(in crate::graph) limit: u64,
    pub(in crate::graph) offset: u64,
    pub(in crate::graph) after: Option<Vec<Option<Parameter>>>,
    pub(in crate::graph) having: Option<Rc<Value<'a>>>,
    /// The call of the function that returns the rows.
    pub(in crate::graph) call: Option<Call>,
}

/// A column of the groups: a key or an aggregate, by its index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum GroupColumn {
    Key(usize),
    Expression(usize),
}

impl<'a> Groups<'a> {
    /// Reads the arguments of a grouped list.
    pub(in crate::graph) fn read(
        catalog: &Catalog,
        table: &Table,
        mut arguments: Arguments<'a>,
        limits: &Limits,
    ) -> Result<Self, ArgumentError> {
        let mut groups = Self {
            first_column: 0,
            keys: Vec::new(),
            expressions: Vec::new(),
            order: Vec::new(),
            limit: page::size(&arguments, "first", limits)?.unwrap_or(limits.default_page),
            offset: page::count(&arguments, "offset")?.unwrap_or(0),
            after: None,
            having: arguments.take("having").map(Rc::new),
            call: Call::read(catalog, table, &arguments, limits)?,
        };
        if let Some(by) = arguments.get("groupBy") {
            groups.read_keys(catalog, table, by, "groupBy", &[])?;
        }
        allowance::terms(limits, groups.keys.len(), "groupBy")?;
        if groups.keys.is_empty() {
            return Err(ArgumentError::new("groupBy", "name at least one field to group by"));
        }
        groups.read_order(catalog, table, arguments.get("orderBy"), limits)?;
        if let Some(having) = groups.having.clone() {
            groups.add_having(table, &having);
        }
        if let Some(text) = arguments.get("after").and_then(Value::as_str) {
            let after = cursor::read(text, table, groups.call.as_ref(), &groups.named(catalog, table))
                .map_err(|message| ArgumentError::new("after", message))?;
            groups.after = Some(after);
        }
        Ok(groups)
    }

    /// Reads the groups that are the lines of a series; without keys there is one line. `first_column` is the number of columns before
    /// the keys.
    pub(in crate::graph) fn read_lines(
        catalog: &Catalog,
        table: &Table,
        arguments: &Arguments<'_>,
        limits: &Limits,
        first_column: usize,
    ) -> Result<Self, ArgumentError> {
        let mut groups = Self {
            first_column,
            keys: Vec::new(),
            expressions: Vec::new(),
            order: Vec::new(),
            limit: page::size(arguments, "first", limits)?.unwrap_or(limits.default_page),
            offset: 0,
            after: None,
            having: None,
            call: Call::read(catalog, table, arguments, limits)?,
        };
        if let Some(by) = arguments.get("groupBy") {
            groups.read_keys(catalog, table, by, "groupBy", &[])?;
        }
        allowance::terms(limits, groups.keys.len(), "groupBy")?;
        groups.read_order(catalog, table, arguments.get("orderBy"), limits)?;
        Ok(groups)
    }

    /// Returns the position of a key in a row; `None` if `groupBy` does not name it.
    pub(in crate::graph) fn key(&self, at: &Path) -> Option<usize> {
        let is_it = |key: &GroupingKey| key.at == *at && key.ranges().is_none();
        self.keys.iter().position(is_it).map(|at| self.first_column + at)
    }

    /// Returns the position of a range's number in a row, and the ranges; `None` if `groupBy` does not name them.
    pub(in crate::graph) fn range(&self, at: &Path) -> Option<(usize, &Ranges)> {
        let is_it = |(number, key): (usize, &GroupingKey)| (key.at == *at).then_some(number);
        let number =
            self.keys.iter().enumerate().filter(|(_, key)| key.ranges().is_some()).find_map(is_it)?;
        Some((self.first_column + number, self.keys[number].ranges()?))
    }

    /// Returns the position of an aggregate in a row, and adds the aggregate if it is missing.
    pub(in crate::graph) fn expression(&mut self, expression: Expression) -> usize {
        self.first_column + self.keys.len() + self.expression_index(expression)
    }

    /// Returns the number of keys and aggregates together.
    pub(in crate::graph) fn width(&self) -> usize {
        self.keys.len() + self.expressions.len()
    }

    fn expression_index(&mut self, expression: Expression) -> usize {
        find_or_push(&mut self.expressions, expression)
    }

    fn read_keys(
        &mut self,
        catalog: &Catalog,
        table: &Table,
        by: &Value<'_>,
        argument: &str,
        relations: &[RelationId],
    ) -> Result<(), ArgumentError> {
        for (name, value) in by.fields() {
            let argument = format!("{argument}.{name}");
            match table.field(name) {
                _ if value.as_bool() == Some(false) => {}
                Some(FieldId::Relation(id)) => {
                    let relations = [relations, &[id]].concat();
                    let target = catalog.table(table.relation(id).target);
                    self.read_keys(catalog, target, value, &argument, &relations)?;
                }
                Some(FieldId::Column(column)) => {
                    let at = Path { relations: relations.to_vec(), column };
                    self.keys.push(GroupingKey::read(at, table.column(column), value, &argument)?);
                }
                Some(FieldId::GlobalId | FieldId::Groups(_) | FieldId::Series(_)) | None => {
                    let column = table
                        .column_of_range(name)
                        .ok_or_else(|| ArgumentError::new(&argument, "there is no such field to group by"))?;
                    let at = Path { relations: relations.to_vec(), column };
                    self.keys.push(GroupingKey::read_ranges(at, table.column(column), value, &argument)?);
                }
            }
        }
        Ok(())
    }

    /// Reads `orderBy`, and appends the keys that it does not name, so that the order is total.
    fn read_order(
        &mut self,
        catalog: &Catalog,
        table: &Table,
        order: Option<&Value<'_>>,
        limits: &Limits,
    ) -> Result<(), ArgumentError> {
        let entries = order.map(Value::items).unwrap_or_default();
        allowance::terms(limits, entries.len(), "orderBy")?;
        for (at, entry) in entries.iter().enumerate() {
            let argument = format!("orderBy.{at}");
            let term = self.read_order_entry(catalog, table, entry, &argument)?;
            self.order.push(term);
        }
        let descending = self.order.last().is_some_and(|(_, sort)| sort.descending);
        for (at, key) in self.keys.iter().enumerate() {
            if !self.order.iter().any(|(value, _)| *value == GroupColumn::Key(at)) {
                let sort = Sort { ty: key.ty.clone(), nullable: true, descending, nulls_first: descending };
                self.order.push((GroupColumn::Key(at), sort));
            }
        }
        Ok(())
    }

    fn read_order_entry(
        &mut self,
        catalog: &Catalog,
        table: &Table,
        entry: &Value<'_>,
        argument: &str,
    ) -> Result<(GroupColumn, Sort), ArgumentError> {
        let (name, value) = order::only_field(entry, argument)?;
        let argument = format!("{argument}.{name}");
        let sort = |ty: ColumnType, nullable: bool, direction: &Value<'_>, argument: &str| {
            Sort::read(ty, nullable, direction).map_err(|message| ArgumentError::new(argument, message))
        };
        match (name, table.field(name)) {
            ("key", _) => {
                let term = order::read_entry(catalog, table, value, &argument, Vec::new())?;
                let key = self.keys.iter().position(|key| key.at == term.at).ok_or_else(|| {
                    let within = term.at.name(catalog, table).replace('/', ".");
                    ArgumentError::new(&within, "groups are ordered by keys that `groupBy` names")
                        .within(&argument)
                })?;
                let ty = self.keys[key].ty.clone();
                Ok((GroupColumn::Key(key), Sort { ty, nullable: true, ..term.sort }))
            }
            ("count", _) => {
                let sort = sort(ColumnType::Scalar(Scalar::BigInt), false, value, &argument)?;
                Ok((GroupColumn::Expression(self.expression_index(Expression::Count)), sort))
            }
            (_, Some(FieldId::Column(column))) if matches!(table.column(column).ty, ColumnType::List(_)) => {
                let at = Path { relations: Vec::new(), column };
                let key = self.keys.iter().position(|key| key.at == at).ok_or_else(|| {
                    ArgumentError::new(&argument, "groups are ordered by keys that `groupBy` names")
                })?;
                let sort = sort(self.keys[key].ty.clone(), true, value, &argument)?;
                Ok((GroupColumn::Key(key), sort))
            }
            (_, Some(FieldId::Column(column))) => {
                let ty = measured_as(table, column);
                let (name, value) = order::only_field(value, &argument)?;
                let argument = format!("{argument}.{name}");
                let (function, direction, within) =
                    read_function(ty, name, value, "direction").map_err(|error| error.within(&argument))?;
                let argument =
                    within.map_or_else(|| argument.clone(), |within| format!("{argument}.{within}"));
                let sort = sort(function.stored(ty), !function.is_count(), direction, &argument)?;
                Ok((GroupColumn::Expression(self.expression_index(Expression::Of(function, column))), sort))
            }
            _ => Err(ArgumentError::new(&argument, "there is no such field to order by")),
        }
    }

    /// Adds the aggregates that `having` compares. Mistakes in it are refused when its condition is written.
    fn add_having(&mut self, table: &Table, having: &Value<'_>) {
        for (name, value) in having.fields() {
            match (name.as_ref(), table.field(name)) {
                ("and" | "or", _) => {
                    for item in value.items() {
                        self.add_having(table, item);
                    }
                }
                ("not", _) => self.add_having(table, value),
                ("count", _) => {
                    self.expression_index(Expression::Count);
                }
                (_, Some(FieldId::Column(column))) => {
                    let ty = measured_as(table, column);
                    for (name, value) in value.fields() {
                        if let Ok((function, ..)) = read_function(ty, name, value, "value") {
                            self.expression_index(Expression::Of(function, column));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns the values that order the groups, each with a name that no other value of the table has.
    pub(in crate::graph) fn named(&self, catalog: &Catalog, table: &Table) -> Vec<NamedSort> {
        self.order
            .iter()
            .map(|(value, sort)| {
                let name = match value {
                    GroupColumn::Key(key) => {
                        let GroupingKey { at, grouping, .. } = &self.keys[*key];
                        let made = BASE64_URL_SAFE_NO_PAD.encode(fingerprint(grouping));
                        format!("{} key {} {made}", table.display_name, at.name(catalog, table))
                    }
                    GroupColumn::Expression(at) => self.expressions[*at].name(table),
                };
                (name, sort.clone())
            })
            .collect()
    }

    /// Returns the values that a cursor holds: their positions in a row, and their types.
    pub(in crate::graph) fn cursor_parts(&self) -> Vec<(usize, ColumnType)> {
        self.order.iter().map(|(value, sort)| (self.column(*value), sort.ty.clone())).collect()
    }

    /// Returns the index of a key or an aggregate among the columns of the grouped statement.
    pub(in crate::graph) fn column(&self, value: GroupColumn) -> usize {
        match value {
            GroupColumn::Key(at) => at,
            GroupColumn::Expression(at) => self.keys.len() + at,
        }
    }
}

/// Reads an aggregate function and the value that applies to it, such as a direction or comparisons. This is the value of the function's
/// field, or for a percentile, the field `beside` next to the share `p`; the name of that field is returned too. The place of the error
/// is relative to the value.
pub(in crate::graph) fn read_function<'v>(
    ty: &ColumnType,
    name: &str,
    value: &'v Value<'v>,
    beside: &'static str,
) -> Result<(AggregateFunction, &'v Value<'v>, Option<&'static str>), ArgumentError> {
    let function = function_named(ty, name)
        .ok_or_else(|| ArgumentError::here("there is no such function of this column"))?;
    if !matches!(function, AggregateFunction::Percentile(_)) {
        return Ok((function, value, None));
    }
    let share = value.get("p").and_then(|share| share.as_f64_between("0", "1"));
    let share = share.ok_or_else(|| ArgumentError::new("p", "a share lies between 0 and 1"))?;
    let applied = value.get(beside).ok_or_else(|| ArgumentError::new(beside, "this is missing"))?;
    Ok((AggregateFunction::Percentile(share), applied, Some(beside)))
}
