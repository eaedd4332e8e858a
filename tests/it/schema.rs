//! The schema as developers read it in GraphiQL.

use std::collections::BTreeSet;

use apollo_compiler::schema::{ExtendedType, InputValueDefinition};
use apollo_compiler::{Node, Schema};
use praxis::graph::catalog::Catalog;
use praxis::graph::schema::build;
use praxis::systems;

fn schema() -> Schema {
    build(&Catalog::new(&systems::ALL).unwrap()).unwrap().into_inner()
}

#[test]
fn every_type_field_argument_and_value_is_described() {
    let mut silent = Vec::new();
    let mut check = |described: bool, what: String| {
        if !described {
            silent.push(what);
        }
    };
    let inputs =
        |owner: &str, values: &mut dyn Iterator<Item = &Node<InputValueDefinition>>| -> Vec<(bool, String)> {
            values.map(|value| (value.description.is_some(), format!("{owner}.{}", value.name))).collect()
        };
    for (name, ty) in schema().types.iter().filter(|(_, ty)| !ty.is_built_in()) {
        check(ty.description().is_some(), name.to_string());
        let fields = match ty {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            ExtendedType::Enum(values) => {
                for (value, definition) in &values.values {
                    check(definition.description.is_some(), format!("{name}.{value}"));
                }
                continue;
            }
            ExtendedType::InputObject(input) => {
                let mut fields = input.fields.values().map(|field| &field.node);
                for (described, what) in inputs(name, &mut fields) {
                    check(described, what);
                }
                continue;
            }
            _ => continue,
        };
        for (field, definition) in fields {
            let owner = format!("{name}.{field}");
            check(definition.description.is_some(), owner.clone());
            for (described, what) in inputs(&owner, &mut definition.arguments.iter()) {
                check(described, what);
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn every_type_is_reached_by_some_field() {
    let schema = schema();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<String> =
        schema.schema_definition.iter_root_operations().map(|(_, name)| name.to_string()).collect();
    while let Some(name) = next.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let mut refer = |ty: &apollo_compiler::ast::Type| next.push(ty.inner_named_type().to_string());
        match schema.types.get(name.as_str()) {
            Some(ExtendedType::Object(object)) => {
                for field in object.fields.values() {
                    refer(&field.ty);
                    field.arguments.iter().for_each(|argument| refer(&argument.ty));
                }
            }
            Some(ExtendedType::InputObject(input)) => {
                input.fields.values().for_each(|field| refer(&field.ty));
            }
            _ => {}
        }
    }
    let unreached: Vec<_> = schema
        .types
        .iter()
        .filter(|(name, ty)| !ty.is_built_in() && !reached.contains(name.as_str()))
        .collect();
    assert!(unreached.is_empty(), "{:?}", unreached.iter().map(|(name, _)| name).collect::<Vec<_>>());
}
