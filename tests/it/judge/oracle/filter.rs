//! Filters as SQL. A missing value makes a condition unknown.

use praxis::graph::catalog::{ColumnType, FieldId, Relation, Scalar, Table};
use serde_json::Value;

use super::values::{literal, quote};
use super::{Oracle, Sql};

impl Oracle<'_> {
    /// Returns the condition of a filter on a row; it holds without a filter.
    pub(super) fn filter(&self, table: &Table, t: &str, filter: Option<&Value>) -> Sql {
        all_of(filter, &|name, value| match (name, table.field(name)) {
            ("not", _) => Ok(format!("NOT {}", self.filter(table, t, Some(value))?)),
            ("and" | "or", _) => joined(name, listed(value).iter().map(|it| self.filter(table, t, Some(it)))),
            (_, Some(FieldId::Column(id))) => {
                let column = table.column(id);
                conditions(&column.ty, &format!("{t}.{}", column.sql_name), value)
            }
            (_, Some(FieldId::Relation(id))) => self.related(table, t, table.relation(id), value),
            _ => Err(format!("the judge does not know the condition {name} on {}", table.type_name)),
        })
    }

    /// Returns a condition on the number of rows below a row.
    fn related(&self, table: &Table, t: &str, relation: &Relation, value: &Value) -> Sql {
        let set = self.below(table, t, relation);
        let count = |filter: &Value, holds: &str| {
            let r = self.alias();
            let filter = self.filter(set.table, &r, Some(filter))?;
            Ok::<_, String>(format!(
                "(SELECT count(*) FROM {} {r} WHERE {} AND ({filter}) IS {holds})",
                set.source,
                set.condition(&r)
            ))
        };
        if !relation.many {
            return Ok(format!("{} > 0", count(value, "TRUE")?));
        }
        all_of(Some(value), &|name, filter| match name {
            "some" => Ok(format!("{} > 0", count(filter, "TRUE")?)),
            "none" => Ok(format!("{} = 0", count(filter, "TRUE")?)),
            "every" => Ok(format!("{} = 0", count(filter, "NOT TRUE")?)),
            _ => Err(format!("the judge does not know {name} of rows")),
        })
    }
}

/// Returns the conditions on one value.
pub(super) fn conditions(ty: &ColumnType, operand: &str, value: &Value) -> Sql {
    all_of(Some(value), &|name, value| condition(ty, operand, name, value))
}

fn condition(ty: &ColumnType, operand: &str, name: &str, value: &Value) -> Sql {
    let is_text = *ty == ColumnType::Scalar(Scalar::Text);
    let text = || value.as_str().map(quote).ok_or_else(|| format!("{value} is no text"));
    let binary = |operator: &str| Ok(format!("{operand} {operator} {}", literal(value, ty)?));
    if *ty == ColumnType::Scalar(Scalar::Json) && matches!(name, "lt" | "lte" | "gt" | "gte") {
        // A number is neither less nor more than a text.
        let operator =
            format!("{}{}", if name.starts_with('l') { "<" } else { ">" }, &name[2..].replace('e', "="));
        let alike = format!("jsonb_typeof({operand}) = jsonb_typeof({})", literal(value, ty)?);
        return Ok(format!("({alike} AND {})", binary(&operator)?));
    }
    match name {
        "eq" => binary("="),
        "neq" => binary("<>"),
        "lt" => binary("<"),
        "lte" => binary("<="),
        "gt" => binary(">"),
        "gte" => binary(">="),
        "isNull" if value == true => Ok(format!("{operand} IS NULL")),
        "isNull" => Ok(format!("{operand} IS NOT NULL")),
        "in" => joined("or", listed(value).iter().map(|it| condition(ty, operand, "eq", it))),
        "notIn" => joined("and", listed(value).iter().map(|it| condition(ty, operand, "neq", it))),
        "like" => Ok(format!("{operand} LIKE {}", text()?)),
        "ilike" => Ok(format!("lower({operand}) LIKE lower({})", text()?)),
        "startsWith" => Ok(format!("starts_with({operand}, {})", text()?)),
        "contains" if is_text => Ok(format!("strpos(lower({operand}), lower({})) > 0", text()?)),
        "contains" => binary("@>"),
        "containedBy" => binary("<@"),
        "overlaps" => binary("&&"),
        "hasKey" => Ok(format!("jsonb_exists({operand}, {})", text()?)),
        "path" => {
            let keys = listed(&value["at"]).iter().map(|key| quote(key.as_str().unwrap_or_default()));
            let keys = keys.collect::<Vec<_>>().join(", ");
            let operand = format!("jsonb_extract_path({operand}, VARIADIC ARRAY[{keys}]::text[])");
            all_of(Some(value), &|name, value| match name {
                "at" => Ok("true".into()),
                _ => condition(ty, &operand, name, value),
            })
        }
        _ => Err(format!("the judge does not know the condition {name}")),
    }
}

/// Joins all members of an input with AND.
pub(super) fn all_of(input: Option<&Value>, one: &dyn Fn(&str, &Value) -> Sql) -> Sql {
    let members = input.and_then(Value::as_object).into_iter().flatten();
    joined("and", members.map(|(name, value)| one(name, value)))
}

/// Joins conditions with AND or OR.
pub(super) fn joined(operator: &str, conditions: impl Iterator<Item = Sql>) -> Sql {
    let conditions = conditions.collect::<Result<Vec<_>, String>>()?;
    if conditions.is_empty() {
        return Ok(if operator == "and" { "true" } else { "false" }.into());
    }
    Ok(format!("(({}))", conditions.join(&format!(") {operator} ("))))
}

/// Returns a list; a single value counts as a list of one.
pub(super) fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}
