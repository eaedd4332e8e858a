//! Converts JSON of the request to Postgres's binary format.

use std::borrow::Cow;

use serde_json::Value as JsonValue;
use tokio_postgres::types::Type;

use super::{numeric, time};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value, number, repeated};
use crate::graph::catalog::{Bounds, ColumnType, Scalar};

/// Returns a parameter of a column's type. The caller has handled null. An error contains the path within the value.
pub(in crate::graph) fn parameter(ty: &ColumnType, value: &Value<'_>) -> Result<Parameter, ArgumentError> {
    match ty {
        ColumnType::Scalar(scalar) => Ok(Parameter::new(scalar.postgres(), encode(*scalar, value)?)),
        ColumnType::Enum(values) => {
            let text = value.as_str().and_then(|name| values.text_of(name));
            let text = text.ok_or_else(|| mismatch(value, &format!("a value of {}", values.name)))?;
            Ok(Parameter::new(Scalar::Text.postgres(), text.as_bytes().to_vec()))
        }
        ColumnType::List(element) => parameter_array(&ColumnType::Scalar(*element), value),
    }
}

/// Returns a parameter of a column's or an argument's type, within its bounds.
fn bounded(ty: &ColumnType, bounds: Bounds, value: &Value<'_>) -> Result<Parameter, ArgumentError> {
    let parameter = parameter(ty, value)?;
    let needed = || parameter.value.as_deref().map_or(0, numeric::scale);
    if let Some(scale) = bounds.scale
        && needed() > scale
    {
        // Postgres would round it.
        return Err(mismatch(value, &format!("a number with at most {scale} digits behind the point")));
    }
    if let Some(whole) = bounds.whole
        && !holds(bounds, &parameter)
    {
        return Err(mismatch(value, &format!("a number with at most {whole} digits before the point")));
    }
    match bounds.least {
        Some(least) if is_less(value, least) => {
            Err(mismatch(value, &format!("a number of at least {least}")))
        }
        _ => Ok(parameter),
    }
}

fn is_less(value: &Value<'_>, least: i32) -> bool {
    decimal(value).is_some_and(|number| number::compare(number, &least.to_string()).is_lt())
}

/// Returns the text of a decimal, which is a number or a string.
fn decimal<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_number().or_else(|| value.as_str())
}

/// Returns true if a column with these bounds can hold a number.
pub(in crate::graph) fn holds(bounds: Bounds, number: &Parameter) -> bool {
    match (bounds.whole, &number.value) {
        (Some(whole), Some(bytes)) if number.ty == Type::NUMERIC => numeric::whole(bytes) <= whole,
        _ => true,
    }
}

/// Returns a parameter of a column's type to store. Refuses values that could be written but not read: an infinite time or one of
/// a year that no calendar shows, a number that no double can hold.
pub(in crate::graph) fn stored(
    ty: &ColumnType,
    bounds: Bounds,
    value: &Value<'_>,
) -> Result<Parameter, ArgumentError> {
    let parameter = shown(ty, bounds, value)?;
    match ty {
        ColumnType::Scalar(Scalar::Numeric | Scalar::Decimal) if !is_below_the_largest_double(value) => {
            Err(mismatch(value, "a number below 1.8e308"))
        }
        _ => Ok(parameter),
    }
}

/// Returns a parameter of a column's or an argument's type, within its bounds; a date or a time must be in the years that
/// calendars show.
pub(in crate::graph) fn shown(
    ty: &ColumnType,
    bounds: Bounds,
    value: &Value<'_>,
) -> Result<Parameter, ArgumentError> {
    let parameter = bounded(ty, bounds, value)?;
    let bytes = parameter.value.as_deref().unwrap_or_default();
    match ty {
        ColumnType::Scalar(Scalar::DateTime | Scalar::LocalDateTime) if !time::is_shown(bytes) => {
            Err(mismatch(value, "a time of the years 1 to 9999"))
        }
        ColumnType::Scalar(Scalar::Date) if !time::is_shown_date(bytes) => {
            Err(mismatch(value, "a date of the years 1 to 9999"))
        }
        _ => Ok(parameter),
    }
}

fn is_below_the_largest_double(value: &Value<'_>) -> bool {
    decimal(value).is_some_and(|number| number.parse().is_ok_and(f64::is_finite))
}

