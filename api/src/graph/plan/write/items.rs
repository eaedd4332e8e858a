//! The objects that a function is given a list of.

use std::ops::Range;

use super::super::call::Call;
use super::super::sql::Sql;
use super::super::statement::{ROW, write_primary_key};
use crate::database::Statement;
use crate::graph::catalog::{Argument, ArgumentType, Catalog, Function, TableId};

/// A list of objects that a function is given, which the database gets as an array for each of their fields.
#[derive(Debug)]
pub(in crate::graph) struct Items {
    /// The argument.
    pub(in crate::graph) argument: String,
    /// How many objects there are.
    pub(in crate::graph) count: usize,
    /// Fields of the objects.
    fields: Vec<String>,
    /// Quoted names of the arrays.
    arrays: Vec<String>,
    /// Whose rows the function gives.
    table: TableId,
    call: Call,
}

impl Items {
    /// The objects that a call is given under an argument.
    pub(in crate::graph::plan) fn of(
        function: &Function,
        table: TableId,
        call: Call,
        count: impl Fn(&str) -> usize,
    ) -> Option<Self> {
        let objects = function.arguments.iter().find_map(|argument| match &argument.ty {
            ArgumentType::Objects { fields, .. } => Some((argument.field.clone(), fields)),
            ArgumentType::Value(_) => None,
        });
        let (argument, fields) = objects?;
        let named = |name: fn(&Argument) -> &String| fields.iter().map(|field| name(field).clone()).collect();
        Some(Self {
            count: count(&argument),
            argument,
            fields: named(|field| &field.field),
            arrays: named(|field| &field.sql_name),
            table,
            call,
        })
    }

    /// Whether the objects have a field.
    pub(in crate::graph) fn have(&self, field: &str) -> bool {
        self.fields.iter().any(|known| known == field)
    }

    /// Where each of the objects was given.
    pub(in crate::graph) fn places(&self) -> Vec<String> {
        (0..self.count).map(|at| format!("{}.{at}", self.argument)).collect()
    }

    /// The call with some of the objects.
    pub(in crate::graph) fn statement(&self, catalog: &Catalog, items: Range<usize>) -> Statement {
        let mut sql = Sql::new(0);
        sql.push("SELECT ");
        write_primary_key(catalog.table(self.table), &mut sql);
        sql.push(" FROM ");
        self.call.write_part(&self.arrays, items, &mut sql);
        sql.push(" ").push(ROW);
        sql.finish()
    }
}
