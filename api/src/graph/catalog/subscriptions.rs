//! What can be watched: the fields of `Subscription`.

use super::names::{capitalise, plural, uncapitalise};
use super::{ByName, Catalog, CatalogError, ColumnId, Relation, System, Table, TableId};

/// How a row has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOperation {
    /// It was added.
    Insert,
    /// It has other values.
    Update,
    /// It was deleted.
    Delete,
    /// It has other values, and with them it is none of those any more that a feed is about. Only for who is told.
    Leave,
}

/// A feed that a system declares beside those that every table has.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSubscription {
    /// Name of the field, without the system's prefix.
    pub field: &'static str,
    /// Description of the field.
    pub doc: &'static str,
    /// The table.
    pub table: entity::TableName,
    /// Which changes it tells.
    pub operations: &'static [ChangeOperation],
    /// Columns whose values the caller gives: only changes of rows that have them are told.
    pub arguments: &'static [&'static str],
}

/// A field of `Subscription`.
#[derive(Debug)]
pub struct TableSubscription {
    /// Name of the field.
    pub field: String,
    /// Description.
    pub doc: String,
    /// The table whose changes it tells.
    pub table: TableId,
    /// Which of them.
    pub kind: SubscriptionKind,
}

/// Which changes of a table a feed tells.
#[derive(Debug)]
pub enum SubscriptionKind {
    /// Those of one row, by its primary key.
    Row,
    /// Those of rows that match a filter.
    Rows,
    /// These, of rows with given values in these columns.
    Declared(Vec<ChangeOperation>, Vec<ColumnId>),
}

impl ChangeOperation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Insert, Self::Update, Self::Delete, Self::Leave];

    /// Name in GraphQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERTED",
            Self::Update => "UPDATED",
            Self::Delete => "DELETED",
            Self::Leave => "LEFT",
        }
    }

    /// Name in the database, as Postgres calls the statement.
    pub fn of_statement(name: &str) -> Option<Self> {
        match name {
            "insert" => Some(Self::Insert),
            "update" => Some(Self::Update),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Catalog {
    /// The fields of `Subscription`.
    pub fn subscriptions(&self) -> &[TableSubscription] {
        &self.subscriptions
    }

    /// A field of `Subscription`.
    pub fn subscription(&self, field: &str) -> Option<&TableSubscription> {
        self.subscriptions.iter().find(|subscription| subscription.field == field)
    }
}

/// The feeds of all tables that can be written, and those that the systems declare.
pub(super) fn read(
    systems: &[System],
    tables: &[Table],
    by_name: &ByName,
) -> Result<Vec<TableSubscription>, CatalogError> {
    let mut subscriptions: Vec<TableSubscription> = Vec::new();
    for table in tables.iter().filter(|table| table.is_watched()) {
        let one = uncapitalise(&table.type_name);
        subscriptions.push(TableSubscription {
            field: format!("{one}Changed"),
            doc: format!(
                "Changes of a row of `{}`. That it is gone is told if the caller could see it just before.",
                table.display_name
            ),
            table: table.id,
            kind: SubscriptionKind::Row,
        });
        subscriptions.push(TableSubscription {
            field: format!("{}Changed", plural(&one)),
            doc: format!(
                "Changes of rows of `{}` that the caller can see and that match, as they are after the change. That one is \
                 gone, deleted or with other values, is told if the caller could see it and it matched just before.",
                table.display_name
            ),
            table: table.id,
            kind: SubscriptionKind::Rows,
        });
    }
    for (index, system) in systems.iter().enumerate() {
        for source in system.subscriptions {
            subscriptions.push(declared(index, system, source, tables, by_name)?);
        }
    }
    for (at, subscription) in subscriptions.iter().enumerate() {
        if subscriptions[..at].iter().any(|other| other.field == subscription.field) {
            return Err(CatalogError::Name {
                scope: "Subscription".into(),
                name: subscription.field.clone(),
            });
        }
    }
    Ok(subscriptions)
}

fn declared(
    index: usize,
    system: &System,
    source: &DeclaredSubscription,
    tables: &[Table],
    by_name: &ByName,
) -> Result<TableSubscription, CatalogError> {
    let missing = |name: &str| CatalogError::Subscription { field: source.field.into(), name: name.into() };
    let table = by_name
        .get(source.table.schema, source.table.name)
        .map(|id| &tables[id.0])
        .filter(|table| table.system == index && table.is_watched())
        .ok_or_else(|| missing(&source.table.to_string()))?;
    let arguments = source
        .arguments
        .iter()
        .map(|name| table.column_named(name).ok_or_else(|| missing(name)))
        .collect::<Result<_, _>>()?;
    let prefix = uncapitalise(system.prefix);
    let field = if prefix.is_empty() { source.field.into() } else { prefix + &capitalise(source.field) };
    Ok(TableSubscription {
        field,
        doc: source.doc.into(),
        table: table.id,
        kind: SubscriptionKind::Declared(source.operations.to_vec(), arguments),
    })
}

impl Table {
    /// Whether a column alone names a row of another table, by its primary key. The other end of such a relation, which stands on
    /// a key of this table, does not: what it leads to may be a view.
    pub fn is_foreign_key(&self, column: ColumnId) -> bool {
        let leads = |relation: &Relation| !relation.many && relation.local == [column];
        !self.keys.iter().any(|key| *key == [column]) && self.relations.iter().any(leads)
    }

    /// Whether its changes are announced: those of every table that can be written are.
    pub fn is_watched(&self) -> bool {
        self.operations().next().is_some() && !self.primary_key.is_empty()
    }
}
