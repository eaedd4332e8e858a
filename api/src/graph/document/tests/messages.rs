//! Tests the messages, positions and order of errors.

use super::{GATEWAY, PETS, messages, read, wide};
use crate::graph::document::{LONGEST_MESSAGE, MOST_ERRORS};
use crate::graph::error::{Code, Location};
use crate::graph::limits::Limits;

#[test]
fn a_misspelt_name_is_answered_with_similar_ones() {
    for (text, suggestion) in [
        ("{ protocolls { totalCount } }", "Did you mean `protocols`, `protocol`?"),
        ("{ protocols { nodes { sesionDate } } }", "Did you mean `sessionDate`, `sessionType`?"),
        ("{ protocols(frist: 1) { totalCount } }", "Did you mean `first`?"),
        ("{ protocols(filter: {sessionDay: {eq: \"2026-01-01\"}}) { totalCount } }", "`sessionDate`"),
        ("{ protocols(filter: {sessionType: {eq: DOSNG}}) { totalCount } }", "Did you mean `DOSING`?"),
        ("query($f: ProtocolFiltr) { protocols(filter: $f) { totalCount } }", "`ProtocolFilter`"),
        ("{ node(id: 1) { ... on Protocoll { recordId } } }", "`Protocol`"),
        ("{ ...f } fragment f on Quer { __typename }", "`Query`"),
        ("{ protocols @skpi(if: true) { totalCount } }", "`skip`"),
        ("{ protocols @skip(iff: true) { totalCount } }", "Did you mean `if`?"),
    ] {
        let said = messages(&GATEWAY, &Limits::default(), text);
        assert!(said[0].contains(suggestion), "{text}: {said:?}");
    }
}

#[test]
fn a_cause_is_reported_before_its_consequences() {
    for (text, mistake, follows) in [
        ("query($n: Int) { protocolls(first: $n) { totalCount } }", "protocolls", ""),
        ("query($n: Int) { protocols(frist: $n) { totalCount } }", "frist", ""),
        ("query($n: Int) { protocols(first: $m) { totalCount } }", "$m", "$n"),
        ("{ protocolls { ...f } } fragment f on ProtocolConnection { totalCount }", "protocolls", ""),
        ("query($id: BigInt!) { protocol(recordid: $id) { id } }", "recordid", ""),
        (
            "query($id: BigInt!) { protocol(recordId: $id) { site(siteid: 1) { id } comments } }",
            "siteid",
            "comments",
        ),
        ("mutation { createProtocol(input: {siteid: 1}) { protocol { id } } }", "siteid", "required"),
        ("query($v: Int!) { protocols(first: $w) { totalCount } }", "$w", "$v"),
        ("query($v: Filter) { protocols(filter: $v) { totalCount } }", "Filter", ""),
        ("{ ...f } fragment f on Queryy { protocols { totalCount } }", "Queryy", ""),
        ("{ protocols @skip(fi: true) { totalCount } }", "fi", "required"),
        ("query($v: Protocol) { protocols(first: $v) { totalCount } }", "`Protocol`", ""),
        ("query($v: [Protocol!]!) { protocols(first: $v) { totalCount } }", "`Protocol`", ""),
        ("{ protocols { nodes { ... on BigInt { x } } } }", "`BigInt`", ""),
        ("{ protocols { nodes { ... on ProtocolFilter { x } } } }", "`ProtocolFilter`", ""),
        ("{ protocols { nodes { ...f } } } fragment f on BigInt { x }", "`BigInt`", ""),
        ("{ protocols(first: \"a\") { nope } ...g } fragment f on Query { __typename }", "`Int`", ""),
    ] {
        let said = messages(&GATEWAY, &Limits::default(), text);
        assert!(said[0].contains(mistake), "{text}: {said:?}");
        assert!(follows.is_empty() || said[1].contains(follows), "{text}: {said:?}");
    }
}

