//! The schema as developers read it in GraphiQL.

use std::collections::BTreeSet;

use async_graphql::dynamic::Schema;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName};
use praxis::graph::catalog::Catalog;
use praxis::graph::schema::build;
use praxis::systems;

/// Scalars of the specification.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

fn schema() -> Schema {
    build(&Catalog::new(&systems::ALL).unwrap()).unwrap()
}

/// The types that the catalog makes.
fn own_types(schema: &Schema) -> impl Iterator<Item = &MetaType> {
    let is_own = |ty: &&MetaType| !ty.name().starts_with("__") && !BUILT_IN.contains(&ty.name());
    schema.registry().types.values().filter(is_own)
}

/// Fields of a type, each with its type and its arguments; introspection's own are not among them.
fn fields(ty: &MetaType) -> impl Iterator<Item = (&str, &Option<String>, &str, Vec<&MetaInputValue>)> {
    let fields = ty.fields().into_iter().flatten().filter(|(name, _)| !name.starts_with("__"));
    fields.map(|(name, field)| {
        (name.as_str(), &field.description, field.ty.as_str(), field.args.values().collect())
    })
}

#[test]
fn every_type_field_argument_and_value_is_described() {
    let mut silent = Vec::new();
    // The library writes backslashes to SDL as they are, where they begin an escape.
    let reads_well = |text: &String| !text.is_empty() && !text.contains(['\\', '\n']);
    let mut check = |description: &Option<String>, what: String| {
        if !description.as_ref().is_some_and(reads_well) {
            silent.push(what);
        }
    };
    for ty in own_types(&schema()) {
        let name = ty.name();
        match ty {
            MetaType::Scalar { description, .. }
            | MetaType::Object { description, .. }
            | MetaType::Interface { description, .. }
            | MetaType::Union { description, .. } => check(description, name.to_owned()),
            MetaType::Enum { description, enum_values, .. } => {
                check(description, name.to_owned());
                for value in enum_values.values() {
                    check(&value.description, format!("{name}.{}", value.name));
                }
            }
            MetaType::InputObject { description, input_fields, .. } => {
                check(description, name.to_owned());
                for field in input_fields.values() {
                    check(&field.description, format!("{name}.{}", field.name));
                }
            }
        }
        for (field, description, _, arguments) in fields(ty) {
            check(description, format!("{name}.{field}"));
            for argument in arguments {
                check(&argument.description, format!("{name}.{field}.{}", argument.name));
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn every_type_is_reached_by_some_field() {
    let schema = schema();
    let registry = schema.registry();
    let roots =
        [Some(&registry.query_type), registry.mutation_type.as_ref(), registry.subscription_type.as_ref()];
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = roots.into_iter().flatten().map(String::as_str).collect();
    while let Some(name) = next.pop() {
        if !reached.insert(name) {
            continue;
        }
        let ty = &registry.types[name];
        let mut refer = |ty| next.push(MetaTypeName::concrete_typename(ty));
        for (_, _, ty, arguments) in fields(ty) {
            refer(ty);
            for argument in arguments {
                refer(&argument.ty);
            }
        }
        if let MetaType::InputObject { input_fields, .. } = ty {
            for field in input_fields.values() {
                refer(&field.ty);
            }
        }
    }
    let unreached: Vec<_> =
        own_types(&schema).map(MetaType::name).filter(|name| !reached.contains(name)).collect();
    assert_eq!(unreached, Vec::<&str>::new());
}
