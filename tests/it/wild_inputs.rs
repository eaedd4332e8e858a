//! Whatever is sent to be written, the answer is for its sender: nothing goes wrong on our side.

use std::cell::Cell;

use praxis::graph::catalog::{
    Argument, ArgumentType, Catalog, ColumnId, ColumnType, Mutation, Operation, Scalar, Table,
};
use praxis::systems;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::App;

/// Mutations that are sent; another number can be asked for by `PROPTEST_CASES`.
const CASES: u32 = 400;

/// A mutation with its variables.
type Case = (String, Value);

#[test]
fn whatever_is_written_nothing_goes_wrong_on_our_side() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::start());
    let actor = runtime.block_on(async {
        // Somebody who may write in every table.
        let owner = app.owner().await;
        let (site, other) = (site(&owner, "Wild").await, site(&owner, "Wilder").await);
        let person = person(&owner, "wild").await;
        join(&owner, &person, site, "clinician").await;
        join(&owner, &person, other, "network_admin").await;
        protocol(&owner, site).await;
        signed_in(&app, &person)
    });
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let done = Cell::new(0);
    let send = |(query, variables): Case| {
        let answer = runtime.block_on(actor.ask_with(&query, &variables));
        let codes: Vec<&Value> = answer.body["errors"]
            .as_array()
            .map_or(Vec::new(), |errors| errors.iter().map(|error| &error["extensions"]["code"]).collect());
        prop_assert!(!answer.status.is_server_error(), "{:#}", answer.body);
        done.set(done.get() + u32::from(codes.is_empty()));
        prop_assert!(codes.iter().all(|code| **code != "INTERNAL"), "{:#}", answer.body);
        Ok(())
    };
    TestRunner::new(config).run(&mutation(&catalog), send).unwrap_or_else(|error| panic!("{error}"));
    assert!(done.get() > cases / 20, "only {} of {cases} were carried out", done.get());
}

/// Any mutation with anything that its arguments might be given.
fn mutation(catalog: &Catalog) -> impl Strategy<Value = Case> {
    let of_tables = catalog
        .tables()
        .iter()
        .flat_map(|table| table.operations().map(|operation| Mutation::Table(operation, table.id)));
    let of_functions =
        catalog.functions().iter().filter(|function| function.writes()).map(|it| Mutation::Function(it.id));
    let all: Vec<BoxedStrategy<Case>> =
        of_tables.chain(of_functions).map(|mutation| one(catalog, mutation)).collect();
    proptest::strategy::Union::new(all)
}

fn one(catalog: &Catalog, mutation: Mutation) -> BoxedStrategy<Case> {
    match mutation {
        Mutation::Table(operation, table) => written(catalog.table(table), operation),
        Mutation::Function(function) => {
            let function = catalog.function(function);
            let payload = payload(catalog.table(function.table()), !function.is_single());
            let field = function.field.clone();
            let ty = |argument: &Argument| {
                let name = match &argument.ty {
                    ArgumentType::Value(ty) => ty.graphql_name(),
                    ArgumentType::Objects { name, .. } => format!("[{name}!]"),
                };
                let mark = if argument.required { "!" } else { "" };
                format!("${}: {name}{mark}", argument.field)
            };
            let declared: Vec<_> = function.arguments.iter().map(ty).collect();
            let given: Vec<_> = function.arguments.iter().map(|it| format!("{0}: ${0}", it.field)).collect();
            let query = format!(
                "mutation({}) {{ {field}({}) {{ {payload} }} }}",
                declared.join(", "),
                given.join(", ")
            );
            arguments(&function.arguments).prop_map(move |variables| (query.clone(), variables)).boxed()
        }
    }
}

fn written(table: &Table, operation: Operation) -> BoxedStrategy<Case> {
    let ty = &table.type_name;
    let field = operation.field(table);
    let payload = payload(table, operation == Operation::CreateMany);
    let row = |of: &[ColumnId]| {
        object(of.iter().map(|id| {
            let column = table.column(*id);
            (column.field.clone(), !column.nullable && !column.has_default, value(&column.ty))
        }))
    };
    let key = object(table.primary_key.iter().map(|id| {
        let column = table.column(*id);
        (column.field.clone(), true, value(&column.ty))
    }));
    let columns = table.primary_key.iter().map(|id| table.column(*id));
    let (declared, named): (Vec<_>, Vec<_>) = columns
        .map(|it| (format!("${}: {}", it.field, it.ty.graphql_name()), format!("{0}: ${0}", it.field)))
        .unzip();
    let (declared, named) = (declared.join(", "), named.join(", "));
    match operation {
        Operation::Create => {
            let query = format!("mutation($input: {ty}Input!) {{ {field}(input: $input) {{ {payload} }} }}");
            row(&table.writes.insert).prop_map(move |it| (query.clone(), json!({ "input": it }))).boxed()
        }
        Operation::CreateMany => {
            let query =
                format!("mutation($inputs: [{ty}Input!]!) {{ {field}(inputs: $inputs) {{ {payload} }} }}");
            prop::collection::vec(row(&table.writes.insert), 0..4)
                .prop_map(move |it| (query.clone(), json!({ "inputs": it })))
                .boxed()
        }
        Operation::Upsert => {
            let keys: Vec<String> = table.upsert_keys().map(|key| table.key_name(key)).collect();
            let query = format!(
                "mutation($input: {ty}Input!, $key: {ty}Key!) {{
                   {field}(input: $input, onConflict: $key) {{ {payload} }} }}"
            );
            (row(&table.writes.insert), select(keys))
                .prop_map(move |(it, key)| (query.clone(), json!({ "input": it, "key": key })))
                .boxed()
        }
        Operation::Update => {
            let query = format!(
                "mutation({declared}, $patch: {ty}Patch!) {{ {field}({named}, patch: $patch) {{ {payload} }} }}"
            );
            (key, row(&table.writes.update))
                .prop_map(move |(mut key, patch)| {
                    key["patch"] = patch;
                    (query.clone(), key)
                })
                .boxed()
        }
        Operation::Delete => {
            let query = format!("mutation({declared}) {{ {field}({named}) {{ {payload} }} }}");
            key.prop_map(move |key| (query.clone(), key)).boxed()
        }
    }
}

