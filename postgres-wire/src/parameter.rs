//! Values of parameters, in Postgres's binary format.

use bytes::BufMut as _;
use tokio_postgres::types::Type;

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
        Self::nullable_array(ty, element, elements.map(Some))
    }

    /// A one-dimensional array; `None` is NULL.
    pub fn nullable_array<'a>(
        ty: Type,
        element: &Type,
        elements: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    ) -> Self {
        let count = i32::try_from(elements.len()).unwrap_or(i32::MAX);
        let mut value = Vec::with_capacity(20 + elements.len() * 12);
        value.put_i32(i32::from(count > 0)); // dimensions
        value.put_i32(1); // there may be NULL among them
        value.put_u32(element.oid());
        if count > 0 {
            value.put_i32(count);
            value.put_i32(1); // lower bound
        }
        for element in elements {
            let Some(bytes) = element else {
                value.put_i32(-1);
                continue;
            };
            // A parameter is at most 1 GB in the protocol; the request's body limit is far below that.
            value.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
            value.put_slice(bytes);
        }
        Self::new(ty, value)
    }
}
