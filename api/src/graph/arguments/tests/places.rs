//! Every place of the schema that takes a value, with what may be missing there.

use std::collections::{HashMap, HashSet, VecDeque};

use apollo_compiler::Node;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition, InputValueDefinition};

use super::{GATEWAY, Gateway};
use crate::graph::error::{Code, Error};

impl Gateway {
    /// A value of a type, with no more than it needs.
    fn value(&self, ty: &Type) -> String {
        if let Type::List(item) | Type::NonNullList(item) = ty {
            return format!("[{}]", self.value(item));
        }
        match &self.schema.types[ty.inner_named_type()] {
            ExtendedType::Enum(values) => values.values.keys().next().unwrap().to_string(),
            ExtendedType::InputObject(object) if object.name == "TimeBucket" => "{unit: DAY}".into(),
            ExtendedType::InputObject(object) if object.name == "NumberRanges" => "{width: 1}".into(),
            ExtendedType::InputObject(object) if object.name.ends_with("GroupBy") => {
                let is_plain = |it: &&Component<InputValueDefinition>| it.ty.inner_named_type() == "Boolean";
                let mut fields = object.fields.values();
                let key = fields.clone().find(is_plain).or(fields.next()).unwrap();
                format!("{{{}: {}}}", key.name, self.value(&key.ty))
            }
            ExtendedType::InputObject(object) => {
                format!("{{{}}}", self.required(object.fields.values().map(|field| &***field), ""))
            }
            scalar => match scalar.name().as_str() {
                "Int" | "BigInt" | "Decimal" => "1".into(),
                "Float" => "0.5".into(),
                "Boolean" => "true".into(),
                "JSON" => "{a: 1}".into(),
                "UUID" => "\"7f100003-0000-4000-8000-000000000000\"".into(),
                "Date" => "\"2026-02-12\"".into(),
                "LocalDateTime" => "\"2026-02-12T00:00:00\"".into(),
                "DateTime" => "\"2026-02-12T00:00:00Z\"".into(),
                _ => "\"x\"".into(),
            },
        }
    }

