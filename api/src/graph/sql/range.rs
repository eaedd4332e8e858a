//! The SQL of ranges that numbers lie in.

use tokio_postgres::types::Type;

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::database::Parameter;
use crate::graph::catalog::Scalar;
use crate::graph::question::range::{Cuts, Ranges};

/// What lies beyond it has more digits than ranges are counted to.
const COUNTABLE: &str = "1e300";

impl Ranges {
    /// Writes the number of the range that a value lies in; NULL for what is no number.
    pub(super) fn write(&self, value: &Snippet, sql: &mut Sql) {
        match &self.cuts {
            Cuts::Bounds(bounds) => {
                let [element, array] = compared(self.scalar);
                let elements = bounds.iter().map(|bound| bound.value.as_slice());
                let bounds = Parameter::array(array, &element, elements);
                let value = snippet!("{value}::{element}", value, element);
                // NaN is greater than all numbers to Postgres.
                sql.push(text!("CASE WHEN {value} <> 'NaN' THEN width_bucket({value}, ", value));
                sql.bind(bounds).push(") END");
            }
            Cuts::Width(width) => {
                let width = sql.parameter(Parameter::new(Type::NUMERIC, width.clone()));
                let decimal = match self.scalar {
                    // The digits that tell it from other floats, which answers show.
                    Scalar::Real | Scalar::Double => snippet!("{value}::text::numeric", value),
                    _ => snippet!("{value}::numeric", value),
                };
                // A quotient may be rounded up to a whole number; what `div` and `mod` give is exact.
                sql.push(text!(
                    "CASE WHEN {value} BETWEEN 0 AND {COUNTABLE} THEN div({decimal}, {width}) \
                     WHEN {value} BETWEEN -{COUNTABLE} AND 0 THEN div({decimal}, {width}) - (mod({decimal}, {width}) <> 0)::int END",
                    value,
                    COUNTABLE,
                    decimal,
                    width,
                ));
            }
        }
    }
}

/// Returns the type that values of a column and bounds are compared as, and a list of it.
fn compared(scalar: Scalar) -> [Type; 2] {
    match scalar {
        Scalar::Real => [Type::FLOAT4, Type::FLOAT4_ARRAY],
        Scalar::Double => [Type::FLOAT8, Type::FLOAT8_ARRAY],
        _ => [Type::NUMERIC, Type::NUMERIC_ARRAY],
    }
}
