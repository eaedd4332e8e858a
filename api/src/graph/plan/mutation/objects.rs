//! The objects that a function is given a list of.

use std::ops::Range;

use crate::database::Statement;
use crate::graph::arguments::{Arguments, Value};
use crate::graph::catalog::{ArgumentType, Catalog, Function, TableId};
use crate::graph::question::call::Call;
use crate::graph::sql;

/// A list of objects that a function is given, which the database gets as an array for each of their fields.
#[derive(Debug)]
pub(in crate::graph) struct Objects {
    /// The argument.
    pub(in crate::graph) argument: String,
    /// Fields of the objects.
    fields: Vec<String>,
    /// For each object, which of the fields it gives.
    given: Vec<Vec<bool>>,
    /// Whose rows the function gives.
    table: TableId,
    call: Call,
}

impl Objects {
    /// Returns the objects that a call is given under an argument.
    pub(in crate::graph::plan) fn of(
        function: &Function,
        table: TableId,
        call: Call,
        given: &Arguments<'_>,
    ) -> Option<Self> {
        let objects = function.arguments.iter().find_map(|argument| match &argument.ty {
            ArgumentType::Objects { fields, .. } => Some((argument.field.clone(), fields)),
            ArgumentType::Value(_) => None,
        });
        let (argument, fields) = objects?;
        let objects = given.get(&argument).map(Value::items).unwrap_or_default();
        let given = |object: &Value<'_>| fields.iter().map(|field| object.gives(&field.field)).collect();
        Some(Self {
            given: objects.iter().map(given).collect(),
            argument,
            fields: fields.iter().map(|field| field.field.clone()).collect(),
            table,
            call,
        })
    }

    /// Returns whether the objects have a field for one of these values.
    pub(in crate::graph) fn have(&self, values: &[Vec<String>]) -> bool {
        self.fields.iter().any(|field| values.iter().any(|names| names.contains(field)))
    }

    /// Returns where each of the objects was given, or within it the only one of these values that was given or might have been.
    pub(in crate::graph) fn places(&self, values: &[Vec<String>]) -> Vec<String> {
        let place = |(at, given): (usize, &Vec<bool>)| {
            let place = format!("{}.{at}", self.argument);
            let fields = self.fields.iter().map(String::as_str).zip(given.iter().copied());
            only(values, &fields.collect::<Vec<_>>())
                .map_or_else(|| place.clone(), |field| format!("{place}.{field}"))
        };
        self.given.iter().enumerate().map(place).collect()
    }

    /// Returns the call with some of the objects.
    pub(in crate::graph) fn statement(&self, catalog: &Catalog, objects: Range<usize>) -> Statement {
        sql::call(catalog, self.table, &self.call, Some(&objects))
    }
}

/// Returns the place of the only one of some values that was given, or else the only place where one of them might have been.
/// `values`: each by its names, the one that counts first; `places`: each with whether it was given, its last part being a name.
pub(super) fn only<'a>(values: &[Vec<String>], places: &[(&'a str, bool)]) -> Option<&'a str> {
    let ends_with = |place: &str, name: &String| place.rsplit('.').next() == Some(name);
    let given = |name: &String| places.iter().find(|(place, given)| *given && ends_with(place, name));
    let possible = |place: &&(&str, bool)| values.iter().flatten().any(|name| ends_with(place.0, name));
    one(values.iter().filter_map(|names| names.iter().find_map(given)))
        .or_else(|| one(places.iter().filter(possible)))
        .map(|(place, _)| *place)
}

/// Returns the item of an iterator that has one.
pub(super) fn one<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