    /// What is required of some fields or arguments, but for one of them.
    fn required<'s>(&self, of: impl Iterator<Item = &'s InputValueDefinition>, but: &str) -> String {
        let required = of.filter(|it| it.is_required() && it.name != but);
        let required: Vec<_> = required.map(|it| format!("{}: {} ", it.name, self.value(&it.ty))).collect();
        required.concat()
    }

    /// The fields that lead to every type of objects, each with what it requires: `protocols(…) { nodes {`.
    fn ways(&self) -> HashMap<String, (String, usize)> {
        let mut ways = HashMap::new();
        let mut next = VecDeque::new();
        for (root, word) in [("Query", "query"), ("Mutation", "mutation"), ("Subscription", "subscription")] {
            ways.insert(root.to_owned(), (format!("{word}($v: TYPE) {{"), 1));
            next.push_back(root.to_owned());
        }
        while let Some(name) = next.pop_front() {
            let ExtendedType::Object(object) = &self.schema.types[name.as_str()] else { continue };
            // Rows are reached by lists, which need no key.
            let is_list =
                |field: &&Component<FieldDefinition>| field.ty.is_non_null() || field.arguments.is_empty();
            for field in object.fields.values().filter(is_list) {
                let target = field.ty.inner_named_type();
                if name == "Mutation"
                    || ways.contains_key(target.as_str())
                    || !self.schema.types[target].is_object()
                {
                    continue;
                }
                let arguments = self.required(field.arguments.iter().map(|it| &**it), "");
                let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
                let (way, depth) = &ways[&name];
                let way = format!("{way} {}{arguments} {{", field.name);
                ways.insert(target.to_string(), (way, depth + 1));
                next.push_back(target.to_string());
            }
        }
        ways
    }

    /// Every argument of every field, and every place within, each type of input once.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        let mut seen = HashSet::new();
        let ways = self.ways();
        let mut names: Vec<&String> = ways.keys().collect();
        names.sort();
        for name in names {
            let ExtendedType::Object(object) = &self.schema.types[name.as_str()] else { continue };
            for field in object.fields.values() {
                for argument in &field.arguments {
                    let (way, depth) = &ways[name];
                    let others = self.required(field.arguments.iter().map(|it| &**it), &argument.name);
                    let leaf = self.schema.types[field.ty.inner_named_type()].is_leaf();
                    let below = if leaf { "" } else { "{ __typename }" };
                    let place = Place {
                        coordinate: format!("{name}.{}.{}", field.name, argument.name),
                        before: format!("{way} {}({others} {}: ", field.name, argument.name),
                        after: format!(") {below}{}", "}".repeat(*depth)),
                        path: argument.name.to_string(),
                        ty: (*argument.ty).clone(),
                        whole: Some(argument.clone()),
                        argument: (*argument.ty).clone(),
                        json: (String::new(), String::new()),
                    };
                    self.places_within(&place, &mut seen, &mut places);
                }
            }
        }
        places
    }

    fn places_within(&self, place: &Place, seen: &mut HashSet<String>, places: &mut Vec<Place>) {
        let mut inner = vec![place.clone()];
        if let Type::List(item) | Type::NonNullList(item) = &place.ty {
            let (mut before, mut after) = place.json.clone();
            before.push('[');
            after.insert(0, ']');
            inner.push(Place {
                before: format!("{}[", place.before),
                after: format!("]{}", place.after),
                path: format!("{}.0", place.path),
                ty: (**item).clone(),
                whole: None,
                json: (before, after),
                ..place.clone()
            });
        }
        let last = inner[inner.len() - 1].clone();
        places.extend(inner);
        let ExtendedType::InputObject(object) = &self.schema.types[last.ty.inner_named_type()] else {
            return;
        };
        // Data is read in another way than what asks for something.
        if !seen.insert(format!("{} {}", object.name, last.is_data())) {
            return;
        }
        for field in object.fields.values() {
            let others = self.required(object.fields.values().map(|field| &***field), &field.name);
            let others_json: Vec<_> = object
                .fields
                .values()
                .filter(|it| it.is_required() && it.name != field.name)
                .map(|it| format!("\"{}\": {},", it.name, as_json(&self.value(&it.ty))))
                .collect();
            let others_json = others_json.concat();
            let (before, after) = &last.json;
            let within = Place {
                before: format!("{}{{{others}{}: ", last.before, field.name),
                after: format!("}}{}", last.after),
                path: format!("{}.{}", last.path, field.name),
                ty: (*field.ty).clone(),
                whole: None,
                json: (format!("{before}{{{others_json}\"{}\":", field.name), format!("}}{after}")),
                ..last.clone()
            };
            self.places_within(&within, seen, places);
        }
    }
}

/// A literal of [`Gateway::value`] as JSON.
fn as_json(literal: &str) -> String {
    match literal {
        _ if literal.starts_with(|first: char| first.is_ascii_uppercase()) => format!("{literal:?}"),
        "{a: 1}" => "{\"a\": 1}".into(),
        literal => literal.into(),
    }
}

/// A place that takes a value.
#[derive(Clone)]
struct Place {
    coordinate: String,
    /// The operation up to the place, and behind it.
    before: String,
    after: String,
    /// Dotted, from the argument on.
    path: String,
    ty: Type,
    /// The argument's definition, where the place is the whole of it.
    whole: Option<Node<InputValueDefinition>>,
    /// The argument's type, and JSON of it before and behind the place.
    argument: Type,
    json: (String, String),
}

impl Place {
    /// The operation with this at the place, where `$v` has this type.
    fn operation(&self, value: &str, ty: &Type) -> String {
        let begin = if value.contains("$v") || self.before.contains("$v: $v") { "($v: TYPE)" } else { "" };
        let before = self.before.replacen("($v: TYPE)", begin, 1);
        format!("{before}{value}{}", self.after).replacen("TYPE", &ty.to_string(), 1)
    }

