//! `filter` → WHERE.

use apollo_compiler::response::JsonValue;
use tokio_postgres::types::Type;

use super::input::ArgumentError;
use super::sql::Sql;
use crate::database::Parameter;
use crate::graph::catalog::{Catalog, ColumnType, FieldId, Relation, Scalar, Table};
use crate::graph::error::Code;
use crate::graph::value::{parameter, parameter_array};

/// Writes a filter's condition into SQL.
pub(super) struct Filter<'a> {
    catalog: &'a Catalog,
    sql: &'a mut Sql,
    /// Dotted path of the condition at hand.
    argument: Vec<String>,
    /// Conditions that may still come.
    left: usize,
}

impl<'a> Filter<'a> {
    pub(super) fn new(catalog: &'a Catalog, sql: &'a mut Sql, most_conditions: usize) -> Self {
        Self { catalog, sql, argument: vec!["filter".to_owned()], left: most_conditions }
    }

    /// A filter on values that have names of their own.
    pub(super) fn on_values(
        catalog: &'a Catalog,
        sql: &'a mut Sql,
        most_conditions: usize,
        argument: &str,
    ) -> Self {
        Self { catalog, sql, argument: vec![argument.to_owned()], left: most_conditions }
    }

    /// Writes the condition of a filter on values. `find` gives, for a field, the operands that it speaks of, their
    /// types and the comparisons with them.
    pub(super) fn write_values<'v>(
        &mut self,
        filter: &'v JsonValue,
        find: &mut impl FnMut(&str, &'v JsonValue) -> Result<Operands<'v>, ArgumentError>,
    ) -> Result<(), ArgumentError> {
        let conditions = self.entries(filter)?;
        if conditions.is_empty() {
            self.count()?;
        }
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| match name {
                "and" | "or" => {
                    let (operator, empty) = if name == "and" { (" AND ", "true") } else { (" OR ", "false") };
                    let single = std::slice::from_ref(value);
                    let items = value.as_array().map_or(single, Vec::as_slice);
                    this.all(operator, empty, items, |this, item| this.write_values(item, find))
                }
                "not" => {
                    this.sql.push("NOT ");
                    this.write_values(value, find)
                }
                _ => {
                    let operands = find(name, value)?;
                    this.all(" AND ", "true", operands, |this, (operand, ty, value)| match operand {
                        Some(operand) => this.comparisons(&ty, &operand, value),
                        None => Err(this.error("there is no such condition")),
                    })
                }
            })
        })
    }

    /// Writes the condition of a filter on the rows of `table`, known as `alias`. No condition is `true`.
    pub(super) fn write(
        &mut self,
        table: &Table,
        alias: &str,
        filter: &JsonValue,
    ) -> Result<(), ArgumentError> {
        let conditions = self.entries(filter)?;
        if conditions.is_empty() {
            // `or: [{}, {}, …]` is text to be written too.
            self.count()?;
        }
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| this.field(table, alias, name, value))
        })
    }

    fn field(
        &mut self,
        table: &Table,
        alias: &str,
        name: &str,
        value: &JsonValue,
    ) -> Result<(), ArgumentError> {
        // Null is the same as left out.
        if value.is_null() {
            self.sql.push("true");
            return Ok(());
        }
        match name {
            "and" => self.list(table, alias, value, " AND ", "true"),
            "or" => self.list(table, alias, value, " OR ", "false"),
            "not" => {
                self.sql.push("NOT ");
                self.write(table, alias, value)
            }
            _ => match table.field(name) {
                Some(FieldId::Column(id)) => {
                    let column = table.column(id);
                    let operand = format!("{alias}.{}", column.sql_name);
                    self.comparisons(&column.ty, &operand, value)
                }
                Some(FieldId::Relation(id)) => {
                    let relation = table.relation(id);
                    if relation.many {
                        self.many(table, alias, relation, value)
                    } else {
                        self.exists(table, alias, relation, value, Quantifier::Some)
                    }
                }
                Some(FieldId::GlobalId | FieldId::Groups(_) | FieldId::Series(_)) | None => {
                    Err(self.error("there is no such field to filter on"))
                }
            },
        }
    }

    fn list(
        &mut self,
        table: &Table,
        alias: &str,
        value: &JsonValue,
        operator: &str,
        empty: &str,
    ) -> Result<(), ArgumentError> {
        let single = std::slice::from_ref(value);
        let filters = value.as_array().map_or(single, Vec::as_slice);
        self.all(operator, empty, filters.iter().enumerate(), |this, (at, filter)| {
            this.inside(&at.to_string(), |this| this.write(table, alias, filter))
        })
    }

    fn many(
        &mut self,
        table: &Table,
        alias: &str,
        relation: &Relation,
        value: &JsonValue,
    ) -> Result<(), ArgumentError> {
        let conditions = self.entries(value)?;
        let given = conditions.into_iter().filter(|(_, filter)| !filter.is_null());
        self.all(" AND ", "true", given, |this, (name, filter)| {
            let quantifier = match name {
                "some" => Quantifier::Some,
                "none" => Quantifier::None,
                _ => Quantifier::Every,
            };
            this.inside(name, |this| this.exists(table, alias, relation, filter, quantifier))
        })
    }

    fn exists(
        &mut self,
        table: &Table,
        alias: &str,
        relation: &Relation,
        filter: &JsonValue,
        quantifier: Quantifier,
    ) -> Result<(), ArgumentError> {
        self.count()?;
        let target = self.catalog.table(relation.target);
        let inner = self.sql.alias();
        self.sql.push(if quantifier == Quantifier::Some { "EXISTS" } else { "NOT EXISTS" });
        self.sql.push(" (SELECT 1 FROM ").table(target).push(format_args!(" {inner} WHERE "));
        self.sql.join(" AND ", relation.local.iter().zip(&relation.remote), |sql, (mine, theirs)| {
            sql.push(format_args!(
                "{inner}.{} = {alias}.{}",
                target.column(*theirs).sql_name,
                table.column(*mine).sql_name
            ));
        });
        self.sql.push(" AND ");
        self.write(target, &inner, filter)?;
        // Not every row matches if one does not, whether it says no or cannot say.
        self.sql.push(if quantifier == Quantifier::Every { " IS NOT TRUE)" } else { ")" });
        Ok(())
    }

    fn comparisons(
        &mut self,
        ty: &ColumnType,
        operand: &str,
        value: &JsonValue,
    ) -> Result<(), ArgumentError> {
        let conditions = self.entries(value)?;
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| {
                if value.is_null() {
                    return Err(this.error("null is not a condition; use `isNull`"));
                }
                this.count()?;
                this.comparison(ty, operand, name, value)
            })
        })
    }

    fn comparison(
        &mut self,
        ty: &ColumnType,
        operand: &str,
        operator: &str,
        value: &JsonValue,
    ) -> Result<(), ArgumentError> {
        let binary = |operator: &str| format!("{operand} {operator} ");
        let text = || value.as_str().unwrap_or_default();
        match operator {
            "isNull" => {
                let is = if value.as_bool() == Some(true) { "IS NULL" } else { "IS NOT NULL" };
                self.sql.push(format_args!("{operand} {is}"));
            }
            "in" => {
                let values = self.array(ty, value)?;
                self.sql.push(binary("=")).push("ANY (").bind(values).push(")");
            }
            "notIn" => {
                let values = self.array(ty, value)?;
                self.sql.push(binary("<>")).push("ALL (").bind(values).push(")");
            }
            "like" => self.text(&binary("LIKE"), text().to_owned())?,
            "ilike" => self.text(&binary("ILIKE"), text().to_owned())?,
            "startsWith" => self.text(&binary("LIKE"), format!("{}%", escape_pattern(text())))?,
            "contains" if *ty == ColumnType::Scalar(Scalar::Text) => {
                self.text(&binary("ILIKE"), format!("%{}%", escape_pattern(text())))?;
            }
            "hasKey" => self.text(&binary("?"), text().to_owned())?,
            "path" => self.json_path(operand, value)?,
            _ => {
                let operator = match operator {
                    "eq" => "=",
                    "neq" => "<>",
                    "lt" => "<",
                    "lte" => "<=",
                    "gt" => ">",
                    "gte" => ">=",
                    "contains" => "@>",
                    "containedBy" => "<@",
                    "overlaps" => "&&",
                    _ => return Err(self.error("there is no such condition")),
                };
                let parameter = parameter(ty, value).map_err(|error| self.error(&error.to_string()))?;
                self.sql.push(binary(operator)).bind(parameter);
            }
        }
        Ok(())
    }

    /// Conditions on the value at a path within JSON.
    fn json_path(&mut self, operand: &str, value: &JsonValue) -> Result<(), ArgumentError> {
        let (at, conditions): (Vec<_>, Vec<_>) =
            self.entries(value)?.into_iter().partition(|(name, _)| *name == "at");
        let nowhere = JsonValue::Array(Vec::new());
        let at = at.first().map_or(&nowhere, |(_, path)| *path);
        // The path is bound once for each condition; there is seldom more than one.
        let at = self.array(&ColumnType::Scalar(Scalar::Text), at)?;
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| {
                if value.is_null() {
                    return Err(this.error("null is not a condition; use `isNull`"));
                }
                this.count()?;
                this.sql.push(format_args!("({operand} #> ")).bind(at.clone()).push(")");
                this.comparison(&ColumnType::Scalar(Scalar::Json), "", name, value)
            })
        })
    }

    /// `(a AND b)`; the text of an empty list stands for none.
    fn all<T>(
        &mut self,
        operator: &str,
        empty: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), ArgumentError>,
    ) -> Result<(), ArgumentError> {
        let mut any = false;
        for item in items {
            self.sql.push(if any { operator } else { "(" });
            any = true;
            write(self, item)?;
        }
        self.sql.push(if any { ")" } else { empty });
        Ok(())
    }

    fn array(&self, ty: &ColumnType, value: &JsonValue) -> Result<Parameter, ArgumentError> {
        parameter_array(ty, value).map_err(|error| self.error(&error.to_string()))
    }

    fn text(&mut self, condition: &str, text: String) -> Result<(), ArgumentError> {
        if text.contains('\0') {
            return Err(self.error("text has no NUL"));
        }
        self.sql.push(condition).bind(Parameter::new(Type::TEXT, text.into_bytes()));
        Ok(())
    }

    /// The fields of an object; null stands for none.
    fn entries<'v>(&self, value: &'v JsonValue) -> Result<Vec<(&'v str, &'v JsonValue)>, ArgumentError> {
        match value {
            JsonValue::Object(map) => Ok(map.iter().map(|(name, value)| (name.as_str(), value)).collect()),
            JsonValue::Null => Ok(Vec::new()),
            other => Err(self.error(&format!("{other} is not an object"))),
        }
    }

    fn inside<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.argument.push(name.to_owned());
        let done = work(self);
        self.argument.pop();
        done
    }

    fn count(&mut self) -> Result<(), ArgumentError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            let mut error = self.error("the filter has too many conditions");
            error.code = Code::LimitExceeded;
            error
        })?;
        Ok(())
    }

    fn error(&self, message: &str) -> ArgumentError {
        ArgumentError::new(&self.argument.join("."), message)
    }
}

/// Operands in SQL (`None`: there is none), their types, and the comparisons with them.
pub(super) type Operands<'v> = Vec<(Option<String>, ColumnType, &'v JsonValue)>;

#[derive(Clone, Copy, PartialEq)]
enum Quantifier {
    Some,
    None,
    Every,
}

/// Text that LIKE takes literally.
fn escape_pattern(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
