//! SQL in the making: text and parameters side by side, so that a value can only enter as a parameter.

use std::borrow::Cow;
use std::fmt::{Arguments, Write as _};

use tokio_postgres::types::Type;

use crate::database::{Parameter, Statement};
use crate::graph::catalog::{Column, ColumnType, Table};

/// Alias of the parents' keys.
pub(in crate::graph) const KEY_ALIAS: &str = "k";

/// Text of a statement. Most of it is appended as it is: to format each piece took a twentieth of a plan's time.
pub(in crate::graph) trait Text {
    /// Appends it.
    fn append_to(self, statement: &mut String);
}

impl Text for &str {
    fn append_to(self, statement: &mut String) {
        statement.push_str(self);
    }
}

impl Text for &String {
    fn append_to(self, statement: &mut String) {
        statement.push_str(self);
    }
}

impl Text for String {
    fn append_to(self, statement: &mut String) {
        statement.push_str(&self);
    }
}

impl Text for Arguments<'_> {
    fn append_to(self, statement: &mut String) {
        // Writing to a String cannot fail.
        let _ = statement.write_fmt(self);
    }
}

/// SQL under construction.
#[derive(Debug)]
pub(in crate::graph) struct Sql {
    text: String,
    parameters: Vec<Parameter>,
    reserved: usize,
    aliases: usize,
    pub(in crate::graph) only_reference: bool,
}

impl Sql {
    /// SQL whose first parameters are the parts of the parents' keys.
    pub(in crate::graph) fn new(reserved: usize) -> Self {
        Self {
            text: String::with_capacity(512),
            parameters: Vec::new(),
            reserved,
            aliases: 0,
            only_reference: true,
        }
    }

    /// Text that is written apart, to be appended where it belongs, be it more than once. Its parameters are bound once.
    pub(in crate::graph) fn apart<E>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<String, E> {
        let start = self.text.len();
        write(self)?;
        Ok(self.text.split_off(start))
    }

    /// Appends text that comes from the catalog or from this module, never from a request.
    pub(in crate::graph) fn push(&mut self, text: impl Text) -> &mut Self {
        text.append_to(&mut self.text);
        self
    }

    /// Appends a column of the table that has this alias.
    pub(in crate::graph) fn column(&mut self, alias: &str, column: &Column) -> &mut Self {
        self.push(alias).push(".").push(&column.sql_name)
    }

    /// Appends items with a separator between them.
    pub(in crate::graph) fn join<T>(
        &mut self,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            write(self, item);
        }
        self
    }

    /// Appends a table's name and notes that the statement reads it.
    pub(in crate::graph) fn table(&mut self, table: &Table) -> &mut Self {
        self.only_reference &= table.is_reference;
        self.push(&table.sql_name)
    }

    /// Appends a function's name and notes that what it reads is not known.
    pub(in crate::graph) fn function(&mut self, name: &str) -> &mut Self {
        self.only_reference = false;
        self.push(name)
    }

    /// Appends a parameter, cast to the type that it is encoded as.
    pub(in crate::graph) fn bind(&mut self, parameter: Parameter) -> &mut Self {
        let place = self.parameter(parameter);
        self.push(place)
    }

    /// A parameter as text that may be appended more than once, cast to the type that it is encoded as.
    pub(in crate::graph) fn parameter(&mut self, parameter: Parameter) -> String {
        let number = self.reserved + self.parameters.len() + 1;
        let place = format!("${number}::{}", type_name(&parameter.ty));
        self.parameters.push(parameter);
        place
    }

    /// Appends the parents' keys as a table of their own: `unnest($1::bigint[]) k(k0)`.
    pub(in crate::graph) fn keys(&mut self, parts: &[ColumnType]) -> &mut Self {
        self.push("unnest(");
        self.join(", ", parts.iter().enumerate(), |sql, (at, part)| {
            sql.push(format_args!("${}::{}", at + 1, type_name(&part.scalar().postgres_array())));
        });
        self.push(format_args!(") {KEY_ALIAS}("));
        self.join(", ", 0..parts.len(), |sql, at| {
            sql.push(format_args!("k{at}"));
        });
        self.push(")")
    }

    /// How many parents' keys there are, of which this is the first part.
    pub(in crate::graph) fn key_count(part: &ColumnType) -> String {
        format!("cardinality($1::{})", type_name(&part.scalar().postgres_array()))
    }

    /// Appends a part of the only parent's key.
    pub(in crate::graph) fn key_part(&mut self, at: usize, part: &ColumnType) -> &mut Self {
        self.push(format_args!("${}::{}", at + 1, type_name(&part.scalar().postgres())))
    }

    /// An alias that the statement does not use yet.
    pub(in crate::graph) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    pub(in crate::graph) fn finish(self) -> Statement {
        Statement { text: self.text.into(), parameters: self.parameters }
    }
}

/// A type as SQL casts write it.
fn type_name(ty: &Type) -> Cow<'_, str> {
    match *ty {
        Type::INT8_ARRAY => "bigint[]".into(),
        Type::TEXT_ARRAY => "text[]".into(),
        // An array's internal name begins with an underscore: `_uuid`.
        ref ty => match ty.name().strip_prefix('_') {
            Some(element) => format!("{element}[]").into(),
            None => ty.name().into(),
        },
    }
}
