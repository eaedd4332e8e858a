//! Ranges that numbers are grouped by: between given bounds, or of one width.

use tokio_postgres::types::Type;

use super::sql::Sql;
use crate::database::Parameter;
use crate::graph::aggregate::placed;
use crate::graph::arguments::{ArgumentError, Value};

/// Bounds of one request at most.
const MOST_BOUNDS: usize = 100;
/// The narrowest range, and the widest.
const WIDTHS: [&str; 2] = ["0.000001", "1000000000000"];

/// How numbers are cut into ranges. The database numbers the ranges; the number of one gives its ends.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Ranges {
    /// Between these, ascending; range 0 is below the first.
    Bounds(Vec<f64>),
    /// From a multiple of this to the next; range 0 begins at 0.
    Width(f64),
}

impl Ranges {
    /// Reads a `NumberRanges`.
    pub(super) fn read(value: &Value<'_>, argument: &str) -> Result<Self, ArgumentError> {
        let refuse = |name: &str, message: &str| ArgumentError::new(&format!("{argument}.{name}"), message);
        match (value.get("bounds"), value.get("width")) {
            (Some(bounds), None) => {
                let mut read: Vec<f64> = Vec::with_capacity(bounds.items().len());
                for (at, bound) in bounds.items().iter().enumerate() {
                    let bound = bound.as_f64().filter(|bound| read.last().is_none_or(|last| last < bound));
                    read.push(bound.ok_or_else(|| {
                        let message = "give numbers that a double holds, each greater than the last";
                        refuse(&format!("bounds.{at}"), message)
                    })?);
                }
                if read.is_empty() {
                    return Err(refuse("bounds", "give at least one bound"));
                }
                if read.len() > MOST_BOUNDS {
                    return Err(refuse("bounds", &format!("at most {MOST_BOUNDS} bounds")));
                }
                Ok(Self::Bounds(read))
            }
            (None, Some(width)) => {
                let [narrowest, widest] = WIDTHS;
                width
                    .as_f64_between(narrowest, widest)
                    .map(Self::Width)
                    .ok_or_else(|| refuse("width", &format!("a range is {narrowest} to {widest} wide")))
            }
            _ => Err(ArgumentError::new(argument, "give either `bounds` or `width`")),
        }
    }

    /// Writes the number of the range that a value lies in, as `float8`; NULL for no value.
    pub(super) fn write(&self, value: &str, sql: &mut Sql) {
        match self {
            Self::Bounds(bounds) => {
                // What is beyond all doubles is beyond the last bound.
                let value = placed(value);
                let bytes: Vec<[u8; 8]> = bounds.iter().map(|bound| bound.to_be_bytes()).collect();
                let elements = bytes.iter().map(<[u8; 8]>::as_slice);
                sql.push(format_args!("width_bucket({value}, "));
                sql.bind(Parameter::array(Type::FLOAT8_ARRAY, &Type::FLOAT8, elements)).push(")::float8");
            }
            Self::Width(width) => {
                let value = countable(value);
                sql.push(format_args!("floor({value} / "));
                sql.bind(Parameter::new(Type::FLOAT8, width.to_be_bytes().to_vec())).push(")");
            }
        }
    }

    /// The ends of the range with a number: from the first on, up to and without the second.
    pub(in crate::graph) fn ends(&self, number: f64) -> [Option<f64>; 2] {
        match self {
            Self::Bounds(bounds) => {
                // Postgres counts the bounds that are not above the value.
                let below = bounds.iter().zip(1_u32..).take_while(|(_, at)| f64::from(*at) <= number).count();
                let from = below.checked_sub(1).and_then(|at| bounds.get(at));
                [from.copied(), bounds.get(below).copied()]
            }
            Self::Width(width) => [number * width, (number + 1.0) * width].map(|end| Some(shortened(end))),
        }
    }
}

/// A number as a double that the narrowest and the widest ranges can be counted to; NULL where it is beyond them.
fn countable(number: &str) -> String {
    format!(
        "CASE WHEN {number} BETWEEN -1e-290 AND 1e-290 THEN 0 WHEN {number} BETWEEN -1e300 AND 1e300 THEN {number}::float8 END"
    )
}

/// Three times 0.1 is 0.3: a multiple without the digits that only its computation has.
fn shortened(number: f64) -> f64 {
    format!("{number:.12e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::Ranges;

    #[test]
    fn ends_of_ranges() {
        let bounds = Ranges::Bounds(vec![50.0, 100.0]);
        assert_eq!(bounds.ends(0.0), [None, Some(50.0)]);
        assert_eq!(bounds.ends(1.0), [Some(50.0), Some(100.0)]);
        assert_eq!(bounds.ends(2.0), [Some(100.0), None]);
        assert_eq!(Ranges::Width(0.1).ends(2.0), [Some(0.2), Some(0.3)]);
        assert_eq!(Ranges::Width(50.0).ends(-1.0), [Some(-50.0), Some(0.0)]);
    }
}