/// Every column of what was written.
fn payload(table: &Table, many: bool) -> String {
    let row = if many { "nodes" } else { &table.single_field };
    let fields: Vec<&str> = table.columns.iter().map(|column| column.field.as_str()).collect();
    format!("{row} {{ {} }}", fields.join(" "))
}

fn arguments(arguments: &[Argument]) -> BoxedStrategy<Value> {
    object(arguments.iter().map(|argument| {
        let value = match &argument.ty {
            ArgumentType::Value(ty) => value(ty),
            ArgumentType::Objects { fields, .. } => {
                prop::collection::vec(self::arguments(fields), 0..4).prop_map(Value::Array).boxed()
            }
        };
        (argument.field.clone(), argument.required, value)
    }))
}

/// An object: fields that are required are hardly ever missing.
fn object(fields: impl Iterator<Item = (String, bool, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let mut object = Just(Map::new()).boxed();
    for (name, required, value) in fields {
        let value = prop::option::weighted(if required { 0.98 } else { 0.5 }, value);
        object = (object, value)
            .prop_map(move |(mut object, value)| {
                if let Some(value) = value {
                    object.insert(name.clone(), value);
                }
                object
            })
            .boxed();
    }
    object.prop_map(Value::Object).boxed()
}

/// Mostly a value of the type, often at its limits; now and then NULL or something else.
fn value(ty: &ColumnType) -> BoxedStrategy<Value> {
    let of_type = match ty {
        ColumnType::Scalar(of) => scalar(*of),
        ColumnType::List(of) => prop::collection::vec(scalar(*of), 0..4).prop_map(Value::Array).boxed(),
        ColumnType::Enum(of) => {
            let names: Vec<String> = of.values.iter().map(|value| value.name.clone()).collect();
            select(names).prop_map(Value::from).boxed()
        }
    };
    prop_oneof![
        30 => of_type,
        1 => Just(Value::Null),
        1 => select(vec![json!(true), json!(-1), json!(1e300), json!(""), json!([]), json!({}), json!("\u{0}")]),
    ]
    .boxed()
}

fn scalar(of: Scalar) -> BoxedStrategy<Value> {
    match of {
        Scalar::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Scalar::SmallInt | Scalar::Int => {
            prop_oneof![(0..20).prop_map(Value::from), any::<i32>().prop_map(Value::from)].boxed()
        }
        // Keys of rows that are there, mostly.
        Scalar::BigInt => prop_oneof![
            4 => (1..600_i64).prop_map(|it| json!(it.to_string())),
            1 => any::<i64>().prop_map(|it| json!(it.to_string())),
        ]
        .boxed(),
        Scalar::Real | Scalar::Double | Scalar::Numeric => {
            prop_oneof![(0..100).prop_map(Value::from), any::<f64>().prop_map(Value::from)].boxed()
        }
        Scalar::Decimal => any::<f64>().prop_map(|it| json!(it.to_string())).boxed(),
        Scalar::Text => prop_oneof![
            4 => "\\PC{0,20}".prop_map(Value::from),
            1 => select(vec![json!("a\u{0}b"), json!("x".repeat(10_000)), json!("Distress"), json!("\u{202e}")]),
        ]
        .boxed(),
        Scalar::Uuid => any::<u128>().prop_map(|it| json!(uuid::Uuid::from_u128(it).to_string())).boxed(),
        Scalar::Date => dates(&["2026-02-28", "0001-01-01", "9999-12-31", "2026-02-30", "-infinity", "today"]),
        Scalar::DateTime | Scalar::LocalDateTime => dates(&[
            "2026-01-01T10:00:00Z",
            "2026-01-01T10:00:00.123456789+14:00",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-06-30T23:59:60Z",
            "infinity",
            "now",
        ]),
        Scalar::Json => Just(json!({ "a": [1, null] })).boxed(),
    }
}

fn dates(texts: &[&'static str]) -> BoxedStrategy<Value> {
    select(texts.to_vec()).prop_map(Value::from).boxed()
}
