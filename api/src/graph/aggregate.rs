//! Aggregate functions: which a column has, what they give, how SQL says them.

use super::catalog::{ColumnType, Scalar};

/// A function over the values of a column in many rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    CountDistinct,
    CountTrue,
    CountFalse,
    /// The share of those that are true among those that are true or false.
    Rate,
    Sum,
    Avg,
    Min,
    Max,
    Stddev,
    Variance,
    /// The value below which this share of the rows lies, between values where need be.
    Percentile(f64),
}

/// A function as the schema shows it.
pub(super) struct Described {
    pub(super) field: &'static str,
    pub(super) doc: &'static str,
    /// `p` of a percentile is an argument of the field; the one here is only an example.
    pub(super) function: Function,
}

const COUNT_DISTINCT: Described = Described {
    field: "countDistinct",
    doc: "Number of different values; a missing one is none.",
    function: Function::CountDistinct,
};
const MIN: Described = Described { field: "min", doc: "Least value.", function: Function::Min };
const MAX: Described = Described { field: "max", doc: "Greatest value.", function: Function::Max };

static DISTINCT: [Described; 1] = [COUNT_DISTINCT];
static TRUTH: [Described; 4] = [
    Described { field: "countTrue", doc: "Number of rows where it is true.", function: Function::CountTrue },
    Described {
        field: "countFalse",
        doc: "Number of rows where it is false; where it is missing, a row counts neither here nor there.",
        function: Function::CountFalse,
    },
    Described {
        field: "rate",
        doc: "Share of the rows where it is true among those where it is not missing, from 0 to 1; null if it is missing in all.",
        function: Function::Rate,
    },
    COUNT_DISTINCT,
];
static ORDERED: [Described; 3] = [COUNT_DISTINCT, MIN, MAX];
static NUMBERS: [Described; 8] = [
    COUNT_DISTINCT,
    Described { field: "sum", doc: "Sum of the values.", function: Function::Sum },
    Described { field: "avg", doc: "Mean of the values.", function: Function::Avg },
    MIN,
    MAX,
    Described {
        field: "stddev",
        doc: "Standard deviation of the sample; null for fewer than two values.",
        function: Function::Stddev,
    },
    Described {
        field: "variance",
        doc: "Variance of the sample; null for fewer than two values.",
        function: Function::Variance,
    },
    Described {
        field: "percentile",
        doc: "The value below which the share `p` of the values lies; between two values, interpolated.",
        function: Function::Percentile(0.5),
    },
];

/// The functions that a column of this type has.
pub(super) fn functions(ty: &ColumnType) -> &'static [Described] {
    match ty {
        ColumnType::List(_) | ColumnType::Scalar(Scalar::Json) => &[],
        ColumnType::Enum(_) | ColumnType::Scalar(Scalar::Uuid) => &DISTINCT,
        ColumnType::Scalar(Scalar::Boolean) => &TRUTH,
        ColumnType::Scalar(Scalar::Text | Scalar::Date | Scalar::LocalDateTime | Scalar::DateTime) => {
            &ORDERED
        }
        ColumnType::Scalar(
            Scalar::SmallInt
            | Scalar::Int
            | Scalar::BigInt
            | Scalar::Real
            | Scalar::Double
            | Scalar::Numeric
            | Scalar::Decimal,
        ) => &NUMBERS,
    }
}

/// A function of a column by the name of its field. The share of a percentile is for the caller to fill in.
pub(super) fn function_named(ty: &ColumnType, field: &str) -> Option<Function> {
    functions(ty).iter().find(|described| described.field == field).map(|described| described.function)
}

/// What the numbers within JSON are to aggregate functions.
pub(super) const NUMBER_WITHIN: ColumnType = ColumnType::Scalar(Scalar::Double);

/// Whether a column has functions of what lies within its values: it says where.
pub(super) fn has_numbers_within(ty: &ColumnType) -> bool {
    *ty == ColumnType::Scalar(Scalar::Json)
}

/// Name of the type that holds the functions of a column; all columns of a scalar share it.
pub(super) fn type_name(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Enum(_) => "EnumAggregate".to_owned(),
        ColumnType::Scalar(scalar) | ColumnType::List(scalar) => {
            format!("{}Aggregate", scalar.graphql_name())
        }
    }
}

/// The largest double, with all that is rounded to it; a little of the last digit is left over.
const LARGEST_DOUBLE: &str = "1.797693134862315807e308";
/// All that is rounded to 0.
const NO_DOUBLE: &str = "2.47e-324";
/// All that is rounded to 0 or to the least double, whose half is none.
const NO_HALF: &str = "7.42e-324";
/// Decimals of which so many rows as a table can have, or the squares of so many, are added without an end of Postgres's decimals.
const ADDABLE: &str = "1e131000";
const SQUARABLE: &str = "1e65000";

/// A number as a decimal, or NaN where it is none that can be added up (`most`): NaN makes all that is computed of it NaN.
///
/// Doubles are added as decimals too, with all the digits that tell them from others. What doubles add up to depends on the order
/// in which they come, and with it, in the last digit, on rows that the caller does not see.
fn summand(number: &str, column: &ColumnType, most: &str) -> String {
    match column.scalar() {
        Scalar::Real => finite(&format!("{number}::float8")),
        Scalar::Double => finite(number),
        _ => format!(
            "CASE WHEN {number} BETWEEN -{most} AND {most} THEN {number} WHEN {number} IS NOT NULL THEN 'NaN' END"
        ),
    }
}

/// A double as a decimal; NaN where it is infinite.
fn finite(number: &str) -> String {
    format!(
        "CASE WHEN {number} > '-Infinity' AND {number} < 'Infinity' THEN {number}::text::numeric \
         WHEN {number} IS NOT NULL THEN 'NaN' END"
    )
}

