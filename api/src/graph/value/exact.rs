//! Writes and reads values within cursors: JSON that preserves every value, including those that no answer can show.

use bytes::Buf;

use super::input::{encoded, parameter};
use super::numeric;
use super::output::write_value;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{ColumnType, Scalar};

/// Appends a value.
pub(crate) fn write_exact(ty: &ColumnType, value: Option<&[u8]>, out: &mut Vec<u8>) {
    match value.and_then(|bytes| special(ty, bytes)) {
        Some(name) => out.extend_from_slice(format!("\"{name}\"").as_bytes()),
        None => write_value(ty, value, out),
    }
}

/// Reads a value that is not null.
pub(in crate::graph) fn read_exact(ty: &ColumnType, value: &Value<'_>) -> Result<Parameter, ArgumentError> {
    let ColumnType::Scalar(scalar) = ty else { return parameter(ty, value) };
    let number = || value.as_number().or_else(|| value.as_str());
    let special = || value.as_str().filter(|text| matches!(*text, "NaN" | "Infinity" | "-Infinity"));
    // Postgres has stored the value, so it fits.
    let float = || value.as_number().or_else(special);
    let bytes = match scalar {
        Scalar::Real => float().and_then(|text| text.parse::<f32>().ok()).and_then(encoded),
        Scalar::Double => float().and_then(|text| text.parse::<f64>().ok()).and_then(encoded),
        Scalar::Numeric | Scalar::Decimal => {
            number().and_then(|text| numeric::special(text).or_else(|| numeric::parse_whole(text)))
        }
        _ => None,
    };
    bytes.map_or_else(|| parameter(ty, value), |bytes| Ok(Parameter::new(scalar.postgres(), bytes)))
}

/// Returns the name of a special value (NaN, infinities) of a column of numbers.
fn special(ty: &ColumnType, mut bytes: &[u8]) -> Option<&'static str> {
    let of_float = |number: f64| match number {
        number if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    };
    match ty {
        ColumnType::Scalar(Scalar::Real) => of_float(bytes.try_get_f32().ok()?.into()),
        ColumnType::Scalar(Scalar::Double) => of_float(bytes.try_get_f64().ok()?),
        ColumnType::Scalar(Scalar::Numeric | Scalar::Decimal) => numeric::special_name(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::arguments::json;

    fn again(scalar: Scalar, bytes: &[u8]) -> Option<Vec<u8>> {
        let ty = ColumnType::Scalar(scalar);
        let mut text = Vec::new();
        write_exact(&ty, Some(bytes), &mut text);
        let text = String::from_utf8(text).unwrap();
        read_exact(&ty, &json::read(&text).unwrap()).unwrap().value
    }

    #[test]
    fn special_values_are_read_back() {
        for name in ["NaN", "Infinity", "-Infinity"] {
            for scalar in [Scalar::Numeric, Scalar::Decimal] {
                let bytes = numeric::special(name).unwrap();
                assert_eq!(again(scalar, &bytes), Some(bytes), "{name}");
            }
        }
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let bytes = number.to_be_bytes();
            assert_eq!(again(Scalar::Double, &bytes).as_deref(), Some(bytes.as_slice()));
        }
        let long = numeric::parse_whole(&format!("1{}", "0".repeat(5_000))).unwrap();
        assert_eq!(again(Scalar::Decimal, &long), Some(long));
    }

    proptest! {
        #[test]
        fn every_number_comes_back(double: f64, single: f32) {
            let double = double.to_be_bytes();
            let is_nan = f64::from_be_bytes(double).is_nan();
            prop_assert!(is_nan || again(Scalar::Double, &double).as_deref() == Some(double.as_slice()));
            let single = single.to_be_bytes();
            let is_nan = f32::from_be_bytes(single).is_nan();
            prop_assert!(is_nan || again(Scalar::Real, &single).as_deref() == Some(single.as_slice()));
        }
    }
}
