//! Writes an answer as JSON. The plan gives the response keys, the rows give the values.

mod aggregates;

use super::key::Key;
use super::loaded::{Found, LoadedRows};
use crate::database::Row;
use crate::graph::catalog::{Catalog, ChangeOperation, ColumnType, Scalar};
use crate::graph::error::{Code, Error};
use crate::graph::global_id;
use crate::graph::introspection::IntrospectionAnswers;
use crate::graph::plan::{
    ChangeField, ConnectionField, ConnectionShape, EdgeField, Keyed, LoadId, LoadKind, PageInfoField,
    Payload, PayloadField, Plan, RootField, RowField, RowSelection, SubscriptionPlan,
};
use crate::graph::question::cursor::{CursorShape, write_cursor};
use crate::graph::value::{write_string, write_value};

/// Microseconds from 1970, the epoch of changes, to 2000, the epoch of Postgres.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// The buffer that an answer is written to.
pub(in crate::graph) struct Out<'o> {
    /// The bytes so far; the answer is appended.
    pub(in crate::graph) bytes: &'o mut Vec<u8>,
    /// The largest length of the buffer.
    pub(in crate::graph) most: usize,
}

/// Appends the response's `data`. `introspection`: the answers to `__schema` and `__type`.
pub(super) fn write_data(
    catalog: &Catalog,
    plan: &Plan,
    answers: &[LoadedRows],
    introspection: &IntrospectionAnswers,
    out: Out<'_>,
) -> Result<(), Error> {
    JsonWriter::new(catalog, plan, answers, introspection, out).run(|writer| writer.root(&plan.fields))
}

/// Appends the payload of a field of `Mutation`, with the rows that it has written.
pub(super) fn write_payload(
    catalog: &Catalog,
    plan: &Plan,
    payload: &Payload,
    keys: &[Key],
    answers: &[LoadedRows],
    out: Out<'_>,
) -> Result<(), Error> {
    JsonWriter::new(catalog, plan, answers, &IntrospectionAnswers::new(), out)
        .run(|writer| writer.payload(payload, keys))
}

/// A change to be sent to a subscriber.
#[derive(Clone, Copy, Debug)]
pub(in crate::graph) struct ChangeEvent<'a> {
    pub(in crate::graph) operation: ChangeOperation,
    /// The row's primary key, in Postgres's binary format.
    pub(in crate::graph) key: &'a [Vec<u8>],
    /// The time of the change, in microseconds since 1970.
    pub(in crate::graph) changed_at: i64,
    pub(in crate::graph) cursor: &'a str,
}

/// Appends the `data` of a subscription's response to a change.
pub(super) fn write_change(
    catalog: &Catalog,
    subscription: &SubscriptionPlan,
    change: &ChangeEvent<'_>,
    answers: &[LoadedRows],
    out: Out<'_>,
) -> Result<(), Error> {
    JsonWriter::new(catalog, &subscription.reads, answers, &IntrospectionAnswers::new(), out)
        .run(|writer| writer.change(subscription, change))
}

struct JsonWriter<'a> {
    catalog: &'a Catalog,
    plan: &'a Plan,
    answers: &'a [LoadedRows],
    introspection: &'a IntrospectionAnswers,
    out: &'a mut Vec<u8>,
    most: usize,
    /// True if the answer would exceed `most`; the rest is not written then.
    full: bool,
}

impl<'a> JsonWriter<'a> {
    fn new(
        catalog: &'a Catalog,
        plan: &'a Plan,
        answers: &'a [LoadedRows],
        introspection: &'a IntrospectionAnswers,
        Out { bytes, most }: Out<'a>,
    ) -> Self {
        Self { catalog, plan, answers, introspection, out: bytes, most, full: false }
    }

    fn run(mut self, write: impl FnOnce(&mut Self)) -> Result<(), Error> {
        write(&mut self);
        if self.has_room(0) {
            return Ok(());
        }
        let message =
            format!("The answer has more than {} bytes. Ask for less, or in several requests.", self.most);
        Err(Error::new(Code::LimitExceeded, message))
    }

