//! `filter` → WHERE.

use tokio_postgres::types::Type;

use super::builder::Sql;
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnType, FieldId, Relation, Scalar, Table};
use crate::graph::question::allowance::Allowance;
use crate::graph::value::{parameter, parameter_array};

/// Writes a filter's condition into SQL.
pub(in crate::graph) struct Filter<'a, 'l> {
    catalog: &'a Catalog,
    sql: &'a mut Sql,
    allowance: &'a mut Allowance<'l>,
    /// Dotted path of the condition at hand.
    argument: Vec<String>,
    /// Where the condition at hand stands.
    place: Place,
    /// Relations that it lies within.
    depth: usize,
}

/// Where a condition stands: Postgres makes a join of EXISTS in the first two places. Elsewhere it plans EXISTS twice, to choose
/// later, and so what lies within one another doubles with each level: 14 levels took it gigabytes.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It must hold, perhaps with others.
    Needed,
    /// Alone behind a NOT that must hold.
    Denied,
    /// Anywhere else.
    Within,
}

impl<'a, 'l> Filter<'a, 'l> {
    pub(in crate::graph) fn new(
        catalog: &'a Catalog,
        sql: &'a mut Sql,
        allowance: &'a mut Allowance<'l>,
    ) -> Self {
        Self::on_values(catalog, sql, allowance, "filter")
    }

    /// A filter on values that have names of their own.
    pub(in crate::graph) fn on_values(
        catalog: &'a Catalog,
        sql: &'a mut Sql,
        allowance: &'a mut Allowance<'l>,
        argument: &str,
    ) -> Self {
        Self { catalog, sql, allowance, argument: vec![argument.to_owned()], place: Place::Needed, depth: 0 }
    }

