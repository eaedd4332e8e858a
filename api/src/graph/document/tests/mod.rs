//! Tests documents as clients send them, and invalid ones.

mod by_rule;
mod hostile;
mod judged;
mod messages;
mod numbers;
mod products;

use async_graphql::dynamic::Schema;

use super::read::{ReadDocument, read};
use super::testing::{GATEWAY, PETS};
use crate::graph::error::Error;
use crate::graph::limits::Limits;

/// Returns limits that no document of these tests reaches, except hostile ones.
fn wide() -> Limits {
    Limits { aliases: usize::MAX, directives: usize::MAX, ..Limits::default() }
}

fn of_pets(text: &str) -> Result<ReadDocument, Vec<Error>> {
    read(&PETS, &wide(), text)
}

fn messages(schema: &Schema, limits: &Limits, text: &str) -> Vec<String> {
    let errors = read(schema, limits, text).err().unwrap_or_default();
    errors.into_iter().map(|error| error.message).collect()
}

#[test]
fn each_rule_tells_the_valid_from_the_invalid() {
    let mut wrong = Vec::new();
    for rule in by_rule::RULES {
        for text in rule.valid {
            if let Err(errors) = of_pets(text) {
                wrong.push(format!("{}: refused: {text}\n  {}", rule.name, errors[0].message));
            }
        }
        for text in rule.invalid {
            if of_pets(text).is_ok() {
                wrong.push(format!("{}: taken: {text}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ready_made_queries_are_read_unchanged() {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/cases");
    let mut read_any = false;
    for case in std::fs::read_dir(cases).unwrap() {
        let Ok(text) = std::fs::read_to_string(case.unwrap().path().join("query.graphql")) else { continue };
        let said = messages(&GATEWAY, &Limits::default(), &text);
        assert!(said.is_empty(), "{text}: {said:?}");
        read_any = true;
    }
    assert!(read_any);
}
