//! The types of columns, and their counterparts in Postgres, GraphQL and the wire format.

use std::sync::Arc;

use tokio_postgres::types::Type;

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// A single value.
    Scalar(Scalar),
    /// Text restricted by a CHECK list.
    Enum(Arc<EnumType>),
    /// A one-dimensional array.
    List(Scalar),
}

/// A value type without structure of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// `boolean`
    Boolean,
    /// `smallint`
    SmallInt,
    /// `integer`
    Int,
    /// `bigint`: a string in JSON, since JavaScript's numbers end at 2^53.
    BigInt,
    /// `real`
    Real,
    /// `double precision`
    Double,
    /// `numeric` of at most 15 digits: a JSON number holds it exactly.
    Numeric,
    /// Wider or unbounded `numeric`: a string in JSON.
    Decimal,
    /// `text`, `varchar`
    Text,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `timestamp without time zone`
    LocalDateTime,
    /// `timestamp with time zone`
    DateTime,
    /// `jsonb`
    Json,
}

/// The bounds of the numbers that a column or an argument accepts, besides those of its type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The largest number of digits before the decimal point.
    pub whole: Option<u32>,
    /// The largest number of digits after the decimal point.
    pub scale: Option<u32>,
    /// The smallest number.
    pub least: Option<i32>,
}

/// The values of a CHECK list.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EnumType {
    /// The GraphQL name of the enum.
    pub name: String,
    /// The description of the enum.
    pub doc: String,
    /// The values, in the order of the entity.
    pub values: Vec<EnumValue>,
}

/// One value of a CHECK list.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EnumValue {
    /// The GraphQL name, in capitals.
    pub name: String,
    /// The text in the database.
    pub text: String,
    /// The description of the value.
    pub doc: String,
}

impl EnumType {
    /// Returns the GraphQL name of a stored text; `None` for a text outside the CHECK list.
    pub fn name_of(&self, text: &[u8]) -> Option<&str> {
        self.values.iter().find(|value| value.text.as_bytes() == text).map(|value| value.name.as_str())
    }

    /// Returns the stored text of a GraphQL name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|value| value.name == name).map(|value| value.text.as_str())
    }
}

impl Scalar {
    /// Returns the name of the GraphQL scalar.
    pub const fn graphql_name(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::SmallInt | Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Real | Self::Double | Self::Numeric => "Float",
            Self::Decimal => "Decimal",
            Self::Text => "String",
            Self::Uuid => "UUID",
            Self::Date => "Date",
            Self::LocalDateTime => "LocalDateTime",
            Self::DateTime => "DateTime",
            Self::Json => "JSON",
        }
    }

    /// Returns the Postgres type of a parameter with such a value.
    pub fn postgres(self) -> Type {
        match self {
            Self::Boolean => Type::BOOL,
            Self::SmallInt => Type::INT2,
            Self::Int => Type::INT4,
            Self::BigInt => Type::INT8,
            Self::Real => Type::FLOAT4,
            Self::Double => Type::FLOAT8,
            Self::Numeric | Self::Decimal => Type::NUMERIC,
            Self::Text => Type::TEXT,
            Self::Uuid => Type::UUID,
            Self::Date => Type::DATE,
            Self::LocalDateTime => Type::TIMESTAMP,
            Self::DateTime => Type::TIMESTAMPTZ,
            Self::Json => Type::JSONB,
        }
    }

    /// Returns the Postgres type of a parameter with an array of such values.
    pub fn postgres_array(self) -> Type {
        match self {
            Self::Boolean => Type::BOOL_ARRAY,
            Self::SmallInt => Type::INT2_ARRAY,
            Self::Int => Type::INT4_ARRAY,
            Self::BigInt => Type::INT8_ARRAY,
            Self::Real => Type::FLOAT4_ARRAY,
            Self::Double => Type::FLOAT8_ARRAY,
            Self::Numeric | Self::Decimal => Type::NUMERIC_ARRAY,
            Self::Text => Type::TEXT_ARRAY,
            Self::Uuid => Type::UUID_ARRAY,
            Self::Date => Type::DATE_ARRAY,
            Self::LocalDateTime => Type::TIMESTAMP_ARRAY,
            Self::DateTime => Type::TIMESTAMPTZ_ARRAY,
            Self::Json => Type::JSONB_ARRAY,
        }
    }

    /// Returns true if values can be compared and sorted (`lt`, `orderBy`).
    pub fn is_ordered(self) -> bool {
        !matches!(self, Self::Json)
    }
}

impl ColumnType {
    /// Returns the name of the GraphQL type of a value, or of a list's element.
    pub fn graphql_name(&self) -> &str {
        match self {
            Self::Scalar(scalar) | Self::List(scalar) => scalar.graphql_name(),
            Self::Enum(values) => &values.name,
        }
    }

    /// Returns the name of the input type that filters a column of this type.
    pub fn filter_name(&self) -> String {
        match self {
            Self::Scalar(scalar) => format!("{}Filter", scalar.graphql_name()),
            Self::Enum(values) => format!("{}Filter", values.name),
            Self::List(element) => format!("{}ListFilter", element.graphql_name()),
        }
    }

    /// Returns the scalar of a value, or of a list's element; an enum is stored as text.
    pub fn scalar(&self) -> Scalar {
        match self {
            Self::Scalar(scalar) | Self::List(scalar) => *scalar,
            Self::Enum(_) => Scalar::Text,
        }
    }

    /// Returns the Postgres type of a parameter that is compared with the column.
    pub fn postgres(&self) -> Type {
        match self {
            Self::List(element) => element.postgres_array(),
            Self::Scalar(_) | Self::Enum(_) => self.scalar().postgres(),
        }
    }

    /// Returns true if the type is a single number.
    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Scalar(
                Scalar::SmallInt
                    | Scalar::Int
                    | Scalar::BigInt
                    | Scalar::Real
                    | Scalar::Double
                    | Scalar::Numeric
                    | Scalar::Decimal
            )
        )
    }

    /// Returns true if the type is a single date or time.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Scalar(Scalar::Date | Scalar::DateTime | Scalar::LocalDateTime))
    }

    /// Returns true if rows can be ordered by a column of this type.
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.is_ordered(),
            Self::Enum(_) => true,
            Self::List(_) => false,
        }
    }
}
