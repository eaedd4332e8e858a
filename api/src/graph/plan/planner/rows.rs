//! Fields of a row.

use apollo_compiler::Node;
use apollo_compiler::executable::{Field, SelectionSet};

use super::super::collect::{Collected, collect};
use super::super::{LoadId, RowField, RowSelection};
use super::{Planned, Planner};
use crate::graph::catalog::{FieldId, RelationId, Table};

impl<'a> Planner<'a> {
    /// Plans the fields of rows of a load. `rows`: how many there are at most.
    pub(super) fn row(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a SelectionSet],
        rows: u64,
    ) -> Planned<RowSelection> {
        let collected = collect(self.document, self.variables, sets, &table.type_name);
        let fields = self.each(&collected, |this, field, collected| match table.field(&field.name) {
            Some(FieldId::GlobalId) => Ok(RowField::GlobalId(this.positions(load, &table.primary_key))),
            Some(FieldId::Column(id)) => {
                Ok(RowField::Column(this.position(load, id), table.column(id).ty.clone()))
            }
            Some(FieldId::Relation(id)) => this.relation(table, id, load, field, collected, rows),
            Some(FieldId::Groups(id)) => {
                let relation = table.relation(id);
                let key = this.positions(load, &relation.local);
                let target = this.catalog.table(relation.target);
                Ok(RowField::Groups {
                    key,
                    groups: this.groups(target, &relation.remote, field, collected, rows)?,
                })
            }
            Some(FieldId::Series(id)) => {
                let relation = table.relation(id);
                let key = this.positions(load, &relation.local);
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
        load: LoadId,
        field: &'a Node<Field>,
        collected: &Collected<'a>,
        rows: u64,
    ) -> Planned<RowField> {
        let relation = table.relation(id);
        let target = self.catalog.table(relation.target);
        let key = self.positions(load, &relation.local);
        if relation.many {
            let connection = self.connection(target, &relation.remote, field, collected, rows)?;
            return Ok(RowField::Many { key, connection });
        }
        self.spend(field, rows)?;
        let load = self.by_key(target, &relation.remote, field);
        let selection = self.row(target, load, &collected.selection_sets(), rows)?;
        Ok(RowField::One { load, key, selection })
    }
}