    /// Returns true if this many bytes more may be written.
    fn has_room(&mut self, more: usize) -> bool {
        self.full |= self.out.len().saturating_add(more) > self.most;
        !self.full
    }

    fn value(&mut self, ty: &ColumnType, bytes: Option<&[u8]>) {
        if self.has_room(bytes.map_or(0, <[u8]>::len)) {
            write_value(ty, bytes, self.out);
        }
    }

    fn root(&mut self, fields: &[Keyed<RootField>]) {
        self.object(fields, |this, key, field| match field {
            RootField::Typename(name) => write_string(name, this.out),
            RootField::Introspection(_) => this.introspection(key),
            RootField::Namespace(fields) => this.root(fields),
            RootField::One(lookup) => {
                this.one(lookup.load, &lookup.selection, Some(&Key::from_parts(&lookup.key)));
            }
            RootField::Nodes(nodes) => this.list(&nodes.ids, |this, id| match id {
                Some((of, key)) => {
                    let (load, selection) = &nodes.types[*of];
                    this.one(*load, selection, Some(&Key::from_parts(key)));
                }
                None => this.out.extend_from_slice(b"null"),
            }),
            RootField::Connection(connection) => this.connection(connection, Some(&Key::Whole)),
            RootField::Series(series) => this.series(series, Some(&Key::Whole)),
            RootField::Groups(groups) => this.groups(groups, Some(&Key::Whole)),
        });
    }

    fn payload(&mut self, payload: &Payload, keys: &[Key]) {
        self.object(&payload.fields, |this, _, field| match field {
            PayloadField::Typename => write_string(&payload.type_name, this.out),
            PayloadField::AffectedCount => this.out.extend_from_slice(keys.len().to_string().as_bytes()),
            PayloadField::Row(load, selection) => this.one(*load, selection, keys.first()),
            PayloadField::Nodes(load, selection) => {
                this.list(keys, |this, key| this.one(*load, selection, Some(key)));
            }
        });
    }

    fn change(&mut self, subscription: &SubscriptionPlan, change: &ChangeEvent<'_>) {
        let table = self.catalog.table(subscription.topic.table());
        self.object(&subscription.fields, |this, _, field| match field {
            ChangeField::Typename(name) => write_string(name, this.out),
            ChangeField::Operation => this.text(&[change.operation.name()]),
            ChangeField::Id => global_id::write_key(table, change.key, this.out),
            ChangeField::Cursor => write_string(change.cursor, this.out),
            ChangeField::ChangedAt => {
                let moment = (change.changed_at - POSTGRES_EPOCH).to_be_bytes();
                this.value(&ColumnType::Scalar(Scalar::DateTime), Some(&moment));
            }
            ChangeField::Row(_)
                if matches!(change.operation, ChangeOperation::Delete | ChangeOperation::Leave) =>
            {
                this.null();
            }
            ChangeField::Row(selection) => {
                this.one(subscription.rows, selection, Some(&Key::from_parts(change.key)));
            }
        });
    }

