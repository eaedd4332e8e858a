//! Tests omitted and null values, at every place of the schema that takes a value.

use super::GATEWAY;
use super::places::{Place, nullable};
use crate::graph::error::{Code, Error};

#[test]
fn a_forgotten_condition_never_widens_the_result() {
    let gateway = &*GATEWAY;
    let places = gateway.places();
    let (mut refused, mut left_out, mut written) = (0, 0, 0);
    for place in &places {
        let Place { coordinate, path, ty, whole, .. } = place;
        let place_of = format!("{coordinate}: {path}");
        let with_variable = place.operation("$v", &nullable(ty));
        if place.takes_no_nullable_variable() {
            // Validation refuses it.
            let error = gateway.plan(&with_variable, "{}").unwrap_err();
            assert_eq!(error.code, Code::GraphqlInvalid, "{place_of}: {error:?}");
            continue;
        }
        for (variables, says) in [("{}", "`$v` has no value"), (r#"{"v": null}"#, "`$v` is null")] {
            let planned = gateway.plan(&with_variable, variables);
            let says_so = |error: &Error| error.message.contains(says);
            if place.is_data() {
                written += 1;
                assert!(!planned.is_err_and(|error| says_so(&error)), "{place_of}");
            } else if whole.is_some() && !place.is_guard() {
                left_out += 1;
                let has_default = whole.as_ref().is_some_and(|it| it.default_value.is_some());
                let is_refused =
                    planned.is_err_and(|error| says_so(&error) || error.code == Code::GraphqlInvalid);
                // A non-null type has no null.
                assert_eq!(is_refused, has_default && variables != "{}", "{place_of}");
            } else {
                refused += 1;
                let Err(error) = planned else { panic!("{place_of} with {variables}: {with_variable}") };
                assert_eq!(error.code, Code::BadUserInput, "{place_of}: {error:?}");
                assert!(says_so(&error), "{place_of}: {error:?}");
                assert_eq!(error.argument.as_ref(), Some(path), "{place_of}: {error:?}");
            }
        }
        if place.is_data() {
            continue;
        }
        if whole.is_some() {
            let planned = gateway.plan(&place.operation("null", ty), "{}");
            let is_refused = planned.is_err_and(|error| {
                error.argument.as_ref() == Some(path) && error.message.contains("null says nothing here")
            });
            assert_eq!(is_refused, place.is_guard(), "{place_of}: null");
            continue;
        }
        // Null alone, and within a variable for the whole argument.
        let error = gateway.plan(&place.operation("null", ty), "{}");
        let Err(error) = error else { panic!("{place_of}: null") };
        if !ty.is_non_null() {
            assert_eq!(error.argument.as_ref(), Some(path), "{place_of}: {error:?}");
        }
        let argument = places.iter().find(|it| it.coordinate == *coordinate && it.whole.is_some()).unwrap();
        let whole = argument.operation("$v", &place.argument);
        let (before, after) = &place.json;
        let variables = format!("{{\"v\": {before}null{after}}}");
        let Err(error) = gateway.plan(&whole, &variables) else { panic!("{place_of}: {variables}") };
        assert_eq!(error.code, Code::BadUserInput, "{place_of}: {error:?}");
        assert_eq!(error.argument.as_ref(), Some(path), "{place_of}: {error:?}");
        assert!(error.message.contains("$v"), "{place_of}: {error:?}");
    }
    // All kinds occurred, in numbers.
    assert!(refused > 2_000 && left_out > 500 && written > 100, "{refused} {left_out} {written}");
}
