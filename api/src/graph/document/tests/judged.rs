//! Compares the validation of documents with graphql-js.

use serde::{Deserialize, Serialize};

use super::{GATEWAY, PETS, by_rule, read, wide};
use crate::graph::error::{Code, Error};
use crate::graph::graphql_js::graphql_js;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    text: &'a str,
}

/// A result of graphql-js.
#[derive(Deserialize)]
struct Judged {
    schema: String,
    text: String,
    /// The error; `None` for a valid document.
    says: Option<String>,
}

/// Returns true if a document may be refused here though graphql-js accepts it.
fn may_be_refused(judged: &Judged, errors: &[Error]) -> bool {
    let [error, ..] = errors else { return false };
    // The limits are ours.
    error.code == Code::LimitExceeded
        // Newer editions of the specification have these rules: whether a subscription has a field does not depend on
        // variables…
        || errors.iter().any(|error| error.message.starts_with("The field of a subscription is neither"))
        // …and `__typename` has a type like any field. graphql-js merges `x: __typename` with any other field `x`.
        || (error.message.contains("they have the types") && judged.text.contains("__typename"))
}

/// Returns true if a document may be accepted here though graphql-js refuses it.
fn may_be_taken(judged: &Judged) -> bool {
    // An equal string and block string are the same argument; graphql-js compares their notation.
    judged.says.as_deref().is_some_and(|says| says.contains("differing arguments"))
        && judged.text.contains("\"\"\"")
}

/// Returns the results for the documents by rule, and for random ones: `JUDGED_DOCUMENTS` sets their number, `JUDGED_SEED` the
/// seed. `None` if graphql-js is not installed.
fn verdicts() -> Option<Vec<Judged>> {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok()).unwrap_or(default).to_string()
    };
    let mut input = String::new();
    for rule in by_rule::RULES {
        for text in rule.valid.iter().chain(rule.invalid) {
            input.push_str(&serde_json::to_string(&Document { schema: "pets", text }).unwrap());
            input.push('\n');
        }
    }
    let random = [number("JUDGED_DOCUMENTS", 2_000), number("JUDGED_SEED", 1)];
    let lines = String::from_utf8(graphql_js("judge.mjs", &random, &input)?).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn graphql_js_and_the_gateway_judge_alike() {
    let Some(verdicts) = verdicts() else { return };
    let (mut valid, mut invalid, mut allowed, mut wrong) = (0, 0, 0, Vec::new());
    for judged in &verdicts {
        let schema = if judged.schema == "pets" { &*PETS } else { &*GATEWAY };
        match (read(schema, &wide(), &judged.text), &judged.says) {
            (Ok(_), None) => valid += 1,
            (Err(_), Some(_)) => invalid += 1,
            (Ok(_), Some(says)) if !may_be_taken(judged) => {
                wrong.push(format!("taken: {}\n  graphql-js: {says}", judged.text));
            }
            (Err(errors), None) if !may_be_refused(judged, &errors) => {
                wrong.push(format!("refused: {}\n  here: {}", judged.text, errors[0].message));
            }
            _ => allowed += 1,
        }
    }
    println!("{valid} valid, {invalid} invalid, {allowed} judged otherwise for a reason");
    let count = wrong.len();
    wrong.truncate(20);
    assert!(count == 0, "{count} of {}:\n{}", verdicts.len(), wrong.join("\n"));
    assert!(
        allowed <= verdicts.len() / 50,
        "{allowed} of {} are judged otherwise for a reason",
        verdicts.len()
    );
    // The random ones include both kinds.
    assert!(valid > verdicts.len() / 4 && invalid > verdicts.len() / 4, "{valid} valid, {invalid} invalid");
}
