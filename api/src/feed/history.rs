//! Reads the stored changes, with the gateway's login role on the primary: a standby may lack a change whose notification has
//! arrived.

use serde_json::Value;

use super::change::{RawChange, References, RowChange};
use crate::database::{Access, DatabaseError, Parameter, Pool, Row, Statement};
use crate::graph::catalog::{Catalog, Table};

/// Number of changes that one query reads.
const PAGE: usize = 2_000;
const SELECT: &str = "SELECT change_id, transaction_id::text, (extract(epoch FROM changed_at) * 1000000)::bigint, \
    table_name, operation, row_key::text, row_references::text, references_before::text FROM praxis.changes";
/// Condition for the changes of one transaction.
const OF_TRANSACTION: &str =
    "WHERE transaction_id = $1::text::xid8 AND change_id > $2 ORDER BY change_id LIMIT $3";
/// Condition for the changes of a table, in the order of their numbers: a later change of a row has a greater number, even if its
/// transaction is older.
const SINCE: &str = "WHERE table_name = $4 AND change_id > $2 AND transaction_id >= $1::text::xid8 \
    AND pg_visible_in_snapshot(transaction_id, coalesce(nullif($5, '')::pg_snapshot, pg_current_snapshot())) \
    ORDER BY change_id LIMIT $3";
/// The query for the number after which the changes of these transactions begin. The sum keeps Postgres from looking for it in the
/// order of numbers, past all that is older.
const NUMBER_BEFORE: &str =
    "SELECT min(change_id + 0) - 1 FROM praxis.changes WHERE transaction_id >= $1::text::xid8";
const SNAPSHOT: &str = "SELECT pg_current_snapshot()::text";
const RECALL: &str = "SELECT praxis.recall_rows($1::text[]::xid8[], $2::bigint[])";
const DELETED_UP_TO: &str = "SELECT up_to::text FROM praxis.changes_forgotten";
const DELETE_OLD: &str = "SELECT praxis.forget_changes(make_interval(secs => $1), $2)";

/// Stored changes of some transactions, read page by page in the order of their numbers.
pub(super) struct History<'a> {
    pool: &'a Pool,
    catalog: &'a Catalog,
    transaction: u64,
    changes: Changes,
    /// The number after which the next page begins; `None` until it was read.
    last: Option<i64>,
    ended: bool,
}

/// The changes to read.
enum Changes {
    /// Changes of the transaction.
    Of,
    /// Changes of one table by the transaction and all later ones.
    Since {
        /// Schema and name.
        table: String,
        /// A snapshot that limits the changes to its own; empty for all changes.
        as_of: String,
    },
}

impl<'a> History<'a> {
    /// Returns the changes of a table by this transaction and all later ones.
    pub(super) fn since(pool: &'a Pool, catalog: &'a Catalog, transaction: u64, table: &Table) -> Self {
        let table = format!("{}.{}", table.schema, table.name);
        let changes = Changes::Since { table, as_of: String::new() };
        Self { pool, catalog, transaction, changes, last: None, ended: false }
    }

    /// Returns the changes of a transaction.
    pub(super) fn of(pool: &'a Pool, catalog: &'a Catalog, transaction: u64) -> Self {
        Self { pool, catalog, transaction, changes: Changes::Of, last: Some(0), ended: false }
    }

    /// Returns the same changes, limited to transactions that a snapshot sees: each is read whole or not at all.
    pub(super) fn within(mut self, snapshot: &Snapshot) -> Self {
        if let Changes::Since { as_of, .. } = &mut self.changes {
            as_of.clone_from(&snapshot.text);
        }
        self
    }

    /// Reads the next page, whose changes get this horizon; `None` after the last page.
    pub(super) async fn next(&mut self, horizon: u64) -> Result<Option<Vec<RowChange>>, DatabaseError> {
        if self.ended {
            return Ok(None);
        }
        let last = match self.last {
            Some(last) => last,
            None => self.before().await?,
        };
        let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut parameters = vec![self.transaction.to_string().into(), last.into(), most.into()];
        let which = match &self.changes {
            Changes::Of => OF_TRANSACTION,
            Changes::Since { table, as_of } => {
                parameters.extend([table.as_str(), as_of].map(Parameter::from));
                SINCE
            }
        };
        let statement = Statement { text: format!("{SELECT} {which}").into(), parameters };
        let rows = self.pool.query_in(Access::Writes, &statement).await?;
        self.ended = rows.len() < PAGE;
        self.last = Some(rows.last().and_then(|row| row.get(0)).unwrap_or(last));
        Ok(Some(rows.iter().filter_map(|row| read(self.catalog, row, horizon)).collect()))
    }

