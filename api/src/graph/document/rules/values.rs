//! Checks the rules Values of Correct Type, Input Object Field Names and Input Object Required Fields, also beside variables.

use async_graphql::registry::{MetaEnumValue, MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Pos, indexmap::IndexMap};

use super::super::Value;
use super::super::order::Definition;
use super::super::scan::{Literals, Numbers};
use super::outline::{Outline, is_required};
use super::path::{Part, argument, dotted};
use super::{Known, Mistake, Unknown};

/// A variable as a value.
pub(super) struct Usage<'v> {
    pub(super) variable: &'v str,
    /// The expected type.
    pub(super) ty: &'v str,
    /// True if the place has a default.
    pub(super) has_default: bool,
    /// The `@oneOf` input object that contains it, if any.
    pub(super) one_of: Option<&'v str>,
    /// The position of the argument's value.
    pub(super) place: Pos,
    /// Dotted path from the argument inwards.
    pub(super) argument: String,
}

/// Checks all values of a document; returns the variables among them, for each definition of the document.
pub(super) fn check<'r: 'd, 'd>(
    registry: &'r Registry,
    outline: &Outline<'r, 'd>,
    numbers: &Numbers,
    mistakes: &mut Vec<Mistake<'r>>,
) -> Vec<Vec<Usage<'d>>> {
    let look = |scope: &super::outline::Scope<'r, 'd>| {
        if let Definition::Operation(operation) = scope.definition {
            for variable in &operation.node.variable_definitions {
                if let Some(default) = &variable.node.default_value {
                    let ty = variable.node.var_type.node.to_string();
                    let value = default.node.clone().into_value();
                    let name = variable.node.name.node.as_str();
                    let mut check = ValueCheck::new(registry, default.pos, variable.pos, format!("${name}"));
                    let expected = Expected { ty: Some(&ty), has_default: false, one_of: None };
                    check.value(&value, expected, &mut numbers.within(default.pos));
                    mistakes.extend(check.mistakes);
                }
            }
        }
        let mut usages = Vec::new();
        for given in &scope.arguments {
            let place = given.value.pos;
            let path = argument(given.directive, &given.definition.name);
            let mut check = ValueCheck::new(registry, place, given.name, path);
            let expected = Expected::of(given.definition);
            check.value(&given.value.node, expected, &mut numbers.within(place));
            mistakes.extend(check.mistakes);
            usages.extend(check.usages);
        }
        usages
    };
    outline.scopes.iter().map(look).collect()
}

/// The values that are allowed in a place.
#[derive(Clone, Copy)]
struct Expected<'v> {
    /// The type; `None` if any value is allowed.
    ty: Option<&'v str>,
    has_default: bool,
    one_of: Option<&'v str>,
}

impl<'v> Expected<'v> {
    const ANYTHING: Self = Self { ty: None, has_default: false, one_of: None };

    fn of(definition: &'v MetaInputValue) -> Self {
        let has_default = definition.default_value.is_some();
        Self { ty: Some(&definition.ty), has_default, one_of: None }
    }

    fn item(ty: &'v str) -> Self {
        Self { ty: Some(ty), has_default: false, one_of: None }
    }
}

/// The results for the value of one argument or variable.
struct ValueCheck<'r, 'v> {
    registry: &'r Registry,
    /// The position of the value: the parser keeps no positions of its parts.
    place: Pos,
    reported_at: Pos,
    /// The argument, and the path from it to the current value.
    argument: String,
    path: Vec<Part<'v>>,
    mistakes: Vec<Mistake<'r>>,
    usages: Vec<Usage<'v>>,
}

