//! Fields of a row.

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{RowField, RowSelection};
use super::{Planned, Planner, Source};
use crate::graph::catalog::{FieldId, RelationId, Table};

impl<'a> Planner<'a> {
    /// Plans the fields of rows of a load, or of what is joined to them. `rows`: how many there are at most.
    pub(super) fn row(
        &mut self,
        table: &'a Table,
        source: impl Into<Source>,
        sets: &[&'a [Selection]],
        rows: u64,
    ) -> Planned<RowSelection> {
        let source = source.into();
        let collected = self.collect(sets, &table.type_name)?;
        let fields =
            self.each(&collected, rows, |this, field, collected| match table.field(&field.name) {
                Some(FieldId::GlobalId) => Ok(RowField::GlobalId(this.positions(source, &table.primary_key))),
                Some(FieldId::Column(id)) => {
                    Ok(RowField::Column(this.position(source, id), table.column(id).ty.clone()))
                }
                Some(FieldId::Relation(id)) => this.relation(table, id, source, field, collected, rows),
                Some(FieldId::Groups(id)) => {
                    let relation = table.relation(id);
                    let key = this.positions(source, &relation.local);
                    let target = this.catalog.table(relation.target);
                    Ok(RowField::Groups {
                        key,
                        groups: this.groups(target, &relation.remote, field, collected, rows)?,
                    })
                }
                Some(FieldId::Series(id)) => {
                    let relation = table.relation(id);
                    let key = this.positions(source, &relation.local);
                    let target = this.catalog.table(relation.target);
                    let series = this.series(target, &relation.remote, field, collected, rows)?;
                    Ok(RowField::Series { key, series })
                }
                // Validation leaves `__typename` only.
                None => Ok(RowField::Typename),
            })?;
        Ok(RowSelection { table: table.id, fields })
    }

    pub(super) fn relation(
        &mut self,
        table: &'a Table,
        id: RelationId,
        source: Source,
        field: &'a Field,
        collected: &Collected<'a>,
        rows: u64,
    ) -> Planned<RowField> {
        let relation = table.relation(id);
        let target = self.catalog.table(relation.target);
        if relation.many {
            let key = self.positions(source, &relation.local);
            let connection = self.connection(target, &relation.remote, field, collected, rows)?;
            return Ok(RowField::Many { key, connection });
        }
        if let Some(joined) = self.join(source, relation) {
            let present = self.positions(joined, &relation.remote);
            let selection = self.row(target, joined, &collected.selections(), rows)?;
            return Ok(RowField::Joined { present, selection });
        }
        let key = self.positions(source, &relation.local);
        let load = self.by_key(target, &relation.remote, field, rows);
        let selection = self.row(target, load, &collected.selections(), rows)?;
        Ok(RowField::One { load, key, selection })
    }
}
