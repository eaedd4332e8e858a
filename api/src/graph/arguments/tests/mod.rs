//! Tests input coercion with the gateway's own schema, up to the resulting statements.

mod beyond;
mod forgotten;
mod numbers;
mod one_of;
mod places;
mod wrong;

use std::sync::LazyLock;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use async_graphql::dynamic;
use sha2::{Digest as _, Sha256};

use super::{Inputs, Reading, Variables};
use crate::database::Statement;
use crate::graph::catalog::Catalog;
use crate::graph::definitions::Definitions;
use crate::graph::document::{OperationKind, Selected, document};
use crate::graph::error::{Code, Error, Location};
use crate::graph::limits::Limits;
use crate::graph::{plan, schema};
use crate::systems;

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let library = schema::build(&catalog).unwrap();
    let schema = Schema::parse_and_validate(schema::sdl(&library), "schema.graphql").unwrap();
    let limits = Limits { cost: u64::MAX, depth: 100, ..Limits::default() };
    let definitions = Definitions::of(library.registry());
    Gateway { catalog, library, schema, definitions, limits }
});

struct Gateway {
    catalog: Catalog,
    library: dynamic::Schema,
    /// The same schema as another library parses it, to walk through.
    schema: Valid<Schema>,
    definitions: Definitions,
    limits: Limits,
}

impl Gateway {
    /// Plans an operation; returns the statements of a query.
    fn plan(&self, text: &str, variables: &str) -> Result<Vec<Statement>, Error> {
        let document =
            document(&self.library, &self.definitions, text).map_err(|mut errors| errors.remove(0))?;
        let operation = document.only_operation();
        let variables = Variables::sent(serde_json::from_str(variables).unwrap());
        let inputs = Inputs::read(&self.definitions, &document, operation, &variables)?;
        let (catalog, limits) = (&self.catalog, &self.limits);
        match operation.kind {
            OperationKind::Mutation => {
                plan::plan_mutation(catalog, limits, &document, operation, &inputs).map(|_| Vec::new())
            }
            OperationKind::Subscription => {
                plan::plan_subscription(catalog, limits, &document, operation, &inputs, None)
                    .map(|_| Vec::new())
            }
            OperationKind::Query => {
                let plan = plan::plan(catalog, limits, &document, operation, &inputs, None)?;
                Ok(plan.loads.into_iter().map(|load| load.statement).collect())
            }
        }
    }
}

