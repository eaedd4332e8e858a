//! Every GraphQL example of the documentation is run against the demo, as it stands there.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::documents::{People, operations, shows_rows};
use crate::harness::App;

/// Who asks where an example names nobody.
const CLINICIAN: &str = "clinician.north@praxis.example";

/// An example of a page.
struct Block {
    line: usize,
    document: String,
    variables: Option<Value>,
}

/// The pages that hold examples for readers.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// The examples of a page: blocks of GraphQL, with the block of JSON that follows as their variables, and what a shell sends.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let body = body.join("\n");
        match language {
            "graphql" => blocks.push(Block { line: at + 2, document: body, variables: None }),
            "json" => {
                let last = blocks.last_mut().expect("variables follow what they belong to");
                last.variables = Some(serde_json::from_str(&body).unwrap());
            }
            _ => blocks.extend(sent(&body).map(|document| Block { line: at + 2, document, variables: None })),
        }
    }
    blocks
}

/// What the commands of a shell send: `-d '{"query": …}'`, but for what is left to the reader.
fn sent(commands: &str) -> impl Iterator<Item = String> {
    commands.split("-d '").skip(1).filter_map(|rest| {
        let request: Value = serde_json::from_str(rest.split('\'').next()?).ok()?;
        let query = request["query"].as_str()?.to_owned();
        (!query.contains('…')).then_some(query)
    })
}

/// The last value of a field of this name in what was answered before.
fn answered<'a>(before: &'a [Value], name: &str) -> Option<&'a Value> {
    fn within<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
        match value {
            Value::Object(fields) => fields
                .get(name)
                .filter(|value| !value.is_null())
                .or_else(|| fields.values().find_map(|value| within(value, name))),
            Value::Array(values) => values.iter().find_map(|value| within(value, name)),
            _ => None,
        }
    }
    before.iter().rev().find_map(|answer| within(answer, name))
}

#[tokio::test]
async fn every_example_of_the_docs_works_on_the_demo() {
    let app = App::start().await;
    let mut people = People::of(&app);
    let (mut run, mut started, mut faults) = (0, 0, Vec::new());
    for page in pages() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let mut before = Vec::new();
        for Block { line, document, variables } in blocks(&std::fs::read_to_string(&page).unwrap()) {
            for operation in operations(&document) {
                let place = format!("{name}:{line}");
                let persona = operation.persona.clone().unwrap_or_else(|| CLINICIAN.to_owned());
                let mut variables = variables.clone().unwrap_or_else(|| json!({}));
                for needed in &operation.needs {
                    if variables.get(needed).is_none() {
                        let value = answered(&before, needed);
                        let value =
                            value.unwrap_or_else(|| panic!("{place}: no ${needed} was answered before"));
                        variables[needed] = value.clone();
                    }
                }
                if operation.is_subscription {
                    // What is refused is told at once.
                    people.watch(&persona, &document, &operation, &variables).await.quiet().await;
                    started += 1;
                    continue;
                }
                let answer = people.run(&persona, &document, &operation, &variables).await;
                if answer.body.get("errors").is_some() {
                    faults.push(format!("{place}: {:#}", answer.body));
                    continue;
                }
                let nothing =
                    answer.data().as_object().unwrap().iter().filter(|(_, value)| !shows_rows(value));
                faults.extend(nothing.map(|(field, _)| format!("{place} shows nothing of {field}")));
                before.push(answer.data().clone());
                run += 1;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(run > 17 && started > 1, "{run} {started}");
}
