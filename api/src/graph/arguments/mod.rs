//! Coerces the arguments of a request, once, against the schema.
//!
//! Literals, variables and defaults become the same [`Value`]s, by the rules of the GraphQL specification (input coercion) and
//! one more: a forgotten condition never widens the result. Values *within* an argument are present and not null, unless they are
//! data to be written; only a whole optional argument may be omitted.
//!
//! The values of custom scalars are parsed when their column is known ([`super::value`]).

mod coerce;
mod error;
pub(super) mod json;
pub(super) mod number;
#[cfg(test)]
mod tests;
mod value;
mod variables;

use sha2::Sha256;

use self::coerce::{Absence, Coercion};
use self::variables::{Refused, Variable};
use crate::canonical::write_object;
use crate::graph::definitions::{Definitions, InputValue, Literal};
use crate::graph::document::{Condition, Document, Field, Operation, Use};
use crate::graph::error::Error;

pub(super) use error::ArgumentError;
pub(super) use json::repeated;
pub use json::{Flaw, NOT_UNICODE, fields_once, object as json_object};
pub(super) use value::{Part, Value};
pub use variables::Variables;

/// The context for reading the arguments of an operation: the schema's types, and the values of the variables.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    definitions: &'a Definitions,
    variables: Vec<Variable<'a>>,
}

/// The rule for reading an argument.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// The whole argument may be omitted or null; no value within it may.
    Optional,
    /// The argument selects the row, or guards it: it may be omitted, but is not null.
    Guard,
    /// The argument is data to be written: within it, an omitted field has a default, and null is NULL.
    Data,
}

/// The arguments of a field that were given or have a default, in the order of the schema. None is null.
#[derive(Debug)]
pub(super) struct Arguments<'a>(Vec<(&'a str, Value<'a>)>);

impl<'a> Inputs<'a> {
    /// Coerces the variables of an operation. An error names the argument that uses the variable first.
    pub(super) fn read(
        definitions: &'a Definitions,
        document: &'a Document,
        operation: &'a Operation,
        variables: &'a Variables,
    ) -> Result<Self, Error> {
        let variables = variables::read(definitions, operation, variables).map_err(|refused| {
            let Refused { variable, error } = refused;
            let uses = document.uses(operation);
            match uses.into_iter().find(|it| Some(&*it.variable) == variable) {
                Some(Use { variable: _, location, argument }) => {
                    document.pinpoint(error.within(&argument).into_error().at(&[], Some(location)))
                }
                None => error.into_error(),
            }
        })?;
        Ok(Self { definitions, variables })
    }

