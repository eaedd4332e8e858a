//! The changes that Postgres remembers, read as the gateway itself and at the primary: a standby may not know yet of a
//! change that has been heard of.

use apollo_compiler::response::{JsonMap, JsonValue};
use tokio_postgres::types::Type;

use super::announcement::{Announcement, Raw};
use crate::database::{Access, DatabaseError, Parameter, Pool, Row, Statement};
use crate::graph::catalog::Catalog;

/// Changes that are read at a time.
const PAGE: usize = 2_000;
const CHANGES: &str = "SELECT change_id, transaction_id::text, (extract(epoch FROM changed_at) * 1000000)::bigint, \
    table_name, operation, row_key::text, row_references::text FROM praxis.changes \
    WHERE transaction_id BETWEEN $1::text::xid8 AND $2::text::xid8 AND change_id > $3 AND ($4 = '' OR table_name = $4) \
    ORDER BY change_id LIMIT $5";
const FORGOTTEN: &str = "SELECT up_to::text FROM praxis.changes_forgotten";
const FORGET: &str = "SELECT praxis.forget_changes(make_interval(secs => $1), $2)";

/// Changes of some transactions, page by page in the order of their numbers.
pub(super) struct History<'a> {
    pool: &'a Pool,
    catalog: &'a Catalog,
    from: u64,
    to: u64,
    /// Schema and name; empty for any.
    table: String,
    last: i64,
    ended: bool,
}

impl<'a> History<'a> {
    /// Changes of this transaction and all later ones.
    pub(super) fn since(pool: &'a Pool, catalog: &'a Catalog, transaction: u64) -> Self {
        let table = String::new();
        Self { pool, catalog, from: transaction, to: u64::MAX, table, last: 0, ended: false }
    }

    /// Changes of this transaction.
    pub(super) fn of(pool: &'a Pool, catalog: &'a Catalog, transaction: u64) -> Self {
        Self { to: transaction, ..Self::since(pool, catalog, transaction) }
    }

    /// The same changes as far as they are of one table, whose name comes with its schema.
    pub(super) fn of_table(self, table: String) -> Self {
        Self { table, ..self }
    }

    /// The next page, whose changes get this horizon; `None` after the last.
    pub(super) async fn next(&mut self, horizon: u64) -> Result<Option<Vec<Announcement>>, DatabaseError> {
        if self.ended {
            return Ok(None);
        }
        let text = |text: &str| Parameter::new(Type::TEXT, text.as_bytes().to_vec());
        let number = |number: i64| Parameter::new(Type::INT8, number.to_be_bytes().to_vec());
        let parameters = vec![
            text(&self.from.to_string()),
            text(&self.to.to_string()),
            number(self.last),
            text(&self.table),
            number(i64::try_from(PAGE).unwrap_or(i64::MAX)),
        ];
        let rows =
            self.pool.query_in(Access::Writes, &Statement { text: CHANGES.into(), parameters }).await?;
        self.ended = rows.len() < PAGE;
        self.last = rows.last().and_then(|row| bigint(row, 0)).unwrap_or(self.last);
        Ok(Some(rows.iter().filter_map(|row| read(self.catalog, row, horizon)).collect()))
    }
}

/// Whether changes of this transaction, or of later ones, have been forgotten.
pub(super) async fn is_forgotten(pool: &Pool, transaction: u64) -> Result<bool, DatabaseError> {
    let rows =
        pool.query_in(Access::Writes, &Statement { text: FORGOTTEN.into(), parameters: Vec::new() }).await?;
    let up_to = rows.first().and_then(|row| text(row, 0)?.parse::<u64>().ok());
    Ok(up_to.is_none_or(|up_to| up_to >= transaction))
}

/// Forgets old changes, a number at most; how many it was.
pub(super) async fn forget(
    pool: &Pool,
    older_than: std::time::Duration,
    most: i32,
) -> Result<i64, DatabaseError> {
    let parameters = vec![
        Parameter::new(Type::FLOAT8, older_than.as_secs_f64().to_be_bytes().to_vec()),
        Parameter::new(Type::INT4, most.to_be_bytes().to_vec()),
    ];
    let rows = pool.query_in(Access::Writes, &Statement { text: FORGET.into(), parameters }).await?;
    Ok(rows.first().and_then(|row| bigint(row, 0)).unwrap_or_default())
}

fn read(catalog: &Catalog, row: &Row, horizon: u64) -> Option<Announcement> {
    let key: Vec<JsonValue> = serde_json::from_str(text(row, 5)?).ok()?;
    let references: JsonMap = serde_json::from_str(text(row, 6)?).ok()?;
    Announcement::read(
        catalog,
        &Raw {
            number: bigint(row, 0)?,
            transaction: text(row, 1)?.parse().ok()?,
            horizon,
            changed_at: bigint(row, 2)?,
            table: text(row, 3)?,
            operation: text(row, 4)?,
            key: &key,
            references: &references,
        },
    )
}

fn text(row: &Row, column: usize) -> Option<&str> {
    std::str::from_utf8(row.bytes(column)?).ok()
}

fn bigint(row: &Row, column: usize) -> Option<i64> {
    row.bytes(column)?.try_into().ok().map(i64::from_be_bytes)
}
