//! Operations as trees, and their GraphQL text.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    /// `query`, `mutation` or `subscription`.
    pub(crate) kind: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// A selected field, or a fragment if `on` is set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Field {
    pub(crate) alias: Option<String>,
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, Argument)>,
    pub(crate) fields: Vec<Field>,
    /// The type of a fragment, which has neither alias nor arguments. A fragment without a name is inline.
    pub(crate) on: Option<String>,
    /// The argument of `@include`, if the field has it.
    pub(crate) include: Option<bool>,
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// The text of a literal: a number, a name of an enum, a text in its quotes.
    Literal(String),
    List(Vec<Argument>),
    Object(Vec<(String, Argument)>),
    /// A variable of this name and type, and its value.
    Variable(String, String, Box<Argument>),
}

impl Field {
    /// Returns a field of this name, without fields below it.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Returns the same field without names and variables, which belong to one place only.
    pub(crate) fn plain(&self) -> Self {
        let arguments = self.arguments.iter().map(|(name, value)| (name.clone(), value.plain())).collect();
        let name = if self.on.is_some() { String::new() } else { self.name.clone() };
        Self { name, arguments, fields: self.fields.iter().map(Self::plain).collect(), ..self.clone() }
    }

    /// Returns the key of its value in the answer.
    pub(crate) fn key(&self) -> &str {
        self.alias.as_ref().unwrap_or(&self.name)
    }
}

impl Argument {
    pub(crate) fn text(text: &str) -> Self {
        Self::Literal(Value::from(text).to_string())
    }

    fn plain(&self) -> Self {
        match self {
            Self::Variable(_, _, value) => (**value).clone(),
            other => other.clone(),
        }
    }

    /// Returns the value as JSON; an enum by its name.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Literal(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Object(members) => members.iter().map(|(name, it)| (name.clone(), it.value())).collect(),
            Self::Variable(_, _, value) => value.value(),
        }
    }
}

impl From<&Value> for Argument {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
            other => Self::Literal(other.to_string()),
        }
    }
}

impl Operation {
    /// Returns the request: the document and its variables.
    pub(crate) fn request(&self) -> Value {
        let variables = Parts::of(&self.fields).variables.into_iter();
        let variables: Value = variables.map(|(name, (_, value))| (name.to_owned(), value.value())).collect();
        json!({ "query": self.to_string(), "variables": variables })
    }
}

/// The parts of a document outside the selection.
#[derive(Default)]
struct Parts<'a> {
    /// Types and values by name.
    variables: BTreeMap<&'a str, (&'a str, &'a Argument)>,
    fragments: BTreeMap<&'a str, &'a Field>,
}

impl<'a> Parts<'a> {
    fn of(fields: &'a [Field]) -> Self {
        let mut parts = Self::default();
        parts.add(fields);
        parts
    }

    fn add(&mut self, fields: &'a [Field]) {
        for field in fields {
            for (_, argument) in &field.arguments {
                if let Argument::Variable(name, ty, value) = argument {
                    self.variables.insert(name, (ty, value));
                }
            }
            if field.on.is_some() && !field.name.is_empty() {
                self.fragments.insert(&field.name, field);
            }
            self.add(&field.fields);
        }
    }
}

impl Display for Operation {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let parts = Parts::of(&self.fields);
        out.write_str(self.kind)?;
        for (at, (name, (ty, _))) in parts.variables.iter().enumerate() {
            write!(out, "{}${name}: {ty}", if at > 0 { ", " } else { "(" })?;
        }
        if !parts.variables.is_empty() {
            out.write_str(")")?;
        }
        write!(out, "{}", Selection(&self.fields))?;
        for (name, fragment) in parts.fragments {
            let on = fragment.on.as_deref().unwrap_or_default();
            write!(out, " fragment {name} on {on}{}", Selection(&fragment.fields))?;
        }
        Ok(())
    }
}

struct Selection<'a>(&'a [Field]);

impl Display for Selection<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        out.write_str(" {")?;
        for field in self.0 {
            let is_spread = field.on.is_some() && !field.name.is_empty();
            match (&field.on, &field.alias) {
                (Some(_), _) if is_spread => write!(out, " ...{}", field.name)?,
                (Some(on), _) => write!(out, " ... on {on}")?,
                (None, Some(alias)) => write!(out, " {alias}: {}", field.name)?,
                (None, None) => write!(out, " {}", field.name)?,
            }
            if !field.arguments.is_empty() {
                write!(out, "({})", Members(&field.arguments))?;
            }
            if let Some(include) = field.include {
                write!(out, " @include(if: {include})")?;
            }
            if !is_spread {
                write!(out, "{}", Selection(&field.fields))?;
            }
        }
        out.write_str(" }")
    }
}

struct Members<'a>(&'a [(String, Argument)]);

impl Display for Members<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(out, "{comma}{name}: {value}")?;
        }
        Ok(())
    }
}

impl Display for Argument {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => out.write_str(text),
            Self::Variable(name, ..) => write!(out, "${name}"),
            Self::Object(members) => write!(out, "{{{}}}", Members(members)),
            Self::List(items) => {
                out.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(out, "{comma}{item}")?;
                }
                out.write_str("]")
            }
        }
    }
}
