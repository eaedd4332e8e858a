//! Rows as they came: one buffer for all rows of a statement, and where in it each value lies.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use tokio_postgres::types::{Oid, Type};

use super::WireError;

/// Length that the protocol gives to NULL.
const NULL: i32 = -1;

/// The rows of one statement.
#[derive(Debug)]
struct Rows {
    bytes: Bytes,
    types: Arc<[Oid]>,
    /// The values of all rows, one after the other.
    values: Vec<Value>,
}

/// Where a value lies in the buffer; `None` is NULL.
type Value = Option<(u32, u32)>;

/// A row of a statement.
#[derive(Clone, Debug)]
pub struct Row {
    rows: Arc<Rows>,
    /// Index of its first value.
    first: usize,
}

impl Row {
    /// A column's value in binary format; `None` is NULL (or a column that the statement did not select).
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        if column >= self.rows.types.len() {
            return None;
        }
        let (start, end) = (*self.rows.values.get(self.first + column)?)?;
        self.rows.bytes.get(start as usize..end as usize)
    }

    /// Whether a column is `numeric`, where equal values may differ in their bytes: 4.5 and 4.50.
    pub fn is_numeric(&self, column: usize) -> bool {
        self.rows.types.get(column).is_some_and(|oid| *oid == Type::NUMERIC.oid())
    }
}

/// Collects the rows of a statement while its messages arrive.
#[derive(Debug, Default)]
pub(super) struct Collector {
    values: Vec<Value>,
    rows: usize,
}

impl Collector {
    /// Takes a `DataRow`, whose body lies at `start` of the buffer that all rows will share.
    pub(super) fn add(&mut self, body: &[u8], start: usize, columns: usize) -> Result<(), WireError> {
        const BROKEN: WireError = WireError::Protocol("a row of another length than it says");
        let mut rest = body;
        let count = rest.try_get_u16().map_err(|_| BROKEN)?;
        if usize::from(count) != columns {
            return Err(WireError::Protocol("a row of another width than it was described"));
        }
        self.values.reserve(columns);
        for _ in 0..columns {
            let length = rest.try_get_i32().map_err(|_| BROKEN)?;
            if length == NULL {
                self.values.push(None);
                continue;
            }
            let begin = start + body.len() - rest.len();
            let length = usize::try_from(length).map_err(|_| BROKEN)?;
            rest = rest.get(length..).ok_or(BROKEN)?;
            let place = u32::try_from(begin).ok().zip(u32::try_from(begin + length).ok());
            self.values.push(Some(place.ok_or(WireError::Protocol("an answer of more than 4 GB"))?));
        }
        self.rows += 1;
        Ok(())
    }

    /// The rows, in a buffer that holds them where [`Collector::add`] was told.
    pub(super) fn finish(&mut self, bytes: Bytes, types: Arc<[Oid]>) -> Vec<Row> {
        let width = types.len();
        let count = std::mem::take(&mut self.rows);
        let rows = Arc::new(Rows { bytes, types, values: std::mem::take(&mut self.values) });
        (0..count).map(|at| Row { rows: Arc::clone(&rows), first: at * width }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_in_one_buffer() {
        let first = b"\0\x02\0\0\0\x01a\xff\xff\xff\xff";
        let second = b"\0\x02\0\0\0\0\0\0\0\x02bc";
        let buffer = [b"before", &first[..], b"between", second].concat();
        let mut collector = Collector::default();
        collector.add(first, 6, 2).unwrap();
        collector.add(second, 6 + first.len() + 7, 2).unwrap();
        let rows = collector.finish(buffer.into(), [Type::TEXT.oid(), Type::NUMERIC.oid()].into());
        let values: Vec<_> = rows.iter().map(|row| (row.bytes(0), row.bytes(1), row.bytes(2))).collect();
        assert_eq!(values, [(Some(&b"a"[..]), None, None), (Some(&b""[..]), Some(&b"bc"[..]), None)]);
        assert!(rows[0].is_numeric(1) && !rows[0].is_numeric(0) && !rows[0].is_numeric(2));
        assert!(collector.finish(Bytes::new(), [].into()).is_empty());
    }

    #[test]
    fn a_broken_row_is_refused() {
        for (body, columns) in [(&b"\0"[..], 1), (b"\0\x02", 1), (b"\0\x01\0\0\0\x02a", 1), (b"\0\x01", 1)] {
            assert!(Collector::default().add(body, 0, columns).is_err());
        }
    }
}
