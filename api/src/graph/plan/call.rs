//! The call of a function: its arguments, bound by name.

use apollo_compiler::response::{JsonMap, JsonValue};

use super::allowance;
use super::input::ArgumentError;
use super::sql::Sql;
use crate::database::Parameter;
use crate::graph::catalog::{Argument, ArgumentType, Catalog, Function, Table};
use crate::graph::limits::Limits;
use crate::graph::value::parameter;

/// A function with the arguments that were given; the others have a default in the database.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Quoted name with its schema.
    function: String,
    /// Quoted name and value of each.
    arguments: Vec<(String, Parameter)>,
}

impl Call {
    /// The call that the rows of a table come from; `None` where the database holds them. Null is the same as left out.
    pub(super) fn read(
        catalog: &Catalog,
        table: &Table,
        given: &JsonMap,
        limits: &Limits,
    ) -> Result<Option<Self>, ArgumentError> {
        let Some(function) = catalog.function_of(table) else { return Ok(None) };
        for argument in &function.arguments {
            let Some(value) = given.get(argument.field.as_str()) else { continue };
            let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let letters = texts.iter().filter_map(JsonValue::as_str).map(|text| text.chars().count());
            // What is searched for is looked for in each row.
            allowance::pattern(limits, letters.sum(), || argument.field.clone())?;
        }
        Self::of(function, given).map(Some)
    }

    pub(super) fn of(function: &Function, given: &JsonMap) -> Result<Self, ArgumentError> {
        let mut arguments = Vec::new();
        for argument in &function.arguments {
            let Some(value) = given.get(argument.field.as_str()).filter(|value| !value.is_null()) else {
                continue;
            };
            match &argument.ty {
                ArgumentType::Value(ty) => {
                    let value = parameter(ty, value)
                        .map_err(|error| ArgumentError::new(&argument.field, error.to_string()))?;
                    arguments.push((argument.sql_name.clone(), value));
                }
                ArgumentType::Objects { fields, .. } => {
                    arguments.extend(arrays(&argument.field, fields, value)?);
                }
            }
        }
        Ok(Self { function: function.sql_name.clone(), arguments })
    }

    /// The arguments as bytes, the same for the same rows: part of what a cursor is good for.
    pub(super) fn fingerprint(&self) -> impl Iterator<Item = &[u8]> {
        self.arguments
            .iter()
            .flat_map(|(name, value)| [name.as_bytes(), value.value.as_deref().unwrap_or_default()])
    }

    pub(super) fn write(&self, sql: &mut Sql) {
        sql.function(&self.function).push("(");
        sql.join(", ", &self.arguments, |sql, (name, value)| {
            sql.push(name).push(" => ").bind(value.clone());
        });
        sql.push(")");
    }
}

/// A list of objects as arrays, one for each of their fields.
fn arrays(
    argument: &str,
    fields: &[Argument],
    value: &JsonValue,
) -> Result<Vec<(String, Parameter)>, ArgumentError> {
    // A single value stands for a list of one (GraphQL specification, list input coercion).
    let objects = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut arrays = Vec::with_capacity(fields.len());
    for field in fields {
        let ArgumentType::Value(ty) = &field.ty else { continue };
        let elements = objects
            .iter()
            .enumerate()
            .map(|(at, object)| {
                let value = object.get(field.field.as_str()).filter(|value| !value.is_null());
                let element = value.map(|value| parameter(ty, value)).transpose().map_err(|error| {
                    ArgumentError::new(&format!("{argument}.{at}.{}", field.field), error.to_string())
                })?;
                Ok(element.and_then(|element| element.value))
            })
            .collect::<Result<Vec<_>, ArgumentError>>()?;
        let scalar = ty.scalar();
        let elements = elements.iter().map(Option::as_deref);
        let array = Parameter::nullable_array(scalar.postgres_array(), &scalar.postgres(), elements);
        arrays.push((field.sql_name.clone(), array));
    }
    Ok(arrays)
}

/// Writes what rows are selected from: a table, or the function that gives them.
pub(super) fn write_from(table: &Table, call: Option<&Call>, sql: &mut Sql) {
    match call {
        Some(call) => call.write(sql),
        None => {
            sql.table(table);
        }
    }
}

/// The arguments that say which rows there are: the filter, and those of the function that gives the rows.
pub(super) fn narrowing(catalog: &Catalog, table: &Table, given: &JsonMap) -> JsonMap {
    let of_function = |name: &str| {
        catalog
            .function_of(table)
            .is_some_and(|it| it.arguments.iter().any(|argument| argument.field == name))
    };
    let chosen = given.iter().filter(|(name, _)| name.as_str() == "filter" || of_function(name.as_str()));
    chosen.map(|(name, value): (_, &JsonValue)| (name.clone(), value.clone())).collect()
}
