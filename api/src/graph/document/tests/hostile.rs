//! Tests that counting refuses documents which would be expensive to process.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{GATEWAY, PETS, by_rule, messages, read, wide};
use crate::clock;
use crate::graph::limits::Limits;

/// Runs work on the stack of a thread of tokio.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work).unwrap();
    thread.join().unwrap()
}

/// Returns the errors of a hostile document. Without limits it would take minutes or end the process, so a generous timeout
/// suffices.
fn said(text: String, limits: Limits) -> Vec<String> {
    let _ = &*GATEWAY;
    let from = clock::instant();
    let said = on_a_small_stack(move || messages(&GATEWAY, &limits, &text));
    assert!(from.elapsed() < Duration::from_mins(1));
    said
}

fn numbered(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().concat()
}

fn nested(open: &str, levels: usize, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn brackets_without_end_are_refused() {
    let megabyte = 1_000_000;
    for text in [
        format!("{{ a(x: {}) }}", nested("[", 1_600, "", "]")),
        format!("{{ a(x: {}) }}", nested("{a:", 1_600, "1", "}")),
        format!("query($a: JSON = {}) {{ a }}", nested("[", 1_600, "", "]")),
        format!("query($a: {}) {{ a }}", nested("[", 1_600, "Int", "]")),
        nested("{a", 1_300, "", "}"),
        format!("{{{}}}", nested("...{", 1_300, "a", "}")),
        format!("{{ a @skip(if: {}) }}", nested("[", 1_600, "", "]")),
        "[".repeat(megabyte),
        "{".repeat(megabyte),
        "{a".repeat(megabyte / 2),
        "...{".repeat(megabyte / 4),
        "(".repeat(megabyte),
        "{a(x:{".repeat(megabyte / 6),
    ] {
        let limits = Limits { tokens: usize::MAX, ..Limits::default() };
        assert_eq!(said(text.clone(), limits).len(), 1, "{}", &text[..40]);
        assert_eq!(said(text.clone(), Limits::default()).len(), 1, "{}", &text[..40]);
    }
}

#[test]
fn the_deepest_document_that_is_taken_fits_on_the_stack() {
    for text in [
        format!("{{ protocols(filter: {}) {{ totalCount }} }}", nested("{and:[", 30, "", "]}")),
        format!("{{ protocols {} }}", nested("{ nodes { site { protocols ", 20, "{ totalCount }", "} } }")),
        format!("{{ ...f0 }} {} fragment f95 on Query {{ __typename }}", chain(95, "...f")),
        format!("{{{} __typename }}", nested("...{", 62, "__typename", "}")),
    ] {
        let said = said(text.clone(), Limits::default());
        assert!(said.iter().all(|message| !message.contains("at most")), "{text}: {said:?}");
    }
}

/// Returns fragments that each contain the next.
fn chain(levels: usize, next: &str) -> String {
    numbered(levels, |at| format!("fragment f{at} on Query {{ {next}{} }} ", at + 1))
}

#[test]
fn many_of_anything_cost_little() {
    let many = 100_000;
    let limits = || Limits { tokens: usize::MAX, ..Limits::default() };
    let fragments = |count: usize| {
        let spreads = numbered(count, |at| format!("...f{at} "));
        let inline = format!("... {{ {spreads} }}").repeat(count);
        let fragments = numbered(count, |at| format!("fragment f{at} on Query {{ __typename }} "));
        format!("{{ {inline} }} {fragments}")
    };
    for (text, limits) in [
        (format!("{{ {} }}", "a: __typename ".repeat(many)), limits()),
        (format!("{{ __typename {} }}", "@skip(if: true) ".repeat(many)), limits()),
        (format!("{{ {} }}", "__typename ".repeat(many)), Limits::default()),
        (format!("{{ node(id: [{}]) {{ id }} }}", "1 ".repeat(many)), Limits::default()),
        (format!("{{ node(id: \"{}\", id: 2) {{ id }} }}", "a".repeat(1_000_000)), Limits::default()),
        (format!("{{ zz }} #{}", "a".repeat(1_000_000)), Limits::default()),
        (format!("{{ {} }}", "a".repeat(1_000_000)), Limits::default()),
        (fragments(90), Limits::default()),
        (fragments(45), Limits::default()),
        ("\u{feff}".repeat(300_000), Limits::default()),
        (format!("{{ zz(a: \"{}\") }}", "\\u{1F600}".repeat(100_000)), Limits::default()),
        (format!("{{ zz(a: \"\"\"{}\"\"\") }}", "\\\"\"\"".repeat(100_000)), Limits::default()),
        (format!("{{ zz(a: [{}]) }}", "trueish ".repeat(2_000)), Limits::default()),
        (format!("{{ zz(a: {{{}}}) }}", "a: 1.5 ".repeat(1_600)), Limits::default()),
        (('\u{FDD0}'..='\u{FDEF}').chain("{ a(x: nullable) }".chars()).collect(), Limits::default()),
    ] {
        let said = said(text.clone(), limits);
        let valid = text.contains("fragment f44 ") && !text.contains("fragment f45 ");
        assert_eq!(said.is_empty(), valid, "{}: {said:?}", text.chars().take(40).collect::<String>());
    }
}

/// Returns the number of cases of a property; `DOCUMENT_CASES` changes it.
fn cases() -> Config {
    let cases = std::env::var("DOCUMENT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    Config { cases, failure_persistence: None, ..Config::default() }
}

const PARTS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    "$",
    ":",
    "=",
    "@",
    "...",
    "&",
    "|",
    "\"",
    "\"\"\"",
    "\\",
    "#",
    "\n",
    "\r",
    ",",
    " ",
    "\u{feff}",
    "ö",
    "😀",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "true",
    "false",
    "null",
    "trueish",
    "nullable",
    "dog",
    "id",
    "pet",
    "big",
    "Dog",
    "Int",
    "f",
    "a",
    "i",
    "skip",
    "if",
    "__typename",
    "0",
    "01",
    "-0",
    "1.50",
    "1e999",
    "123456789012345678901234567890",
    "\"a\"",
    "\"\\u{1F600}\"",
    "\"\\uD83D\\uDE00\"",
    "\"\"\"a\\\"\"\"\"\"\"",
];

/// Generates parts of GraphQL in any order, some without space between them.
fn soup() -> impl Strategy<Value = String> {
    let part = (proptest::sample::select(PARTS), proptest::bool::ANY);
    proptest::collection::vec(part, 0..60).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(part, glued)| if glued { part.to_owned() } else { format!("{part} ") })
            .collect()
    })
}

/// Generates documents of the rules with parts added and removed.
fn spoiled() -> impl Strategy<Value = String> {
    let texts: Vec<&str> =
        by_rule::RULES.iter().flat_map(|rule| rule.valid.iter().chain(rule.invalid)).copied().collect();
    let change = (any::<proptest::sample::Index>(), 0_usize..4, proptest::sample::select(PARTS));
    (proptest::sample::select(texts), proptest::collection::vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, taken, part) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + taken).min(text.len());
            text.splice(at..end, part.chars());
        }
        text.into_iter().collect()
    })
}

#[test]
fn whatever_comes_the_process_survives() {
    let _ = (&*PETS, &*GATEWAY);
    on_a_small_stack(|| {
        let text = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80)
                .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            any::<String>(),
            soup(),
            spoiled(),
        ];
        TestRunner::new(cases()).run(&text, |text| {
            for schema in [&*PETS, &*GATEWAY] {
                if let Err(errors) = read(schema, &wide(), &text) {
                    prop_assert!(!errors.is_empty());
                }
            }
            Ok(())
        })
    })
    .unwrap();
}
