//! Aggregates as SQL.

use praxis::graph::catalog::{ColumnType, FieldId, Scalar, Table};
use serde_json::Value;

use crate::random::Field;

use super::filter::listed;
use super::selection::collect;
use super::values::{column, object, quote, scalar_named};
use super::{Oracle, Sql, arguments};

impl Oracle<'_> {
    /// Returns aggregates over the rows called `t`, as an object; the rows are in the FROM clause.
    pub(super) fn numbers(&self, table: &Table, t: &str, fields: &[Field]) -> Sql {
        self.each_number(table, fields, &|ty, member, field| match (member, field.name.as_str()) {
            (None, _) => Ok("count(*)".into()),
            (Some(of), name) => {
                let value = operand(table, t, of)?;
                let share = arguments(field).get("p").cloned().unwrap_or_default();
                let number = function(name, &value, &column_type(table, of)?, &share)?;
                Ok(match column_type(table, of)? {
                    ColumnType::Enum(_) if matches!(name, "min" | "max") => {
                        column(&number, &column_type(table, of)?)
                    }
                    _ => scalar_named(&number, ty),
                })
            }
        })
    }

    /// Returns the same object for no rows: every count is 0, and the rest is null.
    pub(super) fn zeros(&self, table: &Table, fields: &[Field]) -> Sql {
        self.each_number(table, fields, &|ty, _, _| {
            Ok(match ty {
                "Int" | "Float" => "0".into(),
                "BigInt" | "Decimal" => quote("0"),
                _ => "NULL::text".into(),
            })
        })
    }

    /// Returns an object like `aggregate`, with a value for each aggregate: by its type, the column's field, and its own.
    fn each_number(
        &self,
        table: &Table,
        fields: &[Field],
        one: &dyn Fn(&str, Option<&Field>, &Field) -> Sql,
    ) -> Sql {
        let ty = format!("{}Aggregate", table.type_name);
        let mut members = Vec::new();
        for field in collect(fields, &[&ty]) {
            let declared = self.schema.field(&ty, &field.name).map(|it| it.ty.name.as_str());
            let value = match (field.name.as_str(), declared) {
                ("__typename", _) => quote(&ty),
                (_, Some(scalar @ "Int")) => one(scalar, None, &field)?,
                (_, Some(of)) => {
                    let mut members = Vec::new();
                    for inner in collect(&field.fields, &[of]) {
                        let declared = self.schema.field(of, &inner.name);
                        let value = match (inner.name.as_str(), declared) {
                            ("__typename", _) => quote(of),
                            (_, Some(declared)) => one(&declared.ty.name, Some(&field), &inner)?,
                            (name, None) => return Err(format!("there is no {name} of {of}")),
                        };
                        members.push((inner.key().to_owned(), value));
                    }
                    object(&members)
                }
                (name, None) => return Err(format!("there is no {name} of {ty}")),
            };
            members.push((field.key().to_owned(), value));
        }
        Ok(object(&members))
    }
}

fn column_type(table: &Table, of: &Field) -> Result<ColumnType, String> {
    match table.field(&of.name) {
        Some(FieldId::Column(id)) => Ok(table.column(id).ty.clone()),
        _ => Err(format!("there is no column {}", of.name)),
    }
}

/// Returns a column's value, or the number at a place within it.
fn operand(table: &Table, t: &str, of: &Field) -> Sql {
    let Some(FieldId::Column(id)) = table.field(&of.name) else {
        return Err(format!("there is no column {}", of.name));
    };
    let value = format!("{t}.{}", table.column(id).sql_name);
    let given = arguments(of);
    let Some(at) = given.get("at") else { return Ok(value) };
    let keys = listed(at).iter().map(|key| quote(key.as_str().unwrap_or_default()));
    let keys = keys.collect::<Vec<_>>().join(", ");
    let (json, text) = (
        format!("jsonb_extract_path({value}, VARIADIC ARRAY[{keys}]::text[])"),
        format!("jsonb_extract_path_text({value}, VARIADIC ARRAY[{keys}]::text[])"),
    );
    Ok(format!("(CASE WHEN jsonb_typeof({json}) = 'number' THEN {text}::float8 END)"))
}

/// Returns an aggregate function of a value. `share`: that of a percentile.
pub(super) fn function(name: &str, value: &str, ty: &ColumnType, share: &Value) -> Sql {
    // The sum of `real` values needs more than a `real`.
    let summand = if ty.scalar() == Scalar::Real { format!("{value}::float8") } else { value.to_owned() };
    Ok(match name {
        "countDistinct" => format!("count(DISTINCT {value})"),
        "countTrue" => format!("count(*) FILTER (WHERE {value} IS TRUE)"),
        "countFalse" => format!("count(*) FILTER (WHERE {value} IS FALSE)"),
        "rate" => format!("count(*) FILTER (WHERE {value} IS TRUE)::float8 / nullif(count({value}), 0)"),
        "sum" => format!("sum({summand})"),
        "avg" => format!("(sum({summand})::numeric / nullif(count({value}), 0))::float8"),
        "min" => format!("min({value})"),
        "max" => format!("max({value})"),
        "stddev" => format!("sqrt(var_samp({value}))::float8"),
        "variance" => format!("var_samp({value})::float8"),
        "percentile" => {
            let share = share.as_f64().ok_or_else(|| format!("{share} is no share"))?;
            format!("percentile_cont({share:?}::float8) WITHIN GROUP (ORDER BY {value}::float8)")
        }
        _ => return Err(format!("the judge does not know the function {name}")),
    })
}
