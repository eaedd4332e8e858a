//! Rows and the rows below them, as SQL.

use praxis::graph::catalog::{FieldId, Relation, Table};

use crate::random::Field;

use super::selection::collect;
use super::values::{column, object, quote};
use super::{Oracle, Sql, arguments};

/// Rows of a table: all of them, or those below a row.
pub(super) struct Set<'a> {
    pub(super) table: &'a Table,
    /// The relation that holds them.
    pub(super) source: String,
    /// Columns and the values that they must equal.
    below: Vec<(String, String)>,
}

impl<'a> Set<'a> {
    pub(super) fn all(table: &'a Table, source: String) -> Self {
        Self { table, source, below: Vec::new() }
    }

    /// Returns the condition that a row of the relation belongs to the set.
    pub(super) fn condition(&self, t: &str) -> String {
        let conditions = self.below.iter().map(|(column, value)| format!("{t}.{column} = {value}"));
        conditions.reduce(|one, other| format!("{one} AND {other}")).unwrap_or_else(|| "true".into())
    }
}

impl Oracle<'_> {
    /// Returns a row as an object.
    pub(super) fn row(&self, table: &Table, t: &str, fields: &[Field]) -> Sql {
        let mut members = Vec::new();
        for field in collect(fields, &[&table.type_name, "Node"]) {
            members.push((field.key().to_owned(), self.row_field(table, t, &field)?));
        }
        Ok(object(&members))
    }

    fn row_field(&self, table: &Table, t: &str, field: &Field) -> Sql {
        let arguments = arguments(field);
        let below = |relation: &Relation| self.below(table, t, relation);
        match table.field(&field.name) {
            Some(FieldId::GlobalId) => Ok(global_id(table, t)),
            Some(FieldId::Column(id)) => {
                let it = table.column(id);
                Ok(column(&format!("{t}.{}", it.sql_name), &it.ty))
            }
            Some(FieldId::Relation(id)) if table.relation(id).many => {
                self.connection(&below(table.relation(id)), &arguments, &field.fields)
            }
            Some(FieldId::Relation(id)) => {
                let set = below(table.relation(id));
                let r = self.alias();
                let row = self.row(set.table, &r, &field.fields)?;
                Ok(format!("(SELECT {row} FROM {} {r} WHERE {})", set.source, set.condition(&r)))
            }
            Some(FieldId::Groups(id)) => self.groups(&below(table.relation(id)), &arguments, &field.fields),
            Some(FieldId::Series(id)) => self.series(&below(table.relation(id)), &arguments, &field.fields),
            None if field.name == "__typename" => Ok(quote(&table.type_name)),
            None => Err(format!("the judge does not know the field {} of {}", field.name, table.type_name)),
        }
    }

    /// Returns the rows below a row.
    pub(super) fn below(&self, table: &Table, t: &str, relation: &Relation) -> Set<'_> {
        let target = self.catalog.table(relation.target);
        let equal = relation.remote.iter().zip(&relation.local).map(|(theirs, mine)| {
            (target.column(*theirs).sql_name.clone(), format!("{t}.{}", table.column(*mine).sql_name))
        });
        Set { table: target, source: target.sql_name.clone(), below: equal.collect() }
    }
}

/// Returns the global id of a row: base64 of its type and key.
pub(super) fn global_id(table: &Table, t: &str) -> String {
    let key = table.primary_key.iter().map(|id| {
        let it = table.column(*id);
        format!("|| ',' || ({})::text", column(&format!("{t}.{}", it.sql_name), &it.ty))
    });
    format!(
        "to_jsonb(rtrim(translate(encode(convert_to('[\"{}\"'{}||']', 'UTF8'), 'base64'), E'+/\\n', '-_'), '='))",
        table.type_name,
        key.collect::<String>()
    )
}
