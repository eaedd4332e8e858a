//! Tests inputs that take exactly one field.

use apollo_compiler::schema::ExtendedType;

use super::places::{Place, as_json, is_one_of};
use super::{GATEWAY, Gateway};
use crate::graph::error::Code;

/// Returns the fields of an input object at a place, each as a literal; `None` elsewhere.
fn fields(gateway: &Gateway, place: &Place) -> Option<(bool, Vec<(String, String)>)> {
    let ExtendedType::InputObject(object) = &gateway.schema.types[place.ty.inner_named_type()] else {
        return None;
    };
    let fields = object.fields.values().map(|field| (field.name.to_string(), gateway.value(&field.ty)));
    (!place.ty.is_list()).then(|| (is_one_of(object), fields.collect()))
}

fn literal(fields: &[&(String, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

#[test]
fn no_field_or_two_are_refused_at_their_place() {
    let gateway = &*GATEWAY;
    let places = gateway.places();
    let mut seen = 0;
    for place in &places {
        let Some((true, fields)) = fields(gateway, place) else { continue };
        seen += 1;
        let what = format!("{}: {}", place.coordinate, place.path);
        let argument =
            places.iter().find(|it| it.coordinate == place.coordinate && it.whole.is_some()).unwrap();
        let whole = argument.operation("$v", &place.argument);
        let json = |fields: &[&(String, String)]| {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("\"{name}\": {}", as_json(value))).collect();
            format!("{{\"v\": {}{{{}}}{}}}", place.json.0, fields.join(", "), place.json.1)
        };
        let some: Vec<_> = fields.iter().filter(|(_, value)| !value.starts_with('{')).take(2).collect();
        for given in [&some[..], &[]] {
            // An order may have a single column.
            if given.len() == 1 {
                continue;
            }
            let error = gateway.plan(&place.operation(&literal(given), &place.ty), "{}").unwrap_err();
            assert_eq!(
                (error.code, error.argument.as_ref()),
                (Code::GraphqlInvalid, Some(&place.path)),
                "{what}"
            );
            let error = gateway.plan(&whole, &json(given)).unwrap_err();
            assert_eq!(
                (error.code, error.argument.as_ref()),
                (Code::BadUserInput, Some(&place.path)),
                "{what}"
            );
        }
    }
    assert!(seen > 50, "{seen}");
}

/// Finds inputs without `@oneOf` whose fields can each be given alone, but not together.
#[test]
fn an_input_that_takes_a_single_field_says_so() {
    let gateway = &*GATEWAY;
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for place in gateway.places().iter().filter(|place| !place.is_data()) {
        let Some((false, fields)) = fields(gateway, place) else { continue };
        let planned = |given: &[&(String, String)]| {
            gateway.plan(&place.operation(&literal(given), &place.ty), "{}").is_ok()
        };
        let alone: Vec<_> = fields.iter().filter(|field| planned(&[field])).collect();
        for two in alone.windows(2) {
            seen += 1;
            if !planned(two) {
                wrong.push(format!("{}: {} and {} of {}", place.coordinate, two[0].0, two[1].0, place.ty));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen > 500, "{seen}");
}
