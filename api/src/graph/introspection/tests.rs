//! Compares introspection with the library, and with graphql-js.

use std::collections::BTreeMap;

use async_graphql::Positioned;
use async_graphql::dynamic::{
    Enum, EnumItem, Field, FieldFuture, InputObject, InputValue, Interface, InterfaceField, Object, Scalar,
    TypeRef, Union,
};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Field as Selected, Selection, SelectionSet};
use serde_json::{Map, Value, json};

use super::*;
use crate::graph::arguments::{Inputs, Variables};
use crate::graph::catalog::Catalog;
use crate::graph::definitions::Definitions;
use crate::graph::document::document;
use crate::graph::graphql_js::graphql_js;
use crate::graph::{plan, schema};
use crate::systems;

/// Returns the query of GraphiQL and code generators, with the fields that only newer ones select.
fn whole() -> String {
    let whole = include_str!("../../../../tests/it/introspection.graphql");
    whole.replace("  specifiedByURL\n", "  specifiedByURL\n  isOneOf\n")
}

/// Answers a query without the planner.
async fn ours(schema: &Schema, query: &str) -> Value {
    let introspection = Introspection::new(schema.clone());
    values(&introspection.answer(each(&fields(query)), &Limits::default(), &mut 0).await.unwrap())
}

/// Returns fields as the planner does.
fn each(fields: &[(String, Introspected)]) -> impl Iterator<Item = (&str, &Introspected)> {
    fields.iter().map(|(key, requested)| (key.as_str(), requested))
}

/// Returns the fields of a query, which all are of introspection.
fn fields(query: &str) -> Vec<(String, Introspected)> {
    let document = parse_query(query).unwrap();
    let operation = &document.operations.iter().next().unwrap().1.node;
    let requested = |selection: &Positioned<Selection>| {
        let Selection::Field(Positioned { node: field, .. }) = &selection.node else { unreachable!() };
        let below = shape(&document, &field.selection_set.node);
        let requested = match text(field, "name") {
            Some(name) => Introspected::Type(name, below),
            None => Introspected::Schema(below),
        };
        (field.response_key().node.to_string(), requested)
    };
    operation.selection_set.node.items.iter().map(requested).collect()
}

fn shape(document: &ExecutableDocument, set: &SelectionSet) -> Shape {
    let wanted = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(Positioned { node: field, .. }) => vec![Wanted {
            key: field.response_key().node.to_string(),
            name: field.name.node.to_string(),
            deprecated: text(field, "includeDeprecated").is_some_and(|it| it == "true"),
            below: shape(document, &field.selection_set.node),
        }],
        Selection::FragmentSpread(spread) => {
            shape(document, &document.fragments[&spread.node.fragment_name.node].node.selection_set.node)
        }
        Selection::InlineFragment(inline) => shape(document, &inline.node.selection_set.node),
    };
    set.items.iter().flat_map(wanted).collect()
}

/// Returns an argument, without quotes.
fn text(field: &Selected, argument: &str) -> Option<String> {
    field.get_argument(argument).map(|it| it.node.to_string().trim_matches('"').to_owned())
}

fn values(answers: &IntrospectionAnswers) -> Value {
    let value = |bytes| serde_json::from_slice::<Value>(bytes).unwrap();
    Value::Object(answers.iter().map(|(key, bytes)| (key.clone(), value(bytes))).collect::<Map<_, _>>())
}

const ID: &str =
    "The id of an object, as a string that is not meant to be read; a whole number is accepted too.";

/// Returns the library's answer, with its errors corrected.
async fn theirs(schema: &Schema, query: &str) -> Value {
    let answer = schema.execute(query).await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    let mut answer = answer.data.into_json().unwrap();
    if let Some(description) = answer.pointer_mut("/__schema/description") {
        assert!(description.as_str().unwrap().starts_with("A GraphQL Schema defines"));
        *description = Value::Null;
    }
    if let Some(types) = answer.pointer_mut("/__schema/types") {
        for ty in types.as_array_mut().unwrap() {
            if ty["name"] == "ID" && ty.get("description").is_some() {
                assert_eq!(ty["description"], Value::Null);
                ty["description"] = ID.into();
            }
            if ty["kind"] == "INTERFACE" && ty.get("interfaces").is_some() {
                assert_eq!(ty["interfaces"], Value::Null);
                ty["interfaces"] = json!([]);
            }
        }
    }
    answer
}

