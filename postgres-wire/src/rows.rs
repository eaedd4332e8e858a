//! Holds the rows of a statement as they arrived: one buffer for all rows, and the position of each value in it.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use tokio_postgres::types::{FromSql, Oid, Type};

use crate::error::WireError;

/// The length of NULL in the protocol.
const NULL: i32 = -1;

/// A column of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    oid: Oid,
    /// The length of each value in bytes, if the type has a fixed width.
    width: Option<u8>,
}

/// The rows of one statement.
#[derive(Debug)]
struct Rows {
    bytes: Bytes,
    columns: Arc<[Column]>,
    /// The values of all rows, row by row.
    values: Vec<Value>,
}

/// The position of a value in the buffer: its first byte, and the byte after its last; `None` is NULL.
type Value = Option<(u32, u32)>;

/// A row of a statement.
#[derive(Clone, Debug)]
pub struct Row {
    rows: Arc<Rows>,
    /// The index of its first value.
    first: usize,
}

impl Row {
    /// Returns a column's value in binary format; `None` is NULL, or a column that the statement does not have.
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        if column >= self.rows.columns.len() {
            return None;
        }
        let (start, end) = (*self.rows.values.get(self.first + column)?)?;
        self.rows.bytes.get(start as usize..end as usize)
    }

    /// Decodes a column's value with postgres-types; `None` is NULL, a column that the statement does not have, or a value
    /// that is not a `T`.
    pub fn get<'a, T: FromSql<'a>>(&'a self, column: usize) -> Option<T> {
        let ty = Type::from_oid(self.rows.columns.get(column)?.oid).filter(T::accepts)?;
        T::from_sql(&ty, self.bytes(column)?).ok()
    }

    /// Returns the memory of the rows of one statement, in bytes.
    pub fn memory(rows: &[Self]) -> usize {
        let shared =
            rows.first().map_or(0, |row| row.rows.bytes.len() + row.rows.values.len() * size_of::<Value>());
        shared + size_of_val(rows)
    }

    /// Returns true if a column is `numeric`, whose equal values may have different bytes: 4.5 and 4.50.
    pub fn is_numeric(&self, column: usize) -> bool {
        self.rows.columns.get(column).is_some_and(|column| column.oid == Type::NUMERIC.oid())
    }
}

/// Collects the rows of a statement as its messages arrive.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    values: Vec<Value>,
    rows: usize,
}

impl Column {
    fn new(oid: Oid) -> Self {
        let width = Type::from_oid(oid).and_then(|ty| match ty {
            Type::BOOL => Some(1),
            Type::INT2 => Some(2),
            Type::INT4 | Type::OID | Type::FLOAT4 | Type::DATE => Some(4),
            Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ => Some(8),
            Type::UUID => Some(16),
            _ => None,
        });
        Self { oid, width }
    }
}

/// Reads the columns from the body of a `RowDescription`.
pub(crate) fn read_columns(mut body: &[u8]) -> Result<Arc<[Column]>, WireError> {
    const BROKEN: WireError = WireError::Protocol("a description of the wrong length");
    /// The bytes of a column's description between its name and its type.
    const TABLE_AND_COLUMN: usize = 6;
    /// The bytes of a column's description after its type.
    const LENGTH_MODIFIER_AND_FORMAT: usize = 8;
    let count = body.try_get_u16().map_err(|_| BROKEN)?;
    let columns: Result<Arc<[Column]>, WireError> = (0..count)
        .map(|_| {
            let name = body.iter().position(|byte| *byte == 0).ok_or(BROKEN)?;
            body = body.get(name + 1 + TABLE_AND_COLUMN..).ok_or(BROKEN)?;
            let oid = body.try_get_u32().map_err(|_| BROKEN)?;
            body = body.get(LENGTH_MODIFIER_AND_FORMAT..).ok_or(BROKEN)?;
            Ok(Column::new(oid))
        })
        .collect();
    if body.is_empty() { columns } else { Err(BROKEN) }
}

