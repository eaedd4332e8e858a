//! Plans the field of `Subscription`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::subscription::{After, ChangeField, SubscriptionPlan, Topic};
use super::super::{KeySource, Plan, Trial};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::arguments::{ArgumentError, Arguments, Inputs, Value};
use crate::graph::catalog::{
    Catalog, ChangeOperation, ColumnId, FieldId, SubscriptionKind, Table, TableSubscription,
};
use crate::graph::document::{Document, Field, Operation};
use crate::graph::error::Error;
use crate::graph::limits::Limits;
use crate::graph::question::key::key_values;
use crate::graph::value::{key_part, parameter};

/// The largest number of rows that are read at a time, however little they cost.
const LARGEST_BATCH: u64 = 200;
/// The number of rows that a subscription is planned for: more than one, so that its statements take any number.
const PLANNED_ROWS: u64 = 2;

/// Plans a validated subscription. `trial` is a part to leave out.
pub(crate) fn plan_subscription(
    catalog: &Catalog,
    limits: &Limits,
    document: &Document,
    operation: &Operation,
    inputs: &Inputs<'_>,
    trial: Option<&Trial>,
) -> Result<SubscriptionPlan, Error> {
    let mut planner = Planner { trial, ..Planner::new(catalog, limits, document, inputs) };
    let collected = planner.root_collected(&[operation.selections.as_slice()], "Subscription")?;
    let mut plans = planner.each(&collected, 1, |this, field, collected| {
        match catalog.subscription(&field.name) {
            Some(source) => this.subscription(source, field, collected).map(Some),
            // Validation leaves one field, which is none of introspection.
            None => Ok(None),
        }
    })?;
    plans.pop().and_then(|plan| plan.value).ok_or_else(|| {
        Error::new(crate::graph::Code::GraphqlInvalid, "A subscription has exactly one field.")
    })
}

impl<'a> Planner<'a> {
    fn subscription(
        &mut self,
        source: &'a TableSubscription,
        field: &'a Field,
        collected: &super::Collected<'a>,
    ) -> Planned<SubscriptionPlan> {
        let table = self.catalog.table(source.table);
        let mut given = self.arguments(field)?;
        let filter = match &source.kind {
            SubscriptionKind::Row => None,
            SubscriptionKind::Rows => given.take("filter"),
            SubscriptionKind::Declared(_, columns) => {
                equals(table, columns, &mut given).map_err(|error| self.refuse(field, error))?
            }
        };
        let filter = filter.map(Rc::new);
        let refuse = |error| self.refuse(field, error);
        let operations = operations(source, &given).map_err(refuse)?;
        let topic = match &source.kind {
            SubscriptionKind::Row => {
                Topic::Row(table.id, key_values(table, &table.primary_key, &given).map_err(refuse)?)
            }
            SubscriptionKind::Rows | SubscriptionKind::Declared(..) => match &filter {
                Some(filter) => filter_topic(table, filter),
                None => Topic::Table(table.id),
            },
        };
        // The cache of reference tables may be older than the change.
        self.fresh = table.is_reference;
        // The keys of both loads are known when a row has changed.
        self.keys = KeySource::Later;
        let gone = self.rows_before(table, filter.clone(), field);
        let rows = self.changed_rows(table, filter, field);
        let type_name = format!("{}Change", table.type_name);
        let collected = self.collect(&collected.selections(), &type_name)?;
        let fields = self.each(&collected, PLANNED_ROWS, |this, part, collected| {
            Ok(match &*part.name {
                "__typename" => ChangeField::Typename(type_name.clone()),
                "operation" => ChangeField::Operation,
                "nodeId" => ChangeField::Id,
                "cursor" => ChangeField::Cursor,
                "changedAt" => ChangeField::ChangedAt,
                _ if this.trial.is_some_and(Trial::is_bare) => ChangeField::Typename(type_name.clone()),
                _ => ChangeField::Row(this.row(table, rows, &collected.selections(), PLANNED_ROWS)?),
            })
        })?;
        let cost = (self.cost / PLANNED_ROWS).max(1);
        let (loads, load_tree) = self.take_loads()?;
        Ok(SubscriptionPlan {
            key: field.key.to_string(),
            topic,
            operations,
            after: given.get("after").and_then(Value::as_str).map(|cursor| self.after(field, cursor)),
            fields,
            reads: Plan { fields: Vec::new(), load_tree, loads, cost },
            rows,
            gone,
            batch: usize::try_from((self.limits.cost / cost).clamp(1, LARGEST_BATCH)).unwrap_or(1),
        })
    }

    fn after(&self, field: &Field, cursor: &str) -> After {
        let refused = ArgumentError::new("after", "this is not a cursor of a change");
        After { cursor: cursor.to_owned(), refused: self.document.pinpoint(self.refuse(field, refused)) }
    }