/// Checks that answers equal those of another implementation of the specification.
#[tokio::test]
async fn answers_are_those_of_the_library() {
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let types = schema::build(&catalog).unwrap();
    let definitions = Definitions::of(types.registry());
    let introspection = Introspection::new(types.clone());
    let limits = Limits::default();
    for query in [
        include_str!("../../../../tests/it/introspection.graphql"),
        "{ __schema { __typename types { __typename name specifiedByURL possibleTypes { name } ofType { name } } } }",
        "{ __type(name: \"Node\") { __typename kind possibleTypes { name interfaces { name } } fields { name __typename } } }",
        "{ __schema { directives { __typename name locations isRepeatable args { __typename name defaultValue type { kind ofType { kind name } } } } } }",
        "{ a: __type(name: \"OrderDirection\") { enumValues { __typename name isDeprecated deprecationReason } inputFields { name } } b: __type(name: \"No\") { name } }",
        "{ __schema { queryType { name ... @skip(if: true) { kind } } mutationType { name } subscriptionType { name } description } }",
    ] {
        let document = document(&types, &definitions, query).unwrap();
        let operation = document.only_operation();
        let none = Variables::default();
        let inputs = Inputs::read(&definitions, &document, operation, &none).unwrap();
        let planned = plan::plan(&catalog, &limits, &document, operation, &inputs, None).unwrap();
        let mut cost = planned.cost;
        let answers = introspection.answer(planned.introspection(), &limits, &mut cost).await.unwrap();
        assert!(values(&answers) == theirs(&types, query).await, "{query}");
    }
}

/// Returns a schema with everything that introspection can show, including kinds that no catalog uses yet.
fn many_kinds() -> Schema {
    let text = || TypeRef::named(TypeRef::STRING);
    let levels = TypeRef::NonNull(Box::new(TypeRef::List(Box::new(TypeRef::named_nn_list_nn("Kind")))));
    let numbers = InputValue::new("many", TypeRef::named_nn_list(TypeRef::INT));
    let query = Object::new("Query")
        .field(
            field("thing", TypeRef::named("Named")).argument(InputValue::new("at", TypeRef::named("Plain"))),
        )
        .field(
            field("levels", levels)
                .argument(InputValue::new("given", TypeRef::named("Choice")).description("Said \"so\"."))
                .argument(InputValue::new("old", text()).deprecation(Some("Say `given`.")))
                .argument(numbers.default_value(vec![1, 2]))
                .argument(InputValue::new("word", text()).default_value("a \"b\"")),
        )
        .field(field("either", TypeRef::named_list("Either")).deprecation(Some("It was one too many.")));
    let choice = InputObject::new("Choice").oneof().field(InputValue::new("text", text()));
    let plain = InputObject::new("Plain")
        .field(InputValue::new("at", TypeRef::named("Moment")))
        .field(InputValue::new("before", TypeRef::named("Moment")).deprecation(Some("Say `at`.")));
    Schema::build("Query", None, None)
        .register(query)
        .register(Object::new("Thing").implement("Named").field(field("name", text())))
        .register(Interface::new("Named").field(InterfaceField::new("name", text())))
        .register(Union::new("Either").possible_type("Thing").possible_type("Query"))
        .register(Enum::new("Kind").item("BIG").item(EnumItem::new("HUGE").deprecation(Some("As `BIG`."))))
        .register(choice.field(InputValue::new("other", TypeRef::named("Moment"))))
        .register(plain)
        .register(Scalar::new("Moment").specified_by_url("https://www.rfc-editor.org/rfc/rfc3339"))
        .finish()
        .unwrap()
}

fn field(name: &str, ty: TypeRef) -> Field {
    Field::new(name, ty, |_| FieldFuture::from_value(None))
}

#[tokio::test]
async fn all_kinds_of_types_are_described_as_the_library_describes_them() {
    let schema = many_kinds();
    let whole = whole();
    for query in [whole.as_str(), &whole.replace("(includeDeprecated: true)", "")] {
        let (ours, theirs) = (ours(&schema, query).await, theirs(&schema, query).await);
        assert_eq!(ours, theirs);
    }
    let answer = ours(&schema, "{ a: __type(name: \"Choice\") { isOneOf } b: __type(name: \"Plain\") { isOneOf } c: __type(name: \"Thing\") { isOneOf } }").await;
    assert_eq!(
        answer,
        json!({ "a": { "isOneOf": true }, "b": { "isOneOf": false }, "c": { "isOneOf": null } })
    );
}

