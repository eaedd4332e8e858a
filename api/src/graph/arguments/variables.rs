//! Coerces the variables of an operation.

use serde_json::value::RawValue;

use super::coerce::{Absence, Coercion};
use super::json::{self, Flaw};
use super::{ArgumentError, Value};
use crate::graph::definitions::{Definitions, Type};
use crate::graph::document::{Operation, VariableDefinition};

/// The values of a request's variables, as JSON that is parsed once their types are known.
#[derive(Clone, Debug, Default)]
pub struct Variables(Option<Box<RawValue>>);

impl Variables {
    /// Returns variables as they were sent: an [object](json::object).
    pub fn sent(object: Option<Box<RawValue>>) -> Self {
        Self(object)
    }

    /// Returns variables that another parser has read.
    pub fn read(variables: &async_graphql::Variables) -> Self {
        let is_given = !variables.is_empty();
        Self(is_given.then(|| serde_json::value::to_raw_value(variables).ok()).flatten())
    }

    /// Returns the JSON object, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.0.as_ref().map(|text| text.get())
    }
}

/// A variable of the operation.
#[derive(Debug)]
pub(super) struct Variable<'a> {
    pub(super) name: &'a str,
    pub(super) ty: &'a Type,
    /// The given value, or the default.
    pub(super) value: Option<Value<'a>>,
}

/// Returns the variable of this name.
pub(super) fn find<'v, 'a>(variables: &'v [Variable<'a>], name: &str) -> Option<&'v Variable<'a>> {
    variables.iter().find(|variable| variable.name == name)
}

/// An error of a variable, with the variable.
pub(super) struct Refused<'a> {
    pub(super) variable: Option<&'a str>,
    /// The error, with the path within the variable's value.
    pub(super) error: ArgumentError,
}

/// Returns the values of an operation's variables.
pub(super) fn read<'a>(
    definitions: &'a Definitions,
    operation: &'a Operation,
    variables: &'a Variables,
) -> Result<Vec<Variable<'a>>, Refused<'a>> {
    let coercion = Coercion { definitions, variables: &[], absence: Absence::Allowed };
    let mut given = match variables.text().map(json::read) {
        None => Vec::new(),
        Some(Some(Value::Object(given))) => given,
        // Variables from another parser are not checked yet.
        Some(_) => {
            let error = ArgumentError::here(format!("`variables` {}.", Flaw::TooDeep));
            return Err(Refused { variable: None, error });
        }
    };
    if let Some(name) = json::repeated(&given) {
        let variable = operation.variables.iter().map(|it| &*it.name).find(|it| *it == name);
        let error = ArgumentError::here(format!("`variables` {}.", Flaw::Repeated(name.into())));
        return Err(Refused { variable, error });
    }
    let read = |variable: &'a VariableDefinition| {
        let VariableDefinition { name, ty, default } = variable;
        let value = match given.iter().position(|(known, _)| *known == **name) {
            Some(at) => {
                let value = coercion.json(given.swap_remove(at).1, ty);
                value.map(Some).map_err(|error| error.given_as(name))
            }
            None => match default {
                Some(default) => coercion.literal(default, ty),
                None if ty.is_non_null() => Err(ArgumentError::no_value(name)),
                None => Ok(None),
            },
        };
        let value = value.map_err(|error| Refused { variable: Some(name), error })?;
        Ok(Variable { name, ty, value })
    };
    operation.variables.iter().map(read).collect()
}
