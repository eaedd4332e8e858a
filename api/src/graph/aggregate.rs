//! Defines the aggregate functions of each type of column, and the types of their results.

use super::catalog::{ColumnId, ColumnType, Scalar, Table};

/// A function over the values of a column in many rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum AggregateFunction {
    CountDistinct,
    CountTrue,
    CountFalse,
    /// The share of true values among those that are true or false.
    Rate,
    Sum,
    Avg,
    Min,
    Max,
    Stddev,
    Variance,
    /// The value below which this share of the rows is, interpolated if necessary.
    Percentile(f64),
}

/// A function with its name and description in the schema.
pub(super) struct Described {
    pub(super) field: &'static str,
    pub(super) doc: &'static str,
    /// The function. The share of a percentile is an argument of the field; the one here is only an example.
    pub(super) function: AggregateFunction,
}

const COUNT_DISTINCT: Described = Described {
    field: "countDistinct",
    doc: "Counts the different values, without missing ones.",
    function: AggregateFunction::CountDistinct,
};
const MIN: Described =
    Described { field: "min", doc: "Finds the least value.", function: AggregateFunction::Min };
const MAX: Described =
    Described { field: "max", doc: "Finds the greatest value.", function: AggregateFunction::Max };

static DISTINCT: [Described; 1] = [COUNT_DISTINCT];
static TRUTH: [Described; 4] = [
    Described {
        field: "countTrue",
        doc: "Counts the rows where it is true.",
        function: AggregateFunction::CountTrue,
    },
    Described {
        field: "countFalse",
        doc: "Counts the rows where it is false, without rows where it is missing.",
        function: AggregateFunction::CountFalse,
    },
    Described {
        field: "rate",
        doc: "Divides `countTrue` by the number of rows where it is not missing; null if there are none.",
        function: AggregateFunction::Rate,
    },
    COUNT_DISTINCT,
];
static ORDERED: [Described; 3] = [COUNT_DISTINCT, MIN, MAX];
static NUMBERS: [Described; 8] = [
    COUNT_DISTINCT,
    Described { field: "sum", doc: "Adds the values.", function: AggregateFunction::Sum },
    Described { field: "avg", doc: "Averages the values.", function: AggregateFunction::Avg },
    MIN,
    MAX,
    Described {
        field: "stddev",
        doc: "Computes the standard deviation of the sample; null for fewer than two values.",
        function: AggregateFunction::Stddev,
    },
    Described {
        field: "variance",
        doc: "Computes the variance of the sample; null for fewer than two values.",
        function: AggregateFunction::Variance,
    },
    Described {
        field: "percentile",
        doc: "Finds the value below which the share `p` of the values lies, interpolated between two values.",
        function: AggregateFunction::Percentile(0.5),
    },
];

/// Returns the functions of columns of this type.
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

/// The type of columns that only support counting distinct values.
pub(super) const COUNTED: ColumnType = ColumnType::Scalar(Scalar::Uuid);

/// Returns the type that determines the functions of a table's column: a key has those of [`COUNTED`], whatever its type.
pub(super) fn measured_as(table: &Table, id: ColumnId) -> &ColumnType {
    let ty = &table.column(id).ty;
    if table.is_identifier(id) || matches!(ty, ColumnType::Enum(_)) { &COUNTED } else { ty }
}

/// Returns a function of a type by the name of its field. The caller fills in the share of a percentile.
pub(super) fn function_named(ty: &ColumnType, field: &str) -> Option<AggregateFunction> {
    functions(ty).iter().find(|described| described.field == field).map(|described| described.function)
}

/// The type of numbers within JSON.
pub(super) const NUMBER_WITHIN: ColumnType = ColumnType::Scalar(Scalar::Double);

/// Returns true if a column has functions of numbers within its values, at a given path.
pub(super) fn has_numbers_within(ty: &ColumnType) -> bool {
    *ty == ColumnType::Scalar(Scalar::Json)
}

/// Returns the name of the GraphQL type with the functions of a column type.
pub(super) fn type_name(ty: &ColumnType) -> String {
    if *ty == COUNTED {
        return "DistinctAggregate".to_owned();
    }
    format!("{}Aggregate", ty.scalar().graphql_name())
}

impl AggregateFunction {
    /// Returns a unique and stable name of the function.
    pub(super) fn name(self) -> String {
        match self {
            Self::CountDistinct => "countDistinct".into(),
            Self::CountTrue => "countTrue".into(),
            Self::CountFalse => "countFalse".into(),
            Self::Rate => "rate".into(),
            Self::Sum => "sum".into(),
            Self::Avg => "avg".into(),
            Self::Min => "min".into(),
            Self::Max => "max".into(),
            Self::Stddev => "stddev".into(),
            Self::Variance => "variance".into(),
            Self::Percentile(share) => format!("percentile {share}"),
        }
    }

    /// Returns true if the result is a number of rows: never null, and 0 without rows.
    pub(super) fn is_count(self) -> bool {
        matches!(self, Self::CountDistinct | Self::CountTrue | Self::CountFalse)
    }

    /// Returns the type of the result over a column.
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

    /// Returns the type of the result in SQL: numbers of rows are wider there than in GraphQL.
    pub(super) fn stored(self, column: &ColumnType) -> ColumnType {
        if self.is_count() { ColumnType::Scalar(Scalar::BigInt) } else { self.result(column) }
    }
}