    /// Reads the number after which the first page begins.
    async fn before(&self) -> Result<i64, DatabaseError> {
        let parameters = vec![self.transaction.to_string().into()];
        let rows =
            self.pool.query_in(Access::Writes, &Statement { text: NUMBER_BEFORE.into(), parameters }).await?;
        Ok(rows.first().and_then(|row| row.get(0)).unwrap_or_default())
    }
}

/// A snapshot of the database: the transactions that it sees.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    /// The snapshot in Postgres's format: `horizon:ends_before:open,open,…`.
    text: String,
    /// All transactions before this one had ended.
    pub(super) horizon: u64,
    /// No transaction from this one on had ended.
    pub(super) ends_before: u64,
    /// Transactions in between that had not ended.
    pub(super) open: Vec<u64>,
}

impl Snapshot {
    /// Takes a snapshot.
    pub(super) async fn now(pool: &Pool) -> Result<Self, DatabaseError> {
        let rows = pool.query(&Statement { text: SNAPSHOT.into(), parameters: Vec::new() }).await?;
        let snapshot = rows.first().and_then(|row| row.get::<&str>(0)).unwrap_or_default();
        Self::read(snapshot).ok_or_else(|| DatabaseError::Unavailable("a snapshot cannot be read".to_owned()))
    }

    fn read(snapshot: &str) -> Option<Self> {
        let mut parts = snapshot.split(':');
        let horizon = parts.next()?.parse().ok()?;
        let ends_before = parts.next()?.parse().ok()?;
        let open = parts.next()?.split(',').filter(|it| !it.is_empty()).map(|it| it.parse().ok());
        Some(Self { text: snapshot.to_owned(), horizon, ends_before, open: open.collect::<Option<_>>()? })
    }
}

/// Returns the statement that makes rows readable as they were before some changes, given by transaction and number, for the
/// transaction that evaluates policies and filters on them.
pub(super) fn recall(changes: &[(u64, i64)]) -> Statement {
    let transactions: Vec<String> = changes.iter().map(|(transaction, _)| transaction.to_string()).collect();
    let numbers: Vec<i64> = changes.iter().map(|(_, number)| *number).collect();
    let parameters = vec![transactions.into(), numbers.into()];
    Statement { text: RECALL.into(), parameters }
}

/// Returns true if changes of this transaction, or of later ones, have been deleted.
pub(super) async fn were_deleted(pool: &Pool, transaction: u64) -> Result<bool, DatabaseError> {
    let rows = pool
        .query_in(Access::Writes, &Statement { text: DELETED_UP_TO.into(), parameters: Vec::new() })
        .await?;
    let up_to = rows.first().and_then(|row| row.get::<&str>(0)?.parse::<u64>().ok());
    Ok(up_to.is_none_or(|up_to| up_to >= transaction))
}

/// Deletes changes that are older than a duration, at most `most`; returns how many it deleted.
pub(super) async fn delete_old(
    pool: &Pool,
    older_than: std::time::Duration,
    most: i32,
) -> Result<i64, DatabaseError> {
    let parameters = vec![older_than.as_secs_f64().into(), most.into()];
    let rows = pool.query_in(Access::Writes, &Statement { text: DELETE_OLD.into(), parameters }).await?;
    Ok(rows.first().and_then(|row| row.get(0)).unwrap_or_default())
}

fn read(catalog: &Catalog, row: &Row, horizon: u64) -> Option<RowChange> {
    let key: Vec<Value> = serde_json::from_str(row.get::<&str>(5)?).ok()?;
    let references: References = serde_json::from_str(row.get::<&str>(6)?).ok()?;
    let before: Option<References> = row.get::<&str>(7).and_then(|before| serde_json::from_str(before).ok());
    RowChange::read(
        catalog,
        &RawChange {
            number: row.get(0)?,
            transaction: row.get::<&str>(1)?.parse().ok()?,
            horizon,
            changed_at: row.get(2)?,
            table: row.get::<&str>(3)?,
            operation: row.get::<&str>(4)?,
            key: &key,
            references: &references,
            references_before: before.as_ref(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_as_postgres_writes_it() {
        let snapshot = Snapshot::read("10:20:10,14").unwrap();
        assert_eq!((snapshot.horizon, snapshot.ends_before, snapshot.open), (10, 20, vec![10, 14]));
        assert_eq!(Snapshot::read("7:7:").unwrap().open, Vec::<u64>::new());
        for wrong in ["", "1", "1:2", "1:2:x", "x:2:"] {
            assert_eq!(Snapshot::read(wrong), None);
        }
    }
}
