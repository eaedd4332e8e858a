//! An operation as a tree: printed as GraphQL, and made smaller.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    /// `query`, `mutation` or `subscription`.
    pub(crate) kind: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// A selected field, or where `on` is set an inline fragment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Field {
    pub(crate) alias: Option<String>,
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, Argument)>,
    pub(crate) fields: Vec<Field>,
    /// The type of an inline fragment, which has neither name nor arguments.
    pub(crate) on: Option<String>,
}

/// What an argument is given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// As it is written: a number, a name of an enum, a text in its quotes.
    Literal(String),
    List(Vec<Argument>),
    Object(Vec<(String, Argument)>),
}

impl Field {
    /// A field of this name, and nothing below it.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl Argument {
    pub(crate) fn text(text: &str) -> Self {
        Self::Literal(Value::from(text).to_string())
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
    /// The smallest operation of which something still holds: whatever can be left out is left out.
    pub(crate) async fn shrink(mut self, mut holds: impl AsyncFnMut(&Self) -> bool) -> Self {
        let mut at = 0;
        while let Some(smaller) = self.without(at) {
            if holds(&smaller).await {
                self = smaller;
            } else {
                at += 1;
            }
        }
        self
    }

    /// The operation without its nth part; `None` behind the last.
    fn without(&self, part: usize) -> Option<Self> {
        let (mut smaller, mut left) = (self.clone(), part);
        drop_field(&mut smaller.fields, &mut left).then_some(smaller)
    }
}

/// Leaves out the part with this number in a selection; whether there was one.
fn drop_field(fields: &mut Vec<Field>, left: &mut usize) -> bool {
    for at in 0..fields.len() {
        // A selection is never empty.
        if fields.len() > 1 {
            if *left == 0 {
                fields.remove(at);
                return true;
            }
            *left -= 1;
        }
        let field = &mut fields[at];
        if drop_member(&mut field.arguments, left) || drop_field(&mut field.fields, left) {
            return true;
        }
    }
    false
}

fn drop_member(members: &mut Vec<(String, Argument)>, left: &mut usize) -> bool {
    for at in 0..members.len() {
        if *left == 0 {
            members.remove(at);
            return true;
        }
        *left -= 1;
        if drop_below(&mut members[at].1, left) {
            return true;
        }
    }
    false
}

fn drop_below(argument: &mut Argument, left: &mut usize) -> bool {
    match argument {
        Argument::Literal(_) => false,
        Argument::Object(members) => drop_member(members, left),
        Argument::List(items) => {
            for at in 0..items.len() {
                if *left == 0 {
                    items.remove(at);
                    return true;
                }
                *left -= 1;
                if drop_below(&mut items[at], left) {
                    return true;
                }
            }
            false
        }
    }
}

impl Display for Operation {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.kind, Selection(&self.fields))
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
            match (&field.on, &field.alias) {
                (Some(on), _) => write!(out, " ... on {on}")?,
                (None, Some(alias)) => write!(out, " {alias}: {}", field.name)?,
                (None, None) => write!(out, " {}", field.name)?,
            }
            if !field.arguments.is_empty() {
                write!(out, "({})", Members(&field.arguments))?;
            }
            write!(out, "{}", Selection(&field.fields))?;
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
