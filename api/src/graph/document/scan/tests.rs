use async_graphql::Pos;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection};
use async_graphql_value::Value;

use super::*;
use crate::graph::document::stand_ins;

fn scanned(text: &str) -> Scanned<'_> {
    scan(text, 5_000).unwrap_or_else(|error| panic!("{text}: {}", error.message))
}

fn parsed(text: &str) -> ExecutableDocument {
    let Scanned { text: mended, mark, .. } = scanned(text);
    let mut document = parse_query(&mended).unwrap_or_else(|error| panic!("{text}\n{mended}\n{error}"));
    if let Some(mark) = mark {
        stand_ins::replace(&mut document, mark);
    }
    document
}

/// Returns the value of the first argument of the first field.
fn first_value(text: &str) -> Value {
    let document = parsed(text);
    let DocumentOperations::Single(operation) = document.operations else { panic!("{text}") };
    let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else { panic!("{text}") };
    field.node.arguments[0].1.node.clone()
}

#[test]
fn an_ordinary_text_stays_as_it_is() {
    let text = "query A($a: [Int!]! = [1, -2]) { a: b(x: $a, y: \"ö\", z: {k: V}) @skip(if: false) { ...f ... on T { c } } }";
    assert!(matches!(scanned(text).text, Cow::Borrowed(_)));
}

#[test]
fn text_that_only_the_parser_accepts_is_refused() {
    for (text, place) in [
        ("queryA { a }", (1, 1)),
        ("query A { a } fragmentf on T { a }", (1, 15)),
        ("query() { a }", (1, 7)),
        ("query($a: Int @foo = 3) { a }", (1, 15)),
        ("query($a: Int = 3 @foo) { a }", (1, 19)),
        ("{ a { } }", (1, 7)),
        ("{ a(x: [01 2]) }", (1, 9)),
        ("{ a(x: 1a) }", (1, 8)),
        ("{ a(x: {b: 1, c: {b: 2, b: 3}}) }", (1, 25)),
        ("{ a(x: {b: 1, b: $c}) }", (1, 15)),
        ("{ ...on } fragment on on T { a }", (1, 9)),
        ("{ a } fragment on on T { a }", (1, 16)),
        ("{ ... on @include(if: true) { a } }", (1, 10)),
        ("{ a(x: [\"\"\"b\"]) }", (1, 9)),
        ("{ a(x: 1) } }", (1, 13)),
        ("{ a(x: [1)) }", (1, 10)),
        ("{ a", (1, 4)),
        ("", (1, 1)),
        ("# nothing", (1, 10)),
        ("\"said\" { a }", (1, 8)),
        ("query(\"said\") { a }", (1, 13)),
        ("query($a: Int Int) { a }", (1, 15)),
        ("extend type A { a: Int }", (1, 1)),
    ] {
        let Err(error) = scan(text, 5_000) else { panic!("{text}") };
        assert_eq!(error.code, Code::GraphqlInvalid, "{text}");
        let place = Location { line: place.0, column: place.1 };
        assert_eq!(error.locations, [place], "{text}: {}", error.message);
    }
}

#[test]
fn names_that_begin_with_words_are_no_words() {
    for (text, value) in [
        ("{ a(x: nullable) }", "nullable"),
        ("{ a(x: trueish) }", "trueish"),
        ("{ a(x: false_) }", "false_"),
        ("{ a(x: [trueish nulls true]) }", "[trueish, nulls, true]"),
        ("{ a(x: {nullable: trueish, true: false}) }", "{nullable: trueish, true: false}"),
    ] {
        assert_eq!(first_value(text).to_string(), value, "{text}");
    }
    // The parser would read `true` and another argument.
    assert!(parse_query(&*scanned("{ a(x: trueish: 3) }").text).is_err());
}

