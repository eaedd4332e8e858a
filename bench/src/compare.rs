//! Compares two answers.

use std::fmt::Write as _;

use serde_json::Value;

/// Returns the first difference between two answers, if any. Numbers are equal by value: 4.5 is 4.50.
pub(crate) fn difference(one: &Value, other: &Value) -> Option<String> {
    compare(one, other, &mut String::from("data"))
}

fn compare(one: &Value, other: &Value, path: &mut String) -> Option<String> {
    let end = path.len();
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                path.push('.');
                path.push_str(name);
                let Some(second) = b.get(name) else { return Some(format!("{path} is only in one of them")) };
                if let Some(found) = compare(value, second, path) {
                    return Some(found);
                }
                path.truncate(end);
            }
            let extra = b.keys().find(|name| !a.contains_key(*name));
            extra.map(|name| format!("{path}.{name} is only in one of them"))
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return Some(format!("{path} has {} and {} elements", a.len(), b.len()));
            }
            for (place, (first, second)) in a.iter().zip(b).enumerate() {
                // Writing to a String cannot fail.
                let _ = write!(path, "[{place}]");
                if let Some(found) = compare(first, second, path) {
                    return Some(found);
                }
                path.truncate(end);
            }
            None
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ if one == other => None,
        _ => Some(format!("{path} is {one} and {other}")),
    }
}

/// Returns the number of rows of an answer: the objects in its lists.
pub(crate) fn rows(answer: &Value) -> usize {
    match answer {
        Value::Array(elements) => {
            elements.iter().map(|element| usize::from(element.is_object()) + rows(element)).sum()
        }
        Value::Object(fields) => fields.values().map(rows).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let one = json!({"a": [{"b": 1, "c": "x"}, {"b": 4.5}], "d": null});
        let same = serde_json::from_str(r#"{"d": null, "a": [{"c": "x", "b": 1.0}, {"b": 4.50}]}"#).unwrap();
        assert_eq!(difference(&one, &same), None);
        let compared = |other| difference(&one, &other).unwrap();
        assert_eq!(
            compared(json!({"a": [{"b": 1, "c": "y"}, {"b": 4.5}], "d": null})),
            r#"data.a[0].c is "x" and "y""#
        );
        assert_eq!(compared(json!({"a": [], "d": null})), "data.a has 2 and 0 elements");
        assert_eq!(compared(json!({"a": one["a"].clone()})), "data.d is only in one of them");
        assert_eq!(
            compared(json!({"a": one["a"].clone(), "d": null, "e": 1})),
            "data.e is only in one of them"
        );
    }

    #[test]
    fn rows_are_the_objects_in_lists() {
        assert_eq!(rows(&json!({"nodes": [{"events": {"nodes": [{}, {}]}, "tags": ["a"]}, {}]})), 4);
    }
}
