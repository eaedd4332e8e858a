//! Ranges of numbers, to group by: between given bounds, or of one width.
//!
//! Bounds, widths and the ends of ranges are decimals, as they were written. With doubles, which cannot represent 0.1, a multiple of 0.1
//! would belong to the range that ends there as often as to the one that begins there.

use crate::graph::arguments::{ArgumentError, Value, number};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::value::{decimal, decimal_places, multiples, shortest};

/// The largest number of bounds of one key.
const MOST_BOUNDS: usize = 100;
/// The smallest and the largest width of a range.
const WIDTHS: [&str; 2] = ["0.000001", "1000000000000"];
/// The largest number of digits after the decimal point of a width; doubles of these sizes have fewer.
const MOST_PLACES: u32 = 30;

/// The division of a column's numbers into ranges. The database returns the number of a range, from which its ends follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Ranges {
    /// The type of the column.
    pub(in crate::graph) scalar: Scalar,
    pub(in crate::graph) cuts: Cuts,
}

/// The ends of the ranges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum Cuts {
    /// The ranges lie between these bounds, which ascend; range 0 is below the first.
    Bounds(Vec<RangeBound>),
    /// Each range lies between a multiple of this decimal and the next; range 0 begins at 0.
    Width(Vec<u8>),
}

/// The end of a range, which is the beginning of the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct RangeBound {
    /// The bound in the type in which it is compared with the column's values, in Postgres's binary format.
    pub(in crate::graph) value: Vec<u8>,
    /// The bound as a decimal, in Postgres's binary format.
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

    /// Returns the type of a range's number.
    pub(in crate::graph) fn ty(&self) -> ColumnType {
        ColumnType::Scalar(match self.cuts {
            Cuts::Bounds(_) => Scalar::Int,
            Cuts::Width(_) => Scalar::Decimal,
        })
    }

    /// Returns the ends of the range with a number, as decimals. The first belongs to the range, the second does not.
    pub(in crate::graph) fn ends(&self, number: &[u8]) -> [Option<Vec<u8>>; 2] {
        match &self.cuts {
            Cuts::Bounds(bounds) => {
                // The number of a range is that of the bounds at or below its values.
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
    /// Returns a bound, together with its number as text. If the column has floats, the bound is the nearest float, as in a filter.
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
            // Responses show bounds as JSON numbers, so larger ones than a double can hold are refused.
            _ => (text.to_owned(), text.parse().is_ok_and(f64::is_finite).then(|| decimal(text)).flatten()?),
        };
        let decimal = shortest(&decimal(&text)?);
        Some((text, Self { value, decimal }))
    }
}
