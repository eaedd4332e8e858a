//! Plans grouped lists.

use std::rc::Rc;

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{GroupField, GroupsShape, KeyField, Keyed, RangeField};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::arguments::ArgumentError;
use crate::graph::catalog::{ColumnId, ColumnType, FieldId, RelationId, Table};
use crate::graph::question::groups;
use crate::graph::question::order::Path;

impl<'a> Planner<'a> {
    /// Plans a grouped list below `parents` rows, or of the whole table if `columns` is empty.
    pub(super) fn groups(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        field: &'a Field,
        collected: &Collected<'a>,
        parents: u64,
    ) -> Planned<GroupsShape> {
        let mut given = self.arguments(field)?;
        let arguments = given.text(|_| true);
        let filter = given.take("filter").map(Rc::new);
        let groups = groups::Groups::read(self.catalog, table, given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let rows = parents.saturating_mul(groups.limit);
        let load_key = LoadKey { kind: "groups", table: table.id, columns: columns.to_vec(), arguments };
        let place = self.place(field);
        let keys = groups.clone();
        let load = self.load(load_key, filter, &place, parents, DraftKind::Groups(groups));
        let type_name = format!("{}Group", table.type_name);
        let parts = self.collect(&collected.selections(), &type_name)?;
        let fields = self.each(&parts, rows, |this, part, collected| {
            let sets = collected.selections();
            Ok(match &*part.name {
                "key" => GroupField::Key(this.group_key(table, &keys, &[], (&sets, rows))?),
                "aggregate" => GroupField::Aggregate(this.aggregate(table, load, &sets, rows)?),
                "cursor" => GroupField::Cursor,
                _ => GroupField::Typename,
            })
        })?;
        Ok(GroupsShape { load, type_name: table.type_name.clone(), fields })
    }

    pub(super) fn group_key(
        &mut self,
        table: &'a Table,
        groups: &groups::Groups<'_>,
        relations: &[RelationId],
        (sets, objects): (&[&'a [Selection]], u64),
    ) -> Planned<Vec<Keyed<KeyField>>> {
        let type_name = format!("{}GroupKey", table.type_name);
        let collected = self.collect(sets, &type_name)?;
        self.each(&collected, objects, |this, field, collected| match table.field(&field.name) {
            Some(FieldId::Column(column)) => {
                let at = Path { relations: relations.to_vec(), column };
                let position = groups.key(&at).ok_or_else(|| {
                    let error = ArgumentError::new("groupBy", format!("does not name `{}`", field.name));
                    this.refuse(field, error)
                })?;
                // The key of a list is one of its elements.
                let ty = match &table.column(column).ty {
                    ColumnType::List(element) => ColumnType::Scalar(*element),
                    ty => ty.clone(),
                };
                Ok(KeyField::Value(position, ty))
            }
            Some(FieldId::Relation(id)) => {
                let target = this.catalog.table(table.relation(id).target);
                let relations = [relations, &[id]].concat();
                this.group_key(target, groups, &relations, (&collected.selections(), objects))
                    .map(KeyField::Relation)
            }
            _ => match table.column_of_range(&field.name) {
                Some(column) => {
                    let at = Path { relations: relations.to_vec(), column };
                    this.group_range(groups, &at, field, (&collected.selections(), objects))
                }
                // Validation leaves `__typename` only.
                None => Ok(KeyField::Typename(type_name.clone())),
            },
        })
    }

    fn group_range(
        &mut self,
        groups: &groups::Groups<'_>,
        at: &Path,
        field: &'a Field,
        (sets, objects): (&[&'a [Selection]], u64),
    ) -> Planned<KeyField> {
        let (position, ranges) = groups.range(at).ok_or_else(|| {
            let error = ArgumentError::new("groupBy", format!("does not name `{}`", field.name));
            self.refuse(field, error)
        })?;
        let collected = self.collect(sets, "NumberRange")?;
        let fields = self.each(&collected, objects, |_, field, _| {
            Ok(match &*field.name {
                "from" => RangeField::From,
                "to" => RangeField::To,
                _ => RangeField::Typename,
            })
        })?;
        Ok(KeyField::Range(position, ranges.clone(), fields))
    }
}
