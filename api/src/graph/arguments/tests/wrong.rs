//! Tests values of the wrong kind, at every place of the schema that takes a value: the error names the value and its location.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::places::{Place, as_json};
use super::{GATEWAY, Gateway};
use crate::graph::error::{Code, Error, Location};

/// The most nested places, at random places.
const DEEPEST: usize = 6;

static ARGUMENTS: LazyLock<Vec<Place>> = LazyLock::new(|| GATEWAY.arguments());

impl Gateway {
    /// Returns literals that do not fit a place's type.
    fn wrong(&self, place: &Place) -> &'static [&'static str] {
        match place.ty.inner_named_type().as_str() {
            // Every literal is JSON; but some values cannot be used.
            "JSON" => &["1e400", "\"\\u0000\"", "[0, {x: 1e-400}]"],
            "String" => &["7", "true"],
            "Date" | "DateTime" | "LocalDateTime" | "UUID" => &["7", "\"x\"", "\"2026-02-30\""],
            "Int" => &["{x: 7}", "2147483648", "1.0", "\"1\""],
            "BigInt" => &["{x: 7}", "\"x\"", "9223372036854775808", "1.5"],
            "Decimal" => &["{x: 7}", "\"x\"", "\"NaN\"", "1e2000"],
            // Decimals can hold more than a double.
            "Float" => &["{x: 7}", "\"1\"", "true"],
            name if self.schema.types[name].is_input_object() => &["7", "\"x\"", "{x: 7}"],
            _ => &["{x: 7}", "1.5"],
        }
    }
}

/// Returns the path of the mistake within a wrong value, and the number of characters before it.
fn mistake(place: &Place, wrong: &str) -> (String, usize) {
    // A single value counts as a list of one.
    let lists = std::iter::successors(Some(&place.ty), |ty| ty.is_list().then(|| ty.item_type()));
    let lists = ".0".repeat(lists.skip(1).count());
    match wrong {
        "{x: 7}" if GATEWAY.schema.types[place.ty.inner_named_type()].is_input_object() => {
            (format!("{lists}.x"), 4)
        }
        // The list is the list itself.
        "[0, {x: 1e-400}]" if place.ty.is_list() => (".1.x".into(), 8),
        "[0, {x: 1e-400}]" => (format!("{lists}.1.x"), 8),
        _ => (lists, 0),
    }
}

/// Returns a fault if the error of an operation is not about this argument at this character.
fn fault(operation: &str, variables: &str, argument: &str, before: usize) -> Option<String> {
    let location = Location { line: 1, column: before + 1 };
    match GATEWAY.plan(operation, variables) {
        Err(Error {
            code: Code::GraphqlInvalid | Code::BadUserInput,
            argument: Some(named),
            locations,
            ..
        }) if named == argument && locations == [location] => None,
        planned => Some(format!("{argument} at {before}: {operation} with {variables}: {:?}", planned.err())),
    }
}

/// Puts a wrong value at a place: as a literal, as a variable, and within a variable for the whole argument.
fn faults(argument: &Place, place: &Place, wrong: &str) -> Vec<String> {
    let (within, before) = mistake(place, wrong);
    let path = format!("{}{within}", place.path);
    let (literal, variable) = (place.operation(wrong, &place.ty), place.operation("$v", &place.variable()));
    let whole = argument.operation("$v", &argument.ty);
    let json = as_json(wrong);
    let (json_before, json_after) = &place.json;
    let value =
        |operation: &str, value: &str, place: &Place| operation.len() - place.after.len() - value.len();
    [
        fault(&literal, "{}", &path, value(&literal, wrong, place) + before),
        fault(&variable, &format!("{{\"v\": {json}}}"), &path, value(&variable, "$v", place)),
        fault(
            &whole,
            &format!("{{\"v\": {json_before}{json}{json_after}}}"),
            &path,
            value(&whole, "$v", argument),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn a_wrong_value_is_named_wherever_it_stands() {
    let places = GATEWAY.places();
    let argument = |place: &Place| ARGUMENTS.iter().find(|it| it.coordinate == place.coordinate).unwrap();
    let faults = places.iter().enumerate().flat_map(|(at, place)| {
        let wrong = GATEWAY.wrong(place);
        faults(argument(place), place, wrong[at % wrong.len()])
    });
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{} of {}: {:#?}", faults.len(), places.len(), &faults[..faults.len().min(8)]);
    assert!(places.len() > 7_000, "{}", places.len());
}

proptest! {
    #[test]
    fn a_wrong_value_is_named_however_deep_it_stands(
        at: prop::sample::Index,
        steps in prop::collection::vec(any::<prop::sample::Index>(), 0..DEEPEST),
        value: prop::sample::Index,
    ) {
        let argument = at.get(&ARGUMENTS);
        let mut place = argument.clone();
        for step in steps {
            let parts = GATEWAY.parts(&place);
            if parts.is_empty() {
                break;
            }
            place = step.get(&parts).clone();
        }
        let wrong = value.get(GATEWAY.wrong(&place));
        prop_assert_eq!(faults(argument, &place, wrong), Vec::<String>::new());
    }
}