#[test]
fn strings_are_what_they_say() {
    for (text, value) in [
        (r#"{ a(x: "\uD83D\uDE00") }"#, "😀"),
        (r#"{ a(x: "\u{1F600}\u{22}\n") }"#, "😀\"\n"),
        (r#"{ a(x: """a \""" b\""" """) }"#, "a \"\"\" b\"\"\" "),
        ("{ a(x: \"\"\"\n  a \\\"\"\"\n    b\n  \"\"\") }", "a \"\"\"\n  b"),
        (r#"{ a(x: "\\\"\"\"") }"#, "\\\"\"\""),
        ("{ a(x: \"\"\"a\rb\r\nc\"\"\") }", "a\nb\nc"),
    ] {
        assert_eq!(first_value(text), Value::String(value.into()), "{text}");
    }
}

#[test]
fn whatever_is_mended_the_rest_keeps_its_place() {
    for text in [
        "query($a: [ Int! ] , $b: Int ! = 1) { here }",
        "query($a: [ # why\n [ Int\n! ] ] ! = [], $b: Int) { here }",
        "query(\"said\" $a: Int, \"\"\"said\ntwice\"\"\" $b: Int) { here }",
        "\"\"\"\nsaid\n\"\"\" query { here }",
        "{ ... on # what\n  Dog { here } }",
        "fragment f on #\n T { here } { a }",
        "{ a(x: 1e999, y: 123456789012345678901234567890, z: -0) here }",
        "{ a(x: \"\\u{1F600}\", y: \"\\uD83D\\uDE00ö\") here }",
        "{ a(x: \"\"\"\n\\\"\"\" \n\"\"\", y: nullable) here }",
        "{ a(x: 1.5)\r# ö\r  here }",
        "\u{feff}{\u{feff} a(x: 1.5) here }",
    ] {
        let document = parsed(text);
        let mut expected = Pos { line: 1, column: 1 };
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        for (at, line) in lines.split('\n').enumerate() {
            if let Some(before) = line.find("here") {
                expected = Pos { line: at + 1, column: line[..before].chars().count() + 1 };
            }
        }
        let mut places = Vec::new();
        collect(&document, &mut places);
        assert_eq!(places, [expected], "{text}");
    }
}

/// Collects the positions of fields `here`.
fn collect(document: &ExecutableDocument, places: &mut Vec<Pos>) {
    fn below(set: &async_graphql::parser::types::SelectionSet, places: &mut Vec<Pos>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.name.node == "here" => places.push(field.pos),
                Selection::Field(field) => below(&field.node.selection_set.node, places),
                Selection::InlineFragment(fragment) => below(&fragment.node.selection_set.node, places),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    for (_, operation) in document.operations.iter() {
        below(&operation.node.selection_set.node, places);
    }
    for fragment in document.fragments.values() {
        below(&fragment.node.selection_set.node, places);
    }
}

#[test]
fn numbers_are_kept_to_the_last_digit() {
    let text = "query($v: Float = 0.10) { b(y: 7) { c(z: 1e999) } a(x: {k: [1.50, 2, {m: -0}]}, w: 12345678901234567890) }";
    let Scanned { numbers, .. } = scanned(text);
    let at = |column| numbers.within(Pos { line: 1, column });
    let find = |part: &str| text.find(part).unwrap() + 1;
    assert_eq!(at(find("0.10")).next(), Some("0.10"));
    assert_eq!(at(find("{k")).take(3).collect::<Vec<_>>(), ["1.50", "2", "-0"]);
    assert_eq!(at(find("1e999")).next(), Some("1e999"));
    assert_eq!(at(find("12345")).collect::<Vec<_>>(), ["12345678901234567890"]);
    assert!(numbers.differ());
    assert!(!scanned("{ a(x: [1, -2, 9223372036854775807]) }").numbers.differ());
}

#[test]
fn stand_ins_do_not_grow_together_with_what_stands_before() {
    for (text, value) in [
        ("{ a(x: [12-34567890123456789012]) }", "[12, -1]"),
        ("{ a(x: [1.5-0]) }", "[0.0, -1]"),
        ("{ a(x: [1-1e999-2]) }", "[1, -1.0, -2]"),
        ("{ a(x: [\"a\"trueish\"\"]) }", "[\"a\", trueish, \"\"]"),
    ] {
        assert_eq!(first_value(text).to_string(), value, "{text}");
    }
    let Err(error) = scan("{ a(x: [\"\"trueish]) }", 5_000) else { panic!("taken") };
    assert_eq!(error.message, "Expected a space, found `trueish`.");
}

#[test]
fn tokens_are_counted() {
    let text = format!("{{ {} }} # comments are none", "a, ".repeat(58));
    assert_eq!(scan(&text, 60).unwrap_or_else(|error| panic!("{}", error.message)).tokens, 60);
    let Err(error) = scan(&text, 59) else { panic!("taken") };
    assert_eq!(error.code, Code::LimitExceeded);
    assert_eq!(error.message, "A document has at most 59 tokens.");
}

#[test]
fn brackets_are_counted() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let nested = |levels: usize| format!("{{ a(x: {}1{}) }}", open.repeat(levels), close.repeat(levels));
        assert!(scan(&nested(62), 5_000).is_ok());
        let Err(error) = scan(&nested(63), 5_000) else { panic!("taken") };
        assert_eq!(error.code, Code::LimitExceeded);
    }
}
