//! The database, and its copy with only the rows of one person.

use reqwest::StatusCode;
use serde_json::Value;
use tokio_postgres::Client;

use super::copy::take_away;
use super::declared::CONSTRAINTS;
use super::world::{Person, World};
use crate::harness::{Actor, App, eventually};
use crate::people::Caller;
use crate::random::Operation;

/// Two gateways whose answers should be equal.
pub(super) struct Pair<'a> {
    person: &'a Person,
    pub(super) whole: App,
    pub(super) rest: App,
    /// Tables with rows that the person may not see.
    pub(super) hidden: Vec<String>,
}

/// The result of a comparison.
pub(super) enum Verdict {
    /// They are the same: `rows`, `empty` or the code of the error.
    Same(String),
    /// They differ by a declared rule.
    Declared(String),
    /// They differ.
    Different,
}

/// An answer: status and text.
#[derive(PartialEq)]
struct Answer(StatusCode, String);

impl<'a> Pair<'a> {
    /// Starts two gateways for a person, over copies of the world.
    pub(super) async fn start(world: &World, person: &'a Person) -> Self {
        let start = async || {
            let database = world.database().await;
            App::over(&database, |config| config.database.pool_size = 2).await
        };
        let (whole, rest) = (start().await, start().await);
        let actor = Actor::of(&rest, person.token.clone());
        let caller = Caller { name: "", actor, id: person.id.clone() };
        let hidden = take_away(&rest.owner().await, &world.catalog, &caller).await;
        assert!(!hidden.is_empty(), "nothing is hidden from {}", person.name);
        Self { person, whole, rest, hidden }
    }

    pub(super) async fn stop(self) {
        self.whole.stop().await;
        self.rest.stop().await;
    }

    /// Sends an operation to both.
    pub(super) async fn compare(&self, operation: &Operation) -> Verdict {
        let request = operation.request();
        let (whole, rest) = tokio::join!(self.ask(&self.whole, &request), self.ask(&self.rest, &request));
        // No operation causes an internal error, whichever rows are visible.
        if whole == rest && outcome(&whole.1) != "INTERNAL" {
            return Verdict::Same(outcome(&whole.1));
        }
        match broken_rule(&whole.1) {
            Some(rule) if CONSTRAINTS.contains(&rule.as_str()) => Verdict::Declared(rule),
            _ => Verdict::Different,
        }
    }

    /// Returns the smallest operation with different answers, and these.
    pub(super) async fn explain(&self, operation: Operation) -> String {
        let count = operation.fields.len();
        let smallest = operation
            .shrink(async |it| {
                // The field that causes the rollback stays.
                (it.kind == "query" || it.fields.len() == count)
                    && matches!(self.compare(it).await, Verdict::Different)
            })
            .await;
        let request = smallest.request();
        let (whole, rest) = (self.ask(&self.whole, &request).await, self.ask(&self.rest, &request).await);
        format!(
            "{} asks: {request}\nas it is: {}\nwithout unseen rows: {}",
            self.person.name, whole.1, rest.1
        )
    }

    /// Returns true if the gateway over the whole database serves it.
    pub(super) async fn is_open(&self) -> bool {
        self.whole.http().get(self.whole.url("/health/ready")).send().await.unwrap().status().is_success()
    }

    /// Makes that gateway check the database, and waits until it serves it.
    pub(super) async fn look_again(&self, owner: &Client) {
        eventually("the database is found safe", async || {
            owner.execute("SELECT pg_notify('praxis_schema', '')", &[]).await.unwrap();
            self.is_open().await
        })
        .await;
    }

    async fn ask(&self, app: &App, operation: &Value) -> Answer {
        let mut request = app.http().post(app.url("/graphql")).json(operation);
        if let Some(token) = &self.person.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        Answer(response.status(), response.text().await.unwrap())
    }
}

fn outcome(body: &str) -> String {
    let answer: Value = serde_json::from_str(body).unwrap();
    if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
        return code.to_owned();
    }
    if has_content(&answer["data"]) { "rows".into() } else { "empty".into() }
}

/// Returns true if an answer has any row.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(has_content),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name != "__typename" && has_content(value))
        }
    }
}

/// Returns the constraint that an answer names.
fn broken_rule(body: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(body).ok()?;
    answer["errors"][0]["extensions"]["constraint"].as_str().map(str::to_owned)
}
