//! Defines the errors of arguments.

use crate::graph::definitions::Type;
use crate::graph::error::{Code, Error};

const SAYS_NOTHING: &str = "says nothing here; leave it out (a filter asks for missing values with `isNull`)";
const GIVE_ONE: &str = "give it a value, or leave out what it stands in";

/// An error of an argument; the planner adds the location in the request.
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

    /// Returns the error of an argument that exceeds a limit.
    pub(in crate::graph) fn exceeded(argument: &str, message: impl Into<String>) -> Self {
        Self { code: Code::LimitExceeded, ..Self::new(argument, message) }
    }

    /// Returns an error at this value; callers add the path with [`Self::within`].
    pub(in crate::graph) fn here(message: impl Into<String>) -> Self {
        Self::new("", message)
    }

    /// Returns the error of a missing value.
    pub(super) fn missing(ty: &Type) -> Self {
        Self::here(format!("a value of type {ty} is needed here"))
    }

    /// Returns the error of a field that an object has twice.
    pub(in crate::graph) fn repeated(field: &str) -> Self {
        Self::here("the field is there twice").within(field)
    }

    /// Returns the error of a variable without a value where one is required.
    pub(super) fn no_value(variable: &str) -> Self {
        Self::here(format!("the variable `${variable}` has no value; {GIVE_ONE}"))
    }

    /// Returns the error of a variable that is null where a value is required.
    pub(super) fn null_as(variable: &str) -> Self {
        Self::here(format!("the variable `${variable}` is null; {GIVE_ONE}"))
    }

    /// Returns the error of a null that would widen the result.
    pub(super) fn null() -> Self {
        Self::here(format!("null {SAYS_NOTHING}"))
    }

    /// Returns the same error within the value of a variable.
    pub(super) fn null_of(variable: &str) -> Self {
        Self::here(format!("the variable `${variable}` holds null, which {SAYS_NOTHING}"))
    }

    /// Returns the same error within a field, an item or an argument, or within several: `filter.or.0`.
    pub(in crate::graph) fn within(mut self, outer: &str) -> Self {
        if !self.argument.is_empty() && !outer.is_empty() {
            self.argument.insert(0, '.');
        }
        self.argument.insert_str(0, outer);
        self
    }

    /// Returns the same error in the value of a variable.
    pub(super) fn given_as(self, variable: &str) -> Self {
        let separator = if self.argument.is_empty() { "" } else { "." };
        let message = format!("{} (given as `${variable}{separator}{}`)", self.message, self.argument);
        Self { message, ..self }
    }

    pub(in crate::graph) fn into_error(self) -> Error {
        // An error without an argument concerns all arguments of the field.
        if self.argument.is_empty() {
            return Error::new(self.code, self.message);
        }
        let mut error = Error::new(self.code, format!("{}: {}", self.argument, self.message));
        error.argument = Some(self.argument);
        error
    }
}