/// Returns a part of a key, in the bytes that a row has: equal numbers are equal bytes.
pub(in crate::graph) fn key_part(ty: &ColumnType, value: &Value<'_>) -> Result<Vec<u8>, ArgumentError> {
    let bytes = parameter(ty, value)?.value.unwrap_or_default();
    Ok(if ty.postgres() == Type::NUMERIC { numeric::shortest(&bytes) } else { bytes })
}

/// Returns a part of a key that the database has written as JSON.
pub(crate) fn key_part_of_json(ty: &ColumnType, value: &JsonValue) -> Option<Vec<u8>> {
    let number;
    let value = match value {
        JsonValue::Number(it) => {
            number = it.to_string();
            Value::Number(&number)
        }
        JsonValue::String(text) => Value::Text(Cow::Borrowed(text.as_str())),
        JsonValue::Bool(value) => Value::Boolean(*value),
        JsonValue::Null | JsonValue::Array(_) | JsonValue::Object(_) => Value::Null,
    };
    key_part(ty, &value).ok()
}

/// Returns an array parameter with elements of a column's type.
pub(in crate::graph) fn parameter_array(
    ty: &ColumnType,
    value: &Value<'_>,
) -> Result<Parameter, ArgumentError> {
    let scalar = ty.scalar();
    let values = value.as_list().ok_or_else(|| mismatch(value, "a list"))?;
    let elements = values
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let element = parameter(ty, value).map_err(|error| error.within(&at.to_string()))?;
            Ok(element.value.unwrap_or_default())
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Parameter::array(scalar.postgres_array(), &scalar.postgres(), elements.iter().map(Vec::as_slice)))
}

/// Encodes a value with postgres-types.
pub(super) fn encoded(value: impl Into<Parameter>) -> Option<Vec<u8>> {
    value.into().value
}

fn encode(scalar: Scalar, value: &Value<'_>) -> Result<Vec<u8>, ArgumentError> {
    let encoded = match scalar {
        Scalar::Boolean => value.as_bool().and_then(encoded),
        Scalar::SmallInt => value.as_i64().and_then(|value| i16::try_from(value).ok()).and_then(encoded),
        Scalar::Int => value.as_i64().and_then(|value| i32::try_from(value).ok()).and_then(encoded),
        Scalar::BigInt => {
            value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok())).and_then(encoded)
        }
        Scalar::Real => value.as_number().and_then(number::single).and_then(encoded),
        Scalar::Double => value.as_f64().and_then(encoded),
        // postgres-types has no encoder for as many digits.
        Scalar::Numeric | Scalar::Decimal => decimal(value).and_then(numeric::parse),
        // Postgres stores no NUL in text.
        Scalar::Text => value.as_str().filter(|text| !text.contains('\0')).and_then(encoded),
        Scalar::Uuid => value
            .as_str()
            // Of the forms that the parser accepts, only that of RFC 9562.
            .filter(|text| text.len() == uuid::fmt::Hyphenated::LENGTH)
            .and_then(|text| uuid::Uuid::try_parse(text).ok())
            .map(|uuid| uuid.as_bytes().to_vec()),
        // Dates are read as Postgres counts them, in days and microseconds, which it encodes as integers.
        Scalar::Date => value.as_str().and_then(time::parse_date).and_then(encoded),
        Scalar::LocalDateTime => value.as_str().and_then(time::parse_local).and_then(encoded),
        Scalar::DateTime => value.as_str().and_then(time::parse_utc).and_then(encoded),
        // postgres-types would write a `serde_json::Value`, which keeps fewer digits.
        Scalar::Json => {
            check_json(value)?;
            let mut text = vec![1]; // version of jsonb's binary format
            value.write_json(&mut text);
            Some(text)
        }
    };
    encoded.ok_or_else(|| mismatch(value, expected(scalar)))
}

/// Refuses JSON that Postgres cannot store, which is NUL in texts, and that clients cannot read: a number beyond a double, and a
/// repeated field, of which Postgres would keep the last.
fn check_json(value: &Value<'_>) -> Result<(), ArgumentError> {
    let is_text = |text: &str| !text.contains('\0');
    let is_whole = value.as_str().is_none_or(is_text)
        && value.as_number().is_none_or(number::is_in_range)
        && value.fields().iter().all(|(name, _)| is_text(name));
    if !is_whole {
        return Err(mismatch(value, expected(Scalar::Json)));
    }
    for (at, item) in value.items().iter().enumerate() {
        check_json(item).map_err(|error| error.within(&at.to_string()))?;
    }
    if let Some(name) = repeated(value.fields()) {
        return Err(ArgumentError::repeated(name));
    }
    let mut fields = value.fields().iter();
    fields.try_for_each(|(name, value)| check_json(value).map_err(|error| error.within(name)))
}

