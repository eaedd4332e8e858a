//! The list of objects among the arguments of a function.

use std::ops::Range;

use crate::database::Statement;
use crate::graph::arguments::{Arguments, Value};
use crate::graph::catalog::{ArgumentType, Catalog, Function, TableId};
use crate::graph::question::call::Call;
use crate::graph::sql;

/// A list of objects. The function takes an array for each of their fields.
#[derive(Debug)]
pub(in crate::graph) struct Objects {
    /// The name of the argument.
    pub(in crate::graph) argument: String,
    /// The fields of the objects.
    fields: Vec<String>,
    /// For each object and field, true if the object gives the field.
    given: Vec<Vec<bool>>,
    /// The table whose rows the function returns.
    table: TableId,
    call: Call,
}

impl Objects {
    /// Returns the list of objects among the arguments of a call; `None` if the function takes none.
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

    /// Returns true if the objects have a field for one of these values. Each value is a list of its names.
    pub(in crate::graph) fn have(&self, values: &[Vec<String>]) -> bool {
        self.fields.iter().any(|field| values.iter().any(|names| names.contains(field)))
    }

    /// Returns the place of each object, or within it the place of the value that a refusal about `values` means (see [`only`]).
    pub(in crate::graph) fn places(&self, values: &[Vec<String>]) -> Vec<String> {
        let place = |(at, given): (usize, &Vec<bool>)| {
            let place = format!("{}.{at}", self.argument);
            let fields = self.fields.iter().map(String::as_str).zip(given.iter().copied());
            only(values, &fields.collect::<Vec<_>>())
                .map_or_else(|| place.clone(), |field| format!("{place}.{field}"))
        };
        self.given.iter().enumerate().map(place).collect()
    }

    /// Returns the statement of the call with a range of the objects.
    pub(in crate::graph) fn statement(&self, catalog: &Catalog, objects: Range<usize>) -> Statement {
        sql::call(catalog, self.table, &self.call, Some(&objects))
    }
}

/// Returns the place of the only given one of some values, or else the only possible place of one. Each value is a list of its names, in
/// order of preference. Each place ends with a name, and comes with true if the request gives it.
pub(super) fn only<'a>(values: &[Vec<String>], places: &[(&'a str, bool)]) -> Option<&'a str> {
    let ends_with = |place: &str, name: &String| place.rsplit('.').next() == Some(name);
    let given = |name: &String| places.iter().find(|(place, given)| *given && ends_with(place, name));
    let possible = |place: &&(&str, bool)| values.iter().flatten().any(|name| ends_with(place.0, name));
    one(values.iter().filter_map(|names| names.iter().find_map(given)))
        .or_else(|| one(places.iter().filter(possible)))
        .map(|(place, _)| *place)
}

/// Returns the item of an iterator with exactly one item.
pub(super) fn one<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
