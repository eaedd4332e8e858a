//! Inserts all rows of a table with one statement, as a JSON array.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};
use tokio_postgres::{Error, Transaction};

/// Rows as a parameter of type `json`.
#[derive(Debug)]
struct Rows<'a, T>(&'a [T]);

impl<T: Serialize + std::fmt::Debug> ToSql for Rows<'_, T> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        serde_json::to_writer(out.writer(), self.0)?;
        Ok(IsNull::No)
    }

    accepts!(JSON);
    to_sql_checked!();
}

/// Runs a statement that inserts the rows of `json_to_recordset($1)`, and counts them. Keys of reference rows are looked
/// up by name in a subquery of the statement: unlike a join, this keeps the rows in order, and so their keys.
pub(in crate::systems) async fn insert<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    rows: &[T],
) -> Result<u64, Error>
where
    T: Serialize + std::fmt::Debug + Sync,
{
    transaction.execute(sql, &[&Rows(rows)]).await
}

/// Takes the keys of new rows from the sequence of the column. They are the same on every fresh database, and unlike fixed keys they do
/// not collide with existing or later rows.
pub(in crate::systems) async fn keys(
    transaction: &Transaction<'_>,
    table: &str,
    column: &str,
    count: usize,
) -> Result<Vec<i64>, Error> {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    transaction
        .query(
            "SELECT nextval(pg_get_serial_sequence($1, $2)) FROM generate_series(1, $3)",
            &[&table, &column, &count],
        )
        .await?
        .iter()
        .map(|row| row.try_get(0))
        .collect()
}
