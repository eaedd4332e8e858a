//! The builder of a statement. It holds text and parameters separately, so that a value can only enter as a parameter.

use super::snippet::{Piece, Snippet, snippet, text};
use crate::database::{Parameter, Statement};
use crate::graph::catalog::{Column, ColumnType, Function, Table};

/// The alias of the parents' keys.
pub(super) const KEY_ALIAS: &str = "k";

/// A statement that is being built.
#[derive(Debug)]
pub(in crate::graph) struct Sql {
    text: String,
    parameters: Vec<Parameter>,
    reserved: usize,
    aliases: usize,
    only_reference: bool,
}

impl Sql {
    /// Begins a statement whose first parameters are the parts of the parents' keys.
    pub(in crate::graph) fn new(reserved: usize) -> Self {
        Self {
            text: String::with_capacity(512),
            parameters: Vec::new(),
            reserved,
            aliases: 0,
            only_reference: true,
        }
    }

    /// Returns the SQL that a closure writes, instead of appending it. It may be appended more than once; its parameters are bound once.
    pub(super) fn capture<E>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<Snippet, E> {
        let start = self.text.len();
        write(self)?;
        Ok(Snippet::split_off(&mut self.text, start))
    }

    /// Appends a piece of SQL.
    pub(super) fn push(&mut self, piece: impl Piece) -> &mut Self {
        // Writing to a String cannot fail.
        let _ = piece.write(&mut self.text);
        self
    }

    /// Appends a column of the table that has this alias.
    pub(super) fn column(&mut self, alias: impl Piece, column: &Column) -> &mut Self {
        self.push(alias).push(".").push(column)
    }

    /// Appends items with a separator between them.
    pub(super) fn join<T>(
        &mut self,
        separator: &'static str,
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
    pub(super) fn table(&mut self, table: &Table) -> &mut Self {
        self.only_reference &= table.is_reference;
        self.text.push_str(&table.sql_name);
        self
    }

    /// Appends a function's name and notes that the statement may read any table.
    pub(super) fn function(&mut self, function: &Function) -> &mut Self {
        self.not_only_reference();
        self.push(function)
    }

    /// Notes that the statement reads more than reference tables, or that its answer must not be cached.
    pub(super) fn not_only_reference(&mut self) {
        self.only_reference = false;
    }

    /// Returns true if the statement reads reference tables only, so that its answer can be cached.
    pub(in crate::graph) fn reads_only_reference(&self) -> bool {
        self.only_reference
    }

    /// Appends a parameter, cast to the type that it is encoded as.
    pub(super) fn bind(&mut self, parameter: Parameter) -> &mut Self {
        let place = self.parameter(parameter);
        self.push(place)
    }

    /// Binds a parameter, and returns its place in the statement, cast to the type that it is encoded as. The place may be appended more
    /// than once.
    pub(super) fn parameter(&mut self, parameter: Parameter) -> Snippet {
        let number = self.reserved + self.parameters.len() + 1;
        let place = snippet!("${number}::{ty}", number, ty = parameter.ty);
        self.parameters.push(parameter);
        place
    }

    /// Appends the parents' keys as a table of their own: `unnest((SELECT $1::bigint[])) k(k0)`.
    ///
    /// The subquery keeps the number of keys from the planner. It would otherwise count them for a plan of the keys at hand, and assume
    /// ten for a plan that can be kept: with fewer keys the former always looks cheaper, and each execution would be planned anew.
    pub(super) fn keys(&mut self, parts: &[ColumnType]) -> &mut Self {
        self.keys_from(parts, |array| snippet!("(SELECT {array})", array))
    }

    /// Appends the parents' keys like [`Self::keys`], but lets the planner count them: `unnest($1::bigint[]) k(k0)`. For few keys it then
    /// looks up by an index what a filter or a join reads beside the rows, and leaves all other rows unread.
    pub(super) fn counted_keys(&mut self, parts: &[ColumnType]) -> &mut Self {
        self.keys_from(parts, |array| array)
    }

    fn keys_from(&mut self, parts: &[ColumnType], written: impl Fn(Snippet) -> Snippet) -> &mut Self {
        self.push("unnest(");
        self.join(", ", parts.iter().enumerate(), |sql, (at, part)| {
            let array = snippet!("${number}::{ty}", number = at + 1, ty = part.scalar().postgres_array());
            sql.push(written(array));
        });
        self.push(text!(") {KEY_ALIAS}(", KEY_ALIAS));
        self.join(", ", 0..parts.len(), |sql, at| {
            sql.push(text!("k{at}", at));
        });
        self.push(")")
    }

    /// Begins a statement that runs a subquery `p` for each parent, and returns its columns followed by the parent's key. The subquery
    /// is appended next.
    pub(super) fn for_each_parent(&mut self, parts: &[ColumnType]) -> &mut Self {
        self.push("SELECT p.*").push_key_columns(parts.len());
        self.push(" FROM ").keys(parts).push(" CROSS JOIN LATERAL (")
    }

    /// Returns the number of the parents' keys. `part` is the type of their first part.
    pub(super) fn key_count(part: &ColumnType) -> Snippet {
        snippet!("cardinality($1::{ty})", ty = part.scalar().postgres_array())
    }

    /// Appends a part of the only parent's key.
    pub(super) fn key_part(&mut self, at: usize, part: &ColumnType) -> &mut Self {
        self.push(text!("${number}::{ty}", number = at + 1, ty = part.scalar().postgres()))
    }

    /// Appends the parts of the parents' keys as columns after others.
    pub(super) fn push_key_columns(&mut self, parts: usize) -> &mut Self {
        for at in 0..parts {
            self.push(text!(", {KEY_ALIAS}.k{at}", KEY_ALIAS, at));
        }
        self
    }

    /// Returns an alias that the statement does not use yet.
    pub(super) fn alias(&mut self) -> Snippet {
        self.aliases += 1;
        snippet!("a{number}", number = self.aliases)
    }

    /// Returns the whole statement.
    pub(in crate::graph) fn finish(self) -> Statement {
        Statement { text: self.text.into(), parameters: self.parameters }
    }
}
