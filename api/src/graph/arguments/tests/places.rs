//! Lists every place of the schema that takes a value, and says which may be omitted.

use std::collections::{HashMap, HashSet, VecDeque};

use apollo_compiler::Node;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{
    Component, ExtendedType, FieldDefinition, InputObjectType, InputValueDefinition,
};

use super::{GATEWAY, Gateway};

impl Gateway {
    /// Returns a minimal value of a type.
    pub(super) fn value(&self, ty: &Type) -> String {
        if let Type::List(item) | Type::NonNullList(item) = ty {
            return format!("[{}]", self.value(item));
        }
        match &self.schema.types[ty.inner_named_type()] {
            ExtendedType::Enum(values) => values.values.keys().next().unwrap().to_string(),
            ExtendedType::InputObject(object) if object.name == "TimeBucket" => {
                "{calendar: {unit: DAY}}".into()
            }
            ExtendedType::InputObject(object) if object.name == "NumberRanges" => "{width: 1}".into(),
            ExtendedType::InputObject(object) if is_one_of(object) => {
                let is_leaf = |it: &&Component<InputValueDefinition>| {
                    self.schema.types[it.ty.inner_named_type()].is_leaf()
                };
                let mut fields = object.fields.values();
                let field = fields.clone().find(is_leaf).or(fields.next()).unwrap();
                format!("{{{}: {}}}", field.name, self.value(&field.ty))
            }
            // A patch changes at least one field.
            ExtendedType::InputObject(object) if object.name.ends_with("Patch") => {
                let field = object.fields.values().next().unwrap();
                format!("{{{}: {}}}", field.name, self.value(&field.ty))
            }
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

    /// Returns the required fields or arguments, except one of them.
    fn required<'s>(&self, of: impl Iterator<Item = &'s InputValueDefinition>, but: &str) -> String {
        let required = of.filter(|it| it.is_required() && it.name != but);
        let required: Vec<_> = required.map(|it| format!("{}: {} ", it.name, self.value(&it.ty))).collect();
        required.concat()
    }

    /// Returns the fields that lead to every object type, with their required arguments: `protocols(…) { nodes {`.
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

    /// Returns every argument of every field.
    pub(super) fn arguments(&self) -> Vec<Place> {
        let mut arguments = Vec::new();
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
                        in_one_of: false,
                    };
                    arguments.push(place);
                }
            }
        }
        arguments
    }

    /// Returns every argument of every field, and every place within, each input type once.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut places = self.arguments();
        let mut seen = HashSet::new();
        let mut at = 0;
        while let Some(place) = places.get(at) {
            // Data is read differently from other arguments.
            let of = format!("{} {}", place.ty.inner_named_type(), place.is_data());
            if place.ty.is_list() || seen.insert(of) {
                let parts = self.parts(place);
                places.extend(parts);
            }
            at += 1;
        }
        places
    }

    /// Returns the places directly within another: the item of a list, or the fields of an object.
    pub(super) fn parts(&self, place: &Place) -> Vec<Place> {
        let (before_json, after_json) = &place.json;
        if let Type::List(item) | Type::NonNullList(item) = &place.ty {
            return vec![Place {
                before: format!("{}[", place.before),
                after: format!("]{}", place.after),
                path: format!("{}.0", place.path),
                ty: (**item).clone(),
                whole: None,
                json: (format!("{before_json}["), format!("]{after_json}")),
                in_one_of: false,
                ..place.clone()
            }];
        }
        let ExtendedType::InputObject(object) = &self.schema.types[place.ty.inner_named_type()] else {
            return Vec::new();
        };
        let part = |field: &Component<InputValueDefinition>| {
            let others = || object.fields.values().map(|field| &***field);
            let json = others().filter(|it| it.is_required() && it.name != field.name);
            let json = json.map(|it| format!("\"{}\": {},", it.name, as_json(&self.value(&it.ty))));
            let (others, json) = (self.required(others(), &field.name), json.collect::<String>());
            Place {
                before: format!("{}{{{others}{}: ", place.before, field.name),
                after: format!("}}{}", place.after),
                path: format!("{}.{}", place.path, field.name),
                ty: (*field.ty).clone(),
                whole: None,
                json: (format!("{before_json}{{{json}\"{}\":", field.name), format!("}}{after_json}")),
                in_one_of: is_one_of(object),
                ..place.clone()
            }
        };
        object.fields.values().map(part).collect()
    }
}

/// Converts a literal of [`Gateway::value`] to JSON.
pub(super) fn as_json(literal: &str) -> String {
    match literal {
        _ if literal.starts_with(|first: char| first.is_ascii_uppercase()) => format!("{literal:?}"),
        "{a: 1}" => "{\"a\": 1}".into(),
        "{x: 7}" => "{\"x\": 7}".into(),
        "[0, {x: 1e-400}]" => "[0, {\"x\": 1e-400}]".into(),
        literal => literal.into(),
    }
}

/// A place that takes a value.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) coordinate: String,
    /// The operation before and after the place.
    pub(super) before: String,
    pub(super) after: String,
    /// The path of the place, dotted, from the argument on.
    pub(super) path: String,
    pub(super) ty: Type,
    /// The argument's definition, if the place is the whole argument.
    pub(super) whole: Option<Node<InputValueDefinition>>,
    /// The argument's type, and its JSON before and after the place.
    pub(super) argument: Type,
    pub(super) json: (String, String),
    /// True if it is the only field that its object takes.
    pub(super) in_one_of: bool,
}

impl Place {
    /// Returns the operation with this value at the place, where `$v` has this type.
    pub(super) fn operation(&self, value: &str, ty: &Type) -> String {
        let begin = if value.contains("$v") || self.before.contains("$v: $v") { "($v: TYPE)" } else { "" };
        let before = self.before.replacen("($v: TYPE)", begin, 1);
        format!("{before}{value}{}", self.after).replacen("TYPE", &ty.to_string(), 1)
    }

    /// Returns the type of a variable that is allowed there.
    pub(super) fn variable(&self) -> Type {
        if self.in_one_of { self.ty.clone().non_null() } else { self.ty.clone() }
    }

    /// Returns true if the value is data to be written.
    pub(super) fn is_data(&self) -> bool {
        let mut of = self.coordinate.split('.');
        let is_mutation = of.next() == Some("Mutation");
        let field = of.next().unwrap_or_default();
        let argument = of.next().unwrap_or_default();
        let is_function =
            ["create", "update", "delete", "upsert"].iter().all(|verb| !field.starts_with(verb));
        is_mutation && (is_function || matches!(argument, "input" | "inputs" | "patch"))
    }

    /// Returns true if a value is required there.
    pub(super) fn takes_no_nullable_variable(&self) -> bool {
        self.in_one_of || self.ty.is_non_null() && self.whole.as_ref().is_none_or(|it| it.is_required())
    }

    /// Returns true if the value selects the row, or guards it.
    pub(super) fn is_guard(&self) -> bool {
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

/// Returns true if an input takes exactly one field.
pub(super) fn is_one_of(object: &InputObjectType) -> bool {
    object.directives.has("oneOf")
}

pub(super) fn nullable(ty: &Type) -> Type {
    ty.clone().nullable()
}
