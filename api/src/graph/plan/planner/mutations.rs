//! Plans fields of `Mutation`.

use super::super::mutation::{
    FunctionWrite, Mutation, MutationField, MutationStep, Objects, Payload, PayloadField, RowWrite, Write,
};
use super::super::{KeySource, Plan};
use super::{Planned, Planner};
use crate::graph::arguments::{ArgumentError, Arguments, Inputs, Reading, Value};
use crate::graph::catalog::{
    Argument, ArgumentType, Bounds, Catalog, ColumnId, Function, MutationTarget, Relation, Table, TableId,
    TableOperation,
};
use crate::graph::document::{self, Document, Field, Selection};
use crate::graph::error::Error;
use crate::graph::limits::Limits;
use crate::graph::question::call::Call;
use crate::graph::question::inputs;
use crate::graph::question::key::{self, key_values};
use crate::graph::question::write::{OnConflict, TargetRow};
use crate::graph::sql;
use crate::graph::value::{holds, parameter, shown};

/// Plans a validated mutation.
pub(crate) fn plan_mutation(
    catalog: &Catalog,
    limits: &Limits,
    document: &Document,
    operation: &document::Operation,
    inputs: &Inputs<'_>,
) -> Result<Mutation, Error> {
    let mut planner = Planner::new(catalog, limits, document, inputs);
    let collected = planner.root_collected(&[operation.selections.as_slice()], "Mutation")?;
    planner.fresh = collected
        .iter()
        .filter_map(|it| catalog.mutation(&it.first().name))
        .any(|mutation| catalog.table(written(catalog, mutation)).is_reference);
    let fields = planner.each(&collected, 1, |this, field, collected| {
        Ok(match catalog.mutation(&field.name) {
            Some(mutation) => {
                MutationField::MutationStep(Box::new(this.step(mutation, field, &collected.selections())?))
            }
            // Validation leaves `__typename` only.
            None => MutationField::Typename,
        })
    })?;
    Ok(Mutation { fields, writes_reference: planner.fresh, cost: planner.cost })
}

/// Returns the table whose rows a mutation returns.
fn written(catalog: &Catalog, mutation: MutationTarget) -> TableId {
    match mutation {
        MutationTarget::Table(_, table) => table,
        MutationTarget::Function(function) => catalog.function(function).table(),
    }
}

