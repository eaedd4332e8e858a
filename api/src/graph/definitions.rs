//! Holds the schema's definitions of fields, arguments and inputs, in the form that reading a request needs.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use async_graphql::registry::{MetaField, MetaInputValue, MetaType, Registry};

use super::document::literal;

/// The definitions of a schema.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    inputs: HashMap<Arc<str>, Input>,
    fields: HashMap<Arc<str>, HashMap<Arc<str>, FieldDefinition>>,
}

/// An input type.
#[derive(Debug)]
pub(super) enum Input {
    /// A scalar; its values are checked where their use is known.
    Scalar,
    /// An enum: the names of its values.
    Enum(HashSet<Arc<str>>),
    Object(InputObject),
}

/// An input object type.
#[derive(Debug)]
pub(super) struct InputObject {
    pub(super) name: Arc<str>,
    fields: HashMap<Arc<str>, InputValue>,
    /// True if exactly one field has to be given (`@oneOf`).
    pub(super) is_one_of: bool,
    /// The fields that have a default or are required, in the order of the schema.
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
    /// The arguments, in the order of the schema.
    pub(super) arguments: Arc<[InputValue]>,
    /// The name of its type, or of the items of a list type.
    pub(super) ty: Arc<str>,
}

/// The type of an argument, of an input's field or of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Named(Arc<str>),
    List(Box<Type>),
    NonNull(Box<Type>),
}

/// A literal of a document or of the schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    /// A number, with all its digits.
    Number(Box<str>),
    /// A string, or the name of an enum value.
    Text(Box<str>),
    /// The name of a variable.
    Variable(Box<str>),
    List(Box<[Literal]>),
    /// An object: fields in the order of the text.
    Object(Box<[(Box<str>, Literal)]>),
}

impl Definitions {
    /// Returns an input type by its name.
    pub(super) fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.get(name)
    }

    /// Returns a field of an object or interface, by both names.
    pub(super) fn field(&self, parent: &str, name: &str) -> Option<&FieldDefinition> {
        self.fields.get(parent)?.get(name)
    }

    /// Returns the definitions of a schema.
    pub(super) fn of(registry: &Registry) -> Self {
        let mut definitions = Self::default();
        for (name, ty) in &registry.types {
            let name: Arc<str> = name.as_str().into();
            let input = match ty {
                MetaType::Scalar { .. } => Input::Scalar,
                MetaType::Enum { enum_values, .. } => {
                    Input::Enum(enum_values.keys().map(|value| value.as_str().into()).collect())
                }
                MetaType::InputObject { input_fields, oneof, .. } => {
                    let fields = input_fields.values().map(input_value).collect();
                    Input::Object(InputObject::new(Arc::clone(&name), fields, *oneof))
                }
                MetaType::Object { fields, .. } | MetaType::Interface { fields, .. } => {
                    definitions.fields.insert(name, fields.values().map(field_definition).collect());
                    continue;
                }
                MetaType::Union { .. } => continue,
            };
            definitions.inputs.insert(name, input);
        }
        definitions
    }
}

fn field_definition(field: &MetaField) -> (Arc<str>, FieldDefinition) {
    let arguments = field.args.values().map(input_value).collect();
    (field.name.as_str().into(), FieldDefinition { arguments, ty: Type::of(&field.ty).name().into() })
}

fn input_value(definition: &MetaInputValue) -> InputValue {
    InputValue {
        name: definition.name.as_str().into(),
        ty: Type::of(&definition.ty),
        default: definition.default_value.as_deref().and_then(literal),
    }
}

impl InputObject {
    fn new(name: Arc<str>, fields: Vec<InputValue>, is_one_of: bool) -> Self {
        let is_always = |field: &&InputValue| field.default.is_some() || field.ty.is_non_null();
        let always = fields.iter().filter(is_always).map(|field| Arc::clone(&field.name)).collect();
        let fields = fields.into_iter().map(|field| (Arc::clone(&field.name), field)).collect();
        Self { name, fields, is_one_of, always }
    }

    /// Returns a field by its name.
    pub(super) fn field(&self, name: &str) -> Option<&InputValue> {
        self.fields.get(name)
    }

    /// Returns the fields of every coerced value, given or not, in the order of the schema.
    pub(super) fn always(&self) -> impl Iterator<Item = &InputValue> {
        self.always.iter().filter_map(|name| self.field(name))
    }
}

impl Type {
    /// Parses the text of a type: `[Int!]!`.
    pub(super) fn of(text: &str) -> Self {
        if let Some(ty) = text.strip_suffix('!') {
            return Self::NonNull(Box::new(Self::of(ty)));
        }
        match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(item) => Self::List(Box::new(Self::of(item))),
            None => Self::Named(text.into()),
        }
    }

    pub(super) fn is_non_null(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// Returns the nullable version of the type.
    pub(super) fn nullable(&self) -> &Self {
        match self {
            Self::NonNull(ty) => ty,
            ty => ty,
        }
    }

    /// Returns the name of the type itself, or of the items of a list type.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(ty) | Self::NonNull(ty) => ty.name(),
        }
    }

    /// Returns true if every value of it is a value of another type.
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
