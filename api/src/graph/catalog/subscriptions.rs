//! The fields of `Subscription`: subscriptions to the changes of a table.

use super::names::{capitalise, plural, uncapitalise};
use super::{ByName, Catalog, CatalogError, ColumnId, Relation, System, Table, TableId};

/// A kind of change of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOperation {
    /// The row was added.
    Insert,
    /// The row has other values.
    Update,
    /// The row was deleted.
    Delete,
    /// The row has other values and no longer belongs to the subscription: it does not match the filter, or the subscriber may not see
    /// it. The database does not record this kind; each subscription finds it out.
    Leave,
}

/// A subscription that a system declares, besides the two that every watched table has.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSubscription {
    /// The name of the field, without the system's prefix.
    pub field: &'static str,
    /// The description of the field.
    pub doc: &'static str,
    /// The table whose changes the subscription reports.
    pub table: entity::TableName,
    /// The kinds of changes that the subscription reports.
    pub operations: &'static [ChangeOperation],
    /// The columns that are arguments of the field: the subscription reports only changes of rows with the given values.
    pub arguments: &'static [&'static str],
}

/// A field of `Subscription`, which reports changes of a table.
#[derive(Debug)]
pub struct TableSubscription {
    /// The name of the field.
    pub field: String,
    /// The description of the field.
    pub doc: String,
    /// The table whose changes the subscription reports.
    pub table: TableId,
    /// The choice among these changes.
    pub kind: SubscriptionKind,
}

/// The choice of a table's changes that a subscription reports.
#[derive(Debug)]
pub enum SubscriptionKind {
    /// The subscription reports the changes of one row, which the caller names by its primary key.
    Row,
    /// The subscription reports the changes of the rows that match the caller's filter.
    Rows,
    /// The subscription reports these kinds of changes, of rows with the caller's values in these columns.
    Declared(Vec<ChangeOperation>, Vec<ColumnId>),
}

impl ChangeOperation {
    /// All kinds of changes.
    pub const ALL: [Self; 4] = [Self::Insert, Self::Update, Self::Delete, Self::Leave];

    /// Returns the name of the kind in GraphQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERTED",
            Self::Update => "UPDATED",
            Self::Delete => "DELETED",
            Self::Leave => "LEFT",
        }
    }

    /// Returns the kind of change that a statement makes, by the name that Postgres gives triggers: `insert`.
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
    /// Returns the fields of `Subscription`.
    pub fn subscriptions(&self) -> &[TableSubscription] {
        &self.subscriptions
    }

    /// Returns the field of `Subscription` with this name.
    pub fn subscription(&self, field: &str) -> Option<&TableSubscription> {
        self.subscriptions.iter().find(|subscription| subscription.field == field)
    }
}

/// Returns the subscriptions of all watched tables, and those that the systems declare.
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
    /// Returns true if a column alone is a foreign key to another table's primary key. The other end of such a relation, which uses a
    /// key of this table, is none: it may lead to a view.
    pub fn is_foreign_key(&self, column: ColumnId) -> bool {
        let leads = |relation: &Relation| !relation.many && relation.local == [column];
        !self.keys.iter().any(|key| *key == [column]) && self.relations.iter().any(leads)
    }

    /// Returns true if the database announces the table's changes, as it does for every table that can be written.
    pub fn is_watched(&self) -> bool {
        self.operations().next().is_some() && !self.primary_key.is_empty()
    }
}
