//! The SQL of filters.
//!
//! A filter is checked while its condition is written. An error names the place of the mistake within the filter.

mod comparison;

use super::builder::Sql;
use super::rows::ROW;
use super::snippet::{Snippet, snippet, text};
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnType, FieldId, Relation, Table};
use crate::graph::question::allowance::Allowance;

/// The writer of a filter's condition.
pub(super) struct Filter<'a, 'l> {
    catalog: &'a Catalog,
    sql: &'a mut Sql,
    allowance: &'a mut Allowance<'l>,
    /// The path of the condition that is being written, from the argument on.
    argument: Vec<String>,
    /// The position of the condition that is being written.
    position: Position,
    /// The number of relations that contain it.
    depth: usize,
}

/// The position of a condition within a filter. Postgres turns EXISTS into a join in the first two positions. Elsewhere it plans EXISTS
/// twice, to choose later, so that each level of nesting doubles the work: 14 levels took gigabytes.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// The condition must hold, alone or together with others.
    Required,
    /// The condition is the only operand of a NOT that must hold.
    Negated,
    /// The condition is anywhere else.
    Nested,
}

impl<'a, 'l> Filter<'a, 'l> {
    pub(super) fn new(catalog: &'a Catalog, sql: &'a mut Sql, allowance: &'a mut Allowance<'l>) -> Self {
        Self::on_values(catalog, sql, allowance, "filter")
    }

    /// Returns the writer of a filter on values that are not columns of a table, as in `having`.
    pub(super) fn on_values(
        catalog: &'a Catalog,
        sql: &'a mut Sql,
        allowance: &'a mut Allowance<'l>,
        argument: &str,
    ) -> Self {
        Self {
            catalog,
            sql,
            allowance,
            argument: vec![argument.to_owned()],
            position: Position::Required,
            depth: 0,
        }
    }

    /// Writes the condition of a filter on values. `find` returns the operands of a field; the place of its error is relative to the
    /// field.
    pub(super) fn write_values<'v>(
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

    /// Writes the condition of a filter on the rows that a statement loads; `true` for an empty filter.
    pub(super) fn write_row(&mut self, table: &Table, filter: &Value<'_>) -> Result<(), ArgumentError> {
        self.write(table, &Snippet::of(ROW), filter)
    }

    /// Writes the condition of a filter on the rows of a table with this alias.
    fn write(&mut self, table: &Table, alias: &Snippet, filter: &Value<'_>) -> Result<(), ArgumentError> {
        let conditions = filter.fields();
        if conditions.is_empty() {
            // `or: [{}, {}, …]` makes the statement longer too.
            self.count()?;
        }
        let position = self.position.among(conditions.len());
        self.at(position, |this| {
            this.all(" AND ", "true", conditions, |this, (name, value)| {
                this.inside(name, |this| this.field(table, alias, name, value))
            })
        })
    }

