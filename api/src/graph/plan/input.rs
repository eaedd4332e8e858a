//! Arguments of a request: literals and variables become JSON, and a mistake names the argument.

use apollo_compiler::ast::Value;
use apollo_compiler::executable::Field;
use apollo_compiler::response::{JsonMap, JsonValue};
use serde_json::Number;

use crate::graph::catalog::{ColumnId, Table};
use crate::graph::error::{Code, Error};
use crate::graph::value::key_part;

/// Decimal digits that a double always gives back as they were.
const EXACT_DIGITS: usize = 15;

/// A mistake in an argument; the planner adds the place in the request.
#[derive(Debug)]
pub(super) struct ArgumentError {
    /// Dotted path from the argument inwards.
    pub(super) argument: String,
    pub(super) code: Code,
    pub(super) message: String,
}

impl ArgumentError {
    pub(super) fn new(argument: &str, message: impl Into<String>) -> Self {
        Self { argument: argument.to_owned(), code: Code::BadUserInput, message: message.into() }
    }

    /// An argument that asks for more than one may.
    pub(super) fn exceeded(argument: &str, message: impl Into<String>) -> Self {
        Self { code: Code::LimitExceeded, ..Self::new(argument, message) }
    }

    pub(super) fn into_error(self) -> Error {
        let mut error = Error::new(self.code, format!("{}: {}", self.argument, self.message));
        error.argument = Some(self.argument);
        error
    }
}

/// A field's arguments. An argument whose variable is not given is left out.
pub(super) fn arguments(field: &Field, variables: &JsonMap) -> JsonMap {
    field
        .arguments
        .iter()
        .filter_map(|argument| Some((argument.name.as_str().into(), json(&argument.value, variables)?)))
        .collect()
}

/// The values of a key among arguments, one for each of its columns.
pub(super) fn key_values(
    table: &Table,
    key: &[ColumnId],
    given: &JsonMap,
) -> Result<Vec<Vec<u8>>, ArgumentError> {
    let value = |id: &ColumnId| {
        let column = table.column(*id);
        let value = given.get(column.field.as_str()).unwrap_or(&JsonValue::Null);
        key_part(&column.ty, value).map_err(|error| ArgumentError::new(&column.field, error.to_string()))
    };
    key.iter().map(value).collect()
}

/// A literal as JSON; `None` for a variable that is not given.
pub(super) fn json(value: &Value, variables: &JsonMap) -> Option<JsonValue> {
    Some(match value {
        Value::Null => JsonValue::Null,
        Value::Enum(name) => JsonValue::from(name.as_str()),
        Value::Variable(name) => return variables.get(name.as_str()).cloned(),
        Value::String(text) => JsonValue::from(text.as_str()),
        Value::Boolean(value) => JsonValue::Bool(*value),
        // Wider than 64 bits: kept as text, which the numeric types read as the number that it is.
        Value::Int(number) => number
            .as_str()
            .parse::<i64>()
            .map_or_else(|_| JsonValue::from(number.as_str()), |number| JsonValue::Number(number.into())),
        // A double holds so many digits and no more: longer numbers are kept as text too.
        Value::Float(number) => number
            .try_to_f64()
            .ok()
            .filter(|_| digits(number.as_str()) <= EXACT_DIGITS)
            .and_then(Number::from_f64)
            .map_or_else(|| JsonValue::from(number.as_str()), JsonValue::Number),
        Value::List(items) => JsonValue::Array(
            items.iter().map(|item| json(item, variables).unwrap_or(JsonValue::Null)).collect(),
        ),
        Value::Object(fields) => JsonValue::Object(
            fields
                .iter()
                .filter_map(|(name, value)| Some((name.as_str().into(), json(value, variables)?)))
                .collect(),
        ),
    })
}

/// Significant digits of a number's text.
fn digits(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    digits.skip_while(|digit| *digit == b'0').count()
}
