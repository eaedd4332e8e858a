//! Rows on their way into a table: text of any type, written by one statement.

use tokio_postgres::{Error, Transaction, types::ToSql};

/// The rows of one table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    table: &'static str,
    /// Name and type of each column.
    columns: &'static [(&'static str, &'static str)],
    values: Vec<Vec<Option<String>>>,
}

impl Rows {
    pub(super) fn new(table: &'static str, columns: &'static [(&'static str, &'static str)]) -> Self {
        Self { table, columns, values: vec![Vec::new(); columns.len()] }
    }

    /// Adds a row; its values stand in the order of the columns.
    pub(super) fn push<const N: usize>(&mut self, row: [Option<String>; N]) {
        debug_assert_eq!(N, self.columns.len(), "{}", self.table);
        for (column, value) in self.values.iter_mut().zip(row) {
            column.push(value);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Writes the rows. Where the first column is a key from a sequence, the sequence goes on after them.
    pub(super) async fn write(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        let names = self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let casts =
            self.columns.iter().map(|(name, ty)| format!("{name}::{ty}")).collect::<Vec<_>>().join(", ");
        let arrays =
            (1..=self.columns.len()).map(|it| format!("${it}::text[]")).collect::<Vec<_>>().join(", ");
        let table = self.table;
        let insert = format!(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {casts} FROM unnest({arrays}) AS row({names})"
        );
        let values: Vec<_> = self.values.iter().map(|it| it as &(dyn ToSql + Sync)).collect();
        transaction.execute(&insert, &values).await?;
        let Some((key, "bigint")) = self.columns.first() else { return Ok(()) };
        let go_on = format!(
            "SELECT setval(sequence, (SELECT max({key}) FROM {table}))
             FROM pg_get_serial_sequence('{table}', '{key}') AS sequence WHERE sequence IS NOT NULL"
        );
        transaction.execute(&go_on, &[]).await?;
        Ok(())
    }
}

/// A value as Postgres reads it.
#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "it stands in a row, among values that may be null"
)]
pub(super) fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

/// A list as Postgres reads it; its items hold neither quotes nor backslashes.
#[expect(clippy::unnecessary_wraps, reason = "it stands in a row, among values that may be null")]
pub(super) fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Option<String> {
    let items: Vec<_> = items.into_iter().map(|it| format!("\"{}\"", it.to_string())).collect();
    Some(format!("{{{}}}", items.join(",")))
}