impl<'r: 'v, 'v> ValueCheck<'r, 'v> {
    fn new(registry: &'r Registry, place: Pos, reported_at: Pos, argument: String) -> Self {
        let (path, mistakes, usages) = (Vec::new(), Vec::new(), Vec::new());
        Self { registry, place, reported_at, argument, path, mistakes, usages }
    }

    /// Returns the dotted path of the current value.
    fn here(&self) -> String {
        dotted(&self.argument, &self.path)
    }

    fn mistake(&mut self, message: impl Into<String>, unknown: Option<Unknown<'r>>) {
        let (reported_at, argument) = (Some(self.reported_at), Some(self.here()));
        self.mistakes.push(Mistake { reported_at, unknown, argument, ..Mistake::new(self.place, message) });
    }

    /// Checks a part of the current value.
    fn within(
        &mut self,
        part: Part<'v>,
        value: &'v Value,
        expected: Expected<'v>,
        literals: &mut Literals<'_>,
    ) {
        self.path.push(part);
        self.value(value, expected, literals);
        self.path.pop();
    }

    /// Checks a value. `literals` are the numbers from this value on; it is advanced past the value.
    fn value(&mut self, value: &'v Value, expected: Expected<'v>, literals: &mut Literals<'_>) {
        let Expected { ty, has_default, one_of } = expected;
        if let Value::Variable(name) = value {
            if let Some(ty) = ty {
                let (place, argument) = (self.place, self.here());
                self.usages.push(Usage { variable: name, ty, has_default, one_of, place, argument });
            }
            return;
        }
        let Some(ty) = ty else { return self.parts(value, Expected::ANYTHING, literals) };
        let nullable = ty.strip_suffix('!').unwrap_or(ty);
        if matches!(value, Value::Null) {
            if nullable != ty {
                self.mistake(format!("Expected a value of type `{ty}`, found null."), None);
            }
            return;
        }
        match (MetaTypeName::create(nullable), value) {
            (MetaTypeName::List(item), Value::List(items)) => {
                for (at, value) in items.iter().enumerate() {
                    self.within(Part::Item(at), value, Expected::item(item), literals);
                }
            }
            // A single value counts as a list of one.
            (MetaTypeName::List(item), _) => {
                self.within(Part::Item(0), value, Expected::item(item), literals);
            }
            (MetaTypeName::Named(name) | MetaTypeName::NonNull(name), _) => self.named(value, name, literals),
        }
    }

    /// Checks the parts of a value that may have any type.
    fn parts(&mut self, value: &'v Value, items: Expected<'v>, literals: &mut Literals<'_>) {
        match value {
            Value::Number(_) => drop(literals.next()),
            Value::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    self.within(Part::Item(at), value, items, literals);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.within(Part::Field(name), value, Expected::ANYTHING, literals);
                }
            }
            _ => {}
        }
    }

    fn named(&mut self, value: &'v Value, ty: &'v str, literals: &mut Literals<'_>) {
        let registry = self.registry;
        match registry.types.get(ty) {
            Some(MetaType::Scalar { .. }) => self.scalar(value, ty, literals),
            Some(MetaType::Enum { enum_values, .. }) => self.enumeration(value, ty, enum_values, literals),
            Some(MetaType::InputObject { input_fields, oneof, .. }) => {
                if let Value::Object(fields) = value {
                    self.object(fields, ty, input_fields, *oneof, literals);
                } else {
                    self.wrong(value, ty, literals);
                }
            }
            // Reported for the variable.
            _ => self.parts(value, Expected::ANYTHING, literals),
        }
    }

    fn scalar(&mut self, value: &'v Value, ty: &'v str, literals: &mut Literals<'_>) {
        let integer = |literals: &Literals<'_>| {
            literals.clone().next().filter(|text| !text.contains(['.', 'e', 'E'])).map(str::to_owned)
        };
        let fits = match (ty, value) {
            ("Int", Value::Number(_)) => integer(literals).is_some_and(|text| text.parse::<i32>().is_ok()),
            ("ID", Value::Number(_)) => integer(literals).is_some(),
            ("Float", Value::Number(_))
            | ("String" | "ID", Value::String(_))
            | ("Boolean", Value::Boolean(_)) => true,
            ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
            // The values of other scalars are checked when they are parsed.
            _ => return self.parts(value, Expected::item(ty), literals),
        };
        if fits { self.parts(value, Expected::ANYTHING, literals) } else { self.wrong(value, ty, literals) }
    }

    fn enumeration(
        &mut self,
        value: &'v Value,
        ty: &str,
        values: &'r IndexMap<String, MetaEnumValue>,
        literals: &mut Literals<'_>,
    ) {
        match value {
            Value::Enum(name) if values.contains_key(name.as_str()) => {}
            Value::Enum(name) => {
                let unknown = Unknown { name: name.clone(), known: Known::Values(values) };
                self.mistake(format!("The enum `{ty}` has no value `{name}`."), Some(unknown));
            }
            _ => self.wrong(value, ty, literals),
        }
    }

    fn object(
        &mut self,
        fields: &'v IndexMap<Name, Value>,
        ty: &'v str,
        definitions: &'r IndexMap<String, MetaInputValue>,
        one_of: bool,
        literals: &mut Literals<'_>,
    ) {
        for (name, value) in fields {
            self.path.push(Part::Field(name));
            let expected = match definitions.get(name.as_str()) {
                None => {
                    let unknown = Unknown { name: name.clone(), known: Known::Arguments(definitions) };
                    self.mistake(format!("The input object `{ty}` has no field `{name}`."), Some(unknown));
                    Expected::ANYTHING
                }
                Some(definition) => Expected { one_of: one_of.then_some(ty), ..Expected::of(definition) },
            };
            if one_of && matches!(value, Value::Null) {
                self.mistake(format!("The field `{ty}.{name}` may not be null."), None);
            }
            self.value(value, expected, literals);
            self.path.pop();
        }
        if one_of && fields.len() != 1 {
            self.mistake(format!("Of the input object `{ty}`, exactly one field is given."), None);
        }
        for definition in definitions.values() {
            if is_required(definition) && !fields.contains_key(definition.name.as_str()) {
                self.path.push(Part::Field(&definition.name));
                let message = format!(
                    "The field `{ty}.{}` of type `{}` is required, and is not provided.",
                    definition.name, definition.ty
                );
                self.mistake(message, None);
                self.path.pop();
                if let Some(mistake) = self.mistakes.last_mut() {
                    mistake.remoteness = super::Remoteness::Consequence;
                }
            }
        }
    }

    fn wrong(&mut self, value: &'v Value, ty: &str, literals: &mut Literals<'_>) {
        let found = match value {
            Value::Number(_) => literals.clone().next().unwrap_or_default().to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            value => value.to_string(),
        };
        self.mistake(format!("Expected a value of type `{ty}`, found {found}."), None);
        self.parts(value, Expected::ANYTHING, literals);
    }
}
