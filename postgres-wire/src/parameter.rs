//! Values of parameters, in Postgres's binary format.
//!
//! The encoders are those of postgres-types: `From` converts Rust values with `ToSql`. [`Parameter::new`] takes a value that is
//! encoded already, such as a key from a row.

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::{IsNull, types};
use tokio_postgres::types::{ToSql, Type};

/// A parameter of a statement: a value and its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// The type that the value is encoded as.
    pub ty: Type,
    /// The value in binary format; `None` is NULL.
    pub value: Option<Vec<u8>>,
}

impl Parameter {
    /// Returns a parameter with a value that is encoded already.
    pub fn new(ty: Type, value: Vec<u8>) -> Self {
        Self { ty, value: Some(value) }
    }

    /// Returns a one-dimensional array of encoded elements, none of which is NULL.
    pub fn array<'a>(ty: Type, element: &Type, elements: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        Self::nullable_array(ty, element, elements.map(Some))
    }

    /// Returns a one-dimensional array of encoded elements; `None` is NULL.
    pub fn nullable_array<'a>(
        ty: Type,
        element: &Type,
        elements: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    ) -> Self {
        let mut value = BytesMut::with_capacity(20 + elements.len() * 12);
        // It fails for more than 2³¹ elements or bytes; the server refuses the truncated array as well.
        let _ = types::array_to_sql(
            [types::ArrayDimension {
                len: i32::try_from(elements.len()).unwrap_or(i32::MAX),
                lower_bound: 1,
            }],
            element.oid(),
            elements,
            |element, out| {
                let Some(bytes) = element else { return Ok(IsNull::Yes) };
                out.put_slice(bytes);
                Ok(IsNull::No)
            },
            &mut value,
        );
        Self::new(ty, value.into())
    }

    /// Encodes a value whose encoder cannot fail.
    fn encode(ty: Type, value: &impl ToSql) -> Self {
        let mut out = BytesMut::new();
        let is_value = matches!(value.to_sql(&ty, &mut out), Ok(tokio_postgres::types::IsNull::No));
        Self { ty, value: is_value.then(|| out.into()) }
    }
}

/// Implements `From` for types that postgres-types always encodes without an error.
macro_rules! from {
    ($($rust:ty => $postgres:ident),* $(,)?) => {
        $(
            impl From<$rust> for Parameter {
                fn from(value: $rust) -> Self {
                    Self::encode(Type::$postgres, &value)
                }
            }
        )*
    };
}

from! {
    bool => BOOL,
    i16 => INT2,
    i32 => INT4,
    i64 => INT8,
    f32 => FLOAT4,
    f64 => FLOAT8,
    &str => TEXT,
    &[u8] => BYTEA,
    Vec<&str> => TEXT_ARRAY,
    Vec<String> => TEXT_ARRAY,
    Vec<i64> => INT8_ARRAY,
}

/// Returns a `text` without copying: its encoding is its bytes.
impl From<String> for Parameter {
    fn from(value: String) -> Self {
        Self::new(Type::TEXT, value.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_postgres_types_does() {
        for (parameter, ty, bytes) in [
            (Parameter::from(true), Type::BOOL, &[1][..]),
            (Parameter::from(-2_i16), Type::INT2, &[0xff, 0xfe]),
            (Parameter::from(3_i32), Type::INT4, &[0, 0, 0, 3]),
            (Parameter::from(4_i64), Type::INT8, &[0, 0, 0, 0, 0, 0, 0, 4]),
            (Parameter::from(1_f32), Type::FLOAT4, &[0x3f, 0x80, 0, 0]),
            (Parameter::from(1_f64), Type::FLOAT8, &[0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
            (Parameter::from("ü"), Type::TEXT, "ü".as_bytes()),
            (Parameter::from("ü".to_owned()), Type::TEXT, "ü".as_bytes()),
            (Parameter::from(&b"\0\xff"[..]), Type::BYTEA, b"\0\xff"),
        ] {
            assert_eq!(parameter, Parameter::new(ty, bytes.to_vec()));
        }
    }

    #[test]
    fn an_array_is_encoded_as_postgres_types_does() {
        let texts = [Some("a"), None, Some("")];
        let ours = Parameter::nullable_array(
            Type::TEXT_ARRAY,
            &Type::TEXT,
            texts.iter().map(|it| it.map(str::as_bytes)),
        );
        assert_eq!(ours, Parameter::encode(Type::TEXT_ARRAY, &texts.to_vec()));
        let none: Vec<&str> = Vec::new();
        let ours = Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, none.iter().map(|it| it.as_bytes()));
        assert_eq!(ours, Parameter::encode(Type::TEXT_ARRAY, &none));
    }
}