impl<'a> Planner<'a> {
    fn step(
        &mut self,
        mutation: MutationTarget,
        field: &'a Field,
        sets: &[&'a [Selection]],
    ) -> Planned<MutationStep> {
        let given = self.arguments_by(field, |argument| match mutation {
            MutationTarget::Table(..) if !matches!(argument, "input" | "inputs" | "patch") => Reading::Guard,
            MutationTarget::Table(..) | MutationTarget::Function(_) => Reading::Data,
        })?;
        let table = self.catalog.table(written(self.catalog, mutation));
        let planned = match mutation {
            MutationTarget::Table(operation, _) => self
                .write(operation, table, field, &given)
                .map(|(write, rows)| (write, operation == TableOperation::CreateMany, rows)),
            MutationTarget::Function(function) => self.call(self.catalog.function(function), table, &given),
        };
        let (write, many, rows) = planned.map_err(|error| self.refuse(field, error))?;
        let place = self.place(field);
        let payload = self.payload(table, many, field, sets, rows)?;
        let (loads, load_tree) = self.take_loads()?;
        let plan = Plan { fields: Vec::new(), load_tree, loads, cost: self.cost };
        Ok(MutationStep { table: table.id, write, payload, plan, place })
    }

    /// Plans the call of a function that writes. It also returns true if the function returns a list, and the largest number of rows.
    fn call(
        &self,
        function: &Function,
        table: &Table,
        given: &Arguments<'_>,
    ) -> Result<(Write, bool, u64), ArgumentError> {
        let call = Call::of(function, given)?;
        let many = !function.is_single();
        let lists = given.iter().filter_map(|(name, value)| Some((value.as_list()?.len(), name)));
        let longest = lists.max_by_key(|(length, _)| *length).filter(|_| many);
        if let Some((_, argument)) = longest.filter(|(length, _)| *length > self.limits.written_rows) {
            return Err(ArgumentError::exceeded(argument, inputs::too_many(self.limits.written_rows)));
        }
        let objects = longest.map_or(self.limits.written_rows, |(length, _)| length);
        let rows = if many { objects } else { 1 };
        let call = FunctionWrite {
            statement: sql::call(self.catalog, table.id, &call, None),
            objects: Objects::of(function, table.id, call, given),
            places: places(function, given),
            key: function.key().map(|argument| argument.field.clone()),
            too_large: too_large(function, table, given),
        };
        Ok((Write::Call(call), many, rows as u64))
    }

    /// Plans the write of a table, and returns the largest number of rows that it returns.
    fn write(
        &self,
        operation: TableOperation,
        table: &'a Table,
        field: &Field,
        given: &Arguments<'_>,
    ) -> Result<(Write, u64), ArgumentError> {
        let rows = |argument: &str| {
            let given = given.get(argument).map(|it| it.as_list().unwrap_or(std::slice::from_ref(it)));
            inputs::read_rows(self.catalog, self.limits, table, given.unwrap_or_default(), argument)
        };
        match operation {
            TableOperation::Create => Ok((Write::Insert(rows("input")?), 1)),
            TableOperation::CreateMany => {
                let insert = rows("inputs")?;
                let rows = insert.rows.len() as u64;
                Ok((Write::Insert(insert), rows))
            }
            TableOperation::Upsert => {
                let mut insert = rows("input")?;
                if !insert.children.is_empty() {
                    let given = |relation: &&Relation| {
                        let rows = given.get("input").and_then(|input| input.get(&relation.field));
                        rows.is_some_and(|rows| !rows.items().is_empty())
                    };
                    let below = self.catalog.insertable_relations(table).find(given);
                    let message = "rows that belong to it are added with `create` only: here they could be there already";
                    let place = below.map_or("", |relation| relation.field.as_str());
                    return Err(ArgumentError::new(place, message).within("input"));
                }
                let name = given.get("onConflict").and_then(Value::as_str).unwrap_or_default();
                let key = table.upsert_keys().find(|key| table.key_name(key) == name).unwrap_or_default();
                let set: Vec<ColumnId> = insert
                    .columns
                    .iter()
                    .filter(|id| table.writes.update.contains(id) && !key.contains(id))
                    .copied()
                    .collect();
                if set.is_empty() {
                    let error = ArgumentError::new("input", "there is nothing to change beside the key");
                    return Err(self.inputs.with_missing(field, error));
                }
                insert.on_conflict = Some(OnConflict { key: key.to_vec(), set });
                Ok((Write::Insert(insert), 1))
            }
            TableOperation::Update => {
                let patch = given.get("patch").map(Value::fields).unwrap_or_default();
                let patch = inputs::read_patch(table, patch)?;
                if patch.is_empty() {
                    let error = ArgumentError::new("patch", "there is nothing to change");
                    return Err(self.inputs.with_missing(field, error));
                }
                let target = self.target_row(table, given)?;
                Ok((
                    Write::Update(RowWrite {
                        statement: sql::update(&target, patch),
                        look: sql::look(&target),
                    }),
                    1,
                ))
            }
            TableOperation::Delete => {
                let target = self.target_row(table, given)?;
                Ok((Write::Delete(RowWrite { statement: sql::delete(&target), look: sql::look(&target) }), 1))
            }
        }
    }

    /// Returns the row that the arguments name, by its global id or one of its keys.
    fn target_row(&self, table: &'a Table, given: &Arguments<'_>) -> Result<TargetRow<'a>, ArgumentError> {
        let unchanged_since = table
            .updated_at()
            .zip(given.get("ifUnchangedSince"))
            .map(|(column, value)| {
                let moment = shown(&table.column(column).ty, Bounds::default(), value);
                let moment = moment.map_err(|error| error.within("ifUnchangedSince"));
                moment.map(|moment| (column, moment))
            })
            .transpose()?;
        key::check(table, given)?;
        let is_given = |name: &str| given.get(name).is_some();
        let named: Vec<&str> = std::iter::once("id")
            .chain(table.keys.iter().flatten().map(|id| table.column(*id).field.as_str()))
            .filter(|name| is_given(name))
            .collect();
        let has = |id: &ColumnId| is_given(&table.column(*id).field);
        let key = table.keys.iter().find(|key| {
            key.iter().all(has)
                && named.iter().all(|name| key.iter().any(|id| table.column(*id).field == *name))
        });
        let (columns, values) = match (key, named.as_slice()) {
            (Some(key), _) => (key.as_slice(), key_values(table, key, given)?),
            (None, ["id"]) => {
                let id = given.get("id").and_then(Value::as_str).unwrap_or_default();
                let key = crate::graph::global_id::read(self.catalog, id)
                    .filter(|(of, _)| of.id == table.id)
                    .map(|(_, key)| key);
                let message = || format!("this is not the id of a {}", table.type_name);
                (table.primary_key.as_slice(), key.ok_or_else(|| ArgumentError::new("id", message()))?)
            }
            (None, _) => {
                let message = format!("give exactly one key: id, {}", table.key_names());
                return Err(ArgumentError::here(message));
            }
        };
        Ok(TargetRow { table, columns, values, unchanged_since })
    }

