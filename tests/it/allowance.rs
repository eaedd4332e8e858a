//! The total work that the filters, orders and keys of a request may demand of Postgres.

use praxis::graph::Limits;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Actor, Answer, App, Socket};

async fn with(change: impl FnOnce(&mut Limits)) -> App {
    App::shared_with(|config| change(&mut config.limits)).await
}

/// Asserts that a request was refused before any statement, since it demands too much; `argument` names the excess.
#[track_caller]
fn assert_exceeded(answer: &Answer, argument: &str) {
    assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{:#}", answer.body);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.get("data").is_none());
    let said = answer.error()["extensions"]["argument"].as_str().unwrap_or_default();
    assert!(said.starts_with(argument), "{said} is not in {argument}");
}

/// Returns a filter on events with this many nested relations.
fn through(relations: usize) -> String {
    let mut filter = "{}".to_owned();
    for level in (0..relations).rev() {
        filter = if level % 2 == 0 {
            format!("{{protocol: {filter}}}")
        } else {
            format!("{{events: {{every: {filter}}}}}")
        };
    }
    filter
}

/// Every place in a request that takes a filter on events.
const FILTERED: [&str; 8] = [
    "{ sessionEvents(filter: %) { nodes { eventId } } }",
    "{ sessionEvents(filter: %) { totalCount } }",
    "{ sessionEvents(filter: %) { edges { cursor } } }",
    "{ sessionEvents(filter: %) { points(x: EVENT_TIMESTAMP, y: INTENSITY_LEVEL) { eventId } } }",
    "{ sessionEventsGroups(groupBy: {intensityLevel: true}, filter: %) { aggregate { count } } }",
    "{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {calendar: {unit: DAY}}, filter: %) { aggregate { count } } }",
    "{ protocols(first: 2) { nodes { events(filter: %) { nodes { eventId } } } } }",
    "{ protocols(first: 2) { nodes { eventsGroups(groupBy: {intensityLevel: true}, filter: %) { aggregate { count } } } } }",
];

#[tokio::test]
async fn relations_within_one_another_are_few_wherever_a_filter_stands() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    for place in FILTERED {
        actor.ask(&place.replace('%', &through(5))).await.data();
        assert_exceeded(&actor.ask(&place.replace('%', &through(6))).await, "filter.protocol.events.every");
    }
    // 580 bytes of an anonymous caller used to take gigabytes of Postgres's memory.
    let mut filter = "{}".to_owned();
    for _ in 0..14 {
        filter = format!("{{not: {{protocol: {{events: {{every: {filter}}}}}}}}}");
    }
    let query = format!("{{ sessionEvents(filter: {filter}) {{ totalCount }} }}");
    assert_exceeded(&app.anonymous().ask(&query).await, "filter.not.protocol");
}

#[tokio::test]
async fn relations_within_one_another_are_few_in_orders_and_keys() {
    let app = with(|limits| limits.relation_depth = 1).await;
    let actor = app.clinician_north().await;
    let order = "{ sessionEvents(orderBy: [%]) { nodes { eventId } } }";
    let groups = "{ sessionEventsGroups(groupBy: %) { aggregate { count } } }";
    let series = "{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {calendar: {unit: YEAR}}, groupBy: %) { aggregate { count } } }";
    for (query, one, two, argument) in [
        (
            order,
            "{protocol: {sessionDate: ASC}}",
            "{protocol: {site: {siteName: ASC}}}",
            "orderBy.0.protocol.site",
        ),
        (
            groups,
            "{protocol: {sessionDate: {exact: true}}}",
            "{protocol: {site: {siteName: true}}}",
            "groupBy.protocol.site",
        ),
        (
            series,
            "{protocol: {sessionDate: {exact: true}}}",
            "{protocol: {site: {siteName: true}}}",
            "groupBy.protocol.site",
        ),
    ] {
        actor.ask(&query.replace('%', one)).await.data();
        assert_exceeded(&actor.ask(&query.replace('%', two)).await, argument);
    }
}

