//! What the dashboards ask is found by an index: no statement reads a large table from its beginning to its end.

use std::collections::BTreeSet;
use std::fs;

use praxis::systems::ppn::EXAMPLES;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::harness::{Actor, App, clone_database, connect, database_url, eventually, socket_folder};

/// Twenty sites with the demo's, and two years of records of all of them, in the order in which they come in.
const FILL: &str = "
    SET session_replication_role = replica;
    INSERT INTO sites (site_name) SELECT 'Site ' || number FROM generate_series(1, 20 - (SELECT count(*) FROM sites)) AS number;
    CREATE TEMPORARY TABLE protocol AS
      WITH numbered AS (SELECT site_id, row_number() OVER (ORDER BY site_id) - 1 AS place, count(*) OVER () AS sites FROM sites)
      SELECT nextval(pg_get_serial_sequence('log_clinical_records', 'record_id')) AS record_id, site_id,
        date '2024-01-01' + number / 14 AS session_date, number
      FROM generate_series(1, 10000) AS number JOIN numbered ON place = number % sites ORDER BY number;
    INSERT INTO log_clinical_records
      (record_id, site_id, substance_id, session_date, session_type, session_status, indication_id) OVERRIDING SYSTEM VALUE
      SELECT record_id, site_id, 1 + number % 4, session_date, 'dosing', 'completed', 1 + number % 9 FROM protocol;
    INSERT INTO session_events (protocol_id, site_id, event_type_id, event_timestamp, intensity_level)
      SELECT record_id, site_id, 1 + (number + tap) % 8, session_date + tap * interval '20 minutes', 1 + (number + tap) % 10
      FROM protocol CROSS JOIN generate_series(1, 20) AS tap ORDER BY session_date, tap;
    INSERT INTO integration_scores (protocol_id, site_id, scale_type, score_value, measured_at, days_post_dose, baseline_score)
      SELECT record_id, site_id, CASE WHEN number % 2 = 0 THEN 'IES' ELSE 'EIS' END, 40 + week, session_date + 7 * week, 7 * week, 40
      FROM protocol CROSS JOIN generate_series(0, 7) AS week ORDER BY session_date + 7 * week;
    INSERT INTO assessment_responses
      (protocol_id, site_id, assessment_id, score, completed_at, days_post_dose, baseline_score)
      SELECT record_id, site_id, 1 + number % 4, 20 - month, session_date + 30 * month, 30 * month, 20
      FROM protocol CROSS JOIN generate_series(0, 3) AS month ORDER BY session_date + 30 * month;
    INSERT INTO integration_homework (protocol_id, site_id, homework_type_id, assigned_date, due_date)
      SELECT record_id, site_id, 1 + number % 8, session_date + 7 * week, session_date + 7 * week + 7
      FROM protocol CROSS JOIN generate_series(1, 2) AS week ORDER BY session_date + 7 * week;
    RESET session_replication_role;
    INSERT INTO praxis.outcomes_changes DEFAULT VALUES;
    INSERT INTO praxis.activity_changes DEFAULT VALUES;";

/// What Postgres is told, so that it writes the plan of each statement to its log.
const EXPLAIN: &str = "
    ALTER DATABASE {database} SET session_preload_libraries = 'auto_explain';
    ALTER DATABASE {database} SET auto_explain.log_min_duration = 0;
    ALTER DATABASE {database} SET auto_explain.log_nested_statements = on;
    ALTER DATABASE {database} SET auto_explain.log_format = json;";

