//! The SQL of comparisons with the values of a filter.

use super::Filter;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::sql::snippet::{Snippet, snippet, text};
use crate::graph::value::{parameter, parameter_array};

impl Filter<'_, '_> {
    pub(super) fn comparisons(
        &mut self,
        ty: &ColumnType,
        operand: &Snippet,
        value: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        let conditions = value.fields();
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| {
                this.count()?;
                this.comparison(ty, operand, name, value)
            })
        })
    }

    fn comparison(
        &mut self,
        ty: &ColumnType,
        operand: &Snippet,
        operator: &str,
        value: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        let binary = |operator: &'static str| snippet!("{operand} {operator} ", operand, operator);
        let text = || value.as_str().unwrap_or_default();
        match operator {
            "isNull" => {
                let is = if value.as_bool() == Some(true) { "IS NULL" } else { "IS NOT NULL" };
                self.sql.push(text!("{operand} {is}", operand, is));
            }
            "in" => {
                let values = self.array(ty, value)?;
                self.sql.push(binary("=")).push("ANY (").bind(values).push(")");
            }
            "notIn" => {
                let values = self.array(ty, value)?;
                self.sql.push(binary("<>")).push("ALL (").bind(values).push(")");
            }
            "like" | "ilike" => {
                let escapes = text().bytes().rev().take_while(|byte| *byte == b'\\').count();
                if escapes % 2 == 1 {
                    return Err(
                        self.error("a `\\` at the end of a pattern escapes nothing; write `\\\\` for itself")
                    );
                }
                self.pattern(
                    &binary(if operator == "like" { "LIKE" } else { "ILIKE" }),
                    text(),
                    str::to_owned,
                )?;
            }
            "startsWith" => {
                self.pattern(&binary("LIKE"), text(), |text| format!("{}%", escape_pattern(text)))?;
            }
            "contains" if *ty == ColumnType::Scalar(Scalar::Text) => {
                self.pattern(&binary("ILIKE"), text(), |text| format!("%{}%", escape_pattern(text)))?;
            }
            "hasKey" => self.pattern(&binary("?"), text(), str::to_owned)?,
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
                if let ColumnType::List(_) = ty {
                    self.allowance.list(value.items().len(), || self.argument.join("."))?;
                }
                let parameter = parameter(ty, value).map_err(|error| self.within(error))?;
                if *ty == ColumnType::Scalar(Scalar::Json) {
                    let length = parameter.value.as_ref().map_or(0, Vec::len);
                    self.allowance.pattern(length, || self.argument.join("."))?;
                }
                self.allowance.operand(&parameter, || self.argument.join("."))?;
                if *ty == ColumnType::Scalar(Scalar::Json) && matches!(operator, "<" | "<=" | ">" | ">=") {
                    // Postgres orders JSON of all types, and every number is greater than every text.
                    let json_type = value.json_type();
                    self.sql.push(text!("jsonb_typeof({operand}) = '{json_type}' AND ", operand, json_type));
                }
                self.sql.push(binary(operator)).bind(parameter);
            }
        }
        Ok(())
    }

    /// Writes the conditions on the value at a path within JSON.
    fn json_path(&mut self, operand: &Snippet, value: &Value<'_>) -> Result<(), ArgumentError> {
        let at = value.get("at").ok_or_else(|| self.error("name a path"))?;
        let conditions = value.fields().iter().filter(|(name, _)| name != "at");
        let letters = at.items().iter();
        let letters = letters.map(|key| 1 + key.as_str().map_or(0, |key| key.chars().count())).sum();
        let at = self.inside("at", |this| {
            this.allowance.pattern(letters, || this.argument.join("."))?;
            this.array(&ColumnType::Scalar(Scalar::Text), at)
        })?;
        let at = self.sql.parameter(at);
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| {
                this.count()?;
                let operand = snippet!("({operand} #> {at})", operand, at);
                this.comparison(&ColumnType::Scalar(Scalar::Json), &operand, name, value)
            })
        })
    }

    fn array(&mut self, ty: &ColumnType, value: &Value<'_>) -> Result<Parameter, ArgumentError> {
        self.allowance.list(value.items().len(), || self.argument.join("."))?;
        let values = parameter_array(ty, value).map_err(|error| self.within(error))?;
        self.allowance.operand(&values, || self.argument.join("."))?;
        Ok(values)
    }

    fn pattern(
        &mut self,
        condition: &Snippet,
        text: &str,
        make: impl FnOnce(&str) -> String,
    ) -> Result<(), ArgumentError> {
        if text.contains('\0') {
            return Err(self.error("text has no NUL"));
        }
        self.allowance.pattern(text.chars().count(), || self.argument.join("."))?;
        let pattern = Parameter::from(make(text));
        self.allowance.operand(&pattern, || self.argument.join("."))?;
        self.sql.push(condition).bind(pattern);
        Ok(())
    }
}

/// Returns a pattern for LIKE that matches a text literally.
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
