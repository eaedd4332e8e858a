//! Defines the values of a request, which are the same for literals, variables and defaults.

use std::borrow::Cow;

use super::number;
use crate::canonical::{Canonical, Shape};
use crate::graph::value::write_string;

/// A value that fits the schema's type for its place: a list if the type is a list, no unknown field, and null only in data to be
/// written. Texts and numbers are borrowed from the request.
#[derive(Clone, Debug)]
pub(in crate::graph) enum Value<'a> {
    Null,
    Boolean(bool),
    /// The text of a number: its reader decides how precise it must be.
    Number(&'a str),
    /// A string, an id, or the name of an enum value.
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    /// Fields in the order in which they were given.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
    /// The value of a variable.
    Same(&'a Value<'a>),
}

impl<'a> Value<'a> {
    fn itself(&self) -> &Self {
        match self {
            Self::Same(value) => value.itself(),
            value => value,
        }
    }

    pub(in crate::graph) fn is_null(&self) -> bool {
        matches!(self.itself(), Self::Null)
    }

    pub(in crate::graph) fn as_bool(&self) -> Option<bool> {
        match self.itself() {
            Self::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    pub(in crate::graph) fn as_str(&self) -> Option<&str> {
        match self.itself() {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text of a number.
    pub(in crate::graph) fn as_number(&self) -> Option<&str> {
        match self.itself() {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the text of a number between two others.
    pub(in crate::graph) fn as_number_between(&self, least: &str, most: &str) -> Option<&str> {
        let lies = |text: &&str| number::compare(text, least).is_ge() && number::compare(text, most).is_le();
        self.as_number().filter(lies)
    }

    pub(in crate::graph) fn as_i64(&self) -> Option<i64> {
        self.as_number()?.parse().ok()
    }

    pub(in crate::graph) fn as_u64(&self) -> Option<u64> {
        // Includes `-0`.
        self.as_i64().and_then(|number| number.try_into().ok())
    }

    /// Returns the double nearest to a number; `None` if a double cannot hold it.
    pub(in crate::graph) fn as_f64(&self) -> Option<f64> {
        number::double(self.as_number()?)
    }

    /// Returns the same for a number between two others, compared before it is rounded.
    pub(in crate::graph) fn as_f64_between(&self, least: &str, most: &str) -> Option<f64> {
        self.as_number_between(least, most).and_then(number::double)
    }

    pub(in crate::graph) fn as_list(&self) -> Option<&[Value<'a>]> {
        match self.itself() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the items of a list; none for another value.
    pub(in crate::graph) fn items(&self) -> &[Value<'a>] {
        self.as_list().unwrap_or_default()
    }

    /// Returns the fields of an object; none for another value.
    pub(in crate::graph) fn fields(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        match self.itself() {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }

    /// Returns a field of an object.
    pub(in crate::graph) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.fields().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Returns true if an object has a field, and not as null.
    pub(in crate::graph) fn gives(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_null())
    }

    /// Returns its type as `jsonb_typeof` names it.
    pub(in crate::graph) fn json_type(&self) -> &'static str {
        match self.itself() {
            Self::Null | Self::Same(_) => "null",
            Self::Boolean(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Appends it as JSON.
    pub(in crate::graph) fn write_json(&self, out: &mut Vec<u8>) {
        self.write(out, false);
    }

    /// Appends it as text that is equal for equal values, whatever the order of fields.
    pub(super) fn write_canonical(&self, out: &mut Vec<u8>) {
        self.write(out, true);
    }

    fn write(&self, out: &mut Vec<u8>, sorted: bool) {
        match self.itself() {
            Self::Null | Self::Same(_) => out.extend_from_slice(b"null"),
            Self::Boolean(true) => out.extend_from_slice(b"true"),
            Self::Boolean(false) => out.extend_from_slice(b"false"),
            Self::Number(number) => out.extend_from_slice(number.as_bytes()),
            Self::Text(text) => write_string(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write(out, sorted);
                }
                out.push(b']');
            }
            Self::Object(fields) if sorted && !fields.is_sorted_by_key(|(name, _)| name) => {
                let mut fields = fields.clone();
                fields.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Object(fields).write(out, sorted);
            }
            Self::Object(fields) => {
                out.push(b'{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    write_string(name, out);
                    out.push(b':');
                    value.write(out, sorted);
                }
                out.push(b'}');
            }
        }
    }
}

/// A change of a part of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::graph) enum Part {
    /// The part is omitted.
    Absent,
    /// A text becomes empty, a number 0.
    Emptied,
}

impl Value<'_> {
    /// Returns the names of the parts of a part: fields, and indexes of items.
    pub(super) fn parts(&self, part: &[String]) -> Vec<String> {
        match (part, self.itself()) {
            ([], Self::Object(fields)) => fields.iter().map(|(name, _)| name.to_string()).collect(),
            ([], Self::List(items)) => (0..items.len()).map(|at| at.to_string()).collect(),
            ([first, rest @ ..], _) => self.part(first).map(|inner| inner.parts(rest)).unwrap_or_default(),
            ([], _) => Vec::new(),
        }
    }

    fn part(&self, name: &str) -> Option<&Self> {
        match self.itself() {
            Self::List(items) => items.get(name.parse::<usize>().ok()?),
            value => value.get(name),
        }
    }

    /// Returns it with a changed part; `None` if nothing is left.
    pub(super) fn edited(&self, part: &[String], how: Part) -> Option<Self> {
        let Some((first, rest)) = part.split_first() else {
            return match (how, self.itself()) {
                (Part::Emptied, Self::Text(_)) => Some(Self::Text(Cow::Borrowed(""))),
                (Part::Emptied, Self::Number(_)) => Some(Self::Number("0")),
                _ => None,
            };
        };
        Some(match self.itself() {
            Self::List(items) => {
                let items = items.iter().enumerate().filter_map(|(at, item)| {
                    if *first == at.to_string() { item.edited(rest, how) } else { Some(item.clone()) }
                });
                Self::List(items.collect())
            }
            Self::Object(fields) => {
                let fields = fields.iter().filter_map(|(name, value)| {
                    let value = if name == first { value.edited(rest, how) } else { Some(value.clone()) };
                    Some((name.clone(), value?))
                });
                Self::Object(fields.collect())
            }
            value => value.clone(),
        })
    }
}

/// Equal numbers are equal in every notation.
impl Canonical for Value<'_> {
    fn shape(&self) -> Shape<'_, Self> {
        match self.itself() {
            Self::Null | Self::Same(_) => Shape::Null,
            Self::Boolean(value) => Shape::Boolean(*value),
            Self::Number(number) => Shape::Number(number::plain(number)),
            Self::Text(text) => Shape::Text(text),
            Self::List(items) => Shape::List(items),
            Self::Object(fields) => {
                Shape::Object(fields.iter().map(|(name, value)| (name.as_ref(), value)).collect())
            }
        }
    }
}