/// A result, or NULL where there is none.
fn nullif_nan(result: &str) -> String {
    format!("nullif({result}, 'NaN')")
}

/// A number as a double; NULL where that has no room for it.
fn double(number: &str) -> String {
    format!(
        "CASE WHEN {number} BETWEEN -{NO_DOUBLE} AND {NO_DOUBLE} THEN 0 \
         WHEN {number} BETWEEN -{LARGEST_DOUBLE} AND {LARGEST_DOUBLE} THEN {number}::float8 END"
    )
}

/// A number as a double; NULL where that has no room for it, and also where nothing of the number would be left.
pub(super) fn held(number: &str) -> String {
    format!("CASE WHEN {number} = 0 OR abs({number}) > {NO_DOUBLE} THEN {} END", double(number))
}

/// A number as a double that keeps its place among others: what is beyond all doubles is infinite. NULL is what is no number. Its
/// half is a double too.
pub(super) fn placed(number: &str) -> String {
    format!(
        "CASE WHEN {number} BETWEEN -{NO_HALF} AND {NO_HALF} THEN 0 WHEN {number} < -{LARGEST_DOUBLE} THEN '-Infinity' \
         WHEN {number} > {LARGEST_DOUBLE} THEN CASE WHEN {number}::numeric <> 'NaN' THEN 'Infinity'::float8 END \
         ELSE {number}::float8 END"
    )
}

impl Function {
    /// Whether the result is a number of rows: never null, and 0 where there is no row.
    pub(super) fn is_count(self) -> bool {
        matches!(self, Self::CountDistinct | Self::CountTrue | Self::CountFalse)
    }

    /// Type of the result over a column.
    pub(super) fn result(self, column: &ColumnType) -> ColumnType {
        let scalar = match (self, column.scalar()) {
            (Self::CountDistinct | Self::CountTrue | Self::CountFalse, _) => Scalar::Int,
            (Self::Min | Self::Max, _) => return column.clone(),
            // Wide enough for the sum of all rows of a table.
            (Self::Sum, Scalar::SmallInt | Scalar::Int) => Scalar::BigInt,
            (Self::Sum, Scalar::BigInt | Scalar::Decimal) => Scalar::Decimal,
            (Self::Sum, Scalar::Numeric) => Scalar::Numeric,
            (Self::Sum | Self::Avg | Self::Stddev | Self::Variance | Self::Percentile(_) | Self::Rate, _) => {
                Scalar::Double
            }
        };
        ColumnType::Scalar(scalar)
    }

    /// Type of the result in SQL: numbers of rows are wider there than in GraphQL.
    pub(super) fn stored(self, column: &ColumnType) -> ColumnType {
        if self.is_count() { ColumnType::Scalar(Scalar::BigInt) } else { self.result(column) }
    }

    /// SQL around an operand. A percentile's `p` stands between the parts; the caller binds it.
    ///
    /// No value of a row makes it fail: a result that its type has no room for is null.
    pub(super) fn sql(self, operand: &str, column: &ColumnType) -> (String, String) {
        let whole = |text: String| (text, String::new());
        let ordered =
            |operand: &str| ("percentile_cont(".to_owned(), format!(") WITHIN GROUP (ORDER BY {operand})"));
        // What lies between two doubles may be further apart than doubles go: their halves are not.
        let halved = |half: &str| {
            ("2 * percentile_cont(".to_owned(), format!(") WITHIN GROUP (ORDER BY {half} * 0.5::float8)"))
        };
        let summed =
            |function, most| whole(double(&format!("{function}({})", summand(operand, column, most))));
        match (self, column.scalar()) {
            (Self::CountDistinct, _) => whole(format!("count(DISTINCT {operand})")),
            (Self::CountTrue, _) => whole(format!("count(*) FILTER (WHERE {operand})")),
            (Self::CountFalse, _) => whole(format!("count(*) FILTER (WHERE NOT {operand})")),
            (Self::Rate, _) => whole(format!("avg({operand}::int)::float8")),
            (Self::Min, _) => whole(format!("min({operand})")),
            (Self::Max, _) => whole(format!("max({operand})")),
            (Self::Sum, Scalar::Decimal) => {
                whole(nullif_nan(&format!("sum({})", summand(operand, column, ADDABLE))))
            }
            (Self::Sum, Scalar::Double | Scalar::Real) => summed("sum", ADDABLE),
            // An unbounded number may be beyond a double, and so may its mean.
            (Self::Avg, Scalar::Double | Scalar::Real | Scalar::Decimal) => summed("avg", ADDABLE),
            (Self::Stddev, Scalar::Double | Scalar::Real | Scalar::Decimal) => {
                summed("stddev_samp", SQUARABLE)
            }
            (Self::Variance, Scalar::Double | Scalar::Real | Scalar::Decimal) => {
                summed("var_samp", SQUARABLE)
            }
            (Self::Percentile(_), Scalar::Decimal) => halved(&format!("({})", placed(operand))),
            (Self::Percentile(_), Scalar::Double) => {
                halved(&format!("(CASE abs({operand}) WHEN 5e-324 THEN 0 ELSE {operand} END)"))
            }
            (Self::Sum, _) => whole(format!("sum({operand})")),
            (Self::Avg, _) => whole(format!("avg({operand})::float8")),
            (Self::Stddev, _) => whole(format!("stddev_samp({operand})::float8")),
            (Self::Variance, _) => whole(format!("var_samp({operand})::float8")),
            (Self::Percentile(_), _) => ordered(&format!("{operand}::float8")),
        }
    }
}
