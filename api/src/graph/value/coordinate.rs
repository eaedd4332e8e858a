//! Converts Postgres's binary format to a position on the axis of a chart.

use bytes::Buf;

use super::numeric;
use crate::graph::catalog::{ColumnType, Scalar};

/// Returns a number unchanged; a date in days, a time in microseconds, both since 2000-01-01.
///
/// Returns `None` for a value without a position: NULL, NaN, an infinite number, date or time, a number beyond a double, a type
/// that is neither number nor time.
pub(crate) fn coordinate(ty: &ColumnType, value: Option<&[u8]>) -> Option<f64> {
    let mut bytes = value?;
    let ColumnType::Scalar(scalar) = ty else { return None };
    match scalar {
        Scalar::SmallInt => bytes.try_get_i16().ok().map(f64::from),
        Scalar::Int => bytes.try_get_i32().ok().map(f64::from),
        Scalar::BigInt => bytes.try_get_i64().ok().map(wide),
        Scalar::Real => bytes.try_get_f32().ok().map(f64::from).filter(|number| number.is_finite()),
        Scalar::Double => bytes.try_get_f64().ok().filter(|number| number.is_finite()),
        Scalar::Numeric | Scalar::Decimal => numeric::to_f64(bytes),
        Scalar::Date => {
            bytes.try_get_i32().ok().filter(|days| !matches!(*days, i32::MIN | i32::MAX)).map(f64::from)
        }
        Scalar::LocalDateTime | Scalar::DateTime => {
            bytes.try_get_i64().ok().filter(|time| !matches!(*time, i64::MIN | i64::MAX)).map(wide)
        }
        Scalar::Boolean | Scalar::Text | Scalar::Uuid | Scalar::Json => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no chart shows the seventeenth digit")]
fn wide(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(scalar: Scalar, bytes: &[u8]) -> Option<f64> {
        coordinate(&ColumnType::Scalar(scalar), Some(bytes))
    }

    #[test]
    fn numbers_and_times_have_a_place() {
        assert_eq!(of(Scalar::SmallInt, &(-7_i16).to_be_bytes()), Some(-7.0));
        assert_eq!(of(Scalar::Int, &7_i32.to_be_bytes()), Some(7.0));
        assert_eq!(of(Scalar::BigInt, &(1_i64 << 40).to_be_bytes()), Some(1_099_511_627_776.0));
        assert_eq!(of(Scalar::Real, &0.5_f32.to_be_bytes()), Some(0.5));
        assert_eq!(of(Scalar::Double, &0.1_f64.to_be_bytes()), Some(0.1));
        assert_eq!(of(Scalar::Numeric, &numeric::parse("-12.75").unwrap()), Some(-12.75));
        assert_eq!(of(Scalar::Decimal, &numeric::parse("1e20").unwrap()), Some(1e20));
        assert_eq!(of(Scalar::Date, &(-1_i32).to_be_bytes()), Some(-1.0));
        assert_eq!(of(Scalar::DateTime, &1_500_000_i64.to_be_bytes()), Some(1_500_000.0));
    }

    #[test]
    fn values_without_a_position_have_no_coordinate() {
        let nan = [0, 0, 0, 0, 0xC0, 0, 0, 0];
        assert_eq!(of(Scalar::Numeric, &nan), None);
        assert_eq!(of(Scalar::Decimal, &numeric::parse("1e400").unwrap()), None);
        assert_eq!(of(Scalar::Double, &f64::NAN.to_be_bytes()), None);
        assert_eq!(of(Scalar::Real, &f32::INFINITY.to_be_bytes()), None);
        assert_eq!(of(Scalar::Date, &i32::MAX.to_be_bytes()), None);
        assert_eq!(of(Scalar::DateTime, &i64::MIN.to_be_bytes()), None);
        assert_eq!(of(Scalar::Text, b"7"), None);
        assert_eq!(coordinate(&ColumnType::Scalar(Scalar::Int), None), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_every_place_is_finite(bytes: Vec<u8>) {
            for scalar in [Scalar::SmallInt, Scalar::Int, Scalar::Real, Scalar::Double, Scalar::Numeric, Scalar::Date] {
                prop_assert!(of(scalar, &bytes).is_none_or(f64::is_finite));
            }
        }
    }
}
