//! Compares an answer with that of plain SQL.

use serde_json::Value;

/// Placeholder in the oracle's answer for a cursor, which is opaque.
pub(super) const CURSOR: &str = "#cursor";
/// Placeholder for thinned rows: all of them, and the most that remain.
pub(super) const POINTS: &str = "#points";
pub(super) const MAX: &str = "#max";
/// Placeholder for points of a series whose period follows from the rows: all of them.
pub(super) const STRETCHES: &str = "#stretches";
/// The number of points from which a line may omit stretches without rows: a series has 10,000 points and 100 lines.
const LONG: usize = 100;
/// Placeholder for a number that must equal to the last digit of a double.
pub(super) const EXACT: &str = "#exact";

/// The tolerance for digits that depend on the order of a sum.
const CLOSE: f64 = 1e-9;

/// Returns the place where an answer differs from the oracle's, if any.
pub(super) fn difference(expected: &Value, found: &Value) -> Option<String> {
    compare("data", expected, found)
}

fn compare(path: &str, expected: &Value, found: &Value) -> Option<String> {
    let differs = || Some(format!("at {path}: expected {expected:.300}, found {found:.300}"));
    match (expected, found) {
        (Value::String(it), Value::String(_)) if it == CURSOR => None,
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64()?, other.as_f64()?);
            let is_close = (one - other).abs() <= CLOSE * one.abs().max(other.abs()).max(CLOSE);
            if is_close { None } else { differs() }
        }
        (Value::Object(exact), Value::Number(found)) if exact.contains_key(EXACT) => {
            let number = exact[EXACT].as_str().and_then(|text| text.parse().ok());
            if number == found.as_f64() { None } else { differs() }
        }
        (Value::Object(thinned), Value::Array(rows)) if thinned.contains_key(POINTS) => {
            if is_thinned(&thinned[POINTS], &thinned[MAX], rows) { None } else { differs() }
        }
        (Value::Object(all), Value::Array(rows)) if all.contains_key(STRETCHES) => {
            let all = &all[STRETCHES];
            let is_long = all.as_array().is_some_and(|all| all.len() >= LONG && rows.len() < all.len());
            if is_long && is_thinned(all, &rows.len().into(), rows) {
                None
            } else {
                compare(path, all, found)
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .enumerate()
            .find_map(|(at, (one, other))| compare(&format!("{path}.{at}"), one, other)),
        (Value::Object(one), Value::Object(other)) if one.keys().all(|key| other.contains_key(key)) => {
            if one.len() != other.len() {
                return differs();
            }
            one.iter().find_map(|(key, value)| compare(&format!("{path}.{key}"), value, &other[key]))
        }
        _ if expected == found => None,
        _ => differs(),
    }
}

/// Returns true if some rows are a part of all rows, in their order, with the first and the last, as many as allowed.
fn is_thinned(all: &Value, max: &Value, rows: &[Value]) -> bool {
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    let max = max.as_u64().and_then(|max| usize::try_from(max).ok()).unwrap_or_default();
    let same = |one: &Value, other: &Value| compare("", one, other).is_none();
    let mut left = all.iter();
    let is_part = rows.iter().all(|row| left.any(|it| same(it, row)));
    let ends_alike = |one: Option<&Value>, other: Option<&Value>| match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    };
    is_part
        && rows.len() == all.len().min(max)
        && ends_alike(all.first(), rows.first())
        && ends_alike(all.last(), rows.last())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_found() {
        let same = [
            (json!({ "a": [1, "x"] }), json!({ "a": [1.0, "x"] })),
            (json!(0.1 + 0.2), json!(0.3)),
            (json!({ EXACT: "0.30" }), json!(0.3)),
            (json!({ EXACT: "12" }), json!(12)),
            (json!({ "c": CURSOR }), json!({ "c": "abc" })),
            (json!({ POINTS: [1, 2, 3, 4, 5], MAX: 4 }), json!([1, 2, 4, 5])),
        ];
        for (expected, found) in same {
            assert_eq!(difference(&expected, &found), None);
        }
        let different = [
            (json!({ "a": 1 }), json!({ "a": 2 })),
            (json!({ "a": 1 }), json!({})),
            (json!({}), json!({ "a": 1 })),
            (json!([1, 2]), json!([2, 1])),
            (json!([]), json!([null])),
            (json!("1"), json!(1)),
            (json!({ EXACT: "0.3" }), json!(0.1 + 0.2)),
            (json!({ EXACT: "0.3" }), json!(null)),
            (json!(null), json!(0)),
            (json!(CURSOR), json!(null)),
            (json!({ POINTS: [1, 2, 3, 4, 5], MAX: 4 }), json!([1, 4, 2, 5])),
            (json!({ POINTS: [1, 2, 3, 4, 5], MAX: 4 }), json!([1, 2, 3, 4])),
            (json!({ POINTS: [1, 2, 3, 4, 5], MAX: 4 }), json!([1, 5])),
        ];
        for (expected, found) in different {
            assert!(difference(&expected, &found).is_some(), "{expected} {found}");
        }
    }
}