/// Refuses repeated fields: two parsers could use the first value and the last.
#[test]
fn repeated_fields_are_refused() {
    let protocols = "query($n: Int, $f: ProtocolFilter) { protocols(first: $n, filter: $f) { totalCount } }";
    let many = (0..40).map(|at| format!("\"v{at}\": 1, ")).collect::<Vec<_>>().concat();
    for (variables, said) in [
        (r#"{"n": 1, "n": 2}"#, "first: `variables` gives `n` more than once."),
        (r#"{"n": 1, "\u006e": 1}"#, "first: `variables` gives `n` more than once."),
        (r#"{"zz": 1, "zz": 1}"#, "`variables` gives `zz` more than once."),
        (&format!("{{{many}\"v39\": 1}}"), "`variables` gives `v39` more than once."),
        (
            r#"{"f": {"siteId": {"eq": 1}, "siteId": {"eq": 2}}}"#,
            "filter.siteId: the field is there twice (given as `$f.siteId`)",
        ),
        (
            r#"{"f": {"or": [{"siteId": {"eq": 1, "eq": 2}}]}}"#,
            "filter.or.0.siteId.eq: the field is there twice (given as `$f.or.0.siteId.eq`)",
        ),
    ] {
        assert_eq!(GATEWAY.plan(protocols, variables).unwrap_err().message, said, "{variables}");
    }
    let create = "mutation($v: JSON!) { createTherapyflowWearableSample(input: {dataType: HEART_RATE, recordedAt: \
                  \"2026-01-01T00:00:00Z\", metrics: $v}) { __typename } }";
    // Postgres would keep the last.
    for (variables, place) in
        [(r#"{"v": {"a": 1, "a": 2}}"#, "a"), (r#"{"v": [{"a": {"b": 1, "b": 1}}]}"#, "0.a.b")]
    {
        let said = format!("input.metrics.{place}: the field is there twice");
        assert_eq!(GATEWAY.plan(create, variables).unwrap_err().message, said, "{variables}");
    }
}

#[test]
fn the_same_question_is_asked_once_however_it_is_written() {
    let one = "{siteId: {eq: 1, in: [1]}, recordId: {gt: 1}, not: {siteId: {eq: 2}, recordId: {eq: 3}}}";
    let other = "{not: {recordId: {eq: 3}, siteId: {eq: 2}}, recordId: {gt: 1}, siteId: {in: [1], eq: 1}}";
    let groups = "groupBy: {siteId: true}";
    for (below, first, second) in [
        ("protocols(#) { nodes { recordId } }", format!("filter: {one}"), format!("filter: {other}")),
        ("protocols(#) { totalCount }", format!("filter: {one}"), format!("filter: {other}")),
        (
            "protocolsGroups(#) { aggregate { count } }",
            format!("{groups}, filter: {one}"),
            format!("filter: {other}, {groups}"),
        ),
        (
            "protocolsGroups(#) { aggregate { count } }",
            groups.into(),
            format!("{groups}, filter: {{}}, offset: 0"),
        ),
        ("protocols(#) { nodes { recordId } }", "first: 2".into(), "first: 2, filter: {}".into()),
        ("protocols(#) { nodes { recordId } }", "first: 2".into(), "offset: 0, first: 2".into()),
        ("protocols(#) { totalCount }", "first: 2".into(), "filter: {}".into()),
    ] {
        let of = |key: &str, arguments: &str| format!("{key}: {}", below.replace('#', arguments));
        let both = format!("{{ {} {} }}", of("a", &first), of("b", &second));
        let alone = format!("{{ {} }}", of("a", &first));
        let count =
            |text: &str| GATEWAY.plan(text, "{}").unwrap_or_else(|error| panic!("{text}: {error:?}")).len();
        assert_eq!(count(&both), count(&alone), "{both}");
        let otherwise = format!(
            "{{ {} {} }}",
            of("a", &first),
            of("b", &first.replace("first: 2", "first: 3").replace("gt: 1", "gt: 2"))
        );
        let differs = first.contains("first: 2") && below.contains("nodes") || first.contains("gt: 1");
        assert_eq!(count(&otherwise) > count(&alone), differs, "{otherwise}");
    }
}

#[test]
fn literals_and_variables_are_coerced_alike() {
    let protocols = "{ protocols(ARGUMENTS) { totalCount } }";
    for (arguments, ty, literal, json) in [
        ("filter: {sessionType: {eq: VALUE}}", "ProtocolSessionType", "DOSING", r#""DOSING""#),
        ("filter: {sessionType: {in: VALUE}}", "[ProtocolSessionType!]", "DOSING", r#""DOSING""#),
        ("filter: {sessionType: {in: VALUE}}", "[ProtocolSessionType!]", "[DOSING]", r#"["DOSING"]"#),
        ("filter: {sessionType: {in: [VALUE]}}", "ProtocolSessionType!", "DOSING", r#""DOSING""#),
        ("filter: {recordId: {in: VALUE}}", "[BigInt!]", "[1, \"2\"]", r#"[1, "2"]"#),
        (
            "filter: VALUE",
            "ProtocolFilter",
            "{or: {sessionNumber: {eq: 1}}}",
            r#"{"or": {"sessionNumber": {"eq": 1}}}"#,
        ),
        (
            "filter: {and: VALUE}",
            "[ProtocolFilter!]",
            "{sessionNumber: {eq: 1}}",
            r#"{"sessionNumber": {"eq": 1}}"#,
        ),
        (
            "filter: {and: [VALUE]}",
            "ProtocolFilter!",
            "{sessionNumber: {eq: 1}}",
            r#"{"sessionNumber": {"eq": 1}}"#,
        ),
        ("orderBy: VALUE", "[ProtocolOrderBy!]", "{sessionDate: DESC}", r#"{"sessionDate": "DESC"}"#),
        ("orderBy: [{sessionDate: VALUE}]", "OrderDirection!", "DESC", r#""DESC""#),
        ("filter: {supportModalityIds: {overlaps: VALUE}}", "[BigInt!]", "1", "1"),
        ("filter: {patientLinkCode: {eq: VALUE}}", "String", r#""a\u00e9\n""#, r#""a\u00e9\n""#),
        (
            "filter: {submittedAt: {eq: VALUE}}",
            "DateTime",
            r#""2026-01-01T00:00:00Z""#,
            r#""2026-01-01T00:00:00Z""#,
        ),
    ] {
        let operation = protocols.replace("ARGUMENTS", arguments);
        let by_literal = GATEWAY.plan(&operation.replace("VALUE", literal), "{}").unwrap();
        let operation = format!("query($v: {ty}) {}", operation.replace("VALUE", "$v"));
        let by_variable = GATEWAY.plan(&operation, &format!("{{\"v\": {json}}}")).unwrap();
        assert_eq!(by_literal, by_variable, "{arguments} {literal}");
        // A default is a literal too.
        let operation = operation.replacen(ty, &format!("{ty} = {literal}"), 1);
        assert_eq!(by_literal, GATEWAY.plan(&operation, "{}").unwrap(), "{arguments} {literal}");
    }
    for (arguments, ty, literal, json, argument) in [
        ("filter: {sessionNumber: {eq: VALUE}}", "Int", "1.0", "1.0", "filter.sessionNumber.eq"),
        ("filter: {sessionNumber: {eq: VALUE}}", "Int", "\"1\"", "\"1\"", "filter.sessionNumber.eq"),
        (
            "filter: {sessionNumber: {eq: VALUE}}",
            "Int",
            "2147483648",
            "2147483648",
            "filter.sessionNumber.eq",
        ),
        ("filter: {verifiedConsent: {eq: VALUE}}", "Boolean", "1", "1", "filter.verifiedConsent.eq"),
        ("filter: {patientLinkCode: {eq: VALUE}}", "String", "1", "1", "filter.patientLinkCode.eq"),
        (
            "filter: {sessionType: {eq: VALUE}}",
            "ProtocolSessionType",
            "NONE",
            r#""NONE""#,
            "filter.sessionType.eq",
        ),
        ("filter: {dosageMg: {eq: VALUE}}", "Float", "\"1\"", "\"1\"", "filter.dosageMg.eq"),
        ("filter: {dosageMg: {eq: VALUE}}", "Float", "[1]", "[1]", "filter.dosageMg.eq"),
        (
            "filter: VALUE",
            "ProtocolFilter",
            "{nothing: {eq: 1}}",
            r#"{"nothing": {"eq": 1}}"#,
            "filter.nothing",
        ),
        ("filter: VALUE", "ProtocolFilter", "[{}]", "[{}]", "filter"),
        ("filter: VALUE", "ProtocolFilter", "{id: {}, id: {}}", r#"{"and": [], "and": []}"#, "filter.and"),
        (
            "filter: {and: VALUE}",
            "[ProtocolFilter!]",
            "[{}, {or: 1}]",
            r#"[{}, {"or": 1}]"#,
            "filter.and.1.or.0",
        ),
        ("filter: {recordId: {eq: VALUE}}", "BigInt", "1.5", "1.5", "filter.recordId.eq"),
        ("filter: {recordId: {in: VALUE}}", "[BigInt!]", "[1, null]", "[1, null]", "filter.recordId.in.1"),
        ("filter: {submittedAt: {eq: VALUE}}", "DateTime", "{a: 1}", r#"{"a": 1}"#, "filter.submittedAt.eq"),
    ] {
        let operation = protocols.replace("ARGUMENTS", arguments);
        let error = GATEWAY.plan(&operation.replace("VALUE", literal), "{}").unwrap_err();
        assert!(
            matches!(error.code, Code::GraphqlInvalid | Code::BadUserInput),
            "{arguments} {literal}: {error:?}"
        );
        let operation = format!("query($v: {ty}) {}", operation.replace("VALUE", "$v"));
        let error = GATEWAY.plan(&operation, &format!("{{\"v\": {json}}}")).unwrap_err();
        assert_eq!(error.code, Code::BadUserInput, "{arguments} {json}: {error:?}");
        assert_eq!(error.argument.as_deref(), Some(argument), "{arguments} {json}: {error:?}");
    }
}

#[test]
fn a_condition_of_a_directive_has_a_value() {
    for directive in ["skip", "include"] {
        for (variables, refused) in [("{}", false), (r#"{"v": true}"#, false), (r#"{"v": null}"#, true)] {
            let text = format!(
                "query($v: Boolean = true) {{ __typename protocols {{ totalCount @{directive}(if: $v) }} }}"
            );
            match GATEWAY.plan(&text, variables) {
                Ok(_) => assert!(!refused, "{text}"),
                Err(error) => {
                    assert!(refused, "{text}: {error:?}");
                    assert_eq!(error.code, Code::BadUserInput);
                    assert!(error.message.contains("`$v` is null"), "{error:?}");
                    assert_eq!(error.argument, Some(format!("@{directive}.if")));
                    let column = text.rfind("$v").unwrap() + 1;
                    assert_eq!(error.locations, [Location { line: 1, column }]);
                }
            }
        }
    }
}

/// Returns the fingerprint of a variable for an idempotency key.
fn fingerprint(json: &str) -> [u8; 32] {
    let operation =
        "query($v: JSON) { therapyflow { wearableSamples(filter: {metrics: {eq: $v}}) { totalCount } } }";
    let document = document(&GATEWAY.library, &GATEWAY.definitions, operation).unwrap();
    let variables = Variables::sent(serde_json::from_str(&format!("{{\"v\": {json}}}")).unwrap());
    let inputs =
        Inputs::read(&GATEWAY.definitions, &document, document.only_operation(), &variables).unwrap();
    let mut hash = Sha256::new();
    inputs.feed(&mut hash);
    hash.finalize().into()
}

#[test]
fn variables_are_compared_as_values() {
    for (one, other) in [
        (r#"{"a": 1, "b": {"c": [1, 2], "d": null}}"#, r#"{ "b": {"d": null, "c": [1.0, 2e0]}, "a": 1.0 }"#),
        ("0", "-0.0"),
        ("1e3", "1000"),
        ("9007199254740992", "9007199254740992.0"),
        (r#""\u00e9""#, "\"é\""),
    ] {
        assert_eq!(fingerprint(one), fingerprint(other), "{one} {other}");
    }
    let different = [
        "null",
        "{}",
        r#"{"a": null}"#,
        "[]",
        "[null]",
        "[[]]",
        "0",
        "1",
        "1.5",
        "\"1\"",
        "true",
        "\"true\"",
        "[1, 2]",
        "[2, 1]",
        "[12]",
        r#"{"a": "b"}"#,
        r#"{"ab": ""}"#,
        "9007199254740993",
        "9007199254740992",
        "0.1234567890123456789",
        "0.1234567890123456788",
    ];
    for (at, one) in different.iter().enumerate() {
        for other in &different[at + 1..] {
            assert_ne!(fingerprint(one), fingerprint(other), "{one} {other}");
        }
    }
}

#[test]
fn values_as_sent_are_not_copied() {
    let operation = "query($v: String, $n: Decimal) { protocols(filter: {patientLinkCode: {eq: $v}, prepHours: {eq: $n}}) { totalCount } }";
    let document = document(&GATEWAY.library, &GATEWAY.definitions, operation).unwrap();
    let operation = document.only_operation();
    let variables = Variables::sent(serde_json::from_str(r#"{"v": "a text", "n": 12.50}"#).unwrap());
    let inputs = Inputs::read(&GATEWAY.definitions, &document, operation, &variables).unwrap();
    let Selected::Field(field) = &operation.selections[0].of else { panic!("a field") };
    let arguments = inputs.arguments(field, |_| Reading::Optional).unwrap();
    let filter = arguments.get("filter").unwrap();
    let sent = variables.text().unwrap().as_bytes().as_ptr_range();
    let text = filter.get("patientLinkCode").and_then(|it| it.get("eq")?.as_str()).unwrap();
    let number = filter.get("prepHours").and_then(|it| it.get("eq")?.as_number()).unwrap();
    assert_eq!((text, number), ("a text", "12.50"));
    assert!(sent.contains(&text.as_ptr()) && sent.contains(&number.as_ptr()));
}

#[test]
fn variables_within_json_are_declared_and_left_out_of_data_alone() {
    let create = |metrics: &str, declared: &str, variables: &str| {
        let operation = format!(
            "mutation{declared} {{ createTherapyflowWearableSample(input: {{dataType: HEART_RATE, recordedAt: \
             \"2026-01-01T00:00:00Z\", metrics: {metrics}}}) {{ __typename }} }}"
        );
        GATEWAY.plan(&operation, variables).map_err(|error| error.argument.unwrap_or_default())
    };
    assert!(create("{bpm: $v}", "($v: Float)", "{}").is_ok());
    assert!(create("{bpm: [$v]}", "($v: Float)", r#"{"v": null}"#).is_ok());
    // Validation refuses undeclared variables, and nullable ones where a value is required.
    assert_eq!(create("{bpm: $w}", "", "{}"), Err("input.metrics.bpm".into()));
    assert_eq!(create("$v", "($v: JSON)", "{}"), Err("input.metrics".into()));
}
