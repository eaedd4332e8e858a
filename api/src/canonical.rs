//! JSON values as bytes of a hash: equal values give equal bytes, whatever the order of their keys, and different values
//! different ones.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Feeds a value.
pub(crate) fn write_value(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(value) => hash.update(if *value { b"t" } else { b"f" }),
        Value::Number(number) => {
            hash.update(b"#");
            write_text(hash, &number.to_string());
        }
        Value::String(text) => {
            hash.update(b"s");
            write_text(hash, text);
        }
        Value::Array(values) => {
            hash.update(b"[");
            hash.update((values.len() as u64).to_be_bytes());
            for value in values {
                write_value(hash, value);
            }
        }
        Value::Object(fields) => write_object(hash, fields.iter()),
    }
}

/// Feeds an object of these fields.
pub(crate) fn write_object<'a>(hash: &mut Sha256, fields: impl Iterator<Item = (&'a String, &'a Value)>) {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    hash.update(b"{");
    hash.update((fields.len() as u64).to_be_bytes());
    for (name, value) in fields {
        write_text(hash, name);
        write_value(hash, value);
    }
}

/// Feeds a text, so that where it ends is part of the bytes.
pub(crate) fn write_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        write_value(&mut hash, &serde_json::from_str(text).unwrap());
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