#[test]
fn each_mistake_is_reported_once_with_its_position() {
    for (text, places) in [
        ("{ big(i: \"a\") }", &[(1, 10)][..]),
        ("query($v: Int = \"a\") { big(i: $v) }", &[(1, 17)]),
        ("query($v: Nope = 1) { big(i: $v) }", &[(1, 7)]),
        ("{ dog { x: id x: name } }", &[(1, 15)]),
        ("{ dog { owner { x: id } owner { x: name } } }", &[(1, 33)]),
        ("query($v: String) {\n  big(i: $v)\n}", &[(2, 10)]),
        ("{ dog { __typename(x: 1) } }", &[(1, 20)]),
        ("{ big(o: {zz: 1}) }", &[(1, 15)]),
        ("{ big(k: \"LOUD\", i: 1.5) }", &[(1, 10), (1, 21)]),
        ("subscription { a b }", &[(1, 18)]),
        ("{ dog { nope nope } }", &[(1, 9), (1, 14)]),
        ("{ a b # ö\n}", &[(1, 3), (1, 5)]),
    ] {
        let errors = read(&PETS, &wide(), text).err().unwrap_or_default();
        let found: Vec<_> = errors.iter().flat_map(|error| &error.locations).copied().collect();
        let places: Vec<_> =
            places.iter().map(|(line, column)| Location { line: *line, column: *column }).collect();
        let said: Vec<_> = errors.iter().map(|error| &error.message).collect();
        assert_eq!(found, places, "{text}: {said:?}");
        assert!(errors.iter().all(|error| error.code == Code::GraphqlInvalid), "{text}");
    }
}

#[test]
fn a_mistake_in_a_value_names_the_argument_and_the_place_of_the_part() {
    for (text, argument, part) in [
        ("{ protocols(first: \"a\") { totalCount } }", "first", "\"a\""),
        ("{ protocols(frist: 1) { totalCount } }", "frist", "frist"),
        ("{ x: node { id } }", "id", "node"),
        ("{ __typename @skip }", "@skip.if", "@skip"),
        ("{ __typename @skip(fi: true, if: 1) }", "@skip.fi", "fi"),
        ("{ __typename @include(if: 1) }", "@include.if", "1"),
        ("{ nodes(ids: [\"a\", 1.5]) { id } }", "ids.1", "1.5"),
        (
            "{ protocols(filter: {or: [{}, {sessionNumber: {in: [1, 2, \"x\"]}}]}) { totalCount } }",
            "filter.or.1.sessionNumber.in.2",
            "\"x\"",
        ),
        ("{ protocols(filter: {or: {sessionDay: 1}}) { totalCount } }", "filter.or.0.sessionDay", "1}}"),
        (
            "query($v: Float) { protocols(filter: {sessionNumber: {eq: $v}}) { totalCount } }",
            "filter.sessionNumber.eq",
            "$v}",
        ),
        (
            "query($v: ProtocolFilter = {and: [{sessionNumber: {eq: \"x\"}}]}) { protocols(filter: $v) { totalCount } }",
            "$v.and.0.sessionNumber.eq",
            "\"x\"",
        ),
        (
            "mutation { createIntegrationHomework(input: {protocolId: \"1\"}) { __typename } }",
            "input.dueDate",
            "{protocolId",
        ),
    ] {
        let errors = read(&GATEWAY, &Limits::default(), text).err().unwrap_or_default();
        let said = errors.iter().find(|error| error.argument.as_deref() == Some(argument));
        let Some(said) = said else { panic!("{text}: {errors:?}") };
        let column = text.find(part).unwrap() + 1;
        assert_eq!(said.locations, [Location { line: 1, column }], "{text}: {said:?}");
    }
    let said = messages(&GATEWAY, &Limits::default(), "{ node { id } }");
    assert_eq!(said, ["The argument `id` of `node` is required, of type `ID!`, and is not provided."]);
}

