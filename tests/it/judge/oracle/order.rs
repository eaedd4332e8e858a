//! Orders as SQL.

use praxis::graph::catalog::{ColumnId, FieldId, RelationId, Table};
use serde_json::Value;

use super::filter::listed;
use super::{Oracle, Sql};

/// A column, as seen from a table.
#[derive(Clone, PartialEq)]
pub(super) struct Path {
    /// The to-one relations that lead to it.
    pub(super) relations: Vec<RelationId>,
    pub(super) column: ColumnId,
}

/// Returns the only member of an input that describes an order.
pub(super) fn only(entry: &Value) -> Result<(&str, &Value), String> {
    let mut members = entry.as_object().into_iter().flatten();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => Err(format!("{entry} is no order")),
    }
}

/// Returns a direction in SQL, and true if it descends.
pub(super) fn direction(value: &Value) -> Result<(&'static str, bool), String> {
    Ok(match value.as_str().unwrap_or_default() {
        "ASC" | "ASC_NULLS_LAST" => ("ASC NULLS LAST", false),
        "ASC_NULLS_FIRST" => ("ASC NULLS FIRST", false),
        "DESC" | "DESC_NULLS_FIRST" => ("DESC NULLS FIRST", true),
        "DESC_NULLS_LAST" => ("DESC NULLS LAST", true),
        other => return Err(format!("{other} is no direction")),
    })
}

/// Returns the direction of the tie-breaker, which is that of the last entry.
pub(super) fn of_ties(descends: bool) -> &'static str {
    if descends { "DESC NULLS FIRST" } else { "ASC NULLS LAST" }
}

impl Oracle<'_> {
    /// Returns the ORDER BY, which orders all rows.
    pub(super) fn order(&self, table: &Table, t: &str, order: Option<&Value>) -> Sql {
        let mut terms = Vec::new();
        let mut descends = false;
        for entry in order.filter(|order| !order.is_null()).map_or(&[][..], listed) {
            let (path, value) = self.path(table, entry)?;
            let (direction, is_down) = direction(value)?;
            terms.push(format!("{} {direction}", self.value_at(table, t, &path)?));
            descends = is_down;
        }
        for key in &table.primary_key {
            terms.push(format!("{t}.{} {}", table.column(*key).sql_name, of_ties(descends)));
        }
        Ok(terms.join(", "))
    }

    /// Returns the column of an entry, and its direction.
    pub(super) fn path<'v>(&self, table: &Table, entry: &'v Value) -> Result<(Path, &'v Value), String> {
        let (name, value) = only(entry)?;
        match table.field(name) {
            Some(FieldId::Column(column)) => Ok((Path { relations: Vec::new(), column }, value)),
            Some(FieldId::Relation(id)) => {
                let (mut path, value) = self.path(self.catalog.table(table.relation(id).target), value)?;
                path.relations.insert(0, id);
                Ok((path, value))
            }
            _ => Err(format!("the judge does not know an order of {} by {name}", table.type_name)),
        }
    }

    /// Returns the value of a column of a row, or of a row that it references.
    pub(super) fn value_at(&self, table: &Table, t: &str, path: &Path) -> Sql {
        let Some((first, rest)) = path.relations.split_first() else {
            return Ok(format!("{t}.{}", table.column(path.column).sql_name));
        };
        let set = self.below(table, t, table.relation(*first));
        let r = self.alias();
        let rest = Path { relations: rest.to_vec(), column: path.column };
        let value = self.value_at(set.table, &r, &rest)?;
        Ok(format!("(SELECT {value} FROM {} {r} WHERE {})", set.source, set.condition(&r)))
    }
}
