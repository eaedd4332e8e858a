//! Every example of GraphiQL shows rows to its demo user, today and after it was run before.

use std::collections::BTreeSet;

use chrono::{NaiveDate, Utc};
use praxis::systems::{self, Example};
use serde_json::{Value, json};

use crate::documents::{People, operations, shows_rows};
use crate::harness::{App, schemas};

/// Returns the day on which the demo is opened.
fn today() -> NaiveDate {
    Utc::now().date_naive()
}

fn variables(example: &Example, today: NaiveDate) -> Value {
    let text = example.variables_on(today);
    if text.is_empty() { json!({}) } else { serde_json::from_str(&text).unwrap() }
}

/// Stores the values of an answer as variables of later operations, as GraphiQL does.
fn keep(example: &Example, data: &Value, variables: &mut Value) {
    for (name, path) in example.keeps {
        let value = path.split('.').try_fold(data, |at, step| match step.parse::<usize>() {
            Ok(index) => at.get(index),
            Err(_) => at.get(step),
        });
        if let Some(value) = value.filter(|value| !value.is_null()) {
            variables[name] = value.clone();
        }
    }
}

/// Runs all operations of an example from top to bottom, and returns its final variables.
async fn walk(people: &mut People<'_>, example: &Example, today: NaiveDate) -> Value {
    let mut variables = variables(example, today);
    for operation in operations(example.query) {
        if operation.is_subscription {
            continue;
        }
        let persona = operation.persona.as_deref().unwrap_or(example.persona);
        let answer = people.run(persona, example.query, &operation, &variables).await;
        let data = answer.data();
        let what = format!("{} {:?} as {persona}", example.title, operation.name);
        for (field, value) in data.as_object().unwrap() {
            assert!(shows_rows(value), "{what} shows nothing of {field}: {data:#}");
        }
        keep(example, data, &mut variables);
    }
    variables
}

fn everything() -> impl Iterator<Item = &'static Example> {
    systems::offers(&systems::ALL).flat_map(|offer| offer.examples.iter().chain(offer.walks))
}

#[tokio::test]
async fn every_example_shows_rows_to_whom_it_names() {
    let app = App::start().await;
    let mut people = People::of(&app);
    for offer in systems::offers(&systems::ALL) {
        for example in offer.examples.iter().chain(offer.walks) {
            assert!(
                offer.demo.personas.iter().any(|persona| persona.email == example.persona),
                "{} names nobody to choose",
                example.title
            );
            for operation in operations(example.query) {
                let named = operation.persona.iter();
                let is_offered = |name: &&String| offer.demo.personas.iter().any(|it| it.email == **name);
                assert!(named.clone().all(|name| is_offered(&name)), "{}", example.title);
            }
            walk(&mut people, example, today()).await;
        }
    }
}

/// Returns every row of every table of the demo, except network-wide counts and users' own changes.
async fn rows(app: &App) -> BTreeSet<String> {
    let owner = app.owner().await;
    let tables = "SELECT schemaname || '.' || tablename FROM pg_tables
      WHERE schemaname = ANY ($1) AND tablename <> 'practitioner_profiles'";
    let mut all = BTreeSet::new();
    for table in owner.query(tables, &[&schemas()]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("SELECT '{table} ' || to_jsonb(it)::text FROM {table} it");
        all.extend(owner.query(&sql, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    all
}

#[tokio::test]
async fn walks_act_on_what_they_create_and_can_be_repeated_on_any_day() {
    let app = App::start().await;
    let mut people = People::of(&app);
    let before = rows(&app).await;
    for day in [today(), today(), today() + chrono::TimeDelta::days(400)] {
        for offer in systems::offers(&systems::ALL) {
            for example in offer.walks {
                walk(&mut people, example, day).await;
            }
        }
    }
    let after = rows(&app).await;
    let changed: Vec<&String> = before.difference(&after).collect();
    assert!(changed.is_empty(), "rows of the demo have changed: {changed:#?}");
    assert!(after.len() > before.len());
    for example in everything() {
        walk(&mut people, example, today()).await;
    }
}

/// The operation that triggers a walk's subscription.
const TOLD: [(&str, &str); 3] =
    [("Session logger", "LogEvent"), ("Integration hub", "Assign"), ("Supervision", "Ask")];

#[tokio::test]
async fn what_a_walk_watches_is_told() {
    let app = App::start().await;
    let mut people = People::of(&app);
    let mut told = 0;
    for example in everything() {
        for watch in operations(example.query).iter().filter(|operation| operation.is_subscription) {
            let variables = walk(&mut people, example, today()).await;
            let mut socket = people.watch(example.persona, example.query, watch, &variables).await;
            let (_, name) = TOLD.iter().find(|(title, _)| *title == example.title).unwrap();
            let all = operations(example.query);
            let operation = all.iter().find(|operation| operation.name.as_deref() == Some(name)).unwrap();
            let persona = operation.persona.as_deref().unwrap_or(example.persona);
            people.run(persona, example.query, operation, &variables).await.data();
            assert!(shows_rows(&socket.data("watch").await), "{}", example.title);
            told += 1;
        }
    }
    assert_eq!(told, TOLD.len());
}
