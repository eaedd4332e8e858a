//! What the schema says of fields, arguments and inputs, in the form in which requests are read with it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Schema, ast};

/// The definitions of a schema.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    inputs: HashMap<Arc<str>, Input>,
    fields: HashMap<Arc<str>, HashMap<Arc<str>, FieldDefinition>>,
}

/// A type of values that a request may give.
#[derive(Debug)]
pub(super) enum Input {
    /// Its values are checked where it is known what they are for.
    Scalar,
    /// The names of its values.
    Enum(HashSet<Arc<str>>),
    Object(InputObject),
}

/// A type of objects that a request may give.
#[derive(Debug)]
pub(super) struct InputObject {
    pub(super) name: Arc<str>,
    fields: HashMap<Arc<str>, InputValue>,
    /// Those that have a default or have to be there, in the order of the schema.
    always: Vec<Arc<str>>,
}

/// An argument, or a field of an input.
#[derive(Debug)]
pub(super) struct InputValue {
    pub(super) name: Arc<str>,
    pub(super) ty: Type,
    pub(super) default: Option<Literal>,
}

/// A field of an object or an interface.
#[derive(Clone, Debug)]
pub(super) struct FieldDefinition {
    /// In the order of the schema.
    pub(super) arguments: Arc<[InputValue]>,
}

/// The type of an argument, of an input's field or of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Named(Arc<str>),
    List(Box<Type>),
    NonNull(Box<Type>),
}

/// A value as it is written in a document or in the schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    /// With all its digits.
    Number(Box<str>),
    /// A string, or the name of an enum's value.
    Text(Box<str>),
    /// The name of a variable.
    Variable(Box<str>),
    List(Box<[Literal]>),
    /// Fields in the order in which they are written.
    Object(Box<[(Box<str>, Literal)]>),
}

impl Definitions {
    /// A type of values by its name.
    pub(super) fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.get(name)
    }

    /// A field of a type of objects or of an interface, by both names.
    pub(super) fn field(&self, parent: &str, name: &str) -> Option<&FieldDefinition> {
        self.fields.get(parent)?.get(name)
    }

    /// The definitions of a schema.
    pub(super) fn of(schema: &Valid<Schema>) -> Self {
        let mut definitions = Self::default();
        for (name, ty) in &schema.types {
            let name: Arc<str> = name.as_str().into();
            match ty {
                ExtendedType::Scalar(_) => {
                    definitions.inputs.insert(name, Input::Scalar);
                }
                ExtendedType::Enum(ty) => {
                    let values = ty.values.keys().map(|value| value.as_str().into()).collect();
                    definitions.inputs.insert(name, Input::Enum(values));
                }
                ExtendedType::InputObject(ty) => {
                    let fields = ty.fields.values().map(|field| input_value(field)).collect();
                    let object = InputObject::new(Arc::clone(&name), fields);
                    definitions.inputs.insert(name, Input::Object(object));
                }
                ExtendedType::Object(ty) => {
                    let fields = ty.fields.values().map(|field| field_definition(field));
                    definitions.fields.insert(name, fields.collect());
                }
                ExtendedType::Interface(ty) => {
                    let fields = ty.fields.values().map(|field| field_definition(field));
                    definitions.fields.insert(name, fields.collect());
                }
                ExtendedType::Union(_) => {}
            }
        }
        for field in ["__schema", "__type"] {
            if let Ok(definition) = schema.type_field("Query", field) {
                let query = definitions.fields.entry("Query".into()).or_default();
                query.extend([field_definition(definition)]);
            }
        }
        definitions
    }
}

fn field_definition(field: &ast::FieldDefinition) -> (Arc<str>, FieldDefinition) {
    let arguments = field.arguments.iter().map(|argument| input_value(argument)).collect();
    (field.name.as_str().into(), FieldDefinition { arguments })
}

fn input_value(definition: &ast::InputValueDefinition) -> InputValue {
    InputValue {
        name: definition.name.as_str().into(),
        ty: Type::of(&definition.ty),
        default: definition.default_value.as_deref().map(Literal::of),
    }
}

impl InputObject {
    fn new(name: Arc<str>, fields: Vec<InputValue>) -> Self {
        let is_always = |field: &&InputValue| field.default.is_some() || field.ty.is_non_null();
        let always = fields.iter().filter(is_always).map(|field| Arc::clone(&field.name)).collect();
        let fields = fields.into_iter().map(|field| (Arc::clone(&field.name), field)).collect();
        Self { name, fields, always }
    }

    /// A field by its name.
    pub(super) fn field(&self, name: &str) -> Option<&InputValue> {
        self.fields.get(name)
    }

    /// The fields that a coerced value has whether they were given or not, in the order of the schema.
    pub(super) fn always(&self) -> impl Iterator<Item = &InputValue> {
        self.always.iter().filter_map(|name| self.field(name))
    }
}

impl Type {
    pub(super) fn of(ty: &ast::Type) -> Self {
        match ty {
            ast::Type::Named(name) => Self::Named(name.as_str().into()),
            ast::Type::NonNullNamed(name) => Self::NonNull(Box::new(Self::Named(name.as_str().into()))),
            ast::Type::List(item) => Self::List(Box::new(Self::of(item))),
            ast::Type::NonNullList(item) => Self::NonNull(Box::new(Self::List(Box::new(Self::of(item))))),
        }
    }

    pub(super) fn is_non_null(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// The same type with null among its values.
    pub(super) fn nullable(&self) -> &Self {
        match self {
            Self::NonNull(ty) => ty,
            ty => ty,
        }
    }

    /// The name of the type itself, or of that of a list's items.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(ty) | Self::NonNull(ty) => ty.name(),
        }
    }

    /// Whether every value of it is a value of another type.
    pub(super) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NonNull(this), Self::NonNull(other)) | (Self::List(this), Self::List(other)) => {
                this.fits(other)
            }
            (_, Self::NonNull(_)) => false,
            (Self::NonNull(this), other) => this.fits(other),
            (this, other) => this == other,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => out.write_str(name),
            Self::List(item) => write!(out, "[{item}]"),
            Self::NonNull(ty) => write!(out, "{ty}!"),
        }
    }
}

impl Literal {
    pub(super) fn of(value: &ast::Value) -> Self {
        match value {
            ast::Value::Null => Self::Null,
            ast::Value::Boolean(value) => Self::Boolean(*value),
            ast::Value::Int(number) => Self::Number(number.as_str().into()),
            ast::Value::Float(number) => Self::Number(number.as_str().into()),
            ast::Value::String(text) => Self::Text(text.as_str().into()),
            ast::Value::Enum(name) => Self::Text(name.as_str().into()),
            ast::Value::Variable(name) => Self::Variable(name.as_str().into()),
            ast::Value::List(items) => Self::List(items.iter().map(|item| Self::of(item)).collect()),
            ast::Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.as_str().into(), Self::of(value)));
                Self::Object(fields.collect())
            }
        }
    }
}