    /// Returns the arguments of a field. `reading` returns how each is read.
    pub(super) fn arguments(
        &'a self,
        field: &'a Field,
        reading: impl Fn(&str) -> Reading,
    ) -> Result<Arguments<'a>, ArgumentError> {
        let mut arguments = Vec::new();
        for (definition, given) in field.arguments() {
            let name = &*definition.name;
            let value = self.argument(definition, given, reading(name));
            if let Some(value) = value.map_err(|error| error.within(name))? {
                arguments.push((name, value));
            }
        }
        Ok(Arguments(arguments))
    }

    fn argument(
        &'a self,
        definition: &'a InputValue,
        given: Option<&'a Literal>,
        reading: Reading,
    ) -> Result<Option<Value<'a>>, ArgumentError> {
        let InputValue { name: _, ty, default } = definition;
        let is_nullable = !ty.is_non_null();
        let given = match given {
            Some(Literal::Null) if is_nullable && reading != Reading::Guard => return Ok(None),
            // The whole argument is omitted together with its variable.
            Some(Literal::Variable(name)) if reading != Reading::Guard => match self.value_of(name) {
                None => None,
                Some(value) if is_nullable && value.is_null() => return Ok(None),
                Some(_) => given,
            },
            given => given,
        };
        let absence = if reading == Reading::Data { Absence::Allowed } else { Absence::Refused };
        let coercion = Coercion { definitions: self.definitions, variables: &self.variables, absence };
        match given.or(default.as_ref()) {
            Some(value) => coercion.literal(value, ty),
            None if is_nullable => Ok(None),
            None => Err(ArgumentError::missing(ty)),
        }
    }

    fn value_of(&self, variable: &str) -> Option<&Value<'a>> {
        variables::find(&self.variables, variable)?.value.as_ref()
    }

    /// Adds to an error of a field that writes the variables that its data lacks, which may be the cause.
    pub(super) fn with_unset(&self, document: &Document, operation: &Operation, mut error: Error) -> Error {
        let is_unset = |it: &Use| {
            error.locations.contains(&it.location) && self.value_of(&it.variable).is_none_or(Value::is_null)
        };
        let unset: Vec<Use> = document.uses(operation).into_iter().filter(is_unset).collect();
        if unset.is_empty() {
            return error;
        }
        error.message = format!("{} Of the variables, {}.", error.message, self.words(&unset));
        if let [Use { argument, .. }] = unset.as_slice() {
            error.argument.get_or_insert_with(|| argument.clone());
        }
        error
    }

    /// Returns the error of an argument without effect, with the variables within it that have no value.
    pub(super) fn with_missing(&self, field: &Field, mut error: ArgumentError) -> ArgumentError {
        let within = format!("{}.", error.argument);
        let is_missing = |it: &Use| it.argument.starts_with(&within) && self.value_of(&it.variable).is_none();
        let missing: Vec<Use> = field.uses().into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            error.message = format!("{}: {}", error.message, self.words(&missing));
        }
        if let [Use { argument, .. }] = missing.as_slice() {
            error.argument.clone_from(argument);
        }
        error
    }

    /// Describes the variables and what they lack, in words.
    fn words(&self, unset: &[Use]) -> String {
        let words = |Use { variable, argument, .. }: &Use| {
            let lacks = if self.value_of(variable).is_none() { "has no value" } else { "is null" };
            format!("`${variable}` ({argument}) {lacks}")
        };
        unset.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// Returns true if all `@skip` and `@include` conditions of a selection are met.
    pub(super) fn are_met(&self, conditions: &[Condition]) -> Result<bool, Error> {
        for condition in conditions {
            let value = match &condition.value {
                Literal::Boolean(value) => Ok(*value),
                Literal::Variable(name) => match self.value_of(name) {
                    None => Err(ArgumentError::no_value(name)),
                    Some(value) => value.as_bool().ok_or_else(|| ArgumentError::null_as(name)),
                },
                _ => Err(ArgumentError::here("this is not true or false")),
            };
            let value = value.map_err(|error| {
                let error = error.within("if").within(condition.directive()).into_error();
                error.at(&[], Some(condition.location))
            })?;
            if value != condition.includes {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds the values of the variables to a hash: equal values are equal bytes.
    pub(super) fn feed(&self, hash: &mut Sha256) {
        let given = self.variables.iter().filter_map(|it| Some((it.name, it.value.as_ref()?)));
        write_object(hash, given.collect());
    }
}

impl<'a> Arguments<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Removes an argument and returns it.
    pub(super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &Value<'a>)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Returns the names of the parts of a part: arguments, fields, indexes of items.
    pub(super) fn parts(&self, part: &[String]) -> Vec<String> {
        match part {
            [] => self.0.iter().map(|(name, _)| (*name).to_owned()).collect(),
            [argument, part @ ..] => self.get(argument).map(|value| value.parts(part)).unwrap_or_default(),
        }
    }

    /// Changes a part of the arguments.
    pub(super) fn edit(&mut self, part: &[String], how: Part) {
        let Some((argument, part)) = part.split_first() else { return };
        let Some(at) = self.0.iter().position(|(known, _)| known == argument) else { return };
        match self.0[at].1.edited(part, how) {
            Some(value) => self.0[at].1 = value,
            None => drop(self.0.remove(at)),
        }
    }

    /// Returns selected arguments as text, equal for equal arguments. An empty filter is omitted, as is an offset of 0.
    pub(super) fn text(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let says_nothing = |name: &str, value: &Value<'_>| match name {
            "filter" => value.fields().is_empty(),
            "offset" => value.as_u64() == Some(0),
            _ => false,
        };
        let mut out = Vec::with_capacity(64);
        for (name, value) in self.iter() {
            if !is_wanted(name) || says_nothing(name, value) {
                continue;
            }
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            value.write_canonical(&mut out);
            out.push(b',');
        }
        String::from_utf8(out).unwrap_or_default()
    }
}
