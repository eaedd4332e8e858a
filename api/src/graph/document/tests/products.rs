//! Tests documents in which one part is checked for many others: operations × fragments × variables × values. The checks are counted,
//! and the rest of the work grows with the text.

use async_graphql::parser::parse_query;

use super::super::expanded::{self, of_value};
use super::super::{apart, rules, scan, validate};
use super::{GATEWAY, messages, wide};
use crate::graph::limits::Limits;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

const REFUSED: &str = "fields, fragments, directives and values together, with fragments expanded.";

fn said(text: &str, limits: &Limits) -> Vec<String> {
    messages(&GATEWAY, limits, text)
}

fn is_refused(text: &str, limits: &Limits) -> bool {
    said(text, limits).iter().any(|said| said.ends_with(REFUSED))
}

fn numbered(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().concat()
}

/// Returns fragments that each contain part of the next; the last contains `last`.
fn chain(levels: usize, of_next: impl Fn(usize) -> String, last: &str) -> String {
    let fragments = numbered(levels, |at| format!("fragment F{at} on Query {{ {} }} ", of_next(at + 1)));
    format!("{fragments} fragment F{levels} on Query {{ {last} }}")
}

#[test]
fn fragments_are_counted_where_they_stand() {
    let limits = |fields| Limits { fields, directives: 1_000, ..Limits::default() };
    let doubling = |levels: usize, of_next: &dyn Fn(usize) -> String| {
        format!("{{ ...F0 }} {}", chain(levels, of_next, "__typename"))
    };
    // Each contains the next twice, in two selections: 2^n fields, in a text of n lines.
    let twice = |next: usize| format!("a {{ ...F{next} }} b {{ ...F{next} }}");
    for levels in 0..40 {
        // The operation's spread, and for each level two fields with a spread each.
        let parts = 1 + (0..levels).map(|level| 4_u64 << level).sum::<u64>() + (1 << levels);
        assert_eq!(is_refused(&doubling(levels, &twice), &limits(100)), parts > 1_000, "{levels}");
    }
    // A repeated spread within one selection adds only the spread, whichever path leads to it.
    let again: [&dyn Fn(usize) -> String; 6] = [
        &|next| format!("...F{next} ...F{next}"),
        &|next| format!("...F{next} ... {{ ...F{next} }} ... on Query {{ ...F{next} }} ...F{next}"),
        &|next| format!("...F{next} @include(if: true) ...F{next} @skip(if: false)"),
        &|next| format!("__typename ...F{next} a: __typename ...F{next}"),
        &|next| format!("...F{next} ...F{}", (next + 1).min(45)),
        &|next| numbered(46 - next, |at| format!("...F{} ", 45 - at)),
    ];
    for (at, again) in again.into_iter().enumerate() {
        assert_eq!(said(&doubling(45, again), &limits(200)), Vec::<String>::new(), "{at}");
    }
    let chained = said(&doubling(150, &|next| format!("...F{next}")), &Limits::default());
    assert_eq!(chained.join(" "), "A document nests selections at most 100 levels, with fragments expanded.");
}

/// Returns documents with many pairs of parts that are checked together.
fn products(many: usize, of: usize) -> Vec<(&'static str, String)> {
    let operations = |body: &str| numbered(many, |at| format!("query q{at} {body} "));
    let subscriptions = |body: &str| numbered(many, |at| format!("subscription q{at} {body} "));
    let spread = operations("{ ...F0 }");
    let twice = |next: usize| format!("...F{next} ...F{next}");
    let fields = numbered(of, |at| format!("f{at}: __typename "));
    let values = "1 ".repeat(of);
    let variables = numbered(of, |at| format!("$v{at} "));
    let in_turn =
        |one: &str| numbered(many, |at| format!("s{at}: node(id: 1) {{ ... on Query {{ {one} }} }} "));
    vec![
        ("operations × fragments", format!("{spread} {}", chain(of.min(90), twice, "__typename"))),
        ("operations × fields", format!("{spread} fragment F0 on Query {{ {fields} }}")),
        (
            "operations × values",
            format!("{spread} fragment F0 on Query {{ nodes(ids: [{values}]) {{ id }} }}"),
        ),
        (
            "operations × undefined variables",
            format!("{spread} fragment F0 on Query {{ nodes(ids: [{variables}]) {{ id }} }}"),
        ),
        (
            "operations × variables of a wrong type",
            format!(
                "{} fragment F0 on Query {{ nodes(ids: [{}]) {{ id }} }}",
                operations("($v: Boolean) { ...F0 }"),
                "$v ".repeat(of)
            ),
        ),
        (
            "operations × directives",
            format!("{spread} fragment F0 on Query {{ __typename {} }}", "@skip(if: $v) ".repeat(of)),
        ),
        (
            "subscriptions × fragments",
            format!("{} {}", subscriptions("{ ...F0 }"), chain(of.min(90), twice, "__typename")),
        ),
        (
            "selections × fragments",
            format!("{{ {} }} {}", in_turn("...F0"), chain(of.min(90), twice, "__typename")),
        ),
        (
            "selections × values",
            format!(
                "{{ {} }} fragment F0 on Query {{ nodes(ids: [{values}]) {{ id }} nodes(ids: [{values}]) {{ id }} }}",
                in_turn("...F0")
            ),
        ),
        (
            "selections × conflicts",
            format!(
                "{{ {} }} fragment F0 on Query {{ {} }}",
                in_turn("...F0 x: zz"),
                "x: node { id } ".repeat(of)
            ),
        ),
    ]
}

