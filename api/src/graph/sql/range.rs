//! The SQL of ranges of numbers.

use tokio_postgres::types::Type;

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::database::Parameter;
use crate::graph::catalog::Scalar;
use crate::graph::question::range::{Cuts, Ranges};

/// The largest number that belongs to a range: the numbers of ranges beyond it would have too many digits.
const COUNTABLE: &str = "1e300";

impl Ranges {
    /// Writes the number of the range that contains a value; NULL for NaN and a missing value.
    pub(super) fn write(&self, value: &Snippet, sql: &mut Sql) {
        match &self.cuts {
            Cuts::Bounds(bounds) => {
                let [element, array] = compared(self.scalar);
                let elements = bounds.iter().map(|bound| bound.value.as_slice());
                let bounds = Parameter::array(array, &element, elements);
                let value = snippet!("{value}::{element}", value, element);
                // In Postgres NaN is greater than all numbers.
                sql.push(text!("CASE WHEN {value} <> 'NaN' THEN width_bucket({value}, ", value));
                sql.bind(bounds).push(") END");
            }
            Cuts::Width(width) => {
                let width = sql.parameter(Parameter::new(Type::NUMERIC, width.clone()));
                let decimal = match self.scalar {
                    // The shortest digits that identify the float, as responses show it.
                    Scalar::Real | Scalar::Double => snippet!("{value}::text::numeric", value),
                    _ => snippet!("{value}::numeric", value),
                };
                // A quotient may be rounded up to a whole number; `div` and `mod` are exact.
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

/// Returns the type in which values of a column are compared with bounds, and the type of its arrays.
fn compared(scalar: Scalar) -> [Type; 2] {
    match scalar {
        Scalar::Real => [Type::FLOAT4, Type::FLOAT4_ARRAY],
        Scalar::Double => [Type::FLOAT8, Type::FLOAT8_ARRAY],
        _ => [Type::NUMERIC, Type::NUMERIC_ARRAY],
    }
}