    /// Writes the condition of a filter on values. `find` gives, for a field, the operands that it speaks of; its error says where
    /// within the field.
    pub(in crate::graph) fn write_values<'v>(
        &mut self,
        filter: &'v Value<'v>,
        find: &mut impl FnMut(&str, &'v Value<'v>) -> Result<Vec<Operand<'v>>, ArgumentError>,
    ) -> Result<(), ArgumentError> {
        let conditions = filter.fields();
        if conditions.is_empty() {
            self.count()?;
        }
        self.all(" AND ", "true", conditions, |this, (name, value)| {
            this.inside(name, |this| match name.as_ref() {
                "and" | "or" => {
                    let (operator, empty) = if name == "and" { (" AND ", "true") } else { (" OR ", "false") };
                    this.all(operator, empty, value.items().iter().enumerate(), |this, (at, item)| {
                        this.inside(&at.to_string(), |this| this.write_values(item, find))
                    })
                }
                "not" => {
                    this.sql.push("NOT ");
                    this.write_values(value, find)
                }
                _ => {
                    let operands = find(name, value).map_err(|error| this.within(error))?;
                    this.all(" AND ", "true", operands, |this, Operand { within, sql, ty, value }| {
                        let depth = this.argument.len();
                        this.argument.extend(within.iter().map(|part| (*part).to_owned()));
                        let compared = match sql {
                            Some(sql) => this.comparisons(&ty, &sql, value),
                            None => Err(this.error("there is no such condition")),
                        };
                        this.argument.truncate(depth);
                        compared
                    })
                }
            })
        })
    }

    /// Writes the condition of a filter on the rows of `table`, known as `alias`. No condition is `true`.
    pub(in crate::graph) fn write(
        &mut self,
        table: &Table,
        alias: &str,
        filter: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        let conditions = filter.fields();
        if conditions.is_empty() {
            // `or: [{}, {}, …]` is text to be written too.
            self.count()?;
        }
        let place = self.place.among(conditions.len());
        self.at(place, |this| {
            this.all(" AND ", "true", conditions, |this, (name, value)| {
                this.inside(name, |this| this.field(table, alias, name, value))
            })
        })
    }

    fn field(
        &mut self,
        table: &Table,
        alias: &str,
        name: &str,
        value: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        match name {
            "and" => self.list(table, alias, value, " AND ", "true"),
            "or" => self.list(table, alias, value, " OR ", "false"),
            "not" => {
                self.sql.push("NOT ");
                self.at(self.place.denied(), |this| this.write(table, alias, value))
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
        value: &Value<'_>,
        operator: &str,
        empty: &str,
    ) -> Result<(), ArgumentError> {
        let filters = value.items();
        let place = if operator == " AND " { self.place.among(filters.len()) } else { Place::Within };
        self.at(place, |this| {
            this.all(operator, empty, filters.iter().enumerate(), |this, (at, filter)| {
                this.inside(&at.to_string(), |this| this.write(table, alias, filter))
            })
        })
    }

    fn many(
        &mut self,
        table: &Table,
        alias: &str,
        relation: &Relation,
        value: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        let conditions = value.fields();
        let place = self.place.among(conditions.len());
        self.at(place, |this| {
            this.all(" AND ", "true", conditions, |this, (name, filter)| {
                let quantifier = match name.as_ref() {
                    "some" => Quantifier::Some,
                    "none" => Quantifier::None,
                    _ => Quantifier::Every,
                };
                this.inside(name, |this| this.exists(table, alias, relation, filter, quantifier))
            })
        })
    }

    fn exists(
        &mut self,
        table: &Table,
        alias: &str,
        relation: &Relation,
        filter: &Value<'_>,
        quantifier: Quantifier,
    ) -> Result<(), ArgumentError> {
        self.count()?;
        self.depth += 1;
        self.allowance.relation(self.depth, || self.argument.join("."))?;
        let target = self.catalog.table(relation.target);
        let inner = self.sql.alias();
        if let ([mine], [theirs]) = (relation.local.as_slice(), relation.remote.as_slice())
            && !relation.many
            && target.is_reference
            && (self.place, quantifier) == (Place::Needed, Quantifier::Some)
            && names_one(target, filter)
        {
            // One key is found first, and an index that begins with it gives the rest in order: a page is read row by row.
            let (mine, theirs) = (&table.column(*mine).sql_name, &target.column(*theirs).sql_name);
            self.sql.push(format_args!("{alias}.{mine} = (SELECT {inner}.{theirs} FROM "));
            self.sql.table(target).push(format_args!(" {inner} WHERE "));
            self.write(target, &inner, filter)?;
            self.sql.push(")");
            self.depth -= 1;
            return Ok(());
        }
        let is_join = match self.place {
            Place::Needed => true,
            Place::Denied => quantifier == Quantifier::Some,
            Place::Within => false,
        };
        self.sql.push(match (is_join, quantifier) {
            (true, Quantifier::Some) => "EXISTS (SELECT 1",
            (true, Quantifier::None | Quantifier::Every) => "NOT EXISTS (SELECT 1",
            (false, _) => "(SELECT true",
        });
        self.sql.push(" FROM ").table(target).push(format_args!(" {inner} WHERE "));
        self.sql.join(" AND ", relation.local.iter().zip(&relation.remote), |sql, (mine, theirs)| {
            sql.push(format_args!(
                "{inner}.{} = {alias}.{}",
                target.column(*theirs).sql_name,
                table.column(*mine).sql_name
            ));
        });
        self.sql.push(" AND ");
        // Not every row matches if one does not, whether it says no or cannot say.
        let (place, end) = match quantifier {
            Quantifier::Every => (Place::Within, " IS NOT TRUE"),
            Quantifier::Some | Quantifier::None => (Place::Needed, ""),
        };
        self.at(place, |this| this.write(target, &inner, filter))?;
        self.sql.push(end);
        self.sql.push(match (is_join, quantifier) {
            (true, _) => ")",
            (false, Quantifier::Some) => " LIMIT 1) IS NOT NULL",
            (false, Quantifier::None | Quantifier::Every) => " LIMIT 1) IS NULL",
        });
        self.depth -= 1;
        Ok(())
    }

    fn comparisons(
        &mut self,
        ty: &ColumnType,
        operand: &str,
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
        operand: &str,
        operator: &str,
        value: &Value<'_>,
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
                    // Postgres orders values of all types: every number is greater than every text.
                    let json_type = value.json_type();
                    self.sql.push(format_args!("jsonb_typeof({operand}) = '{json_type}' AND "));
                }
                self.sql.push(binary(operator)).bind(parameter);
            }
        }
        Ok(())
    }

    /// Conditions on the value at a path within JSON.
    fn json_path(&mut self, operand: &str, value: &Value<'_>) -> Result<(), ArgumentError> {
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
                let operand = format!("({operand} #> {at})");
                this.comparison(&ColumnType::Scalar(Scalar::Json), &operand, name, value)
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

    fn array(&mut self, ty: &ColumnType, value: &Value<'_>) -> Result<Parameter, ArgumentError> {
        self.allowance.list(value.items().len(), || self.argument.join("."))?;
        let values = parameter_array(ty, value).map_err(|error| self.within(error))?;
        self.allowance.operand(&values, || self.argument.join("."))?;
        Ok(values)
    }

    fn pattern(
        &mut self,
        condition: &str,
        text: &str,
        make: impl FnOnce(&str) -> String,
    ) -> Result<(), ArgumentError> {
        if text.contains('\0') {
            return Err(self.error("text has no NUL"));
        }
        self.allowance.pattern(text.chars().count(), || self.argument.join("."))?;
        let pattern = Parameter::new(Type::TEXT, make(text).into_bytes());
        self.allowance.operand(&pattern, || self.argument.join("."))?;
        self.sql.push(condition).bind(pattern);
        Ok(())
    }

    fn at<T>(&mut self, place: Place, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.place, place);
        let done = work(self);
        self.place = outer;
        done
    }

    fn inside<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.argument.push(name.to_owned());
        let done = work(self);
        self.argument.pop();
        done
    }

    fn count(&mut self) -> Result<(), ArgumentError> {
        self.allowance.condition(|| self.argument.join("."))
    }

    fn error(&self, message: &str) -> ArgumentError {
        self.within(ArgumentError::here(message))
    }

    /// A mistake within the condition at hand.
    fn within(&self, error: ArgumentError) -> ArgumentError {
        error.within(&self.argument.join("."))
    }
}

impl Place {
    /// The place of one of a number of conditions that must all hold here.
    fn among(self, number: usize) -> Self {
        if self == Self::Denied && number != 1 { Self::Within } else { self }
    }

    /// The place behind a NOT.
    fn denied(self) -> Self {
        if self == Self::Needed { Self::Denied } else { Self::Within }
    }
}

/// A value that has no field of its own in a filter.
pub(in crate::graph) struct Operand<'v> {
    /// Where the comparisons with it stand, from the field inwards.
    pub(in crate::graph) within: Vec<&'v str>,
    /// `None`: there is no such value.
    pub(in crate::graph) sql: Option<String>,
    pub(in crate::graph) ty: ColumnType,
    /// The comparisons.
    pub(in crate::graph) value: &'v Value<'v>,
}

#[derive(Clone, Copy, PartialEq)]
enum Quantifier {
    Some,
    None,
    Every,
}

/// Whether a filter is that a unique column has a value.
fn names_one(table: &Table, filter: &Value<'_>) -> bool {
    let [(field, conditions)] = filter.fields() else { return false };
    let Some(FieldId::Column(column)) = table.field(field) else { return false };
    let [(operator, _)] = conditions.fields() else { return false };
    operator == "eq" && table.keys.contains(&vec![column])
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
