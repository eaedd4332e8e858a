//! The queries of dashboards use an index: no statement reads a large table sequentially.

use std::collections::{BTreeMap, BTreeSet};

use praxis::systems::ppn::EXAMPLES;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::harness::{Actor, App};
use crate::scale::{self, ANALYZE, large_tables, nodes, plans, sequential};

/// Charts that docs/dashboards.md mentions without a query, and those of a whole site.
const CHARTS: [(&str, &str); 9] = [
    (
        "events of a site by type",
        "{ sessionEventsGroups(groupBy: { eventType: { eventName: true } }) {
             key { eventType { eventName } } aggregate { count intensityLevel { avg } } } }",
    ),
    (
        "events of a site along time",
        "{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: { calendar: { unit: MONTH } }) {
             points { start aggregate { count intensityLevel { avg } } } } }",
    ),
    (
        "how many there are",
        "{ protocols { totalCount } sessionEvents { totalCount } integrationScores { totalCount }
           assessmentResponses { totalCount } integrationHomeworks { totalCount } scoreTrends { totalCount } }",
    ),
    (
        "timelines of many protocols",
        "{ protocols(first: 20) { nodes { recordId
             timeline(first: 100, orderBy: [{ eventTimestamp: ASC }]) { nodes { sequence offsetSeconds gapSeconds } }
             timelineGroups(groupBy: { eventType: { eventName: true } }) { key { eventType { eventName } } aggregate { count } }
             scoreTrends(first: 20) { nodes { daysPostDose change isResponse } }
           } } }",
    ),
    (
        "latest events of a site",
        "{ sessionEvents(first: 50, orderBy: [{ eventTimestamp: DESC }]) { nodes { eventTimestamp intensityLevel } } }",
    ),
    (
        "trends below a site",
        "{ sites { nodes { siteName scoreTrendsGroups(groupBy: { assessment: { assessmentCode: true } }) {
             key { assessment { assessmentCode } } aggregate { count change { avg } isResponse { countTrue } } } } } }",
    ),
    (
        "trends of a site along time",
        "{ scoreTrendsSeries(time: MEASURED_AT, bucket: { calendar: { unit: MONTH } }, groupBy: { assessment: { assessmentCode: true } }) {
             key { assessment { assessmentCode } } points { start aggregate { count change { avg } } } } }",
    ),
    (
        "trends by substance",
        "{ scoreTrendsGroups(groupBy: { substance: { substanceName: true } }, filter: { isResponse: { isNull: false } }) {
             key { substance { substanceName } } aggregate { count isResponse { countTrue } } } }",
    ),
    (
        "homework that is due",
        "{ integrationHomeworks(first: 50, orderBy: [{ dueDate: ASC }], filter: { isCompleted: { eq: false } }) {
             nodes { dueDate } } }",
    ),
];