/// The errors of async-graphql's parser and rules are correct, each at its position. graphql-js reports the same for all of them.
#[test]
fn errors_of_the_library_are_reported_correctly() {
    for (text, column, said) in [
        // Errors of the parser.
        (
            "{ __typename } query A { __typename }",
            1,
            "An operation without a name is the only one of its document.",
        ),
        (
            "query A { __typename } { __typename }",
            24,
            "An operation without a name is the only one of its document.",
        ),
        ("{ __typename } { __typename }", 16, "An operation without a name is the only one of its document."),
        (
            "query A { a: __typename } query A { __typename }",
            27,
            "There can only be one operation named `A`.",
        ),
        (
            "{ ...f } fragment f on Query { __typename } fragment f on Query { __typename }",
            45,
            "There can only be one fragment named `f`.",
        ),
        (" fragment f on Query { __typename }", 2, "The document has no operation."),
        // Errors of its rules.
        ("{ zz }", 3, "Unknown field \"zz\" on type \"Query\"."),
        ("{ dog { zz } }", 9, "Unknown field \"zz\" on type \"Dog\"."),
        ("mutation { __schema { description } }", 12, "Unknown field \"__schema\" on type \"Mutation\"."),
        ("{ dog(zz: 1) { id } }", 7, "Unknown argument \"zz\" on field \"dog\" of type \"Query\"."),
        ("{ dog { id @skip(if: true, zz: 1) } }", 28, "The directive `@skip` has no argument `zz`."),
        ("{ dog { ...zz } }", 9, "Unknown fragment: \"zz\""),
        ("query($v: Zz) { big(i: $v) }", 7, "Unknown type \"Zz\""),
        ("{ dog { ... on Zz { id } } }", 9, "Unknown type \"Zz\""),
        ("{ big(i: 1, i: 1) }", 13, "There can only be one argument named \"i\""),
        ("query($v: Int, $v: Int) { big(i: $v) }", 16, "There can only be one variable named \"$v\""),
        ("{ dog { id { id } } }", 9, "The field `id` of type `ID!` has no fields to select."),
        ("{ dog }", 3, "Of the field `dog` of type `Dog`, fields have to be selected."),
        (
            "{ ...f } fragment f on Dog { id }",
            3,
            "Fragment \"f\" cannot be spread here as objects of type \"Query\" can never be of type \"Dog\"",
        ),
        (
            "{ ... on Dog { id } }",
            3,
            "Fragment cannot be spread here as objects of type \"Query\" can never be of type \"Dog\"",
        ),
        ("{ dog { id @zz } }", 12, "Unknown directive \"zz\""),
        ("query @skip(if: true) { dog { id } }", 7, "Directive \"skip\" may not be used on \"QUERY\""),
        ("{ __typename @deprecated }", 14, "Directive \"deprecated\" may not be used on \"FIELD\""),
        (
            "{ ... @deprecated { __typename } }",
            7,
            "Directive \"deprecated\" may not be used on \"INLINE_FRAGMENT\"",
        ),
        ("{ dog { id @skip(if: true) @skip(if: true) } }", 28, "Duplicate directive \"skip\""),
        // Errors of our rules, where the library's were wrong or repeated.
        (
            "query($v: Dog) { big(i: $v) }",
            7,
            "The variable `$v` has the type `Dog`, which is not an input type.",
        ),
        ("{ big(i: $v) }", 10, "The variable `$v` is not defined by the operation."),
        ("query A { big(i: $v) }", 18, "The variable `$v` is not defined by the operation `A`."),
        ("query A { big(zz: [$v], i: 1) }", 20, "The variable `$v` is not defined by the operation `A`."),
        ("query A($v: Int) { dog { id } }", 9, "The variable `$v` is not used by the operation `A`."),
        ("query($v: Int) { dog { id } }", 7, "The variable `$v` is not used by the operation."),
        ("{ dog { id } } fragment f on Dog { id }", 16, "The fragment `f` is not used."),
        ("subscription { __typename }", 16, "The field of a subscription cannot be `__typename`."),
        (
            "subscription { __typename @skip(if: true) }",
            16,
            "The field of a subscription cannot be `__typename`.",
        ),
        ("subscription { a b }", 18, "A subscription has one field."),
    ] {
        let errors = read(&PETS, &wide(), text).err().unwrap_or_default();
        let place = [Location { line: 1, column }];
        assert!(
            errors.iter().any(|error| error.message == said && error.locations == place),
            "{text}: {said} at {column}: {errors:?}"
        );
        assert!(errors.iter().all(|error| error.locations.len() == 1), "{text}: {errors:?}");
    }
}