    /// Whether it is data to be written.
    fn is_data(&self) -> bool {
        let mut of = self.coordinate.split('.');
        let is_mutation = of.next() == Some("Mutation");
        let field = of.next().unwrap_or_default();
        let argument = of.next().unwrap_or_default();
        let is_function =
            ["create", "update", "delete", "upsert"].iter().all(|verb| !field.starts_with(verb));
        is_mutation && (is_function || matches!(argument, "input" | "inputs" | "patch"))
    }

    /// Whether something has to stand there.
    fn takes_no_nullable_variable(&self) -> bool {
        self.ty.is_non_null() && self.whole.as_ref().is_none_or(|it| it.is_required())
    }

    /// Whether it names the row that is meant, or guards it.
    fn is_guard(&self) -> bool {
        let is_look_up = || {
            let returns = self.whole.as_ref().is_some_and(|it| !it.is_required());
            let fields = GATEWAY.catalog.tables().iter().map(|table| table.single_field.as_str());
            let field = self.coordinate.split('.').nth(1).unwrap_or_default();
            let function = GATEWAY.catalog.functions().iter().any(|it| it.field == field);
            self.coordinate.split('.').next().is_some_and(|of| of.ends_with("Query"))
                && returns
                && !function
                && fields.into_iter().any(|single| single == field)
        };
        self.coordinate.starts_with("Mutation.") && !self.is_data() || is_look_up()
    }
}

fn nullable(ty: &Type) -> Type {
    ty.clone().nullable()
}

#[test]
fn what_is_forgotten_never_widens() {
    let gateway = &*GATEWAY;
    let places = gateway.places();
    let (mut refused, mut left_out, mut written) = (0, 0, 0);
    for place in &places {
        let Place { coordinate, path, ty, whole, .. } = place;
        let place_of = format!("{coordinate}: {path}");
        let with_variable = place.operation("$v", &nullable(ty));
        if place.takes_no_nullable_variable() {
            // Validation does not let it in.
            let error = gateway.plan(&with_variable, "{}").unwrap_err();
            assert_eq!(error.code, Code::GraphqlInvalid, "{place_of}: {error:?}");
            continue;
        }
        for variables in ["{}", r#"{"v": null}"#] {
            let planned = gateway.plan(&with_variable, variables);
            let says_so = |error: &Error| error.message.contains("`$v` has no value");
            if place.is_data() {
                written += 1;
                assert!(!planned.is_err_and(|error| says_so(&error)), "{place_of}");
            } else if whole.is_some() && !place.is_guard() {
                left_out += 1;
                let has_default = whole.as_ref().is_some_and(|it| it.default_value.is_some());
                let is_refused =
                    planned.is_err_and(|error| says_so(&error) || error.code == Code::GraphqlInvalid);
                // Null is no value of a type that has none.
                assert_eq!(is_refused, has_default && variables != "{}", "{place_of}");
            } else {
                refused += 1;
                let Err(error) = planned else { panic!("{place_of} with {variables}: {with_variable}") };
                assert_eq!(error.code, Code::BadUserInput, "{place_of}: {error:?}");
                assert!(says_so(&error), "{place_of}: {error:?}");
                assert_eq!(error.argument.as_ref(), Some(path), "{place_of}: {error:?}");
            }
        }
        if place.is_data() || whole.is_some() {
            continue;
        }
        // Null by itself, and within a variable that stands for the whole argument.
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
        let named = error.argument.as_deref().unwrap_or_default();
        let within = path.split_once('.').map(|(_, within)| within).unwrap_or_default();
        assert!(named == path || named == format!("$v.{within}"), "{place_of}: {error:?}");
        assert!(error.message.contains("$v"), "{place_of}: {error:?}");
    }
    // All kinds were there, in numbers.
    assert!(refused > 2_000 && left_out > 500 && written > 100, "{refused} {left_out} {written}");
}