    /// Returns the load of the rows that match, by their primary key.
    fn changed_rows(&mut self, table: &Table, filter: Option<Rc<Value<'a>>>, field: &Field) -> super::LoadId {
        // With a filter, even an empty one, a reference table is not read as a whole.
        let filter = filter.or_else(|| table.is_reference.then(|| Rc::new(Value::Object(Vec::new()))));
        // A subscription has one load of this kind.
        let arguments = String::new();
        let columns = table.primary_key.clone();
        let load_key = LoadKey { kind: "changed", table: table.id, columns, arguments };
        let place = self.place(field);
        self.load(load_key, filter, &place, PLANNED_ROWS, DraftKind::ByKey)
    }

    /// Returns the load of the numbers of changes before which the row existed and matched, and the caller could see it.
    fn rows_before(&mut self, table: &Table, filter: Option<Rc<Value<'a>>>, field: &Field) -> super::LoadId {
        let mut columns = BTreeSet::new();
        if let Some(filter) = &filter {
            filter_columns(table, filter, &mut columns);
        }
        let arguments = String::new();
        let load_key = LoadKey { kind: "before", table: table.id, columns: Vec::new(), arguments };
        let place = self.place(field);
        let kind = DraftKind::RowsBefore(columns.into_iter().collect());
        self.load(load_key, filter, &place, PLANNED_ROWS, kind)
    }
}

/// Returns the topic that contains all rows of a filter: one row or the rows of a parent if the filter's first level requires a key by
/// `eq`, or else the table. Mistakes in its values are refused when its condition is written.
fn filter_topic(table: &Table, filter: &Value<'_>) -> Topic {
    let mut topic = Topic::Table(table.id);
    for (name, conditions) in filter.fields() {
        let Some(FieldId::Column(column)) = table.field(name) else { continue };
        let value = conditions.get("eq").map(|value| key_part(&table.column(column).ty, value));
        let Some(Ok(value)) = value else { continue };
        if table.primary_key == [column] {
            return Topic::Row(table.id, vec![value]);
        }
        if table.is_foreign_key(column) {
            topic = Topic::Reference(table.id, column, value);
        }
    }
    topic
}

/// Adds the columns of a table that a filter on its rows uses.
fn filter_columns(table: &Table, filter: &Value<'_>, columns: &mut BTreeSet<ColumnId>) {
    for filter in filter.items() {
        filter_columns(table, filter, columns);
    }
    for (name, value) in filter.fields() {
        match table.field(name) {
            Some(FieldId::Column(column)) => {
                columns.insert(column);
            }
            Some(FieldId::Relation(relation)) => columns.extend(&table.relation(relation).local),
            Some(FieldId::GlobalId | FieldId::Groups(_) | FieldId::Series(_)) => {}
            // `and`, `or` and `not`
            None => filter_columns(table, value, columns),
        }
    }
}

/// Returns the filter of a declared subscription, whose arguments are values of columns.
fn equals<'a>(
    table: &'a Table,
    columns: &[ColumnId],
    given: &mut Arguments<'a>,
) -> Result<Option<Value<'a>>, ArgumentError> {
    let mut conditions = Vec::with_capacity(columns.len());
    for column in columns.iter().map(|id| table.column(*id)) {
        let Some(value) = given.take(&column.field) else { continue };
        // The error names the argument, since the caller gave no filter.
        parameter(&column.ty, &value).map_err(|error| error.within(&column.field))?;
        let equal = Value::Object(vec![(Cow::Borrowed("eq"), value)]);
        conditions.push((Cow::Borrowed(column.field.as_str()), equal));
    }
    Ok((!conditions.is_empty()).then_some(Value::Object(conditions)))
}

/// Returns the kinds of changes that a subscription reports: all of its kinds, or those that the argument names.
fn operations(
    source: &TableSubscription,
    given: &Arguments<'_>,
) -> Result<Vec<ChangeOperation>, ArgumentError> {
    const ARGUMENT: &str = "operations";
    let all: &[ChangeOperation] = match &source.kind {
        SubscriptionKind::Declared(operations, _) => operations,
        SubscriptionKind::Row | SubscriptionKind::Rows => &ChangeOperation::ALL,
    };
    let Some(names) = given.get(ARGUMENT).map(Value::items) else { return Ok(all.to_vec()) };
    if names.is_empty() {
        let message = "no change would ever be sent; name an operation, or omit the argument for all";
        return Err(ArgumentError::new(ARGUMENT, message));
    }
    let is_named =
        |operation: &ChangeOperation| names.iter().any(|name| name.as_str() == Some(operation.name()));
    Ok(all.iter().copied().filter(is_named).collect())
}
