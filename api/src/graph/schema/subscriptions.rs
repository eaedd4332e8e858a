//! Makes the type `Subscription`, and the types of changes.

use std::collections::BTreeSet;

use async_graphql::dynamic::{SubscriptionField, TypeRef};

use super::column_argument;
use super::derived::derived_field;
use super::types::{DATE_TIME, Part, Types, field, input, subscription_field, value};
use crate::graph::catalog::{Catalog, ChangeOperation, SubscriptionKind, Table, TableSubscription};

const CHANGE_OPERATION: &str = "ChangeOperation";

/// Makes `Subscription`, if any table can be watched.
pub(super) fn make(types: &mut Types, catalog: &Catalog) {
    if catalog.subscriptions().is_empty() {
        return;
    }
    types.subscription(
        "Sends changes of rows over a WebSocket at `/graphql/ws` or as server-sent events. Each change holds the row as the caller \
         sees it at that moment; a change of a row that the caller cannot see is not sent. A subscription with the cursor of the last \
         change received as `after` first sends what came later; changes that have already arrived can come again, and a cursor that \
         is too old is refused as `GONE`.",
        catalog.subscriptions().iter().map(|it| table_subscription(catalog.table(it.table), it)),
    );
    let watched: BTreeSet<_> = catalog.subscriptions().iter().map(|it| it.table).collect();
    for table in watched.into_iter().map(|id| catalog.table(id)) {
        change(types, table);
    }
    let operations = ChangeOperation::ALL.map(|operation| {
        let doc = match operation {
            ChangeOperation::Insert => "The row was added.",
            ChangeOperation::Update => "The row has new values.",
            ChangeOperation::Delete => "The row was deleted.",
            ChangeOperation::Leave => {
                "The row has new values and no longer matches the filter, or the caller can no longer see it."
            }
        };
        value(operation.name(), doc)
    });
    types.enumeration(CHANGE_OPERATION, "Names a kind of change.", operations);
}

fn table_subscription(table: &Table, source: &TableSubscription) -> Part<SubscriptionField> {
    let row = &table.type_name;
    let mut arguments = match &source.kind {
        SubscriptionKind::Row => {
            table.primary_key.iter().map(|id| column_argument(table, *id, true)).collect()
        }
        SubscriptionKind::Declared(_, given) => {
            given.iter().map(|id| column_argument(table, *id, true)).collect()
        }
        SubscriptionKind::Rows => vec![
            input("filter", TypeRef::named(format!("{row}Filter")), "Filters the rows."),
            input("operations", TypeRef::named_nn_list(CHANGE_OPERATION), "Filters the changes."),
        ],
    };
    arguments.push(input("after", TypeRef::named(TypeRef::STRING), "Resumes after this cursor."));
    subscription_field(&source.field, TypeRef::named_nn(format!("{row}Change")), &source.doc)
        .arguments(arguments)
}

fn change(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    types.object(
        &format!("{row}Change"),
        &format!("Describes a change of a row of `{}`.", table.display_name),
        [
            derived_field("operation", TypeRef::named_nn(CHANGE_OPERATION)),
            field("nodeId", TypeRef::named_nn(TypeRef::ID), "Identifies the row."),
            derived_field("cursor", TypeRef::named_nn(TypeRef::STRING)),
            derived_field("changedAt", TypeRef::named_nn(DATE_TIME)),
            field(
                &table.single_field,
                TypeRef::named(row),
                "Holds the row, unless it was deleted or has left.",
            ),
        ],
    );
}