    /// Plans a payload. `rows` is the largest number of its rows.
    fn payload(
        &mut self,
        table: &'a Table,
        many: bool,
        field: &'a Field,
        sets: &[&'a [Selection]],
        rows: u64,
    ) -> Planned<Payload> {
        let type_name = format!("{}{}Payload", table.type_name, if many { "List" } else { "" });
        let collected = self.collect(sets, &type_name)?;
        let mut load = None;
        let fields = self.each(&collected, 1, |this, part, collected| {
            let mut row = |this: &mut Self| -> Planned<_> {
                this.for_keys(KeySource::Later, |this| {
                    let by_key = || this.by_key(table, &table.primary_key, field, rows);
                    let load = *load.get_or_insert_with(by_key);
                    Ok((load, this.row(table, load, &collected.selections(), rows)?))
                })
            };
            Ok(match &*part.name {
                "__typename" => PayloadField::Typename,
                "affectedCount" => PayloadField::AffectedCount,
                "nodes" if many => {
                    let (load, selection) = row(this)?;
                    PayloadField::Nodes(load, selection)
                }
                _ => {
                    let (load, selection) = row(this)?;
                    PayloadField::Row(load, selection)
                }
            })
        })?;
        Ok(Payload { type_name, fields })
    }
}

/// Returns the places of the values of a function that writes, as dotted paths, each with true if the request gives the value.
fn places(function: &Function, given: &Arguments<'_>) -> Vec<(String, bool)> {
    let place = |argument: &Argument| {
        let value = given.get(&argument.field);
        match &argument.ty {
            ArgumentType::Value(_) => vec![(argument.field.clone(), value.is_some_and(|it| !it.is_null()))],
            ArgumentType::Objects { fields, .. } => {
                let objects = value.map(Value::items).unwrap_or_default();
                let place = |field: &Argument| {
                    let is_given = objects.iter().any(|object| object.gives(&field.field));
                    (format!("{}.{}", argument.field, field.field), is_given)
                };
                fields.iter().map(place).collect()
            }
        }
    };
    function.arguments.iter().flat_map(place).collect()
}

/// Returns the place of the first number that is too large for the column of its name. The function may do anything with it, but if the
/// database refuses a number, it is this one.
fn too_large(function: &Function, table: &Table, given: &Arguments<'_>) -> Option<String> {
    let is_too_large = |argument: &Argument, value: Option<&Value<'_>>| {
        let (ArgumentType::Value(ty), Some(value), Some(column)) =
            (&argument.ty, value, table.column_named(&argument.name))
        else {
            return false;
        };
        !value.is_null()
            && parameter(ty, value).is_ok_and(|value| !holds(table.column(column).bounds, &value))
    };
    function.arguments.iter().find_map(|argument| match &argument.ty {
        ArgumentType::Value(_) => {
            is_too_large(argument, given.get(&argument.field)).then(|| argument.field.clone())
        }
        ArgumentType::Objects { fields, .. } => {
            let objects = given.get(&argument.field).map(Value::items).unwrap_or_default();
            objects.iter().enumerate().find_map(|(at, object)| {
                let field = fields.iter().find(|field| is_too_large(field, object.get(&field.field)))?;
                Some(format!("{}.{at}.{}", argument.field, field.field))
            })
        }
    })
}