#[tokio::test]
async fn a_subscription_has_the_limits_of_a_query() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    let mut socket = Socket::of(&app, &actor).await;
    let filter = through(6);
    let query = format!("subscription {{ sessionEventsChanged(filter: {filter}) {{ operation }} }}");
    socket.begin("1", &query, &json!({})).await;
    let error = socket.error("1").await;
    assert_eq!(error["extensions"]["code"], "LIMIT_EXCEEDED", "{error}");
}

#[tokio::test]
async fn relations_add_up_over_the_fields_of_a_request() {
    let app = with(|limits| limits.relations = 4).await;
    let actor = app.clinician_north().await;
    let one = "sessionEvents(filter: {protocol: {site: {}}}, orderBy: [{eventType: {eventName: ASC}}]) { totalCount nodes { eventId } }";
    // The page and its count are two statements, each with the filter's two.
    assert_exceeded(&actor.ask(&format!("{{ {one} }}")).await, "");
    let count = one.replace("nodes { eventId }", "");
    actor.ask(&format!("{{ a: {count} b: {} }}", count.replace("site", "substance"))).await.data();
    let third = count.replace("site", "events: {some: {}}, site");
    assert_exceeded(&actor.ask(&format!("{{ a: {count} b: {third} }}")).await, "filter.protocol");
}

#[tokio::test]
async fn relations_cost_as_much_as_a_page() {
    let query = "{ sessionEvents(first: 1, filter: {protocol: {site: {}}}) { nodes { eventId } } }";
    let limits = |cost: u64| {
        move |limits: &mut Limits| {
            limits.default_page = 50;
            limits.cost = cost;
        }
    };
    with(limits(110)).await.anonymous().ask(query).await.data();
    assert_exceeded(&with(limits(100)).await.anonymous().ask(query).await, "");
}

#[tokio::test]
async fn conditions_add_up_over_the_fields_of_a_request() {
    let app = with(|limits| limits.conditions = 5).await;
    let fields = |number: usize| {
        let field = |name: &str| {
            format!("{name}: protocols(filter: {{recordId: {{{name}: \"9\"}}}}) {{ totalCount }} ")
        };
        let operators = ["eq", "neq", "lt", "lte", "gt", "gte"];
        format!("{{ {} }}", operators[..number].iter().map(|name| field(name)).collect::<Vec<_>>().concat())
    };
    app.anonymous().ask(&fields(5)).await.data();
    assert_exceeded(&app.anonymous().ask(&fields(6)).await, "filter.recordId.gte");
    let having = "{ protocolsGroups(groupBy: {sessionType: true}, filter: {recordId: {gt: 1, lt: 9, neq: 4}},
        having: {count: {gt: 1, lt: 9, neq: 3}}) { aggregate { count } } }";
    assert_exceeded(&app.anonymous().ask(having).await, "having.count.neq");
}

#[tokio::test]
async fn a_list_has_few_orders_and_keys() {
    let app = with(|limits| limits.terms = 2).await;
    let actor = app.anonymous();
    for (two, three, argument) in [
        (
            "protocols(orderBy: [{sessionDate: ASC}, {siteId: ASC}]) { totalCount }",
            "protocols(orderBy: [{sessionDate: ASC}, {sessionDate: ASC}, {siteId: ASC}]) { totalCount }",
            "orderBy",
        ),
        (
            "protocolsGroups(groupBy: {siteId: true, sessionType: true}) { aggregate { count } }",
            "protocolsGroups(groupBy: {siteId: true, site: {siteName: true, isActive: true}}) { aggregate { count } }",
            "groupBy",
        ),
        (
            "protocolsGroups(groupBy: {siteId: true}, orderBy: [{count: ASC}, {key: {siteId: ASC}}]) { aggregate { count } }",
            "protocolsGroups(groupBy: {siteId: true}, orderBy: [{count: ASC}, {count: ASC}, {key: {siteId: ASC}}]) { aggregate { count } }",
            "orderBy",
        ),
    ] {
        actor.ask(&format!("{{ {two} }}")).await.data();
        assert_exceeded(&actor.ask(&format!("{{ {three} }}")).await, argument);
    }
}

