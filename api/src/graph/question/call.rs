//! The call of a function of the database, and its arguments.

use std::borrow::Cow;

use super::allowance;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{
    Argument, ArgumentType, Bounds, Catalog, ColumnType, Function, FunctionId, Table, quote,
};
use crate::graph::limits::Limits;
use crate::graph::value::{shown, stored};

/// The call of a function. Arguments that the request omits have a default in the database.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Call {
    pub(in crate::graph) function: FunctionId,
    pub(in crate::graph) arguments: Vec<CallArgument>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(in crate::graph) struct CallArgument {
    /// The argument's name in the database.
    pub(in crate::graph) name: String,
    pub(in crate::graph) value: Parameter,
    /// True if the value is an array with one field of the objects of a list.
    pub(in crate::graph) is_of_objects: bool,
}

impl Call {
    /// Reads the call of the function that returns the rows of a table; `None` if a table or view holds them.
    pub(in crate::graph) fn read(
        catalog: &Catalog,
        table: &Table,
        given: &Arguments<'_>,
        limits: &Limits,
    ) -> Result<Option<Self>, ArgumentError> {
        let Some(function) = catalog.function_of(table) else { return Ok(None) };
        for argument in &function.arguments {
            let Some(value) = given.get(&argument.field) else { continue };
            let texts = value.as_list().unwrap_or(std::slice::from_ref(value));
            let letters = texts.iter().filter_map(Value::as_str).map(|text| text.chars().count());
            // The function may search for a text in each row.
            allowance::pattern(limits, letters.sum(), || argument.field.clone())?;
        }
        Self::of(function, given).map(Some)
    }

    /// Reads the call of a function from the arguments of a field.
    pub(in crate::graph) fn of(function: &Function, given: &Arguments<'_>) -> Result<Self, ArgumentError> {
        let mut arguments = Vec::new();
        for argument in &function.arguments {
            let Some(value) = given.get(&argument.field) else { continue };
            match &argument.ty {
                ArgumentType::Value(ty) => {
                    let value = read(function, ty, argument.bounds, value)
                        .map_err(|error| error.within(&argument.field))?;
                    arguments.push(CallArgument { name: argument.name.clone(), value, is_of_objects: false });
                }
                ArgumentType::Objects { fields, .. } => {
                    arguments.extend(arrays(function, &argument.field, fields, value)?);
                }
            }
        }
        Ok(Self { function: function.id, arguments })
    }

    /// Returns the arguments as bytes, for the signature of a cursor: equal arguments have equal bytes.
    pub(in crate::graph) fn fingerprint(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.arguments.iter().flat_map(|CallArgument { name, value, .. }| {
            let value = value.value.as_deref().unwrap_or_default();
            [Cow::Owned(quote(name).into_bytes()), Cow::Borrowed(value)]
        })
    }
}

/// Reads a value of an argument. A function that writes may store the value, so it has the bounds of stored values. Any other function
/// may compute with it and return the result, so that times have the bounds of times in responses.
fn read(
    function: &Function,
    ty: &ColumnType,
    bounds: Bounds,
    value: &Value<'_>,
) -> Result<Parameter, ArgumentError> {
    if function.writes() { stored(ty, bounds, value) } else { shown(ty, bounds, value) }
}

/// Reads a list of objects as arrays, one for each of their fields.
fn arrays(
    function: &Function,
    argument: &str,
    fields: &[Argument],
    value: &Value<'_>,
) -> Result<Vec<CallArgument>, ArgumentError> {
    let mut arrays = Vec::with_capacity(fields.len());
    for field in fields {
        let ArgumentType::Value(ty) = &field.ty else { continue };
        let elements = value
            .items()
            .iter()
            .enumerate()
            .map(|(at, object)| {
                let value = object.get(&field.field).filter(|value| !value.is_null());
                let element = value
                    .map(|value| read(function, ty, field.bounds, value))
                    .transpose()
                    .map_err(|error| error.within(&format!("{argument}.{at}.{}", field.field)))?;
                Ok(element.and_then(|element| element.value))
            })
            .collect::<Result<Vec<_>, ArgumentError>>()?;
        let scalar = ty.scalar();
        let elements = elements.iter().map(Option::as_deref);
        let array = Parameter::nullable_array(scalar.postgres_array(), &scalar.postgres(), elements);
        arrays.push(CallArgument { name: field.name.clone(), value: array, is_of_objects: true });
    }
    Ok(arrays)
}

/// Returns the arguments that select rows, as text: the filter, and the arguments of the function that returns the rows.
pub(in crate::graph) fn row_arguments(catalog: &Catalog, table: &Table, given: &Arguments<'_>) -> String {
    let of_function = |name: &str| {
        catalog
            .function_of(table)
            .is_some_and(|it| it.arguments.iter().any(|argument| argument.field == name))
    };
    given.text(|name| name == "filter" || of_function(name))
}
