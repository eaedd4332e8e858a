//! Subscriptions: feeds of changes, and what a change is.

use std::collections::BTreeSet;

use async_graphql::dynamic::{SubscriptionField, TypeRef};

use super::column_argument;
use super::types::{DATE_TIME, Part, Types, feed, field, input, value};
use crate::graph::catalog::{Catalog, ChangeOperation, FeedField, FeedScope, Table};

const CHANGE_OPERATION: &str = "ChangeOperation";

/// Makes `Subscription`, where any table can be watched.
pub(super) fn make(types: &mut Types, catalog: &Catalog) {
    if catalog.feeds().is_empty() {
        return;
    }
    types.subscription(
        "Everything that can be watched, over a WebSocket at `/graphql/ws` or as server-sent events. Each change is told as \
         the caller sees the row at that moment; a row that the caller cannot see is not spoken of.",
        catalog.feeds().iter().map(|feed| feed_field(catalog.table(feed.table), feed)),
    );
    let watched: BTreeSet<_> = catalog.feeds().iter().map(|feed| feed.table).collect();
    for table in watched.into_iter().map(|id| catalog.table(id)) {
        change(types, table);
    }
    let operations = ChangeOperation::ALL.map(|operation| {
        let doc = match operation {
            ChangeOperation::Insert => "It was added.",
            ChangeOperation::Update => "It has other values.",
            ChangeOperation::Delete => "It was deleted.",
            ChangeOperation::Leave => {
                "It has other values: it does not match the filter any more, or the caller cannot see it any more."
            }
        };
        value(operation.name(), doc)
    });
    types.enumeration(CHANGE_OPERATION, "How a row has changed.", operations);
}

fn feed_field(table: &Table, source: &FeedField) -> Part<SubscriptionField> {
    let row = &table.type_name;
    let mut arguments = match &source.scope {
        FeedScope::Row => table.primary_key.iter().map(|id| column_argument(table, *id, true)).collect(),
        FeedScope::Named(_, given) => given.iter().map(|id| column_argument(table, *id, true)).collect(),
        FeedScope::Rows => vec![
            input(
                "filter",
                TypeRef::named(format!("{row}Filter")),
                "Only changes of rows that match, or matched just before.",
            ),
            input(
                "operations",
                TypeRef::named_nn_list(CHANGE_OPERATION),
                "Only these changes; without it, all.",
            ),
        ],
    };
    arguments.push(input(
        "after",
        TypeRef::named(TypeRef::STRING),
        "The cursor of the last change that has arrived: what came after it is told first. What may have arrived \
         already can come again. Too old a cursor is refused as `GONE`.",
    ));
    feed(&source.field, TypeRef::named_nn(format!("{row}Change")), &source.doc).arguments(arguments)
}

fn change(types: &mut Types, table: &Table) {
    let row = &table.type_name;
    types.object(
        &format!("{row}Change"),
        &format!("A change of a row of `{}`.", table.name),
        [
            field("operation", TypeRef::named_nn(CHANGE_OPERATION), "How the row has changed."),
            field(
                "nodeId",
                TypeRef::named_nn(TypeRef::ID),
                "Global id of the row. It is not called `id`, since caches would take the change for the row.",
            ),
            field(
                "cursor",
                TypeRef::named_nn(TypeRef::STRING),
                "Marks the change, to go on behind it with `after`.",
            ),
            field("changedAt", TypeRef::named_nn(DATE_TIME), "When the row was changed."),
            field(
                &table.single_field,
                TypeRef::named(row),
                "The row as it is now, which may be later than the change; null where it was deleted or has left.",
            ),
        ],
    );
}
