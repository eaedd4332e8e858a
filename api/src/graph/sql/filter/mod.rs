//! The condition of a filter.
//!
//! A filter is read while it is written: what is wrong with it is refused where it stands.

mod comparison;

use super::builder::Sql;
use super::rows::ROW;
use super::snippet::{Snippet, snippet, text};
use crate::graph::arguments::{ArgumentError, Value};
use crate::graph::catalog::{Catalog, ColumnType, FieldId, Relation, Table};
use crate::graph::question::allowance::Allowance;

/// Writes a filter's condition into SQL.
pub(super) struct Filter<'a, 'l> {
    catalog: &'a Catalog,
    sql: &'a mut Sql,
    allowance: &'a mut Allowance<'l>,
    /// Dotted path of the condition at hand.
    argument: Vec<String>,
    /// Where the condition at hand stands.
    position: Position,
    /// Relations that it lies within.
    depth: usize,
}

/// Where a condition stands: Postgres makes a join of EXISTS in the first two places. Elsewhere it plans EXISTS twice, to choose
/// later, and so what lies within one another doubles with each level: 14 levels took it gigabytes.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// It must hold, perhaps with others.
    Required,
    /// Alone behind a NOT that must hold.
    Negated,
    /// Anywhere else.
    Nested,
}

impl<'a, 'l> Filter<'a, 'l> {
    pub(super) fn new(catalog: &'a Catalog, sql: &'a mut Sql, allowance: &'a mut Allowance<'l>) -> Self {
        Self::on_values(catalog, sql, allowance, "filter")
    }

    /// Returns a filter on values that have names of their own.
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

    /// Writes the condition of a filter on values. `find` gives, for a field, the operands that it speaks of; its error says where
    /// within the field.
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

    /// Writes the condition of a filter on the rows that a statement loads. No condition is `true`.
    pub(super) fn write_row(&mut self, table: &Table, filter: &Value<'_>) -> Result<(), ArgumentError> {
        self.write(table, &Snippet::of(ROW), filter)
    }

    /// Writes the condition of a filter on the rows of `table`, known as `alias`.
    fn write(&mut self, table: &Table, alias: &Snippet, filter: &Value<'_>) -> Result<(), ArgumentError> {
        let conditions = filter.fields();
        if conditions.is_empty() {
            // `or: [{}, {}, …]` is text to be written too.
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
            // One key is found first, and an index that begins with it gives the rest in order: a page is read row by row.
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
        // Not every row matches if one does not, whether it says no or cannot say.
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

    /// `(a AND b)`; the text of an empty list stands for none.
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

    /// Returns the error with the place of the condition at hand.
    fn within(&self, error: ArgumentError) -> ArgumentError {
        error.within(&self.argument.join("."))
    }
}

impl Position {
    /// Returns the place of one of a number of conditions that must all hold here.
    fn among(self, number: usize) -> Self {
        if self == Self::Negated && number != 1 { Self::Nested } else { self }
    }

    /// Returns the place behind a NOT.
    fn negated(self) -> Self {
        if self == Self::Required { Self::Negated } else { Self::Nested }
    }
}

/// A value that has no field of its own in a filter.
pub(super) struct Operand<'v> {
    /// Where the comparisons with it stand, from the field inwards.
    pub(super) within: Vec<&'v str>,
    /// `None`: there is no such value.
    pub(super) sql: Option<Snippet>,
    pub(super) ty: ColumnType,
    /// The comparisons.
    pub(super) value: &'v Value<'v>,
}

#[derive(Clone, Copy, PartialEq)]
enum Quantifier {
    Some,
    None,
    Every,
}

/// Returns whether a filter requires one value of a unique column, and nothing else.
fn requires_one_key(table: &Table, filter: &Value<'_>) -> bool {
    let [(field, conditions)] = filter.fields() else { return false };
    let Some(FieldId::Column(column)) = table.field(field) else { return false };
    let [(operator, _)] = conditions.fields() else { return false };
    operator == "eq" && table.keys.contains(&vec![column])
}
