//! The schema as developers read it in GraphiQL.

use std::collections::BTreeSet;

use async_graphql::dynamic::Schema;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName};
use praxis::graph::catalog::{Catalog, Table};
use praxis::graph::schema::build;
use praxis::systems;

/// Scalars of the specification.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

fn schema() -> Schema {
    build(&Catalog::new(&systems::ALL).unwrap()).unwrap()
}

/// Returns the types that come from the catalog.
fn own_types(schema: &Schema) -> impl Iterator<Item = &MetaType> {
    let is_own = |ty: &&MetaType| !ty.name().starts_with("__") && !BUILT_IN.contains(&ty.name());
    schema.registry().types.values().filter(is_own)
}

/// Returns the fields of a type, each with its type and its arguments, except those of introspection.
fn fields(ty: &MetaType) -> impl Iterator<Item = (&str, &Option<String>, &str, Vec<&MetaInputValue>)> {
    let fields = ty.fields().into_iter().flatten().filter(|(name, _)| !name.starts_with("__"));
    fields.map(|(name, field)| {
        (name.as_str(), &field.description, field.ty.as_str(), field.args.values().collect())
    })
}

/// Suffixes of the types that are derived from a table.
const DERIVED: [&str; 20] = [
    "Aggregate",
    "Change",
    "Connection",
    "Edge",
    "Filter",
    "Group",
    "GroupBy",
    "GroupKey",
    "GroupOrderBy",
    "Having",
    "ListFilter",
    "ListPayload",
    "OrderBy",
    "Patch",
    "Payload",
    "Point",
    "PointsX",
    "PointsY",
    "Series",
    "Time",
];

/// Returns the table that a type is derived from: by its suffix, or as the input of rows below a new one.
fn derived_from<'c>(catalog: &'c Catalog, name: &str) -> Option<&'c Table> {
    if catalog.table_of_type(name).is_some() {
        return None;
    }
    let tables = || catalog.tables().iter();
    let below = tables().find_map(|table| {
        let field = name.strip_prefix(&table.type_name)?.strip_suffix("Input")?;
        let relation = table.relations.iter().find(|it| it.field.eq_ignore_ascii_case(field))?;
        Some(catalog.table(relation.target))
    });
    let is_it =
        |table: &&Table| name.strip_prefix(&table.type_name).is_some_and(|end| DERIVED.contains(&end));
    below.or_else(|| tables().find(is_it))
}

/// Returns true if a field is one of a table's lists below a row, whose arguments are described at the root.
fn is_below_a_row(catalog: &Catalog, parent: &str, ty: &str) -> bool {
    let target = derived_from(catalog, MetaTypeName::concrete_typename(ty));
    catalog.table_of_type(parent).is_some() && target.is_some()
}

#[test]
fn all_that_does_not_derive_from_a_table_is_described() {
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let mut silent = Vec::new();
    // The library does not escape backslashes in SDL.
    let reads_well = |text: &String| !text.is_empty() && !text.contains(['\\', '\n']);
    let mut check = |description: &Option<String>, may_be_silent: bool, what: String| {
        if !description.as_ref().map_or(may_be_silent, reads_well) {
            silent.push(what);
        }
    };
    for ty in own_types(&schema()) {
        let name = ty.name();
        let derived = derived_from(&catalog, name).is_some();
        match ty {
            MetaType::Scalar { description, .. }
            | MetaType::Object { description, .. }
            | MetaType::Interface { description, .. }
            | MetaType::Union { description, .. } => check(description, false, name.to_owned()),
            MetaType::Enum { description, enum_values, .. } => {
                check(description, false, name.to_owned());
                for value in enum_values.values() {
                    check(&value.description, derived, format!("{name}.{}", value.name));
                }
            }
            MetaType::InputObject { description, input_fields, .. } => {
                check(description, false, name.to_owned());
                for field in input_fields.values() {
                    check(&field.description, derived, format!("{name}.{}", field.name));
                }
            }
        }
        for (field, description, ty, arguments) in fields(ty) {
            // The variants of a list below a row share its description.
            let is_twin = is_below_a_row(&catalog, name, ty) && !ty.ends_with("Connection!");
            check(description, derived || is_twin, format!("{name}.{field}"));
            let is_column = |argument: &MetaInputValue| {
                let of = |table: &Table| table.columns.iter().any(|column| column.field == argument.name);
                let is_row = ["id", "input", "inputs", "patch"].contains(&argument.name.as_str());
                is_row && name == "Mutation" || catalog.tables().iter().any(of)
            };
            for argument in arguments {
                let derived = derived || is_below_a_row(&catalog, name, ty) || is_column(argument);
                // Its type is described, and says what it is for.
                let derived = derived
                    || derived_from(&catalog, MetaTypeName::concrete_typename(&argument.ty)).is_some();
                check(&argument.description, derived, format!("{name}.{field}.{}", argument.name));
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

/// Each column is described on the object of its table and on the inputs that write it; derived types carry no copy.
#[test]
fn columns_are_described_in_one_place() {
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let first_sentence = |doc: &str| doc.split_inclusive(". ").next().unwrap_or_default().trim().to_owned();
    let mut copies = Vec::new();
    for ty in own_types(&schema()) {
        let name = ty.name();
        let Some(table) = derived_from(&catalog, name) else { continue };
        let columns = table.columns.iter().map(|column| (&column.field, &column.doc, column.enum_name()));
        let relations = table.relations.iter().map(|it| (&it.field, &it.doc, String::new()));
        let described: Vec<_> = columns.chain(relations).collect();
        let mut check = |member: &str, description: &Option<String>| {
            let Some(text) = description else { return };
            let is_copy = described.iter().any(|(field, doc, value)| {
                (*field == member || value == member) || text.contains(&first_sentence(doc))
            });
            // The changed row has the name of its table.
            if is_copy && member != table.single_field {
                copies.push(format!("{name}.{member}: {text}"));
            }
        };
        match ty {
            MetaType::Enum { enum_values, .. } => {
                enum_values.values().for_each(|it| check(&it.name, &it.description));
            }
            MetaType::InputObject { input_fields, .. } => {
                input_fields.values().for_each(|it| check(&it.name, &it.description));
            }
            _ => fields(ty).for_each(|(field, description, ..)| check(field, description)),
        }
    }
    assert_eq!(copies, Vec::<String>::new());
}

/// Reference tables and link tables have no series and no points.
#[test]
fn reference_tables_and_links_are_not_drawn() {
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let schema = schema();
    for table in catalog.tables().iter().filter(|table| catalog.function_of(table).is_none()) {
        let is_drawn = |end: &str| schema.registry().types.contains_key(&format!("{}{end}", table.type_name));
        let is_link = ["circle_members", "user_sites"].contains(&table.name.as_str());
        let has_time = table.columns.iter().any(|column| column.ty.is_time());
        let measures = !table.name.starts_with("ref_") && !is_link;
        assert_eq!(is_drawn("Series"), has_time && measures, "{}", table.name);
        assert!(measures || !is_drawn("PointsX"), "{}", table.name);
    }
}

/// The schema has room for hundreds of tables.
#[test]
fn a_table_takes_ten_kilobytes_of_the_schema() {
    for systems in [&systems::ALL[..], &systems::ALL[..1]] {
        let catalog = Catalog::new(systems).unwrap();
        let bytes = praxis::graph::schema::sdl(&build(&catalog).unwrap()).len();
        let tables = catalog.tables().len();
        println!("{bytes} bytes of SDL for {tables} tables: {} each", bytes / tables);
        assert!(bytes <= tables * 10 * 1024, "{bytes} for {tables} tables");
    }
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
