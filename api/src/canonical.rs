//! Hashes values like those of JSON: equal values give equal bytes, whatever the order of their keys, and different values
//! different ones.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A value that can be hashed.
pub(crate) trait Canonical: Sized {
    /// Returns its type, with the values within it.
    fn shape(&self) -> Shape<'_, Self>;
}

/// A value, one level deep.
pub(crate) enum Shape<'v, V> {
    Null,
    Boolean(bool),
    /// A number, in its canonical notation.
    Number(String),
    Text(&'v str),
    List(&'v [V]),
    Object(Vec<(&'v str, &'v V)>),
}

impl Canonical for Value {
    fn shape(&self) -> Shape<'_, Self> {
        match self {
            Self::Null => Shape::Null,
            Self::Bool(value) => Shape::Boolean(*value),
            Self::Number(number) => Shape::Number(number.to_string()),
            Self::String(text) => Shape::Text(text),
            Self::Array(items) => Shape::List(items),
            Self::Object(fields) => {
                Shape::Object(fields.iter().map(|(name, value)| (name.as_str(), value)).collect())
            }
        }
    }
}

/// Adds a value to the hash.
pub(crate) fn write_value<V: Canonical>(hash: &mut Sha256, value: &V) {
    match value.shape() {
        Shape::Null => hash.update(b"n"),
        Shape::Boolean(value) => hash.update(if value { b"t" } else { b"f" }),
        Shape::Number(number) => {
            hash.update(b"#");
            write_text(hash, &number);
        }
        Shape::Text(text) => {
            hash.update(b"s");
            write_text(hash, text);
        }
        Shape::List(items) => {
            hash.update(b"[");
            hash.update((items.len() as u64).to_be_bytes());
            for item in items {
                write_value(hash, item);
            }
        }
        Shape::Object(fields) => write_object(hash, fields),
    }
}

/// Adds an object of these fields to the hash.
pub(crate) fn write_object<V: Canonical>(hash: &mut Sha256, mut fields: Vec<(&str, &V)>) {
    fields.sort_unstable_by_key(|(name, _)| *name);
    hash.update(b"{");
    hash.update((fields.len() as u64).to_be_bytes());
    for (name, value) in fields {
        write_text(hash, name);
        write_value(hash, value);
    }
}

/// Adds a text to the hash, with its length, so that its end is part of the bytes.
pub(crate) fn write_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        write_value::<Value>(&mut hash, &serde_json::from_str(text).unwrap());
        hash.finalize().into()
    }

    #[test]
    fn equal_values_are_equal_bytes() {
        let one = r#"{"a": 1, "b": {"c": [1, 2], "d": null}}"#;
        let other = r#"{"b": {"d": null, "c": [1, 2]}, "a": 1}"#;
        assert_eq!(hash(one), hash(other));
    }

    #[test]
    fn different_values_are_different_bytes() {
        let all = [
            "null",
            "{}",
            r#"{"a": null}"#,
            "[]",
            "[null]",
            "[[]]",
            "0",
            "1",
            "1.5",
            "\"1\"",
            "true",
            "false",
            "\"true\"",
            "[1, 2]",
            "[2, 1]",
            "[12]",
            r#"{"a": "b"}"#,
            r#"{"ab": ""}"#,
            "9007199254740993",
            "9007199254740992",
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(hash(one), hash(other), "{one} {other}");
            }
        }
    }
}