impl Collector {
    /// Adds a `DataRow`, whose body begins at byte `start` of the buffer that all rows will share. Returns its
    /// memory in bytes.
    pub(crate) fn add(&mut self, body: &[u8], start: usize, columns: &[Column]) -> Result<usize, WireError> {
        const BROKEN: WireError = WireError::Protocol("a row of the wrong length");
        let mut rest = body;
        let count = rest.try_get_u16().map_err(|_| BROKEN)?;
        if usize::from(count) != columns.len() {
            return Err(WireError::Protocol("a row with another number of columns than described"));
        }
        self.values.reserve(columns.len());
        for column in columns {
            let length = rest.try_get_i32().map_err(|_| BROKEN)?;
            if length == NULL {
                self.values.push(None);
                continue;
            }
            let begin = start + body.len() - rest.len();
            let length = usize::try_from(length).map_err(|_| BROKEN)?;
            if column.width.is_some_and(|width| usize::from(width) != length) {
                return Err(WireError::Protocol("a value of the wrong length for its type"));
            }
            rest = rest.get(length..).ok_or(BROKEN)?;
            let place = u32::try_from(begin).ok().zip(u32::try_from(begin + length).ok());
            self.values.push(Some(place.ok_or(WireError::Protocol("an answer of more than 4 GB"))?));
        }
        if !rest.is_empty() {
            return Err(BROKEN);
        }
        self.rows += 1;
        Ok(body.len() + columns.len() * size_of::<Value>() + size_of::<Row>())
    }

    /// Returns the number of rows so far.
    pub(crate) fn count(&self) -> usize {
        self.rows
    }

    /// Returns the rows. `bytes` contains each row at the position that [`Collector::add`] was given.
    pub(crate) fn finish(&mut self, bytes: Bytes, columns: &Arc<[Column]>) -> Vec<Row> {
        let count = std::mem::take(&mut self.rows);
        if count == 0 {
            return Vec::new();
        }
        let (width, columns) = (columns.len(), Arc::clone(columns));
        let rows = Arc::new(Rows { bytes, columns, values: std::mem::take(&mut self.values) });
        (0..count).map(|at| Row { rows: Arc::clone(&rows), first: at * width }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_names_types() {
        let column = |name: &str, oid: u32| [name.as_bytes(), &[0; 7], &oid.to_be_bytes(), &[0; 8]].concat();
        let body = [&2u16.to_be_bytes()[..], &column("id", 20), &column("", 1700)].concat();
        assert_eq!(*read_columns(&body).unwrap(), [Column::new(20), Column::new(1700)]);
        assert!(read_columns(&[0, 0]).unwrap().is_empty());
        let longer = [&body[..], &[0]].concat();
        for broken in [&body[..body.len() - 1], &longer, b"\0\x01id", b"\0", b""] {
            assert!(read_columns(broken).is_err());
        }
    }

    #[test]
    fn rows_lie_in_one_buffer() {
        let first = b"\0\x02\0\0\0\x01a\xff\xff\xff\xff";
        let second = b"\0\x02\0\0\0\0\0\0\0\x02bc";
        let buffer = [b"before", &first[..], b"between", second].concat();
        let columns: Arc<[Column]> = [Type::TEXT, Type::NUMERIC].map(|ty| Column::new(ty.oid())).into();
        let mut collector = Collector::default();
        collector.add(first, 6, &columns).unwrap();
        collector.add(second, 6 + first.len() + 7, &columns).unwrap();
        let rows = collector.finish(buffer.into(), &columns);
        let values: Vec<_> = rows.iter().map(|row| (row.bytes(0), row.bytes(1), row.bytes(2))).collect();
        assert_eq!(values, [(Some(&b"a"[..]), None, None), (Some(&b""[..]), Some(&b"bc"[..]), None)]);
        assert!(rows[0].is_numeric(1) && !rows[0].is_numeric(0) && !rows[0].is_numeric(2));
        assert_eq!((rows[0].get(0), rows[1].get(0)), (Some("a"), Some("")));
        assert_eq!((rows[0].get::<i64>(0), rows[0].get::<&str>(2)), (None, None));
        assert!(collector.finish(Bytes::new(), &columns).is_empty());
    }

    #[test]
    fn a_broken_row_is_refused() {
        let columns = |types: &[Type]| types.iter().map(|ty| Column::new(ty.oid())).collect::<Vec<_>>();
        for (body, types) in [
            (&b"\0"[..], &[Type::TEXT][..]),
            (b"\0\x02", &[Type::TEXT]),
            (b"\0\x01\0\0\0\x02a", &[Type::TEXT]),
            (b"\0\x01\0\0\0\x01ab", &[Type::TEXT]),
            (b"\0\x01\xff\xff\xff\xfe", &[Type::TEXT]),
            (b"\0\x01", &[Type::TEXT]),
            (b"\0\x01\0\0\0\x01a", &[]),
            (b"\0\x01\0\0\0\x01a", &[Type::TEXT, Type::TEXT]),
            (b"\0\x01\0\0\0\x03abc", &[Type::INT4]),
            (b"\0\x01\0\0\0\0", &[Type::BOOL]),
        ] {
            assert!(Collector::default().add(body, 0, &columns(types)).is_err(), "{body:?}");
        }
    }
}
