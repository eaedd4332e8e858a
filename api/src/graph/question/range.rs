//! Ranges that numbers are grouped by: between given bounds, or of one width.
//!
//! Bounds and widths are the decimal numbers that were written, and so are the ends of ranges. Doubles know no 0.1: a number
//! that is a multiple of it would lie in the range that ends there as often as in the one that begins.

use crate::graph::arguments::{ArgumentError, Value, number};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::value::{decimal, decimal_places, multiples, shortest};

/// Bounds of one request at most.
const MOST_BOUNDS: usize = 100;
/// The narrowest range, and the widest.
const WIDTHS: [&str; 2] = ["0.000001", "1000000000000"];
/// Digits behind the point of a width at most; the double next to a number of these sizes has fewer.
const MOST_PLACES: u32 = 30;

/// How the numbers of a column are cut into ranges. The database numbers the ranges; the number of one gives its ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Ranges {
    /// Type of the column.
    pub(in crate::graph) scalar: Scalar,
    pub(in crate::graph) cuts: Cuts,
}

/// Where the numbers are cut.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Cuts {
    /// Between these, ascending; range 0 is below the first.
    Bounds(Vec<RangeBound>),
    /// From a multiple of this decimal to the next; range 0 begins at 0.
    Width(Vec<u8>),
}

/// A number that a range ends at and the next one begins with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct RangeBound {
    /// As a value that the column's values are compared with.
    pub(in crate::graph) value: Vec<u8>,
    /// As a decimal.
    decimal: Vec<u8>,
}

impl Ranges {
    /// Reads a `NumberRanges` for a column of numbers.
    pub(in crate::graph) fn read(
        ty: &ColumnType,
        value: &Value<'_>,
        argument: &str,
    ) -> Result<Self, ArgumentError> {
        let refuse = |name: &str, message: &str| ArgumentError::new(&format!("{argument}.{name}"), message);
        let scalar = ty.scalar();
        let cuts = match (value.get("bounds"), value.get("width")) {
            (Some(bounds), None) => {
                let bounds = bounds.items();
                if bounds.is_empty() {
                    return Err(refuse("bounds", "give at least one bound"));
                }
                if bounds.len() > MOST_BOUNDS {
                    return Err(refuse("bounds", &format!("at most {MOST_BOUNDS} bounds")));
                }
                let mut read: Vec<(String, RangeBound)> = Vec::with_capacity(bounds.len());
                for (at, bound) in bounds.iter().enumerate() {
                    let bound = bound.as_number().and_then(|text| RangeBound::read(scalar, text)).filter(
                        |(text, _)| read.last().is_none_or(|(last, _)| number::compare(last, text).is_lt()),
                    );
                    read.push(bound.ok_or_else(|| {
                        let message = "give numbers that the column could hold, each greater than the last";
                        refuse(&format!("bounds.{at}"), message)
                    })?);
                }
                Cuts::Bounds(read.into_iter().map(|(_, bound)| bound).collect())
            }
            (None, Some(width)) => {
                let [narrowest, widest] = WIDTHS;
                let width = width.as_number_between(narrowest, widest).and_then(decimal);
                let width = width.filter(|width| decimal_places(width) <= MOST_PLACES);
                Cuts::Width(width.ok_or_else(|| {
                    let places = format!("with {MOST_PLACES} digits behind the point at most");
                    refuse("width", &format!("a range is {narrowest} to {widest} wide, {places}"))
                })?)
            }
            _ => return Err(ArgumentError::new(argument, "give either `bounds` or `width`")),
        };
        Ok(Self { scalar, cuts })
    }

    /// Returns the type of the numbers of ranges.
    pub(in crate::graph) fn ty(&self) -> ColumnType {
        ColumnType::Scalar(match self.cuts {
            Cuts::Bounds(_) => Scalar::Int,
            Cuts::Width(_) => Scalar::Decimal,
        })
    }

    /// Returns the ends of the range with a number, as decimals: from the first on, up to and without the second.
    pub(in crate::graph) fn ends(&self, number: &[u8]) -> [Option<Vec<u8>>; 2] {
        match &self.cuts {
            Cuts::Bounds(bounds) => {
                // Postgres counts the bounds that are not above the value.
                let number = number.try_into().ok().map(i32::from_be_bytes);
                let Some(below) = number.and_then(|number| usize::try_from(number).ok()) else {
                    return [None, None];
                };
                let from = below.checked_sub(1).and_then(|at| bounds.get(at));
                [from, bounds.get(below)].map(|bound| bound.map(|bound| bound.decimal.clone()))
            }
            Cuts::Width(width) => {
                multiples(number, width).map_or([None, None], |[from, to]| [Some(from), Some(to)])
            }
        }
    }
}

impl RangeBound {
    /// Returns a bound between values of a column, beside the number that it is: the float next to what is written where the column has
    /// floats, as in a filter.
    fn read(scalar: Scalar, text: &str) -> Option<(String, Self)> {
        let (text, value) = match scalar {
            Scalar::Real => {
                let single = number::single(text)?;
                (single.to_string(), single.to_be_bytes().to_vec())
            }
            Scalar::Double => {
                let double = number::double(text)?;
                (double.to_string(), double.to_be_bytes().to_vec())
            }
            // Answers tell it as a number, of which every reader knows what is no larger than a double.
            _ => (text.to_owned(), text.parse().is_ok_and(f64::is_finite).then(|| decimal(text)).flatten()?),
        };
        let decimal = shortest(&decimal(&text)?);
        Some((text, Self { value, decimal }))
    }
}
