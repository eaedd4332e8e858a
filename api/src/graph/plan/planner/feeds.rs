//! The field of `Subscription`.

use std::collections::BTreeSet;

use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::super::collect::collect;
use super::super::feed::{ChangeField, Feed, Topic};
use super::super::input::{ArgumentError, arguments, key_values};
use super::super::{Plan, RowSelection};
use super::{DraftKind, Planned, Planner, Question};
use crate::graph::catalog::{Catalog, ChangeOperation, ColumnId, FeedField, FeedScope, FieldId, Table};
use crate::graph::error::Error;
use crate::graph::limits::Limits;
use crate::graph::value::key_part;

/// Rows that are read at a time at most, however little they cost.
const LARGEST_BATCH: u64 = 200;
/// Rows that a feed is planned for: more than one, so that its statements take any number.
const PLANNED_ROWS: u64 = 2;

/// Plans a validated subscription whose variables are coerced.
pub(crate) fn plan_feed(
    catalog: &Catalog,
    limits: &Limits,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> Result<Feed, Error> {
    let mut planner = Planner::new(catalog, limits, document, variables);
    let collected = planner.root_collected(&[&operation.selection_set], "Subscription")?;
    let mut feeds = planner.each(&collected, 1, |this, field, collected| {
        match catalog.feed(&field.name) {
            Some(feed) => this.feed(feed, field, collected).map(Some),
            // Validation leaves one field, and none of introspection.
            None => Ok(None),
        }
    })?;
    feeds.pop().and_then(|feed| feed.value).ok_or_else(|| {
        Error::new(crate::graph::Code::GraphqlInvalid, "A subscription has exactly one field.")
    })
}

impl<'a> Planner<'a> {
    fn feed(
        &mut self,
        feed: &'a FeedField,
        field: &'a Node<Field>,
        collected: &super::Collected<'a>,
    ) -> Planned<Feed> {
        let table = self.catalog.table(feed.table);
        let given = arguments(field, self.variables);
        let filter = match &feed.scope {
            FeedScope::Row => None,
            FeedScope::Rows => given.get("filter").filter(|filter| !filter.is_null()).cloned(),
            FeedScope::Named(_, columns) => equals(table, columns, &given),
        };
        let refuse = |error| self.refuse(field, error);
        let topic = match &feed.scope {
            FeedScope::Row => {
                Topic::Row(table.id, key_values(table, &table.primary_key, &given).map_err(refuse)?)
            }
            FeedScope::Rows | FeedScope::Named(..) => match &filter {
                Some(filter) => pinned(table, filter).map_err(refuse)?,
                None => Topic::Table(table.id),
            },
        };
        // What is kept in memory may be older than the change.
        self.fresh = table.is_reference;
        let gone = self.rows_before(table, filter.clone(), field);
        let rows = self.changed_rows(table, filter, field);
        let type_name = format!("{}Change", table.type_name);
        let collected = collect(self.document, self.variables, &collected.selection_sets(), &type_name);
        let fields = self.each(&collected, PLANNED_ROWS, |this, part, collected| {
            Ok(match part.name.as_str() {
                "__typename" => ChangeField::Typename(type_name.clone()),
                "operation" => ChangeField::Operation,
                "nodeId" => ChangeField::Id,
                "cursor" => ChangeField::Cursor,
                "changedAt" => ChangeField::ChangedAt,
                _ => ChangeField::Row(this.row(table, rows, &collected.selection_sets(), PLANNED_ROWS)?),
            })
        })?;
        let cost = (self.cost / PLANNED_ROWS).max(1);
        Ok(Feed {
            key: field.response_key().to_string(),
            topic,
            operations: operations(feed, &given),
            after: given.get("after").and_then(JsonValue::as_str).map(str::to_owned),
            fields,
            plan: Plan { fields: Vec::new(), loads: self.take_loads()?, cost },
            rows,
            nothing: RowSelection { table: table.id, fields: Vec::new() },
            gone,
            batch: usize::try_from((self.limits.cost / cost).clamp(1, LARGEST_BATCH)).unwrap_or(1),
        })
    }

    /// The load of rows by their primary key, and of those the ones that match.
    fn changed_rows(
        &mut self,
        table: &Table,
        filter: Option<JsonValue>,
        field: &Node<Field>,
    ) -> super::LoadId {
        // A filter without conditions keeps the table from being taken from memory as a whole.
        let filter = filter.or_else(|| table.is_reference.then(|| JsonValue::Object(JsonMap::new())));
        let arguments = filter.as_ref().map(ToString::to_string).unwrap_or_default();
        let columns = table.primary_key.clone();
        let question = Question { kind: "changed", table: table.id, columns, arguments };
        let place = self.place(field);
        self.load(question, filter, &place, PLANNED_ROWS, DraftKind::ByKey)
    }

    /// The load of those changes before which the row was there, was the caller's to see, and matched.
    fn rows_before(
        &mut self,
        table: &Table,
        filter: Option<JsonValue>,
        field: &Node<Field>,
    ) -> super::LoadId {
        let mut columns = BTreeSet::new();
        if let Some(filter) = &filter {
            looked_at(table, filter, &mut columns);
        }
        let arguments = String::new();
        let question = Question { kind: "before", table: table.id, columns: Vec::new(), arguments };
        let place = self.place(field);
        let kind = DraftKind::RowsBefore(columns.into_iter().collect());
        self.load(question, filter, &place, PLANNED_ROWS, kind)
    }
}

/// What a filter holds all rows to, by `eq` on its first level: one row, or those of a parent; else they are any.
fn pinned(table: &Table, filter: &JsonValue) -> Result<Topic, ArgumentError> {
    let mut topic = Topic::Table(table.id);
    for (name, conditions) in filter.as_object().into_iter().flatten() {
        let Some(FieldId::Column(column)) = table.field(name.as_str()) else { continue };
        let value = conditions.as_object().and_then(|it| it.get("eq")).filter(|it| !it.is_null());
        let Some(value) = value else { continue };
        let value = || {
            key_part(&table.column(column).ty, value).map_err(|error| {
                ArgumentError::new(&format!("filter.{}.eq", name.as_str()), error.to_string())
            })
        };
        if table.primary_key == [column] {
            return Ok(Topic::Row(table.id, vec![value()?]));
        }
        if table.is_foreign_key(column) {
            topic = Topic::Reference(table.id, column, value()?);
        }
    }
    Ok(topic)
}

/// The columns of a table that a filter on its rows looks at.
fn looked_at(table: &Table, filter: &JsonValue, columns: &mut BTreeSet<ColumnId>) {
    if let JsonValue::Array(filters) = filter {
        for filter in filters {
            looked_at(table, filter, columns);
        }
    }
    for (name, value) in filter.as_object().into_iter().flatten() {
        match table.field(name.as_str()) {
            Some(FieldId::Column(column)) => {
                columns.insert(column);
            }
            Some(FieldId::Relation(relation)) => columns.extend(&table.relation(relation).local),
            Some(FieldId::GlobalId | FieldId::Groups(_) | FieldId::Series(_)) => {}
            // `and`, `or` and `not`
            None => looked_at(table, value, columns),
        }
    }
}

/// The filter of a feed whose arguments are values of columns.
fn equals(table: &Table, columns: &[ColumnId], given: &JsonMap) -> Option<JsonValue> {
    let conditions: JsonMap = columns
        .iter()
        .map(|column| {
            let field = table.column(*column).field.as_str();
            let value = given.get(field).cloned().unwrap_or(JsonValue::Null);
            (field.into(), JsonValue::Object([("eq".into(), value)].into_iter().collect()))
        })
        .collect();
    (!conditions.is_empty()).then_some(JsonValue::Object(conditions))
}

fn operations(feed: &FeedField, given: &JsonMap) -> Vec<ChangeOperation> {
    let all: &[ChangeOperation] = match &feed.scope {
        FeedScope::Named(operations, _) => operations,
        FeedScope::Row | FeedScope::Rows => &ChangeOperation::ALL,
    };
    // A single value stands for a list of one.
    let wanted = given.get("operations").filter(|it| !it.is_null()).map(|wanted| match wanted {
        JsonValue::Array(names) => names.clone(),
        name => vec![name.clone()],
    });
    let is_wanted = |operation: &ChangeOperation| {
        wanted.as_ref().is_none_or(|names| names.iter().any(|name| name.as_str() == Some(operation.name())))
    };
    all.iter().copied().filter(is_wanted).collect()
}
