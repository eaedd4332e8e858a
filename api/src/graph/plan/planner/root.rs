//! Plans fields of `Query`: look-ups, lists, ids.

use std::sync::Arc;

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{KeySource, Keyed, Lookup, Nodes, RootField};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::arguments::{ArgumentError, Reading, Value};
use crate::graph::catalog::names::capitalise;
use crate::graph::catalog::{ColumnId, Function, Table};
use crate::graph::error::Error;
use crate::graph::global_id;
use crate::graph::question::key::{self, key_values};
use crate::graph::question::page::{self, Page};

impl<'a> Planner<'a> {
    pub(super) fn root(
        &mut self,
        sets: &[&'a [Selection]],
        type_name: &str,
        system: Option<usize>,
    ) -> Planned<Vec<Keyed<RootField>>> {
        let collected = self.root_collected(sets, type_name)?;
        self.each(&collected, 1, |this, field, collected| {
            Ok(match &*field.name {
                "__typename" => RootField::Typename(type_name.to_owned()),
                "__schema" | "__type" => this.introspection(field, &collected.selections())?,
                "node" if system.is_none() => this.node(field, &collected.selections())?,
                "nodes" if system.is_none() => this.nodes(field, &collected.selections())?,
                name => this.root_field(name, field, collected, system)?,
            })
        })
    }

    /// Collects the fields of a root type, within their limit.
    pub(super) fn root_collected(
        &mut self,
        sets: &[&'a [Selection]],
        type_name: &str,
    ) -> Planned<Vec<Collected<'a>>> {
        let collected = self.collect(sets, type_name)?;
        if let Some(beyond) = collected.get(self.limits.root_fields) {
            let field = beyond.first();
            self.path.push(field);
            let most = self.limits.root_fields;
            return Err(
                self.exceeded(field, format!("A request has at most {most} fields in `{type_name}`."))
            );
        }
        Ok(collected)
    }

    pub(super) fn root_field(
        &mut self,
        name: &str,
        field: &'a Field,
        collected: &Collected<'a>,
        system: Option<usize>,
    ) -> Planned<RootField> {
        let catalog = self.catalog;
        if system.is_none()
            && let Some(at) =
                catalog.systems().iter().position(|system| system.field.as_deref() == Some(name))
        {
            let fields =
                self.root(&collected.selections(), &format!("{}Query", capitalise(name)), Some(at))?;
            return Ok(RootField::Namespace(fields));
        }
        let here = |table: &&Table| match system {
            Some(at) => table.system == at,
            None => catalog.systems()[table.system].field.is_none(),
        };
        let mut tables = catalog.tables().iter().filter(here);
        if let Some(table) = tables.clone().find(|table| table.list_field == name) {
            if self.catalog.function_of(table).is_some_and(Function::is_single) {
                return self.single_row(table, field, &collected.selections()).map(RootField::One);
            }
            return Ok(RootField::Connection(self.connection(table, &[], field, collected, 1)?));
        }
        if let Some(table) = tables.clone().find(|table| table.groups_field == name) {
            return Ok(RootField::Groups(self.groups(table, &[], field, collected, 1)?));
        }
        if let Some(table) = tables.clone().find(|table| table.series_field == name) {
            return Ok(RootField::Series(self.series(table, &[], field, collected, 1)?));
        }
        match tables.find(|table| table.single_field == name) {
            Some(table) => self.lookup_by_arguments(table, field, &collected.selections()),
            // Validation has checked the field against the schema, which is made from the same catalog.
            None => Err(Error::internal(&format!("the schema has a field {name} that the catalog lacks"))),
        }
    }

    pub(super) fn lookup_by_arguments(
        &mut self,
        table: &'a Table,
        field: &'a Field,
        sets: &[&'a [Selection]],
    ) -> Planned<RootField> {
        let given = self.arguments_by(field, |_| Reading::Guard)?;
        let has = |column: &ColumnId| given.get(&table.column(*column).field).is_some();
        let present = given.iter().count();
        key::check(table, &given).map_err(|error| self.refuse(field, error))?;
        let key =
            table.keys.iter().find(|key| key.len() == present && key.iter().all(has)).ok_or_else(|| {
                let message = format!("give exactly one key: {}", table.key_names());
                self.refuse(field, ArgumentError::here(message))
            })?;
        let parts = key_values(table, key, &given).map_err(|error| self.refuse(field, error))?;
        self.lookup(table, key, parts, field, sets).map(RootField::One)
    }

    /// Plans the row of a function that returns at most one.
    fn single_row(
        &mut self,
        table: &'a Table,
        field: &'a Field,
        sets: &[&'a [Selection]],
    ) -> Planned<Lookup> {
        let given = self.arguments(field)?;
        let page = page::read(self.catalog, table, &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let load_key =
            LoadKey { kind: "row", table: table.id, columns: Vec::new(), arguments: given.text(|_| true) };
        let place = self.place(field);
        let load = self.load(load_key, None, &place, 1, DraftKind::Page(Page { limit: 1, ..page }));
        let selection = self.row(table, load, sets, 1)?;
        Ok(Lookup { load, key: Vec::new(), selection })
    }

    pub(super) fn lookup(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        key: Vec<Vec<u8>>,
        field: &Field,
        sets: &[&'a [Selection]],
    ) -> Planned<Lookup> {
        let (load, selection) = self.for_keys(KeySource::Request([key.clone()].into()), |this| {
            let load = this.by_key(table, columns, field, 1);
            Ok((load, this.row(table, load, sets, 1)?))
        })?;
        Ok(Lookup { load, key, selection })
    }

    pub(super) fn node(&mut self, field: &'a Field, sets: &[&'a [Selection]]) -> Planned<RootField> {
        let given = self.arguments(field)?;
        let id = given.get("id").and_then(Value::as_str).unwrap_or_default();
        let (table, key) = global_id::read(self.catalog, id).ok_or_else(|| {
            self.refuse(field, ArgumentError::new("id", "this is not an id of this server"))
        })?;
        self.lookup(table, &table.primary_key, key, field, sets).map(RootField::One)
    }

    pub(super) fn nodes(&mut self, field: &'a Field, sets: &[&'a [Selection]]) -> Planned<RootField> {
        let given = self.arguments(field)?;
        let ids = given.get("ids").map(Value::items).unwrap_or_default();
        if ids.len() as u64 > self.limits.largest_page {
            let message = format!("at most {} ids", self.limits.largest_page);
            return Err(self.refuse(field, ArgumentError::exceeded("ids", message)));
        }
        // Each type is planned once, however many of its ids are given.
        let mut tables: Vec<&'a Table> = Vec::new();
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            // An id of another server has no row.
            let read = global_id::read(self.catalog, id.as_str().unwrap_or_default());
            keys.push(read.map(|(table, key)| {
                let known = tables.iter().position(|known| known.id == table.id).unwrap_or_else(|| {
                    tables.push(table);
                    tables.len() - 1
                });
                (known, key)
            }));
        }
        let types = tables
            .iter()
            .enumerate()
            .map(|(at, table)| {
                let of_table: Arc<[_]> =
                    keys.iter().flatten().filter(|(of, _)| *of == at).map(|(_, key)| key.clone()).collect();
                let rows = of_table.len() as u64;
                self.for_keys(KeySource::Request(of_table), |this| {
                    let load = this.by_key(table, &table.primary_key, field, rows);
                    Ok((load, this.row(table, load, sets, rows)?))
                })
            })
            .collect::<Planned<_>>()?;
        Ok(RootField::Nodes(Nodes { types, ids: keys }))
    }
}