fn expected(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Boolean => "true or false",
        Scalar::SmallInt => "a whole number between -32768 and 32767",
        Scalar::Int => "a whole number of 32 bits",
        Scalar::BigInt => "a whole number of 64 bits, as a string or a number",
        Scalar::Real => "a number that single precision holds: up to 3.4e38, whole numbers to the last digit",
        Scalar::Double => "a number that a double holds: up to 1.8e308, whole numbers to the last digit",
        Scalar::Numeric | Scalar::Decimal => "a decimal number of at most 1,000 digits such as \"12.50\"",
        Scalar::Text => "a string without NUL",
        Scalar::Uuid => "a UUID such as \"7f100003-0000-4000-8000-000000000000\"",
        Scalar::Date => "a date such as \"2026-02-12\"",
        Scalar::LocalDateTime => "a date and time without offset such as \"2026-02-12T14:15:00\"",
        Scalar::DateTime => "a date and time with offset such as \"2026-02-12T14:15:00Z\" (RFC 3339)",
        Scalar::Json => "JSON without NUL and with numbers between 2.3e-308 and 1.7e308",
    }
}

fn mismatch(value: &Value<'_>, expected: &str) -> ArgumentError {
    /// The most characters of a value that an error message repeats.
    const MOST_CHARACTERS: usize = 60;
    let mut found = Vec::new();
    value.write_json(&mut found);
    let mut found = String::from_utf8(found).unwrap_or_default();
    if let Some((end, _)) = found.char_indices().nth(MOST_CHARACTERS) {
        found.truncate(end);
        found.push('…');
    }
    ArgumentError::here(format!("{found} is not {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::arguments::json;
    use crate::graph::value::write_value;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(scalar: Scalar, value: &serde_json::Value) -> Result<Parameter, ArgumentError> {
        parameter(&ColumnType::Scalar(scalar), &json::read(&value.to_string()).unwrap())
    }

    fn back(scalar: Scalar, value: &serde_json::Value) -> serde_json::Value {
        let mut out = Vec::new();
        write_value(&ColumnType::Scalar(scalar), read(scalar, value).unwrap().value.as_deref(), &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_wrong_value_says_what_was_expected() {
        let error = read(Scalar::Date, &json!("12.2.2026")).unwrap_err();
        assert_eq!(error.message, r#""12.2.2026" is not a date such as "2026-02-12""#);
        assert!(read(Scalar::BigInt, &json!("9223372036854775808")).is_err());
        assert!(read(Scalar::BigInt, &json!(1.5)).is_err());
        assert!(read(Scalar::Text, &json!("a\u{0}b")).is_err());
        assert!(read(Scalar::Uuid, &json!("x")).is_err());
    }

    #[test]
    fn decimals_are_stored_up_to_the_largest_double() {
        let stored = |text: &str| {
            let ty = ColumnType::Scalar(Scalar::Decimal);
            stored(&ty, Bounds::default(), &Value::Text(Cow::Borrowed(text))).is_ok()
        };
        for text in ["1.7976931348623157e308", "-1.797693134862315807e308", "1e-400", "+.5"] {
            assert!(stored(text), "{text}");
        }
        for text in ["1.797693134862315808e308", "-1e309", "1e400"] {
            assert!(!stored(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_values_are_read_back(number: i64, text in "[^\u{0}]*", small: i32, flag: bool, double in -1e12..1e12_f64) {
            prop_assert_eq!(back(Scalar::BigInt, &json!(number.to_string())), json!(number.to_string()));
            prop_assert_eq!(back(Scalar::BigInt, &json!(number)), json!(number.to_string()));
            prop_assert_eq!(back(Scalar::Text, &json!(text)), json!(text));
            prop_assert_eq!(back(Scalar::Int, &json!(small)), json!(small));
            prop_assert_eq!(back(Scalar::Boolean, &json!(flag)), json!(flag));
            prop_assert_eq!(back(Scalar::Double, &json!(double)).as_f64(), Some(double));
        }
    }
}
