//! The declared cost of an operation is an upper bound: no answer has more objects.

use praxis::graph::Limits;
use praxis::graph::catalog::{Catalog, ColumnType, Scalar};
use praxis::systems;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, App};
use crate::random::{Dice, Generator, Pool, Schema};

/// Number of queries; `PROPTEST_CASES` changes it.
const CASES: u64 = 150;

async fn with(change: impl FnOnce(&mut Limits)) -> App {
    App::with(|config| change(&mut config.limits)).await
}

/// Returns the number of objects in an answer.
fn objects(value: &Value) -> u64 {
    match value {
        Value::Object(fields) => 1 + fields.values().map(objects).sum::<u64>(),
        Value::Array(items) => items.iter().map(objects).sum(),
        _ => 0,
    }
}

fn declared(answer: &Answer) -> u64 {
    let timing = answer.headers["server-timing"].to_str().unwrap();
    let cost = timing.split_once("cost=").unwrap().1;
    cost.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[tokio::test]
async fn an_answer_has_no_more_objects_than_were_declared() {
    let app = with(|limits| {
        limits.cost = u64::MAX;
        limits.default_page = 3;
        limits.aliases = 500;
        limits.fields = 10_000;
    })
    .await;
    let network = app.user("network@praxis.example").await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let schema = Schema::of(&network).await;
    let mut pool = Pool::of(&app.owner().await, &catalog).await;
    pool.look_as(&network, &catalog, &schema).await;
    // A JSON value counts as one value.
    let columns = catalog.tables().iter().flat_map(|table| &table.columns);
    let within = columns.filter(|column| column.ty == ColumnType::Scalar(Scalar::Json));
    let within: Vec<&str> = within.map(|column| column.field.as_str()).collect();
    let generator = Generator::new(&schema, &pool, &within);
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let (mut answered, mut closest) = (0, 0.0_f64);
    for seed in 0..cases {
        let query = generator.query(&mut Dice::of(seed));
        let answer = network.ask_with(&query.to_string(), &query.request()["variables"]).await;
        if answer.status != StatusCode::OK || answer.body.get("errors").is_some() {
            // More points than a series may have.
            assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{query}\n{:#}", answer.body);
            continue;
        }
        let (found, most) = (objects(&answer.body["data"]), declared(&answer));
        assert!(found <= most, "{found} objects, {most} declared, seed {seed}: {query}");
        answered += 1;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        {
            closest = closest.max(found as f64 / most as f64);
        }
    }
    assert!(answered > cases / 2, "only {answered} of {cases} were answered");
    assert!(closest > 0.9, "the bound is nowhere near what is answered: {closest}");
}

#[tokio::test]
async fn a_mutation_tells_what_its_answer_may_cost() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    let input = "{protocolId: 1, eventTypeId: 1, eventTimestamp: \"2026-01-01T10:00:00Z\"}";
    let event = "sessionEvent { eventId protocol { recordId events(first: 3) { nodes { eventId } } } }";
    // The answer, a payload, and this many rows with the objects below each.
    let below = |rows: u64| rows * (1 + 1 + 1 + 3);
    for (mutation, cost) in [
        ("{ __typename }".to_owned(), 1),
        (format!("{{ createSessionEvent(input: {input}) {{ __typename }} }}"), 2),
        (format!("{{ createSessionEvent(input: {input}) {{ {event} }} }}"), 2 + below(1)),
        (
            format!(
                "{{ createSessionEvents(inputs: [{input}, {input}]) {{ affectedCount nodes {{ eventId }} }} }}"
            ),
            2 + 2,
        ),
        (
            format!("{{ logSessionEvent(protocolId: 1, eventType: \"Distress\") {{ {event} }} }}"),
            2 + below(1),
        ),
        (
            format!(
                "{{ a: createSessionEvent(input: {input}) {{ {event} }} b: createSessionEvent(input: {input}) {{ {event} }} }}"
            ),
            1 + 2 * (1 + below(1)),
        ),
    ] {
        let answer = actor.ask(&format!("mutation {mutation}")).await;
        assert!(objects(answer.data()) <= cost, "{mutation}: {:#}", answer.body);
        assert_eq!(declared(&answer), cost, "{mutation}");
    }
    // A replay and a refusal report the declared cost as well.
    let mutation = format!("mutation {{ createSessionEvent(input: {input}) {{ {event} }} }}");
    for _ in 0..2 {
        assert_eq!(declared(&actor.ask_once("k", &mutation, &json!({})).await), 2 + below(1));
    }
    let refused = actor.ask(&mutation.replace("eventTypeId: 1", "eventTypeId: 999999")).await;
    assert_eq!((refused.code(), declared(&refused)), ("BAD_USER_INPUT", 2 + below(1)));
    let refused = actor
        .ask(
            "{ sessionEvents(first: 7, filter: { notes: { contains: \"x\" }, intensityLevel: { eq: 1 } },
      orderBy: [{ eventId: ASC }]) { nodes { notes } } }",
        )
        .await;
    assert_eq!(declared(&refused), 1 + 1 + 7);
}