    /// Returns the rows that a load has read for a key.
    fn found(&self, load: LoadId, key: Option<&Key>) -> Option<&'a Found> {
        key.and_then(|key| self.answers[load.0].get(key))
    }

    fn introspection(&mut self, key: &str) {
        match self.introspection.get(key) {
            Some(json) if self.has_room(json.len()) => self.out.extend_from_slice(json),
            Some(_) => {}
            None => self.null(),
        }
    }

    fn one(&mut self, load: LoadId, selection: &RowSelection, key: Option<&Key>) {
        match self.found(load, key).and_then(|found| found.rows.first()) {
            Some(row) => self.row(selection, row),
            None => self.null(),
        }
    }

    fn row(&mut self, selection: &RowSelection, row: &Row) {
        let table = self.catalog.table(selection.table);
        self.object(&selection.fields, |this, _, field| match field {
            RowField::Typename => write_string(&table.type_name, this.out),
            RowField::GlobalId(positions) => global_id::write(table, positions, row, this.out),
            RowField::Column(position, ty) => this.value(ty, row.bytes(*position)),
            RowField::One { load, key, selection } => this.one(*load, selection, Key::of(row, key).as_ref()),
            RowField::Joined { present, selection } => {
                if present.iter().all(|position| row.bytes(*position).is_some()) {
                    this.row(selection, row);
                } else {
                    this.null();
                }
            }
            RowField::Series { key, series } => this.series(series, Key::of(row, key).as_ref()),
            RowField::Groups { key, groups } => this.groups(groups, Key::of(row, key).as_ref()),
            RowField::Many { key, connection } => this.connection(connection, Key::of(row, key).as_ref()),
        });
    }

    fn connection(&mut self, connection: &ConnectionShape, key: Option<&Key>) {
        let nothing = Found::default();
        let page = connection.page.and_then(|load| self.found(load, key)).unwrap_or(&nothing);
        let aggregate = connection.aggregate.and_then(|load| self.found(load, key)?.rows.first());
        let cursor = connection.page.and_then(|load| self.cursor_shape(load));
        self.object(&connection.fields, |this, _, field| match field {
            ConnectionField::Typename => this.text(&[&connection.type_name, "Connection"]),
            ConnectionField::TotalCount(position) => this.count(*position, aggregate),
            ConnectionField::Aggregate(fields) => this.aggregate(fields, aggregate),
            ConnectionField::Nodes(selection) => {
                this.list(&page.rows, |this, row| this.row(selection, row));
            }
            ConnectionField::Points(load, selection) => {
                let rows = this.found(*load, key).map_or(&[][..], |found| &found.rows);
                this.list(rows, |this, row| this.row(selection, row));
            }
            ConnectionField::Edges(edges) => this.list(&page.rows, |this, row| {
                this.object(edges, |this, _, edge| match edge {
                    EdgeField::Typename => this.text(&[&connection.type_name, "Edge"]),
                    EdgeField::Cursor => this.cursor(cursor, Some(row)),
                    EdgeField::Node(selection) => this.row(selection, row),
                });
            }),
            ConnectionField::PageInfo(fields) => this.object(fields, |this, _, field| match field {
                PageInfoField::Typename => this.text(&["PageInfo"]),
                PageInfoField::HasNextPage(beyond) | PageInfoField::HasPreviousPage(beyond) => {
                    let has_more = |load: &LoadId| this.found(*load, key).is_some_and(|found| found.more);
                    this.boolean(beyond.page && page.more || beyond.loads.iter().any(has_more));
                }
                PageInfoField::StartCursor => this.cursor(cursor, page.rows.first()),
                PageInfoField::EndCursor => this.cursor(cursor, page.rows.last()),
            }),
        });
    }

    fn cursor_shape(&self, load: LoadId) -> Option<&'a CursorShape> {
        match &self.plan.loads[load.0].kind {
            LoadKind::Page { cursor, .. } => cursor.as_ref(),
            LoadKind::ByKey | LoadKind::Aggregate | LoadKind::Series { .. } | LoadKind::Points { .. } => None,
        }
    }

    fn cursor(&mut self, shape: Option<&CursorShape>, row: Option<&Row>) {
        match (shape, row) {
            (Some(shape), Some(row)) => write_cursor(shape, row, self.out),
            _ => self.null(),
        }
    }

    fn object<T>(&mut self, fields: &[Keyed<T>], mut write: impl FnMut(&mut Self, &str, &T)) {
        self.out.push(b'{');
        for (at, field) in fields.iter().enumerate() {
            if !self.has_room(field.key.len()) {
                return;
            }
            if at > 0 {
                self.out.push(b',');
            }
            // A GraphQL name has no character that JSON escapes.
            self.out.push(b'"');
            self.out.extend_from_slice(field.key.as_bytes());
            self.out.extend_from_slice(b"\":");
            write(self, &field.key, &field.value);
        }
        self.out.push(b'}');
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.out.push(b'[');
        for (at, item) in items.into_iter().enumerate() {
            if !self.has_room(0) {
                return;
            }
            if at > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self.out.push(b']');
    }

    /// Writes a string of parts that need no escapes.
    fn text(&mut self, parts: &[&str]) {
        self.out.push(b'"');
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.push(b'"');
    }

    fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
}