/// Charts that docs/dashboards.md tells of beside those that it writes out, and those of a whole site.
const CHARTS: [(&str, &str); 9] = [
    (
        "events of a site by type",
        "{ sessionEventsGroups(groupBy: { eventType: { eventName: true } }) {
             key { eventType { eventName } } aggregate { count intensityLevel { avg } } } }",
    ),
    (
        "events of a site along time",
        "{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: { unit: MONTH }) {
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
        "{ scoreTrendsSeries(time: MEASURED_AT, bucket: { unit: MONTH }, groupBy: { assessment: { assessmentCode: true } }) {
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

/// The queries of docs/dashboards.md.
fn documented() -> Vec<&'static str> {
    let text = include_str!("../../docs/dashboards.md");
    text.split("```graphql\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// A gateway with one connection, so that a statement that is asked often comes to a plan that is kept.
async fn network() -> (App, Client) {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    owner.batch_execute(FILL).await.unwrap();
    owner.batch_execute("SELECT praxis.refresh()").await.unwrap();
    owner.batch_execute("VACUUM ANALYZE").await.unwrap();
    owner.batch_execute(&EXPLAIN.replace("{database}", &database)).await.unwrap();
    (App::over(&database, |config| config.database.pool_size = 1).await, owner)
}

/// Tables that nobody wants to wait for.
async fn large_tables(owner: &Client) -> BTreeSet<String> {
    let large = "SELECT relname::text FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 10000";
    owner.query(large, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The plans of the statements that a question took.
async fn plans(owner: &Client, actor: &Actor<'_>, query: &str, variables: &Value) -> Vec<Value> {
    let log = socket_folder().join("log");
    let before = fs::metadata(&log).unwrap().len();
    // From the sixth time on Postgres may take a plan that it keeps, made for no value in particular.
    for _ in 0..7 {
        actor.ask_with(query, variables).await.data();
    }
    // The plan is written when the statement is closed, and that may be after its rows have been answered.
    let idle = "SELECT count(*) = 0 FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'praxis_gateway' AND state <> 'idle'";
    eventually("the gateway is idle", async || owner.query_one(idle, &[]).await.unwrap().get(0)).await;
    let text = fs::read(&log).unwrap();
    let text = String::from_utf8_lossy(&text[usize::try_from(before).unwrap()..]);
    // Within an entry every line but the first begins with a tab. Only this database writes plans.
    let entries = text.split("plan:\n").skip(1);
    let plans = entries.map(|entry| {
        let lines = entry.split_inclusive('\n').take_while(|line| line.starts_with('\t'));
        let plan: String = lines.collect();
        serde_json::from_str(&plan).unwrap_or_else(|error| panic!("{error}: {plan}"))
    });
    plans.collect()
}

/// Every node of some plans, beside the plan that it is of.
fn nodes(plans: &[Value]) -> Vec<(&Value, &Value)> {
    fn below<'a>(plan: &'a Value, node: &'a Value, into: &mut Vec<(&'a Value, &'a Value)>) {
        into.push((plan, node));
        for child in node["Plans"].as_array().into_iter().flatten() {
            below(plan, child, into);
        }
    }
    let mut nodes = Vec::new();
    for plan in plans {
        below(plan, &plan["Plan"], &mut nodes);
    }
    nodes
}

/// Sequential scans of large tables, each with its statement.
fn sequential(plans: &[Value], large: &BTreeSet<String>) -> BTreeSet<String> {
    nodes(plans)
        .into_iter()
        .filter(|(_, node)| {
            node["Node Type"] == "Seq Scan" && large.contains(node["Relation Name"].as_str().unwrap())
        })
        .map(|(plan, node)| format!("{node}\n    in {}", plan["Query Text"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn no_chart_reads_a_large_table_from_beginning_to_end() {
    let (app, owner) = network().await;
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
    // The first protocol of the first site: the documentation asks for it too.
    let variables = |query: &str| if query.contains("$id") { json!({ "id": "1" }) } else { json!({}) };

    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for email in ["clinician.north@praxis.example", "both.sites@praxis.example", "network@praxis.example"] {
        let actor = app.user(email).await;
        for (title, query) in &queries {
            let plans = plans(&owner, &actor, query, &variables(query)).await;
            for scan in sequential(&plans, &large) {
                wrong.push(format!("{title}, as {email}:\n  {scan}"));
            }
            let indexes = nodes(&plans).into_iter().filter_map(|(_, node)| node["Index Name"].as_str());
            used.extend(indexes.map(|index| format!("{title} by {index}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    indexes_say_what_they_serve(&owner, &large, &used).await;

    // The test would see one.
    owner.batch_execute("DROP INDEX idx_events_site_time").await.unwrap();
    let north = app.clinician_north().await;
    let (_, query) = queries.iter().find(|(title, _)| *title == "Events by type").unwrap();
    let scans = sequential(&plans(&owner, &north, query, &json!({})).await, &large);
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