/// Returns the queries of docs/dashboards.md.
fn documented() -> Vec<&'static str> {
    let text = include_str!("../../docs/dashboards.md");
    text.split("```graphql\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// Returns the plans of a query's statements when it is sent often: from the sixth time on Postgres may use a generic plan.
async fn asked_often(owner: &Client, actor: &Actor<'_>, query: &str, variables: &Value) -> Vec<Value> {
    plans(owner, async {
        for _ in 0..7 {
            actor.ask_with(query, variables).await.data();
        }
    })
    .await
}

#[tokio::test]
async fn no_chart_reads_a_large_table_from_beginning_to_end() {
    let (database, owner) = scale::database(10_000, &[scale::PORTAL]).await;
    scale::explain(&owner, &[]).await;
    // One connection, so that repeated statements get a generic plan.
    let app = App::over(&database, |config| config.database.pool_size = 1).await;
    let large = large_tables(&owner).await;
    for table in [
        "assessment_responses",
        "integration_homework",
        "integration_scores",
        "log_clinical_records",
        "session_events",
    ] {
        assert!(large.contains(table), "{table} is among {large:?}");
    }
    let queries: Vec<(&str, &str)> = EXAMPLES
        .iter()
        .map(|example| (example.title, example.query))
        .chain(documented().into_iter().map(|query| ("docs/dashboards.md", query)))
        .chain(CHARTS)
        .collect();
    // The first protocol of the first site, which the documentation uses too.
    let variables = |query: &str| if query.contains("$id") { json!({ "id": "1" }) } else { json!({}) };

    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for email in ["clinician.north@praxis.example", "both.sites@praxis.example", "network@praxis.example"] {
        let actor = app.user(email).await;
        for (title, query) in &queries {
            let plans = asked_often(&owner, &actor, query, &variables(query)).await;
            for scan in sequential(&plans, &large) {
                wrong.push(format!("{title}, as {email}:\n  {scan}"));
            }
            let indexes = nodes(&plans).into_iter().filter_map(|(_, node)| node["Index Name"].as_str());
            used.extend(indexes.map(|index| format!("{title} by {index}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    indexes_say_what_they_serve(&owner, &large, &used).await;

    // The test would detect a sequential scan.
    owner
        .batch_execute("DROP INDEX idx_events_site_time, idx_events_site_key, idx_events_type")
        .await
        .unwrap();
    let north = app.clinician_north().await;
    let (_, query) = queries.iter().find(|(title, _)| *title == "Events by type").unwrap();
    let scans = sequential(&asked_often(&owner, &north, query, &json!({})).await, &large);
    assert_eq!(scans.len(), 1);
    assert!(scans.first().unwrap().contains("\"Relation Name\":\"session_events\""), "{scans:?}");
}

/// The comment of each index of a large table names fields of the schema, and ready-made queries that use the index.
async fn indexes_say_what_they_serve(owner: &Client, large: &BTreeSet<String>, used: &BTreeSet<String>) {
    let schema = include_str!("../../schema.graphql");
    let has = |type_name: &str, field: &str| {
        let fields = schema.split_once(&format!("\ntype {type_name} "));
        let fields = fields.and_then(|(_, rest)| rest.split("\n}\n").next()).unwrap_or_default();
        fields.contains(&format!("\n  {field}(")) || fields.contains(&format!("\n  {field}:"))
    };
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    let comments = "SELECT indexrelid::regclass::text, obj_description(indexrelid, 'pg_class') FROM pg_index
        WHERE indrelid::regclass::text = ANY ($1)
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))";
    for row in owner.query(comments, &[&large]).await.unwrap() {
        let (index, comment): (String, String) = (row.get(0), row.get(1));
        let words = comment.split(|it: char| !it.is_alphanumeric() && it != '.');
        let fields: Vec<_> = words.filter_map(|word| word.trim_end_matches('.').split_once('.')).collect();
        assert!(!fields.is_empty(), "{index}: {comment}");
        for (type_name, field) in fields {
            assert!(has(type_name, field), "{index}: there is no {type_name}.{field}");
        }
        for title in comment.split('"').skip(1).step_by(2) {
            assert!(used.contains(&format!("{title} by {index}")), "{title} does not use {index}");
        }
    }
}

/// A filled series joins its buckets with their rows by a hash: it does not compare each bucket with each other one.
#[tokio::test]
async fn a_filled_series_does_not_compare_its_buckets_with_each_other() {
    let (database, owner) = scale::database(10_000, &[scale::PORTAL]).await;
    scale::explain(&owner, &ANALYZE).await;
    let app = App::over(&database, |config| config.database.pool_size = 1).await;
    let north = app.clinician_north().await;
    for calendar in [r#"unit: DAY, timeZone: "America/Denver""#, "unit: DAY", "unit: WEEK"] {
        for group_by in ["", ", groupBy: { eventType: { eventName: true } }"] {
            let query = format!(
                r#"{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {{ calendar: {{ {calendar} }} }}{group_by}, fill: ZERO, from: "2025-01-01T00:00:00Z",
                     to: "2025-07-01T00:00:00Z") {{ points {{ start aggregate {{ count }} }} }} }}"#
            );
            for plan in asked_often(&owner, &north, &query, &json!({})).await {
                for (_, node) in nodes(std::slice::from_ref(&plan)) {
                    let removed = node["Rows Removed by Join Filter"].as_f64().unwrap_or_default();
                    let loops = node["Actual Loops"].as_f64().unwrap();
                    assert!(removed * loops < 20_000.0, "{query}: {node}");
                }
            }
        }
    }
}

/// A list below few parents is not planned at each request: Postgres keeps the plan of its statement.
#[tokio::test]
async fn the_plan_for_many_parents_is_kept_also_where_there_are_few() {
    let app = App::with(|config| config.database.pool_size = 1).await;
    let owner = app.owner().await;
    scale::explain(&owner, &[("auto_explain.log_verbose", "on")]).await;
    // The gateway's connections have the settings from their beginning.
    let app = App::over(&app.database, |config| config.database.pool_size = 1).await;
    let north = app.clinician_north().await;
    let queries = EXAMPLES
        .iter()
        .map(|example| example.query)
        .chain(documented())
        .chain(CHARTS.map(|(_, query)| query));

    let mut seen = 0;
    let mut planned = Vec::new();
    for query in queries {
        let variables = if query.contains("$id") { json!({ "id": "1" }) } else { json!({}) };
        let plans = asked_often(&owner, &north, query, &variables).await;
        let last: BTreeMap<&str, &Value> =
            plans.iter().map(|plan| (plan["Query Text"].as_str().unwrap(), plan)).collect();
        for (text, plan) in last.into_iter().filter(|(text, _)| text.contains(" k(k0) ")) {
            seen += 1;
            // A plan for certain keys has these in the place of the parameter.
            let is_kept = nodes(std::slice::from_ref(plan))
                .into_iter()
                .any(|(_, node)| node["Output"] == json!(["$1"]));
            if !is_kept {
                planned.push(text.to_owned());
            }
        }
    }
    assert!(seen > 10, "{seen} statements");
    assert!(
        planned.is_empty(),
        "{seen} statements, of which these are planned anew:\n{}",
        planned.join("\n")
    );
}
