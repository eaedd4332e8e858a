//! Runs every GraphQL example of the documentation on the demo, and checks every link.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::documents::{People, operations, shows_rows};
use crate::harness::App;

/// The user who runs an example that names nobody.
const CLINICIAN: &str = "clinician.north@praxis.example";

/// A GraphQL example of a page.
struct Block {
    line: usize,
    document: String,
    variables: Option<Value>,
}

/// Returns the repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the pages that hold examples for readers.
fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// Returns the examples of a page: blocks of GraphQL, each with the variables in the block of JSON that follows, and the
/// requests of shell commands.
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

/// Returns the queries that shell commands send with `-d '{"query": …}'`, except those that the reader has to complete (`…`).
fn sent(commands: &str) -> impl Iterator<Item = String> {
    commands.split("-d '").skip(1).filter_map(|rest| {
        let request: Value = serde_json::from_str(rest.split('\'').next()?).ok()?;
        let query = request["query"].as_str()?.to_owned();
        (!query.contains('…')).then_some(query)
    })
}

/// Returns the last value of a field with this name in the previous answers.
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
                    // A refusal would arrive at once.
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

/// Returns every page whose links are checked, including the decisions.
fn linked_pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"]
        .map(|page| root().join(page))
        .into();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// Returns the lines of a page outside its code blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines
        .filter(|(_, line)| {
            let is_fence = line.trim_start().starts_with("```");
            in_code ^= is_fence;
            !is_fence && !in_code
        })
        .collect()
}

/// Returns the targets of the links in a line: `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// Returns the anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading.trim();
    // Of a link in a heading, only its text counts.
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let kept = text.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// Returns the anchors of a page's headings.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).into_iter().filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#'))).collect()
}

#[test]
fn every_link_of_the_docs_leads_somewhere() {
    let (mut checked, mut faults) = (0, Vec::new());
    for page in linked_pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for (line, content) in prose(&text) {
            for target in targets(content) {
                if ["https:", "http:", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
                    continue;
                }
                checked += 1;
                let (file, wanted) = target.split_once('#').unwrap_or((target, ""));
                let linked = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
                let place = format!("{}:{line}", page.display());
                if !linked.exists() {
                    faults.push(format!("{place}: {target} does not exist"));
                } else if !wanted.is_empty() {
                    let known = anchors(&std::fs::read_to_string(&linked).unwrap());
                    if !known.iter().any(|anchor| anchor == wanted) {
                        faults.push(format!("{place}: {target} names no heading"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(checked > 50, "only {checked} links were found");
}