/// Sends a query with a filter, whose value is a variable.
async fn ask(actor: &Actor<'_>, list: &str, ty: &str, filter: Value) -> Answer {
    let query = format!("query($filter: {ty}) {{ {list}(filter: $filter) {{ totalCount }} }}");
    actor.ask_with(&query, &json!({ "filter": filter })).await
}

#[tokio::test]
async fn what_is_compared_letter_by_letter_is_short() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    let (short, long) = ("é".repeat(256), "é".repeat(257));
    for operator in ["like", "ilike", "startsWith", "contains"] {
        let ask = async |text: &str| {
            ask(&actor, "sessionEvents", "SessionEventFilter", json!({ "notes": { operator: text } })).await
        };
        ask(&short).await.data();
        assert_exceeded(&ask(&long).await, &format!("filter.notes.{operator}"));
        assert_exceeded(&ask(&"%a".repeat(400_000)).await, &format!("filter.notes.{operator}"));
    }
    let deep = |letters: usize| json!({ "a": { "b": ["x".repeat(letters)] } });
    for (operator, operand, argument) in [
        ("contains", deep(300), "contains"),
        ("eq", deep(300), "eq"),
        ("hasKey", json!(long), "hasKey"),
        ("path", json!({ "at": [long], "isNull": true }), "path"),
        ("path", json!({ "at": vec![""; 300], "isNull": true }), "path"),
        ("path", json!({ "at": ["a"], "eq": deep(300) }), "path.eq"),
    ] {
        let filter = json!({ "metrics": { operator: operand } });
        let answer = wearables(&actor, filter).await;
        assert_exceeded(&answer, &format!("filter.metrics.{argument}"));
    }
    wearables(&actor, json!({ "metrics": { "contains": deep(200), "hasKey": short } })).await.data();
    let search = "query($words: String) { searchPractitioners(query: $words) { totalCount } }";
    actor.ask_with(search, &json!({ "words": short })).await.data();
    assert_exceeded(&actor.ask_with(search, &json!({ "words": long })).await, "query");
    let facets = "query($words: String) { searchPractitionersGroups(query: $words, groupBy: {specialties: EACH}) { aggregate { count } } }";
    assert_exceeded(&actor.ask_with(facets, &json!({ "words": long })).await, "query");
}

async fn wearables(actor: &Actor<'_>, filter: Value) -> Answer {
    let query = "query($filter: TherapyflowWearableSampleFilter) { therapyflow { wearableSamples(filter: $filter) { totalCount } } }";
    actor.ask_with(query, &json!({ "filter": filter })).await
}

#[tokio::test]
async fn a_list_of_values_is_short_and_all_values_together_too() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    for operator in ["in", "notIn"] {
        let ask = async |values: usize| {
            let filter = json!({ "recordId": { operator: vec!["1"; values] } });
            ask(&actor, "protocols", "ProtocolFilter", filter).await
        };
        ask(1_000).await.data();
        assert_exceeded(&ask(1_001).await, &format!("filter.recordId.{operator}"));
    }
    for operator in ["eq", "contains", "containedBy", "overlaps"] {
        let filter = json!({ "supportModalityIds": { operator: vec!["1"; 1_001] } });
        let answer = ask(&actor, "protocols", "ProtocolFilter", filter).await;
        assert_exceeded(&answer, &format!("filter.supportModalityIds.{operator}"));
    }
    // Each text is short enough, but not all together.
    let texts = |number: usize| {
        let one = json!({ "notes": { "neq": "x".repeat(10_000) } });
        json!({ "and": vec![one; number] })
    };
    ask(&actor, "sessionEvents", "SessionEventFilter", texts(6)).await.data();
    let answer = ask(&actor, "sessionEvents", "SessionEventFilter", texts(7)).await;
    assert_exceeded(&answer, "filter.and.6.notes.neq");
}
