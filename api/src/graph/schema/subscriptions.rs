//! Subscriptions: feeds of changes, and what a change is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::sdl::{Sdl, first_sentence, quoted};
use crate::graph::catalog::{Catalog, ChangeOperation, ColumnId, FeedField, FeedScope, Table};

/// Writes `Subscription`, where any table can be watched.
pub(super) fn write(sdl: &mut Sdl, catalog: &Catalog) {
    if catalog.feeds().is_empty() {
        return;
    }
    sdl.open(
        "Everything that can be watched, over a WebSocket at `/graphql/ws` or as server-sent events. Each change is told as \
         the caller sees the row at that moment; a row that the caller cannot see is not spoken of.",
        "type Subscription",
    );
    for feed in catalog.feeds() {
        field(sdl, catalog.table(feed.table), feed);
    }
    sdl.close();
    let watched: BTreeSet<_> = catalog.feeds().iter().map(|feed| feed.table).collect();
    for table in watched.into_iter().map(|id| catalog.table(id)) {
        change(sdl, table);
    }
    sdl.open("How a row has changed.", "enum ChangeOperation");
    for operation in ChangeOperation::ALL {
        let doc = match operation {
            ChangeOperation::Insert => "It was added.",
            ChangeOperation::Update => "It has other values.",
            ChangeOperation::Delete => "It was deleted.",
            ChangeOperation::Leave => {
                "It has other values: it does not match the filter any more, or the caller cannot see it any more."
            }
        };
        sdl.field(doc, operation.name());
    }
    sdl.close();
}

fn field(sdl: &mut Sdl, table: &Table, feed: &FeedField) {
    let mut arguments = match &feed.scope {
        FeedScope::Row => columns(table, &table.primary_key),
        FeedScope::Named(_, given) => columns(table, given),
        FeedScope::Rows => format!(
            "\n    \"Only changes of rows that match, or matched just before.\"\n    filter: {}Filter\n    \"Only these \
             changes; without it, all.\"\n    operations: [ChangeOperation!]",
            table.type_name
        ),
    };
    arguments.push_str(
        "\n    \"The cursor of the last change that has arrived: what came after it is told first. What may have arrived \
         already can come again. Too old a cursor is refused as `GONE`.\"\n    after: String",
    );
    sdl.field(&feed.doc, &format!("{}({arguments}\n  ): {}Change!", feed.field, table.type_name));
}

fn columns(table: &Table, columns: &[ColumnId]) -> String {
    let mut arguments = String::new();
    for id in columns {
        let column = table.column(*id);
        let doc = quoted(&first_sentence(&column.doc));
        // Writing to a String cannot fail.
        let _ = write!(arguments, "\n    {doc}\n    {}: {}!", column.field, column.ty.graphql_name());
    }
    arguments
}

fn change(sdl: &mut Sdl, table: &Table) {
    sdl.open(&format!("A change of a row of `{}`.", table.name), &format!("type {}Change", table.type_name));
    sdl.field("How the row has changed.", "operation: ChangeOperation!");
    sdl.field(
        "Global id of the row. It is not called `id`, since caches would take the change for the row.",
        "nodeId: ID!",
    );
    sdl.field("Marks the change, to go on behind it with `after`.", "cursor: String!");
    sdl.field("When the row was changed.", "changedAt: DateTime!");
    sdl.field(
        "The row as it is now, which may be later than the change; null where it was deleted or has left.",
        &format!("{}: {}", table.single_field, table.type_name),
    );
    sdl.close();
}
