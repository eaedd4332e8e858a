//! A statement and its parameters, and the rows that come back: bytes in Postgres's binary format, copied once.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// SQL with parameters. The text is the same for the same kind of question, so that a connection prepares it once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    /// SQL; parameters are `$1`, `$2`…
    pub text: String,
    /// Values of the parameters.
    pub parameters: Vec<Parameter>,
}

/// A parameter in Postgres's binary format.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Type that the value is encoded as.
    pub ty: Type,
    /// The value; `None` is NULL.
    pub value: Option<Vec<u8>>,
}

impl Parameter {
    /// A value that is not NULL.
    pub fn new(ty: Type, value: Vec<u8>) -> Self {
        Self { ty, value: Some(value) }
    }

    /// A one-dimensional array of elements that are not NULL.
    pub fn array<'a>(ty: Type, element: &Type, elements: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        let count = i32::try_from(elements.len()).unwrap_or(i32::MAX);
        let mut value = Vec::with_capacity(20 + elements.len() * 12);
        value.put_i32(i32::from(count > 0)); // dimensions
        value.put_i32(0); // no NULL among them
        value.put_u32(element.oid());
        if count > 0 {
            value.put_i32(count);
            value.put_i32(1); // lower bound
        }
        for bytes in elements {
            // A parameter is at most 1 GB in the protocol; the request's body limit is far below that.
            value.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
            value.put_slice(bytes);
        }
        Self::new(ty, value)
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Ok(match &self.value {
            Some(value) => {
                out.put_slice(value);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        // The statement's text casts every parameter to the type it is encoded as.
        true
    }

    to_sql_checked!();
}

/// A row as it came from Postgres.
#[derive(Debug)]
pub struct Row(tokio_postgres::Row);

impl From<tokio_postgres::Row> for Row {
    fn from(row: tokio_postgres::Row) -> Self {
        Self(row)
    }
}

impl Row {
    /// A column's value in binary format; `None` is NULL (or a column that the statement did not select).
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.0.try_get::<_, Raw<'_>>(column).ok().and_then(|raw| raw.0)
    }

    /// Whether a column is `numeric`, where equal values may differ in their bytes: 4.5 and 4.50.
    pub fn is_numeric(&self, column: usize) -> bool {
        self.0.columns().get(column).is_some_and(|column| *column.type_() == Type::NUMERIC)
    }
}

struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