#[test]
fn no_two_things_of_a_document_multiply() {
    let few = Limits { tokens: usize::MAX, aliases: usize::MAX, directives: usize::MAX, ..Limits::default() };
    for (of, text) in products(700, 90) {
        assert!(is_refused(&text, &few), "{of}");
    }
    for (of, text) in products(20, 20) {
        assert!(!is_refused(&text, &few), "{of}");
    }
}

/// Returns the number of selections, directives and values, without expanding fragments.
fn size(document: &ExecutableDocument) -> u64 {
    fn of(set: &SelectionSet) -> u64 {
        let of_one = |selection: &Selection| match selection {
            Selection::Field(field) => {
                let values: u64 = field.node.arguments.iter().map(|(_, value)| of_value(&value.node)).sum();
                values + of(&field.node.selection_set.node)
            }
            Selection::InlineFragment(fragment) => of(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => 0,
        };
        set.items
            .iter()
            .map(|selection| 1 + selection.node.directives().len() as u64 + of_one(&selection.node))
            .sum()
    }
    let operations = document.operations.iter().map(|(_, operation)| of(&operation.node.selection_set.node));
    let fragments = document.fragments.values().map(|fragment| of(&fragment.node.selection_set.node));
    operations.chain(fragments).sum()
}

/// Checks that async-graphql's document grows with the text, and so do the results of its rules and ours.
#[test]
fn the_work_of_the_library_grows_with_the_text() {
    let limits = Limits { fields: 1_000_000, ..wide() };
    for (of, text) in products(200, 40) {
        let scanned = scan::scan(&text, usize::MAX).unwrap();
        let document = parse_query(&scanned.text).unwrap();
        expanded::check(&limits, &document).unwrap();
        let definitions = (document.operations.iter().count() + document.fragments.len()) as u64;
        let (given, own) = (size(&apart::taken_apart(&document)), size(&document));
        assert!(given <= 2 * own + 4 * definitions + 4, "{of}: {given} of {own}");
        let said = validate::errors(&GATEWAY, &document).unwrap();
        let found = rules::check(GATEWAY.registry(), &document, &scanned.numbers).mistakes;
        let bytes: usize = said.iter().map(|error| error.message.len()).sum::<usize>()
            + found.iter().map(|mistake| mistake.message.len()).sum::<usize>();
        assert!(said.len() + found.len() <= scanned.tokens, "{of}: {} + {}", said.len(), found.len());
        assert!(bytes <= 200 * scanned.tokens, "{of}: {bytes} bytes of {} tokens", scanned.tokens);
    }
}

/// Checks that a long name is refused, since messages around it would repeat it.
#[test]
fn a_name_is_as_long_as_may_be_repeated() {
    let name = |length| "n".repeat(length);
    for of in [
        |name: &str| format!("query {name} {{ __typename }}"),
        |name: &str| format!("query(${name}: ID!) {{ node(id: ${name}) {{ id }} }}"),
        |name: &str| format!("{{ {name}: __typename }}"),
        |name: &str| format!("{{ ...{name} }} fragment {name} on Query {{ __typename }}"),
    ] {
        assert_eq!(said(&of(&name(500)), &Limits::default()), Vec::<String>::new());
        assert_eq!(said(&of(&name(501)), &Limits::default()), ["A name has at most 500 characters."]);
    }
}
