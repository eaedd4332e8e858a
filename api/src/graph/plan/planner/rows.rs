//! Plans fields of a row.

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{KeySource, RowField, RowSelection};
use super::loads::RowSource;
use super::{Planned, Planner};
use crate::graph::catalog::{FieldId, RelationId, Table};

impl<'a> Planner<'a> {
    /// Plans the fields of rows of a load, or of rows that are joined to them. `rows` is the largest number of rows.
    pub(super) fn row(
        &mut self,
        table: &'a Table,
        source: impl Into<RowSource>,
        sets: &[&'a [Selection]],
        rows: u64,
    ) -> Planned<RowSelection> {
        let source = source.into();
        let collected = self.collect(sets, &table.type_name)?;
        let plan = |this: &mut Self| {
            this.each(&collected, rows, |this, field, collected| match table.field(&field.name) {
                Some(FieldId::GlobalId) => Ok(RowField::GlobalId(this.positions(source, &table.primary_key))),
                Some(FieldId::Column(id)) => {
                    Ok(RowField::Column(this.position(source, id), table.column(id).ty.clone()))
                }
                Some(FieldId::Relation(id)) => this.relation(table, id, source, field, collected, rows),
                Some(FieldId::Groups(id)) => {
                    let relation = table.relation(id);
                    let key = this.positions(source, &relation.local);
                    let target = this.catalog.table(relation.target);
                    let groups = this.for_keys(KeySource::Rows(key.as_slice().into()), |this| {
                        this.groups(target, &relation.remote, field, collected, rows)
                    })?;
                    Ok(RowField::Groups { key, groups })
                }
                Some(FieldId::Series(id)) => {
                    let relation = table.relation(id);
                    let key = this.positions(source, &relation.local);
                    let target = this.catalog.table(relation.target);
                    let series = this.for_keys(KeySource::Rows(key.as_slice().into()), |this| {
                        this.series(target, &relation.remote, field, collected, rows)
                    })?;
                    Ok(RowField::Series { key, series })
                }
                // Validation leaves `__typename` only.
                None => Ok(RowField::Typename),
            })
        };
        // The loads below a joined row are children of the load.
        let fields = if source.is_joined() { plan(self)? } else { self.below(source.load, plan)? };
        Ok(RowSelection { table: table.id, fields })
    }

    pub(super) fn relation(
        &mut self,
        table: &'a Table,
        id: RelationId,
        source: RowSource,
        field: &'a Field,
        collected: &Collected<'a>,
        rows: u64,
    ) -> Planned<RowField> {
        let relation = table.relation(id);
        let target = self.catalog.table(relation.target);
        if relation.many {
            let key = self.positions(source, &relation.local);
            let connection = self.for_keys(KeySource::Rows(key.as_slice().into()), |this| {
                this.connection(target, &relation.remote, field, collected, rows)
            })?;
            return Ok(RowField::Many { key, connection });
        }
        if let Some(joined) = self.join(source, relation) {
            let present = self.positions(joined, &relation.remote);
            let selection = self.row(target, joined, &collected.selections(), rows)?;
            return Ok(RowField::Joined { present, selection });
        }
        let key = self.positions(source, &relation.local);
        let (load, selection) = self.for_keys(KeySource::Rows(key.as_slice().into()), |this| {
            let load = this.by_key(target, &relation.remote, field, rows);
            Ok((load, this.row(target, load, &collected.selections(), rows)?))
        })?;
        Ok(RowField::One { load, key, selection })
    }
}
