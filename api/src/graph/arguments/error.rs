//! What is wrong with an argument.

use crate::graph::definitions::Type;
use crate::graph::error::{Code, Error};

const SAYS_NOTHING: &str = "says nothing here; leave it out (a filter asks for missing values with `isNull`)";
const GIVE_ONE: &str = "give it a value, or leave out what it stands in";

/// A mistake in an argument; the planner adds the place in the request.
#[derive(Debug, PartialEq)]
pub(in crate::graph) struct ArgumentError {
    /// Dotted path from the argument inwards.
    pub(in crate::graph) argument: String,
    pub(in crate::graph) code: Code,
    pub(in crate::graph) message: String,
}

impl ArgumentError {
    pub(in crate::graph) fn new(argument: &str, message: impl Into<String>) -> Self {
        Self { argument: argument.to_owned(), code: Code::BadUserInput, message: message.into() }
    }

    /// An argument that asks for more than one may.
    pub(in crate::graph) fn exceeded(argument: &str, message: impl Into<String>) -> Self {
        Self { code: Code::LimitExceeded, ..Self::new(argument, message) }
    }

    /// A mistake right here; who stands further outside adds the path with [`Self::within`].
    pub(in crate::graph) fn here(message: impl Into<String>) -> Self {
        Self::new("", message)
    }

    /// Something that has to be there.
    pub(super) fn missing(ty: &Type) -> Self {
        Self::here(format!("a value of type {ty} is needed here"))
    }

    /// A field that an object has twice.
    pub(in crate::graph) fn repeated(field: &str) -> Self {
        Self::here("the field is there twice").within(field)
    }

    /// A variable that nothing was given for, where something has to stand.
    pub(super) fn no_value(variable: &str) -> Self {
        Self::here(format!("the variable `${variable}` has no value; {GIVE_ONE}"))
    }

    /// A variable that null was given for, where something has to stand.
    pub(super) fn null_as(variable: &str) -> Self {
        Self::here(format!("the variable `${variable}` is null; {GIVE_ONE}"))
    }

    /// Null, where leaving something out would ask for more.
    pub(super) fn null() -> Self {
        Self::here(format!("null {SAYS_NOTHING}"))
    }

    /// The same, within the value of a variable.
    pub(super) fn null_of(variable: &str) -> Self {
        Self::here(format!("the variable `${variable}` holds null, which {SAYS_NOTHING}"))
    }

    /// The same mistake within a field, an item or an argument, or within several: `filter.or.0`.
    pub(in crate::graph) fn within(mut self, outer: &str) -> Self {
        if !self.argument.is_empty() && !outer.is_empty() {
            self.argument.insert(0, '.');
        }
        self.argument.insert_str(0, outer);
        self
    }

    /// The same mistake in what was given for a variable.
    pub(super) fn given_as(self, variable: &str) -> Self {
        let separator = if self.argument.is_empty() { "" } else { "." };
        let message = format!("{} (given as `${variable}{separator}{}`)", self.message, self.argument);
        Self { message, ..self }
    }

    pub(in crate::graph) fn into_error(self) -> Error {
        // What is about no argument in particular is about all of the field's.
        if self.argument.is_empty() {
            return Error::new(self.code, self.message);
        }
        let mut error = Error::new(self.code, format!("{}: {}", self.argument, self.message));
        error.argument = Some(self.argument);
        error
    }
}
