//! The SQL of aggregate functions.

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::database::Parameter;
use crate::graph::aggregate::AggregateFunction;
use crate::graph::catalog::{ColumnType, Scalar};

/// The largest double, and the decimals that round to it, with a margin in the last digit.
const LARGEST_DOUBLE: &str = "1.797693134862315807e308";
/// The largest decimal that rounds to the double 0.
const NO_DOUBLE: &str = "2.47e-324";
/// The largest decimal that rounds to 0 or to the smallest double, half of which is not a double.
const NO_HALF: &str = "7.42e-324";
/// The largest decimals whose sum (or the sum of whose squares) over the largest table stays within Postgres's decimals.
const ADDABLE: &str = "1e131000";
const SQUARABLE: &str = "1e65000";

/// Returns a number as a decimal, or NaN if its size exceeds `most`, so that the result is NaN too.
///
/// Doubles are added as decimals too, with all significant digits. The sum of doubles depends on the order of the rows, and so, in the
/// last digit, on rows that the caller may not see.
fn summand(number: &Snippet, column: &ColumnType, most: &'static str) -> Snippet {
    match column.scalar() {
        Scalar::Real => finite(&snippet!("{number}::float8", number)),
        Scalar::Double => finite(number),
        _ => snippet!(
            "CASE WHEN {number} BETWEEN -{most} AND {most} THEN {number} WHEN {number} IS NOT NULL THEN 'NaN' END",
            number,
            most,
        ),
    }
}

/// Returns a double as a decimal; NaN if it is infinite.
fn finite(number: &Snippet) -> Snippet {
    snippet!(
        "CASE WHEN {number} > '-Infinity' AND {number} < 'Infinity' THEN {number}::text::numeric \
         WHEN {number} IS NOT NULL THEN 'NaN' END",
        number,
    )
}

/// Returns a number as a double; NULL if it is too large for one.
fn double(number: &Snippet) -> Snippet {
    snippet!(
        "CASE WHEN {number} BETWEEN -{NO_DOUBLE} AND {NO_DOUBLE} THEN 0 \
         WHEN {number} BETWEEN -{LARGEST_DOUBLE} AND {LARGEST_DOUBLE} THEN {number}::float8 END",
        number,
        NO_DOUBLE,
        LARGEST_DOUBLE,
    )
}

/// Returns a number as a double; NULL if it is too large for one, or would be rounded to 0.
pub(super) fn double_in_range(number: &Snippet) -> Snippet {
    let double = double(number);
    snippet!(
        "CASE WHEN {number} = 0 OR abs({number}) > {NO_DOUBLE} THEN {double} END",
        number,
        NO_DOUBLE,
        double
    )
}

/// Returns a number as a double that sorts as the number does: infinite if the number is too large, NULL for NaN. Half of the double is
/// a double too.
fn sortable_double(number: &Snippet) -> Snippet {
    snippet!(
        "CASE WHEN {number} BETWEEN -{NO_HALF} AND {NO_HALF} THEN 0 WHEN {number} < -{LARGEST_DOUBLE} THEN '-Infinity' \
         WHEN {number} > {LARGEST_DOUBLE} THEN CASE WHEN {number}::numeric <> 'NaN' THEN 'Infinity'::float8 END \
         ELSE {number}::float8 END",
        number,
        NO_HALF,
        LARGEST_DOUBLE,
    )
}

/// Writes an aggregate function of an operand with the type of `column`.
///
/// It fails for no value: a result that is too large for its type is null.
pub(super) fn write_function(
    function: AggregateFunction,
    operand: &Snippet,
    column: &ColumnType,
    sql: &mut Sql,
) {
    let summed = |name: &'static str, most: &'static str| {
        let summand = summand(operand, column, most);
        double(&snippet!("{name}({summand})", name, summand))
    };
    let has_any_size = matches!(column.scalar(), Scalar::Double | Scalar::Real | Scalar::Decimal);
    match function {
        AggregateFunction::CountDistinct => sql.push(text!("count(DISTINCT {operand})", operand)),
        AggregateFunction::CountTrue => sql.push(text!("count(*) FILTER (WHERE {operand})", operand)),
        AggregateFunction::CountFalse => sql.push(text!("count(*) FILTER (WHERE NOT {operand})", operand)),
        AggregateFunction::Rate => sql.push(text!("avg({operand}::int)::float8", operand)),
        AggregateFunction::Min => sql.push(text!("min({operand})", operand)),
        AggregateFunction::Max => sql.push(text!("max({operand})", operand)),
        AggregateFunction::Sum => match column.scalar() {
            Scalar::Decimal => {
                sql.push(text!("nullif(sum({summand}), 'NaN')", summand = summand(operand, column, ADDABLE)))
            }
            Scalar::Double | Scalar::Real => sql.push(summed("sum", ADDABLE)),
            _ => sql.push(text!("sum({operand})", operand)),
        },
        // Unbounded numbers may be too large for a double, and so may their mean.
        AggregateFunction::Avg if has_any_size => sql.push(summed("avg", ADDABLE)),
        AggregateFunction::Stddev if has_any_size => sql.push(summed("stddev_samp", SQUARABLE)),
        AggregateFunction::Variance if has_any_size => sql.push(summed("var_samp", SQUARABLE)),
        AggregateFunction::Avg => sql.push(text!("avg({operand})::float8", operand)),
        AggregateFunction::Stddev => sql.push(text!("stddev_samp({operand})::float8", operand)),
        AggregateFunction::Variance => sql.push(text!("var_samp({operand})::float8", operand)),
        AggregateFunction::Percentile(share) => {
            write_percentile(share, operand, column, sql);
            sql
        }
    };
}

/// Writes a percentile of an operand's values.
fn write_percentile(share: f64, operand: &Snippet, column: &ColumnType, sql: &mut Sql) {
    // The difference of two doubles may be too large for a double; that of their halves is not.
    let half = match column.scalar() {
        Scalar::Decimal => Some(snippet!("({sortable})", sortable = sortable_double(operand))),
        Scalar::Double => {
            Some(snippet!("(CASE abs({operand}) WHEN 5e-324 THEN 0 ELSE {operand} END)", operand))
        }
        _ => None,
    };
    sql.push(if half.is_some() { "2 * percentile_cont(" } else { "percentile_cont(" });
    sql.bind(Parameter::from(share));
    match half {
        Some(half) => sql.push(text!(") WITHIN GROUP (ORDER BY {half} * 0.5::float8)", half)),
        None => sql.push(text!(") WITHIN GROUP (ORDER BY {operand}::float8)", operand)),
    };
}