#[tokio::test]
async fn a_deprecation_without_a_reason_has_the_default_one() {
    let old = field("old", TypeRef::named(TypeRef::STRING)).deprecation(None);
    let query = Object::new("Query").field(old);
    let schema = Schema::build("Query", None, None).register(query).finish().unwrap();
    let query = "{ a: __type(name: \"Query\") { fields { name } }
        b: __type(name: \"Query\") { fields(includeDeprecated: true) { isDeprecated deprecationReason } } }";
    let answer = json!([{ "isDeprecated": true, "deprecationReason": "No longer supported" }]);
    assert_eq!(ours(&schema, query).await, json!({ "a": { "fields": [] }, "b": { "fields": answer } }));
}

/// Limits the bytes of the portal's whole schema in the selection of most tools: every type, field, argument and value counts.
#[tokio::test]
async fn the_portals_introspection_stays_small() {
    let [portal, ..] = systems::ALL;
    let catalog = Catalog::new(&[portal]).unwrap();
    let introspection = Introspection::new(schema::build(&catalog).unwrap());
    let fields = fields(include_str!("usual.graphql"));
    let answers = introspection.answer(each(&fields), &Limits::default(), &mut 0).await.unwrap();
    let bytes = answers["__schema"].len();
    println!("{bytes} bytes for {} tables", catalog.tables().len());
    assert!(bytes <= 1_540_000, "{bytes}");
}

/// Checks that equal queries get the same bytes, of which there is one copy.
#[tokio::test]
async fn an_answer_is_made_once() {
    let introspection = Introspection::new(many_kinds());
    let limits = Limits::default();
    let named = |name: &str| {
        let wanted = Wanted { key: "n".into(), name: "name".into(), deprecated: false, below: Shape::new() };
        Introspected::Type(name.into(), vec![wanted])
    };
    let fields = ["a", "b"].map(|key| (key.to_owned(), named("Thing")));
    let first = introspection.answer(each(&fields), &limits, &mut 0).await.unwrap();
    let again = introspection.answer(each(&fields), &limits, &mut 0).await.unwrap();
    let places: Vec<*const u8> =
        [&first["a"], &first["b"], &again["a"]].iter().map(|bytes| bytes.as_ptr()).collect();
    assert!(places.windows(2).all(|two| two[0] == two[1]), "{places:?}");
}

/// Returns the types of introspection as graphql-js describes them; `None` if it is not installed.
fn of_graphql_js(query: &str) -> Option<Value> {
    let answer = graphql_js("introspect.mjs", &[], query)?;
    Some(serde_json::from_slice(&answer).unwrap())
}

fn introspection_types(answer: &Value) -> BTreeMap<String, Value> {
    let types = answer["__schema"]["types"].as_array().unwrap().iter();
    let named = types.map(|ty| (ty["name"].as_str().unwrap().to_owned(), ty.clone()));
    named.filter(|(name, _)| name.starts_with("__")).collect()
}

#[tokio::test]
async fn the_schema_of_schemas_is_that_of_graphql_js() {
    let gateway = schema::build(&Catalog::new(&systems::ALL).unwrap()).unwrap();
    let query = whole();
    let Some(theirs) = of_graphql_js(&query) else { return };
    let (ours, theirs) = (introspection_types(&ours(&gateway, &query).await), introspection_types(&theirs));
    assert_eq!(theirs.len(), 8);
    for (name, ty) in &theirs {
        assert_eq!(&ours[name], ty, "{name}");
    }
    assert_eq!(ours.len(), theirs.len());
}

/// Checks that answers match the types of introspection, for all of their fields.
#[tokio::test]
async fn answers_match_the_types_of_introspection() {
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let types = schema::build(&catalog).unwrap();
    let definitions = Definitions::of(types.registry());
    let introspection = Introspection::new(types.clone());
    let limits = Limits { cost: u64::MAX, ..Limits::default() };
    let registry = types.registry();
    for ty in ["__Schema", "__Type", "__Field", "__InputValue", "__EnumValue", "__Directive"] {
        let within = match ty {
            "__Schema" => "__schema { # }",
            "__Type" => "__schema { types { # } }",
            "__Field" => "__type(name: \"Query\") { fields { # } }",
            "__InputValue" => "__schema { directives { args { # } } }",
            "__EnumValue" => "__type(name: \"OrderDirection\") { enumValues { # } }",
            _ => "__schema { directives { # } }",
        };
        for (name, field) in registry.types[ty].fields().unwrap() {
            let of = registry.concrete_type_by_name(&field.ty).unwrap();
            let below = if of.is_composite() { "{ __typename }" } else { "" };
            let may_be_null = field.args.get("includeDeprecated").is_some_and(|it| !it.ty.ends_with('!'));
            let given = if may_be_null { "(includeDeprecated: null)" } else { "" };
            let mut answers = Vec::new();
            for given in [given, ""] {
                let query = format!("{{ {} }}", within.replace('#', &format!("{name}{given} {below}")));
                let document = document(&types, &definitions, &query).unwrap();
                let operation = document.only_operation();
                let none = Variables::default();
                let inputs = Inputs::read(&definitions, &document, operation, &none).unwrap();
                let planned = plan::plan(&catalog, &limits, &document, operation, &inputs, None).unwrap();
                let answer = introspection.answer(planned.introspection(), &limits, &mut 0).await.unwrap();
                answers.push(values(&answer).to_string());
            }
            assert_eq!(answers[0], answers[1], "{ty}.{name}");
            let null = format!("\"{name}\":null");
            assert!(!field.ty.ends_with('!') || !answers[0].contains(&null), "{ty}.{name}: {}", field.ty);
        }
    }
}