#[test]
fn the_same_errors_are_reported_each_time() {
    let text = "query A($a: ID, $b: ID) { zz } query B($c: ID) { yy } query C { dog { ...f ...g } } \
                fragment f on Dog { xx } fragment g on Dog { ww } fragment h on Dog { id }";
    let said = messages(&PETS, &wide(), text);
    assert_eq!(said.len(), 8, "{said:?}");
    for _ in 0..20 {
        assert_eq!(messages(&PETS, &wide(), text), said);
    }
}

#[test]
fn a_name_like_no_other_is_answered_without_suggestions() {
    let said = messages(&GATEWAY, &Limits::default(), "{ protocols { nodes { zzzzzzzzzzzz } } }");
    assert!(!said.is_empty());
    assert!(said.iter().all(|message| !message.contains("Did you mean")), "{said:?}");
}

#[test]
fn a_server_may_keep_its_names_to_itself() {
    let limits = Limits { suggestions: false, ..Limits::default() };
    for text in [
        "{ protocols @skip(iff: true, if: true) { totalCount } }",
        "{ protocolls { totalCount } }",
        "{ protocols(frist: 1) { totalCount } }",
        "{ protocols(filter: {sessionDay: {}}) { totalCount } }",
    ] {
        let said = messages(&GATEWAY, &limits, text);
        assert!(!said.is_empty(), "{text}");
        assert!(said.iter().all(|message| !message.contains("Did you mean")), "{said:?}");
    }
}

#[test]
fn errors_are_few_and_short() {
    let long = "a".repeat(100_000);
    for text in [
        format!("{{ {long} {} }}", "zz ".repeat(1_000)),
        format!("{long} {{ id }}"),
        format!("query {long} {{ __typename }} query {long} {{ __typename }}"),
        format!("{{ ...{long} }} fragment {long} on Query {{ ...{long} }}"),
        format!("{{ node(id: {{{long}: 1, {long}: 2}}) {{ id }} }}"),
        format!("{{ node(id: {long}) {{ id }} }}"),
        format!("{{ node(id: \"{long}\", {long}: 1) {{ id @{long} }} }}"),
        format!("query(${long}: [Int {long}]) {{ id }}"),
        format!("query($a: {long}) {{ nodes(ids: $a) {{ id }} }}"),
    ] {
        let said = messages(&GATEWAY, &Limits::default(), &text);
        assert!((1..=MOST_ERRORS).contains(&said.len()), "{}", said.len());
        assert!(said.iter().all(|message| message.chars().count() <= LONGEST_MESSAGE + 1));
    }
}

#[test]
fn a_syntax_error_is_reported_without_the_parser_s_picture_of_it() {
    let said = messages(&PETS, &wide(), "{ dog(id) { id } }");
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("This is not GraphQL: expected") && !said[0].contains('\n'), "{said:?}");
}

#[test]
fn limits_of_the_document_hold_whatever_of_it_is_run() {
    let limits = Limits { aliases: 1, directives: 1, tokens: 60, ..Limits::default() };
    for (text, said) in [
        ("{ a: __typename }", ""),
        ("{ a: __typename b: __typename }", "A document has at most 1 aliases."),
        (
            "query A { __typename } query B { a: __typename b: __typename }",
            "A document has at most 1 aliases.",
        ),
        (
            "{ ...f } fragment f on Query { a: __typename ... { b: __typename } }",
            "A document has at most 1 aliases.",
        ),
        ("{ __typename @skip(if: true) }", ""),
        ("{ ... @skip(if: true) { __typename @skip(if: true) } }", "A document has at most 1 directives."),
        (&format!("{{ {} }}", "__typename ".repeat(60)), "A document has at most 60 tokens."),
    ] {
        assert_eq!(messages(&GATEWAY, &limits, text).join(" "), said, "{text}");
    }
}
