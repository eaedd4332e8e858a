//! Reads the payloads of notifications, and the changes of rows in them.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::graph::catalog::{Catalog, ChangeOperation, TableId};
use crate::graph::{Topic, key_part_of_json};

/// The foreign keys of a row, by the names of their columns.
pub(super) type References = Map<String, Value>;

/// The payload of a notification.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    /// All changes of transactions before this one were announced earlier.
    #[serde(rename = "m", deserialize_with = "number")]
    pub(super) horizon: u64,
    /// A statement's changes; a probe of the connection has none.
    #[serde(flatten)]
    pub(super) statement: Option<Statement>,
}

/// The changes of a statement.
#[derive(Debug, Deserialize)]
pub(super) struct Statement {
    #[serde(rename = "x", deserialize_with = "number")]
    pub(super) transaction: u64,
    #[serde(rename = "t")]
    changed_at: i64,
    #[serde(rename = "n")]
    table: String,
    #[serde(rename = "o")]
    operation: String,
    /// Number, key and foreign keys of each changed row; `None` if they did not fit into the message.
    #[serde(rename = "c", default)]
    changes: Option<Vec<(i64, Vec<Value>, References)>>,
    /// Earlier foreign keys of rows whose foreign keys have changed, by the change's number.
    #[serde(rename = "b", default)]
    references_before: HashMap<String, References>,
}

/// A change of a row.
#[derive(Debug)]
pub(super) struct RowChange {
    /// Number of the change.
    pub(super) number: i64,
    pub(super) transaction: u64,
    /// All changes of transactions before this one were delivered earlier.
    pub(super) horizon: u64,
    /// Microseconds since 1970.
    pub(super) changed_at: i64,
    pub(super) operation: ChangeOperation,
    /// The primary key, in Postgres's binary format.
    pub(super) key: Vec<Vec<u8>>,
    /// The topics that the row belongs to, now and before.
    pub(super) topics: Vec<Topic>,
}

/// A change as Postgres sends it.
pub(super) struct RawChange<'a> {
    pub(super) number: i64,
    pub(super) transaction: u64,
    pub(super) horizon: u64,
    pub(super) changed_at: i64,
    /// Schema and table.
    pub(super) table: &'a str,
    pub(super) operation: &'a str,
    pub(super) key: &'a [Value],
    pub(super) references: &'a References,
    /// Foreign keys before the change, where they differ.
    pub(super) references_before: Option<&'a References>,
}

impl Message {
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Statement {
    /// Returns the watched table that the statement has truncated; its notification names no rows.
    pub(super) fn truncated(&self, catalog: &Catalog) -> Option<TableId> {
        (self.operation == "truncate").then(|| table_of(catalog, &self.table)).flatten()
    }

    /// Returns the changes of served tables; `None` if the message has no room for them, and they have to be read.
    pub(super) fn changes(&self, catalog: &Catalog, horizon: u64) -> Option<Vec<RowChange>> {
        let changes = self.changes.as_ref()?.iter();
        let read = changes.filter_map(|(number, key, references)| {
            RowChange::read(
                catalog,
                &RawChange {
                    number: *number,
                    transaction: self.transaction,
                    horizon,
                    changed_at: self.changed_at,
                    table: &self.table,
                    operation: &self.operation,
                    key,
                    references,
                    references_before: self.references_before.get(&number.to_string()),
                },
            )
        });
        Some(read.collect())
    }
}

impl RowChange {
    /// Reads a change of a served table; `None` if the table is not served, or differs from the one in the database.
    pub(super) fn read(catalog: &Catalog, raw: &RawChange<'_>) -> Option<Self> {
        let table = table_of(catalog, raw.table)?;
        let operation = ChangeOperation::of_statement(raw.operation)?;
        let (id, table) = (table, catalog.table(table));
        if raw.key.len() != table.primary_key.len() {
            return None;
        }
        let parts = table.primary_key.iter().zip(raw.key);
        let key: Vec<Vec<u8>> = parts
            .map(|(column, value)| key_part_of_json(&table.column(*column).ty, value))
            .collect::<Option<_>>()?;
        let mut topics = vec![Topic::Table(id), Topic::Row(id, key.clone())];
        let references = raw.references.iter().chain(raw.references_before.into_iter().flatten());
        topics.extend(references.filter_map(|(name, value)| {
            let column = table.column_named(name.as_str())?;
            let value = key_part_of_json(&table.column(column).ty, value).filter(|_| !value.is_null())?;
            Some(Topic::Reference(id, column, value))
        }));
        Some(Self {
            number: raw.number,
            transaction: raw.transaction,
            horizon: raw.horizon,
            changed_at: raw.changed_at,
            operation,
            key,
            topics,
        })
    }

    /// Returns the approximate bytes of memory of the change.
    pub(super) fn bytes(&self) -> usize {
        /// Bytes of an allocation in addition to its content.
        const EACH: usize = 32;
        let parts = |key: &[Vec<u8>]| key.iter().map(|part| part.len() + EACH).sum::<usize>();
        let topics = self.topics.iter().map(|topic| {
            size_of::<Topic>()
                + match topic {
                    Topic::Table(_) => 0,
                    Topic::Row(_, key) => parts(key),
                    Topic::Reference(_, _, value) => value.len() + EACH,
                }
        });
        size_of::<Self>() + parts(&self.key) + topics.sum::<usize>()
    }
}

/// Returns the served table of a name `schema.table`.
fn table_of(catalog: &Catalog, name: &str) -> Option<TableId> {
    // No name of a served table has a dot in it.
    let (schema, name) = name.split_once('.')?;
    catalog.table_named(schema, name).filter(|table| table.is_watched()).map(|table| table.id)
}

/// Reads a transaction's number from text: JSON's numbers have too few digits.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_probe_or_holds_the_changes_of_a_statement() {
        assert!(Message::read(r#"{"m":"12"}"#).unwrap().statement.is_none());
        let message = Message::read(
            r#"{"m":"12","x":"13","t":1,"n":"public.a","o":"insert","c":[[1,[2],{"b":null}]]}"#,
        );
        let statement = message.unwrap().statement.unwrap();
        assert_eq!((statement.transaction, statement.changes.map(|it| it.len())), (13, Some(1)));
        let large = Message::read(r#"{"m":"12","x":"13","t":1,"n":"public.a","o":"insert"}"#).unwrap();
        assert!(large.statement.unwrap().changes.is_none());
        assert!(Message::read("greeting").is_err());
    }
}