    fn field(
        &mut self,
        table: &Table,
        alias: &Snippet,
        name: &str,
        value: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        match name {
            "and" => self.list(table, alias, value, " AND ", "true"),
            "or" => self.list(table, alias, value, " OR ", "false"),
            "not" => {
                self.sql.push("NOT ");
                self.at(self.position.negated(), |this| this.write(table, alias, value))
            }
            _ => match table.field(name) {
                Some(FieldId::Column(id)) => {
                    let column = table.column(id);
                    let operand = snippet!("{alias}.{column}", alias, column);
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
        alias: &Snippet,
        value: &Value<'_>,
        operator: &'static str,
        empty: &'static str,
    ) -> Result<(), ArgumentError> {
        let filters = value.items();
        let position =
            if operator == " AND " { self.position.among(filters.len()) } else { Position::Nested };
        self.at(position, |this| {
            this.all(operator, empty, filters.iter().enumerate(), |this, (at, filter)| {
                this.inside(&at.to_string(), |this| this.write(table, alias, filter))
            })
        })
    }

    fn many(
        &mut self,
        table: &Table,
        alias: &Snippet,
        relation: &Relation,
        value: &Value<'_>,
    ) -> Result<(), ArgumentError> {
        let conditions = value.fields();
        let position = self.position.among(conditions.len());
        self.at(position, |this| {
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
        alias: &Snippet,
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
            && (self.position, quantifier) == (Position::Required, Quantifier::Some)
            && requires_one_key(target, filter)
        {
            // Postgres finds the one key first. An index that begins with it then has the rows in order, so that a page reads few rows.
            let (mine, theirs) = (table.column(*mine), target.column(*theirs));
            self.sql.push(text!(
                "{alias}.{mine} = (SELECT {inner}.{theirs} FROM ",
                alias,
                mine,
                inner,
                theirs
            ));
            self.sql.table(target).push(text!(" {inner} WHERE ", inner));
            self.write(target, &inner, filter)?;
            self.sql.push(")");
            self.depth -= 1;
            return Ok(());
        }
        let is_join = match self.position {
            Position::Required => true,
            Position::Negated => quantifier == Quantifier::Some,
            Position::Nested => false,
        };
        self.sql.push(match (is_join, quantifier) {
            (true, Quantifier::Some) => "EXISTS (SELECT 1",
            (true, Quantifier::None | Quantifier::Every) => "NOT EXISTS (SELECT 1",
            (false, _) => "(SELECT true",
        });
        self.sql.push(" FROM ").table(target).push(text!(" {inner} WHERE ", inner));
        self.sql.join(" AND ", relation.local.iter().zip(&relation.remote), |sql, (mine, theirs)| {
            let (mine, theirs) = (table.column(*mine), target.column(*theirs));
            sql.push(text!("{inner}.{theirs} = {alias}.{mine}", inner, theirs, alias, mine));
        });
        self.sql.push(" AND ");
        // A row whose condition is NULL does not match, so that not every row matches.
        let (position, end) = match quantifier {
            Quantifier::Every => (Position::Nested, " IS NOT TRUE"),
            Quantifier::Some | Quantifier::None => (Position::Required, ""),
        };
        self.at(position, |this| this.write(target, &inner, filter))?;
        self.sql.push(end);
        self.sql.push(match (is_join, quantifier) {
            (true, _) => ")",
            (false, Quantifier::Some) => " LIMIT 1) IS NOT NULL",
            (false, Quantifier::None | Quantifier::Every) => " LIMIT 1) IS NULL",
        });
        self.depth -= 1;
        Ok(())
    }

    /// Writes conditions with an operator between them: `(a AND b)`, or `empty` for no conditions.
    fn all<T>(
        &mut self,
        operator: &'static str,
        empty: &'static str,
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

    fn at<T>(&mut self, position: Position, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.position, position);
        let done = work(self);
        self.position = outer;
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

    /// Returns an error with the place of the condition that is being written.
    fn within(&self, error: ArgumentError) -> ArgumentError {
        error.within(&self.argument.join("."))
    }
}

impl Position {
    /// Returns the position of each of a number of conditions that are joined by AND in this position.
    fn among(self, number: usize) -> Self {
        if self == Self::Negated && number != 1 { Self::Nested } else { self }
    }

    /// Returns the position of the operand of a NOT.
    fn negated(self) -> Self {
        if self == Self::Required { Self::Negated } else { Self::Nested }
    }
}

/// A value that a filter compares, other than a column of a table.
pub(super) struct Operand<'v> {
    /// The path of its comparisons, from the field inwards.
    pub(super) within: Vec<&'v str>,
    /// The value's SQL; `None` if there is no such value.
    pub(super) sql: Option<Snippet>,
    pub(super) ty: ColumnType,
    /// The comparisons, as the filter gives them.
    pub(super) value: &'v Value<'v>,
}

#[derive(Clone, Copy, PartialEq)]
enum Quantifier {
    Some,
    None,
    Every,
}

/// Returns true if a filter only requires one value of a unique column.
fn requires_one_key(table: &Table, filter: &Value<'_>) -> bool {
    let [(field, conditions)] = filter.fields() else { return false };
    let Some(FieldId::Column(column)) = table.field(field) else { return false };
    let [(operator, _)] = conditions.fields() else { return false };
    operator == "eq" && table.keys.contains(&vec![column])
}