#[tokio::test]
async fn points_without_rows_count_as_those_with_rows() {
    let app = App::shared().await;
    let actor = app.clinician_north().await;
    // 60 parents with a point for each minute of a year: half a million points used to be declared as 120 rows.
    let series = r#"sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {calendar: {unit: MINUTE}}, fill: ZERO,
        from: "2026-01-01T00:00:00Z", to: "2026-01-07T00:00:00Z") { points { start aggregate { count } } }"#;
    let one = format!("{{ {series} }}");
    let answer = actor.ask(&one).await;
    let points = answer.data()["sessionEventsSeries"][0]["points"].as_array().unwrap().len();
    assert!(declared(&answer) >= 2 * points as u64);
    let below = series.replace("sessionEventsSeries", "eventsSeries");
    let answer = actor.ask(&format!("{{ protocols(first: 60) {{ nodes {{ {below} }} }} }}")).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{:.500}", answer.body.to_string());
    // Ten of them are as much as one answer may have; more are refused before anything runs.
    let many = (0..30).map(|at| format!("a{at}: {series} ")).collect::<Vec<_>>().concat();
    let many = App::with(|config| config.limits.root_fields = 50)
        .await
        .anonymous()
        .ask(&format!("{{ {many} }}"))
        .await;
    assert_eq!((many.code(), many.status), ("LIMIT_EXCEEDED", StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn a_span_of_time_bounds_what_a_series_is_declared_to_cost() {
    let app = App::shared().await;
    let ask = async |arguments: &str| {
        let query = format!(
            "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {{calendar: {{unit: MONTH}}}}{arguments}) {{ points {{ start }} }} }}"
        );
        let answer = app.anonymous().ask(&query).await;
        answer.data();
        declared(&answer)
    };
    let year = r#", from: "2026-01-01T00:00:00Z", to: "2027-01-01T00:00:00Z""#;
    assert_eq!(ask("").await, 1 + 1 + 10_000);
    assert_eq!(ask(year).await, 1 + 1 + 15);
    assert_eq!(ask(&format!("{year}, groupBy: {{intensityLevel: true}}, first: 4")).await, 1 + 4 + 4 * 15);
}

#[tokio::test]
async fn an_answer_that_grows_too_long_is_refused_whole() {
    let app = with(|limits| limits.answer = 2_000).await;
    let actor = app.clinician_north().await;
    let ask = async |rows: usize| {
        actor.ask(&format!("{{ protocols(first: {rows}) {{ nodes {{ id recordId sessionDate }} }} }}")).await
    };
    ask(10).await.data();
    let answer = ask(100).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    assert_eq!(answer.body["data"], Value::Null);
    // One value that is longer than a whole answer may be.
    let owner = app.owner().await;
    owner.batch_execute("UPDATE session_events SET notes = repeat('x', 3000)").await.unwrap();
    let answer = actor.ask("{ sessionEvents(first: 1) { nodes { notes } } }").await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    // A mutation is rolled back if its answer is too long.
    let query = "mutation($id: BigInt!) {
        updateProtocol(recordId: $id, patch: {sessionNumber: 77}) { protocol { events { nodes { notes } } } } }";
    let id = actor.ask("{ sessionEvents(first: 1) { nodes { protocolId } } }").await;
    let id = id.nodes("sessionEvents")[0]["protocolId"].clone();
    let answer = actor.ask_with(query, &json!({ "id": id })).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{:#}", answer.body);
    let written = "SELECT count(*) FROM log_clinical_records WHERE session_number = 77";
    let count = owner.query_one(written, &[]).await;
    assert_eq!(count.unwrap().get::<_, i64>(0), 0);
}
