//! The work of Postgres's planner for the filters that a request may have.

use std::fs;

use praxis::graph::Limits;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::harness::{Actor, App, clone_database, connect, database_url, socket_folder};

/// Ways to nest relations: `%` is the nested filter. Each adds this number of relations.
const LEVELS: [(&str, usize); 10] = [
    (r#"{"protocol": {"events": {"some": %}}}"#, 2),
    (r#"{"protocol": {"events": {"none": %}}}"#, 2),
    (r#"{"protocol": {"events": {"every": %}}}"#, 2),
    (r#"{"not": {"protocol": {"events": {"every": %}}}}"#, 2),
    (r#"{"not": {"not": {"protocol": {"events": {"none": %}}}}}"#, 2),
    (r#"{"or": [{"protocol": {"events": {"some": %}}}, {"intensityLevel": {"eq": 1}}]}"#, 2),
    (r#"{"or": [{"not": {"protocol": {"events": {"every": %}}}}, {"intensityLevel": {"eq": 1}}]}"#, 2),
    (r#"{"not": {"and": [{"protocol": {"events": {"some": %}}}, {"intensityLevel": {"eq": 1}}]}}"#, 2),
    (r#"{"protocol": {"not": {"events": {"some": %, "none": {"intensityLevel": {"eq": 1}}}}}}"#, 3),
    (r#"{"not": {"eventType": {"or": [{"events": {"every": %}}, {"eventName": {"eq": "Distress"}}]}}}"#, 2),
];

/// Subqueries that Postgres plans for a relation: its own, and those of the table's policies.
const PLANNED_FOR_EACH: usize = 6;

/// Returns a filter with this many levels of nested relations, each nested in the next way.
fn nested(first: usize, step: usize, levels: usize) -> (String, usize) {
    let mut filter = r#"{"intensityLevel": {"gte": 3}}"#.to_owned();
    let mut relations = 0;
    for level in 0..levels {
        let (layout, goes_through) = LEVELS[(first + level * step) % LEVELS.len()];
        filter = layout.replace('%', &filter);
        relations += goes_through;
    }
    (filter, relations)
}

#[tokio::test]
async fn what_is_planned_grows_with_the_relations_of_a_filter_and_not_faster() {
    // Deeper than a request may go: the statement itself is tested.
    let (app, watched) = Watched::start(|limits| {
        limits.relation_depth = 100;
        limits.relations = 1_000;
    })
    .await;
    let actor = app.clinician_north().await;
    for first in 0..LEVELS.len() {
        for step in [0, 1, 3] {
            let (filter, relations) = nested(first, step, 7);
            let planned = watched.planned(&actor, &filter).await;
            assert!(planned <= relations * PLANNED_FOR_EACH, "{planned} for {relations} relations: {filter}");
        }
    }
}

#[tokio::test]
async fn the_widest_filter_that_a_request_may_have_is_planned_once_for_each_relation() {
    let (app, watched) = Watched::start(|_| {}).await;
    let actor = app.clinician_north().await;
    for (layout, goes_through) in LEVELS {
        let number = 40 / goes_through;
        for operator in ["and", "or"] {
            let one: Value =
                serde_json::from_str(&layout.replace('%', r#"{"intensityLevel": {"gte": 3}}"#)).unwrap();
            let filter = json!({ operator: vec![one; number] }).to_string();
            let planned = watched.planned(&actor, &filter).await;
            let relations = number * goes_through;
            assert!(planned <= relations * PLANNED_FOR_EACH, "{planned} for {relations} relations: {filter}");
        }
    }
}

/// The statements that a gateway sends to its Postgres.
struct Watched {
    database: String,
    owner: Client,
}

impl Watched {
    /// Starts a gateway with a log of its statements.
    async fn start(change: impl FnOnce(&mut Limits)) -> (App, Self) {
        let database = clone_database().await;
        let owner = connect(&database_url("postgres", &database)).await;
        owner.batch_execute(&format!("ALTER DATABASE {database} SET log_statement = 'all'")).await.unwrap();
        let app = App::over(&database, |config| change(&mut config.limits)).await;
        (app, Self { database, owner })
    }

    /// Returns the number of subqueries that Postgres plans for a filter on events, in the plan or not: it numbers each.
    async fn planned(&self, actor: &Actor<'_>, filter: &str) -> usize {
        let log = socket_folder().join("log");
        let before = usize::try_from(fs::metadata(&log).unwrap().len()).unwrap();
        let query = "query($filter: SessionEventFilter) { sessionEvents(filter: $filter) { totalCount } }";
        let filter: Value = serde_json::from_str(filter).unwrap();
        // Postgres plans the filter, and then finds no row at once.
        let filter = json!({ "and": [{ "eventId": { "eq": "-1" } }, filter] });
        actor.ask_with(query, &json!({ "filter": filter })).await.data();
        let text = fs::read(&log).unwrap();
        let text = String::from_utf8_lossy(&text[before..]).into_owned();
        // An entry begins with the database, because others write to the log as well.
        let entry = format!("{} LOG: ", self.database);
        let statement = text
            .lines()
            .filter(|line| line.starts_with(&entry))
            .filter_map(|line| line.split_once(": SELECT count(*) FROM \"public\".\"session_events\" "))
            .map(|(_, rest)| format!("SELECT count(*) FROM session_events {rest}"))
            .next_back()
            .unwrap_or_else(|| panic!("no statement in {text}"));
        self.subplans(&statement).await
    }

    async fn subplans(&self, statement: &str) -> usize {
        let numbers = |text: &str, mark: &str| {
            text.split(mark)
                .skip(1)
                .filter_map(|rest| {
                    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().ok()
                })
                .max()
                .unwrap_or(0)
        };
        let parameters = vec!["NULL"; numbers(statement, "$")].join(", ");
        self.owner
            .batch_execute(&format!(
                "BEGIN; SET LOCAL ROLE authenticated; SET LOCAL plan_cache_mode = force_generic_plan;
                 PREPARE asked AS {statement}"
            ))
            .await
            .unwrap();
        let explain = format!("EXPLAIN (COSTS OFF) EXECUTE asked({parameters})");
        let rows = self.owner.query(&explain, &[]).await.unwrap();
        self.owner.batch_execute("ROLLBACK; DEALLOCATE asked").await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = lines.join("\n");
        numbers(&plan, "SubPlan ").max(numbers(&plan, "InitPlan "))
    }
}
