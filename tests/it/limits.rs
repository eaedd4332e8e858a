//! The limits of a request.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use praxis::graph::Limits;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use crate::harness::{Answer, App, Socket, somebody};

/// Longer than any refusal takes, and shorter than unbounded work.
const QUICK: Duration = Duration::from_secs(20);

async fn with(change: impl FnOnce(&mut Limits)) -> App {
    App::shared_with(|config| change(&mut config.limits)).await
}

/// Asserts that a request was refused before any statement, because it exceeds a limit.
#[track_caller]
fn assert_exceeded(answer: &Answer) {
    assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{:#}", answer.body);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.get("data").is_none());
}

#[track_caller]
fn assert_place(answer: &Answer, path: &Value, line: u32, column: u32) {
    assert_eq!(&answer.error()["path"], path, "{:#}", answer.body);
    assert_eq!(answer.error()["locations"], json!([{ "line": line, "column": column }]), "{:#}", answer.body);
}

#[tokio::test]
async fn depth() {
    let app = with(|limits| limits.depth = 3).await;
    app.anonymous().ask("{ protocols { nodes { id } } }").await.data();
    let answer = app.anonymous().ask("{ protocols { nodes { site { id } } } }").await;
    assert_exceeded(&answer);
    assert_place(&answer, &json!(["protocols", "nodes", "site", "id"]), 1, 30);
}

#[tokio::test]
async fn depth_counts_fields_within_fragments() {
    let app = with(|limits| limits.depth = 3).await;
    let query = "query { ...A } fragment A on Query { protocols { nodes { ...B } } } \
                 fragment B on Protocol { ... { site { id } } }";
    assert_exceeded(&app.anonymous().ask(query).await);
}

#[tokio::test]
async fn cost_multiplies_page_sizes_down_the_tree() {
    let query = "{ protocols(first: 10) { nodes { events(first: 20) { nodes { eventType { id } } } } } }";
    // The data and the list; protocols, and a list of events for each; events and their types.
    let cost = 2 + (10 + 10) + (10 * 20 + 10 * 20);
    with(|limits| limits.cost = cost).await.anonymous().ask(query).await.data();
    let answer = with(|limits| limits.cost = cost - 1).await.anonymous().ask(query).await;
    assert_exceeded(&answer);
    assert_place(&answer, &json!(["protocols", "nodes", "events", "nodes", "eventType"]), 1, 62);
}

#[tokio::test]
async fn cost_counts_the_default_page_where_no_size_is_given() {
    let query = "{ protocols { nodes { events { nodes { id } } } } }";
    let limits = |cost: u64| {
        move |limits: &mut Limits| {
            limits.default_page = 7;
            limits.cost = cost;
        }
    };
    let cost = 2 + (7 + 7) + 7 * 7;
    with(limits(cost)).await.anonymous().ask(query).await.data();
    assert_exceeded(&with(limits(cost - 1)).await.anonymous().ask(query).await);
}

#[tokio::test]
async fn cost_adds_up_over_aliases() {
    let app = with(|limits| limits.cost = 1_999).await;
    app.anonymous().ask("{ a: protocols(first: 1000) { nodes { id } } }").await.data();
    let query = "{ a: protocols(first: 1000) { nodes { id } } b: protocols(first: 1000) { nodes { id } } }";
    let answer = app.anonymous().ask(query).await;
    assert_exceeded(&answer);
    assert_eq!(answer.error()["path"], json!(["b", "nodes"]));
}

#[tokio::test]
async fn fields() {
    let app = with(|limits| limits.fields = 4).await;
    app.anonymous().ask("{ protocols { nodes { id siteId } } }").await.data();
    let answer = app.anonymous().ask("{ protocols { nodes { id siteId sessionDate } } }").await;
    assert_exceeded(&answer);
    assert_place(&answer, &json!(["protocols", "nodes", "sessionDate"]), 1, 33);
}

#[tokio::test]
async fn root_fields() {
    let app = with(|limits| limits.root_fields = 2).await;
    app.anonymous().ask("{ a: __typename b: __typename }").await.data();
    assert_exceeded(&app.anonymous().ask("{ a: __typename b: __typename c: __typename }").await);
}

#[tokio::test]
async fn aliases() {
    let app = with(|limits| limits.aliases = 2).await;
    app.anonymous().ask("{ a: __typename ...F } fragment F on Query { b: __typename }").await.data();
    let answer = app
        .anonymous()
        .ask("{ a: __typename ...F }\nfragment F on Query { b: __typename c: __typename }")
        .await;
    assert_exceeded(&answer);
    assert_eq!(answer.error()["locations"], json!([{ "line": 2, "column": 37 }]));
}

#[tokio::test]
async fn directives() {
    let app = with(|limits| limits.directives = 2).await;
    app.anonymous().ask("{ __typename @skip(if: false) @include(if: true) }").await.data();
    let query =
        "{ __typename @skip(if: false) @include(if: true)\n ... @include(if: true) { a: __typename } }";
    let answer = app.anonymous().ask(query).await;
    assert_exceeded(&answer);
    assert_eq!(answer.error()["locations"], json!([{ "line": 2, "column": 6 }]));
}

#[tokio::test]
async fn directives_count_wherever_they_stand() {
    let app = with(|limits| limits.directives = 2).await;
    let query = "query @a @b @c { __typename }";
    assert_exceeded(&app.anonymous().ask(query).await);
    let query = "{ __typename @a ... @b { __typename @c } }";
    assert_exceeded(&app.anonymous().ask(query).await);
    // No directive is allowed at a variable.
    let query = "query($a: Int @a @b @c) { __typename }";
    assert_eq!(app.anonymous().ask(query).await.code(), "GRAPHQL_INVALID");
}

#[tokio::test]
async fn tokens() {
    let app = with(|limits| limits.tokens = 20).await;
    app.anonymous().ask("{ __typename }").await.data();
    assert_exceeded(&app.anonymous().ask(&format!("{{ {} }}", "__typename ".repeat(30))).await);
}

#[tokio::test]
async fn tokens_are_not_read_to_the_end() {
    let app = App::shared().await;
    let begun = Instant::now();
    assert_exceeded(&app.anonymous().ask(&format!("{{ {} }}", "a ".repeat(500_000))).await);
    assert!(begun.elapsed() < QUICK);
}

#[tokio::test]
async fn conditions() {
    let app = with(|limits| limits.conditions = 3).await;
    let ask = async |conditions: usize| {
        let filter = json!({ "or": vec![json!({ "recordId": { "eq": "1" } }); conditions] });
        let query = "query($filter: ProtocolFilter) {\n  protocols(filter: $filter) { totalCount }\n}";
        app.anonymous().ask_with(query, &json!({ "filter": filter })).await
    };
    ask(3).await.data();
    let answer = ask(4).await;
    assert_exceeded(&answer);
    assert_eq!(answer.error()["path"][0], "protocols");
    assert_eq!(answer.error()["locations"], json!([{ "line": 2, "column": 21 }]));
    assert_eq!(answer.error()["extensions"]["argument"], "filter.or.3.recordId.eq");
}

#[tokio::test]
async fn conditions_count_relations_and_not_only_columns() {
    let app = with(|limits| limits.conditions = 3).await;
    let answer = app
        .anonymous()
        .ask("{ protocols(filter: { events: { some: { protocol: { events: { some: { protocol: {} } } } } } }) { totalCount } }")
        .await;
    assert_exceeded(&answer);
}

#[tokio::test]
async fn conditions_count_empty_alternatives() {
    let app = App::shared().await;
    let filter = json!({ "or": vec![json!({}); 50_000] });
    let query = "query($filter: ProtocolFilter) { protocols(filter: $filter) { totalCount } }";
    assert_exceeded(&app.anonymous().ask_with(query, &json!({ "filter": filter })).await);
}

#[tokio::test]
async fn page_size() {
    let app = with(|limits| limits.largest_page = 10).await;
    for argument in ["first", "last"] {
        app.anonymous().ask(&format!("{{ protocols({argument}: 10) {{ nodes {{ id }} }} }}")).await.data();
        let answer =
            app.anonymous().ask(&format!("{{ protocols({argument}: 11) {{ nodes {{ id }} }} }}")).await;
        assert_exceeded(&answer);
        assert_place(&answer, &json!(["protocols"]), 1, 13 + u32::try_from(argument.len()).unwrap() + 2);
        assert_eq!(answer.error()["extensions"]["argument"], argument);
    }
}

#[tokio::test]
async fn page_size_of_a_child() {
    let app = with(|limits| limits.largest_page = 10).await;
    let answer =
        app.anonymous().ask("{ protocols(first: 1) { nodes { events(first: 11) { nodes { id } } } } }").await;
    assert_exceeded(&answer);
    assert_eq!(answer.error()["path"], json!(["protocols", "nodes", "events"]));
}

#[tokio::test]
async fn ids_of_nodes() {
    let app = with(|limits| limits.largest_page = 2).await;
    let somebody = app.bearer(&somebody());
    let some = somebody.ask("{ medications(first: 1) { nodes { id } } }").await;
    let id = some.nodes("medications")[0]["id"].clone();
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    somebody.ask_with(query, &json!({ "ids": [id, id] })).await.data();
    let answer = somebody.ask_with(query, &json!({ "ids": [id, id, id] })).await;
    assert_exceeded(&answer);
    assert_place(&answer, &json!(["nodes"]), 1, 34);
    assert_eq!(answer.error()["extensions"]["argument"], "ids");
}

#[tokio::test]
async fn without_introspection_the_schema_is_not_shown_and_typename_still_is() {
    let app = with(|limits| limits.introspection = false).await;
    for query in [
        "{ __schema { types { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ ... { a: __schema { description } } }",
    ] {
        let answer = app.anonymous().ask(query).await;
        assert_eq!(answer.code(), "FORBIDDEN");
        assert!(answer.body.get("data").is_none());
        assert!(!answer.body.to_string().contains("Protocol"));
    }
    let answer = app.anonymous().ask("{ __typename protocols { __typename } }").await;
    assert_eq!(
        answer.data(),
        &json!({ "__typename": "Query", "protocols": { "__typename": "ProtocolConnection" } })
    );
}

#[tokio::test]
async fn the_schema_may_be_shown_to_callers_with_a_token_alone() {
    let app = with(|limits| limits.anonymous_introspection = false).await;
    let mut errors = Vec::new();
    for query in ["{ a: __type(name: \"Query\") { name } }", "{ __schema { types { name } } b: __typename }"]
    {
        for media in ["application/json", "application/graphql-response+json"] {
            let by_post = app.http().post(app.url("/graphql")).json(&json!({ "query": query }));
            let by_get = app.http().get(app.url("/graphql")).query(&[("query", query)]);
            for request in [by_post, by_get] {
                let answer = Answer::read(request.header("accept", media).send().await.unwrap()).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{media}");
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
                assert!(answer.body.get("data").is_none(), "{:#}", answer.body);
                errors.push(answer.error().clone());
            }
        }
        let stream = app.http().post(app.url("/graphql")).header("accept", "text/event-stream");
        let stream = stream.json(&json!({ "query": query })).send().await.unwrap().text().await.unwrap();
        let told = stream.lines().find_map(|line| line.strip_prefix("data: {")).unwrap();
        let told: Value = serde_json::from_str(&format!("{{{told}")).unwrap();
        errors.push(told["errors"][0].clone());
        let mut socket = Socket::of(&app, &app.anonymous()).await;
        socket.begin("1", query, &json!({})).await;
        errors.push(socket.error("1").await);
    }
    let error = json!({
        "message": "This server shows its schema to callers with a token.",
        "extensions": { "code": "UNAUTHENTICATED", "reason": "token_missing" },
    });
    assert!(errors.iter().all(|told| *told == error), "{errors:#?}");
    let query = "{ a: __type(name: \"Query\") { name } }";
    assert_eq!(app.bearer(&somebody()).ask(query).await.data()["a"]["name"], "Query");
}

#[tokio::test]
async fn introspection_shows_the_schema_by_default() {
    let app = App::shared().await;
    let answer = app.anonymous().ask("{ __type(name: \"Protocol\") { fields { name } } }").await;
    let fields = answer.data()["__type"]["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["name"] == "recordId"));
}

#[tokio::test]
async fn introspection_does_not_multiply() {
    let app = with(|limits| limits.cost = 20_000).await;
    let aliases = |name: &str, inner: &str| {
        (0..20).fold(String::new(), |mut text, at| {
            write!(text, "a{at}: {name} {inner} ").unwrap();
            text
        })
    };
    let whole =
        include_str!("introspection.graphql").replace("# What GraphiQL and code generators ask.\n", "");
    let (_, fragments) = whole.split_once("fragment FullType").unwrap();
    let types = "{ types { ...FullType } }";
    let begun = Instant::now();
    for (query, path) in [
        (
            format!(
                "{{ __schema {{ types {{ {} }} }} }} fragment F on __Field {{ type {{ ofType {{ {} }} }} }}",
                aliases("fields", "{ ...F }"),
                aliases("fields", "{ name }"),
            ),
            Some("__schema"),
        ),
        (format!("{{ {} }} fragment FullType{fragments}", aliases("__schema", types)), Some("a")),
        // Each field leads to a type with fields of its own, three times.
        (
            "{ __schema { types { fields { ...F } } } }
             fragment F on __Field { type { ofType { fields { ...G } } } }
             fragment G on __Field { type { fields { ...H } ofType { fields { ...H } } } }
             fragment H on __Field { type { name fields { name } ofType { fields { name } } } }"
                .into(),
            // The document is refused before it is planned.
            None,
        ),
    ] {
        let answer = app.anonymous().ask(&query).await;
        assert_exceeded(&answer);
        let told = answer.error()["path"][0].as_str();
        assert!(
            path.zip(told).map_or(path == told, |(path, told)| told.starts_with(path)),
            "{:#}",
            answer.body
        );
    }
    assert!(begun.elapsed() < QUICK);
}

#[tokio::test]
async fn introspection_takes_aliases() {
    let app = App::shared().await;
    let query = "{ a: __type(name: \"Query\") { n: name m: name } b: __type(name: \"Protocol\") { name } c: __type(name: \"No\") { name } }";
    let answer = app.anonymous().ask(query).await;
    let expected = json!({ "a": { "n": "Query", "m": "Query" }, "b": { "name": "Protocol" }, "c": null });
    assert_eq!(answer.data(), &expected);
}

#[tokio::test]
async fn introspection_costs_its_objects_each_time() {
    let query = "{ __schema { queryType { name kind } } a: __schema { queryType { name kind } } }";
    with(|limits| limits.cost = 5).await.anonymous().ask(query).await.data();
    let app = with(|limits| limits.cost = 4).await;
    assert_exceeded(&app.anonymous().ask(query).await);
    // A cached document has the same limits.
    assert_exceeded(&app.anonymous().ask(query).await);
}

#[tokio::test]
async fn introspection_as_tools_ask_for_it_is_answered() {
    let app = App::shared().await;
    let answer = app.anonymous().ask(include_str!("introspection.graphql")).await;
    assert!(answer.data()["__schema"]["types"].as_array().unwrap().len() > 50);
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_similar_ones_only_where_the_settings_say_so() {
    let query = "{ protocol { nodes { id } } protocolls { nodes { id } } }";
    let messages = async |suggestions| {
        let app = with(|limits| limits.suggestions = suggestions).await;
        let answer = app.anonymous().ask(query).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        answer.body["errors"].to_string()
    };
    let with = messages(true).await;
    assert!(with.contains("Did you mean") && with.contains("`protocols`"), "{with}");
    let without = messages(false).await;
    assert!(!without.contains("Did you mean") && !without.contains("`protocols`"), "{without}");
}

#[tokio::test]
async fn an_unknown_name_is_answered_shortly() {
    let app = App::shared().await;
    let name = "a".repeat(200_000);
    let begun = Instant::now();
    let answer = app.anonymous().ask(&format!("{{ {name} }}")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(begun.elapsed() < QUICK);
}

/// Returns a fragment `F0` that contains `F1` twice, which contains `F2` twice, and so on.
fn doubling(levels: usize, ty: &str, double: impl Fn(usize) -> String, end: &str) -> String {
    let mut text = String::new();
    for level in 0..levels {
        writeln!(text, "fragment F{level} on {ty} {{ {} }}", double(level + 1)).unwrap();
    }
    writeln!(text, "fragment F{levels} on {ty} {{ {end} }}").unwrap();
    text
}

#[tokio::test]
async fn fragments_that_spread_each_other_again_are_answered_and_quickly() {
    let app = App::shared().await;
    let doubles: [&dyn Fn(usize) -> String; 3] = [
        &|next| format!("...F{next} ...F{next}"),
        &|next| format!("...F{next} ... {{ ...F{next} }}"),
        &|next| format!("...F{next} ...F{}", (next + 1).min(30)),
    ];
    for double in doubles {
        let begun = Instant::now();
        let fragments = doubling(30, "Query", double, "__typename");
        let answer = app.anonymous().ask(&format!("{{ ...F0 ...F0 }} {fragments}")).await;
        assert_eq!(answer.data(), &json!({ "__typename": "Query" }));
        // Below a list too, and in its nodes.
        let fragments =
            doubling(30, "EventType", double, "id ...E") + "fragment E on EventType { eventName }";
        let query = format!(
            "{{ eventTypes(first: 1) {{ nodes {{ ...F0 }} ...N ...N }} }} {fragments} \
            fragment N on EventTypeConnection {{ nodes {{ ...F1 ...F0 }} }}"
        );
        let answer = app.clinician_north().await.ask(&query).await;
        assert_eq!(answer.nodes("eventTypes")[0].as_object().map(Map::len), Some(2));
        assert!(begun.elapsed() < QUICK);
    }
}

#[tokio::test]
async fn fragments_that_double_under_aliases_are_refused_quickly() {
    let app = with(|limits| limits.aliases = 1_000).await;
    let double = |next| {
        format!(
            "a: events {{ nodes {{ protocol {{ ...F{next} }} }} }} b: events {{ nodes {{ protocol {{ ...F{next} }} }} }}"
        )
    };
    let fragments = doubling(30, "Protocol", double, "id");
    let begun = Instant::now();
    let answer =
        app.anonymous().ask(&format!("{{ protocols(first: 1) {{ nodes {{ ...F0 }} }} }} {fragments}")).await;
    assert_exceeded(&answer);
    assert!(begun.elapsed() < QUICK);
}

#[tokio::test]
async fn fragments_that_double_under_the_same_key_are_refused_quickly() {
    let app = App::shared().await;
    let double = |next| {
        format!(
            "site {{ protocols {{ nodes {{ ...F{next} }} }} }} site {{ protocols {{ nodes {{ ...F{next} }} }} }}"
        )
    };
    let fragments = doubling(30, "Protocol", double, "id");
    let begun = Instant::now();
    let answer =
        app.anonymous().ask(&format!("{{ protocols(first: 1) {{ nodes {{ ...F0 }} }} }} {fragments}")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:#}", answer.body);
    assert!(begun.elapsed() < QUICK);
}

#[tokio::test]
async fn fragments_of_the_schema_that_double_are_refused_quickly() {
    let app = with(|limits| limits.aliases = 1_000).await;
    let double = |next| format!("a: ofType {{ ...F{next} }} b: ofType {{ ...F{next} }}");
    let fragments = doubling(30, "__Type", double, "name");
    let begun = Instant::now();
    let answer = app.anonymous().ask(&format!("{{ __schema {{ types {{ ...F0 }} }} }} {fragments}")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:#}", answer.body);
    assert!(begun.elapsed() < QUICK);
}

#[tokio::test]
async fn a_long_chain_of_fragments_does_no_harm() {
    let app = App::shared().await;
    let fragments = doubling(600, "Query", |next| format!("...F{next}"), "__typename");
    let begun = Instant::now();
    app.anonymous().ask(&format!("{{ ...F0 }} {fragments}")).await;
    assert!(begun.elapsed() < QUICK);
    app.anonymous().ask("{ __typename }").await.data();
}

#[tokio::test]
async fn a_cycle_of_fragments_is_refused() {
    let app = App::shared().await;
    let query = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    let answer = app.anonymous().ask(query).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "GRAPHQL_INVALID");
}

#[tokio::test]
async fn deep_nesting_of_the_document_does_no_harm() {
    let levels = 10_000;
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(levels), close.repeat(levels));
    let documents = [
        "{".repeat(levels),
        nested("{a", "}"),
        nested("{...", "}"),
        nested("{... on Query", "}"),
        format!("{{ protocols(filter: {}) {{ totalCount }} }}", nested("{not:", "}")),
        format!("{{ protocols(filter: {}) {{ totalCount }} }}", "{not:".repeat(levels)),
        format!("{{ protocols(orderBy: {}) {{ totalCount }} }}", nested("[", "]")),
        format!("query($a: {}) {{ __typename }}", nested("[", "]")),
        format!("query($a: {}Int{}) {{ __typename }}", "[".repeat(levels), "]".repeat(levels)),
        format!("query($a: Int = {}) {{ __typename }}", nested("[", "]")),
        format!("{{ __typename @skip(if: {}) }}", nested("[", "]")),
    ];
    // With the default limit of tokens, and with one that does not help.
    for tokens in [Limits::default().tokens, 1_000_000] {
        let app = with(|limits| limits.tokens = tokens).await;
        for document in &documents {
            let answer = app.anonymous().ask(document).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{document:.40}");
        }
        app.anonymous().ask("{ __typename }").await.data();
    }
}

#[tokio::test]
async fn a_deep_filter_in_variables_is_refused() {
    let app = App::shared().await;
    let deep = |levels: usize| {
        let filter = format!("{}{{}}{}", "{\"not\":".repeat(levels), "}".repeat(levels));
        let query = "query($filter: ProtocolFilter) { protocols(filter: $filter) { totalCount } }";
        format!("{{\"query\":\"{query}\",\"variables\":{{\"filter\":{filter}}}}}")
    };
    let ask = async |body: String| {
        let request =
            app.http().post(app.url("/graphql")).header("content-type", "application/json").body(body);
        Answer::read(request.send().await.unwrap()).await
    };
    ask(deep(20)).await.data();
    for levels in [500, 50_000] {
        let answer = ask(deep(levels)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.get("data").is_none());
    }
    app.anonymous().ask("{ __typename }").await.data();
}
