//! Unseen rows change nothing of what subscribers receive, while others write them.
//!
//! Rows of all callers are changed, deleted and restored, one after the other, in the database and in its copy, which lacks the
//! unseen ones. Each subscriber receives the same from both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use praxis::graph::catalog::{Column, ColumnType, Scalar, SubscriptionKind, Table};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::declared::{DECIDE, WITHOUT};
use super::pair::Pair;
use super::world::World;
use crate::harness::{Actor, Socket};
use crate::random::{Dice, Field, Generator, Operation, setting};

/// Changes per subscriber.
const CHANGES: usize = 40;
/// Subscriptions of one subscriber.
const SUBSCRIPTIONS: usize = 40;
/// The time without a message before the next change.
const QUIET: Duration = Duration::from_millis(100);
/// The longest time until both have sent the same.
const WITHIN: Duration = Duration::from_secs(30);

/// The fields that differ between two databases with the same changes: the times of changes.
const TIMES: [&str; 4] = ["cursor", "changedAt", "updatedAt", "createdAt"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_one_may_not_see_are_not_spoken_of() {
    let changes = setting("UNSEEN_CHANGES").unwrap_or(CHANGES);
    let seed = setting("UNSEEN_SEED").unwrap_or(1);
    let world = World::make().await;
    let mut told = 0;
    for name in [
        "clinician.north@praxis.example",
        "network@praxis.example",
        "therapist@mindful.example",
        "patient@mindful.example",
    ] {
        let person = world.people.iter().find(|person| person.name == name).unwrap();
        let pair = Pair::start(&world, person).await;
        let mut dice = Dice::of(seed as u64);
        let (whole, rest) = (pair.whole.owner().await, pair.rest.owner().await);
        let parents = Parent::all(&world, &whole, &rest).await;
        let mut subscriptions = subscriptions(&world, &mut dice);
        subscriptions.extend(parents.iter().map(Parent::subscription));
        let mut watching = Watching::begin(&pair, person.token.as_ref(), &subscriptions).await;
        for _ in 0..changes {
            let Some(change) = Change::any(&world, &whole, &parents, &mut dice).await else { continue };
            if change.make(&whole, &rest).await {
                watching.agree(name, &change, &subscriptions).await;
            }
        }
        told += watching.count();
        drop((watching, whole, rest));
        pair.stop().await;
    }
    assert!(told > 10, "only {told} changes were told");
}

/// Returns subscriptions of every table, with any filter.
fn subscriptions(world: &World, dice: &mut Dice) -> Vec<Value> {
    let without: Vec<&str> = WITHOUT.iter().chain(&TIMES).copied().collect();
    let generator = Generator::new(&world.schema, &world.pool, &without);
    let subscriptions: Vec<_> = world
        .catalog
        .subscriptions()
        .iter()
        .filter(|subscription| matches!(subscription.kind, SubscriptionKind::Rows))
        .collect();
    let one = |at: usize| {
        let table = world.catalog.table(subscriptions[at % subscriptions.len()].table);
        let mut arguments = Vec::new();
        if at >= subscriptions.len() {
            let filter = generator.argument(dice, "filter", &format!("{}Filter", table.type_name));
            arguments.push(("filter".to_owned(), filter));
        }
        let row =
            Field { fields: generator.row(dice, &table.type_name), ..Field::named(&table.single_field) };
        let fields = vec![Field::named("operation"), Field::named("nodeId"), row];
        let field =
            Field { arguments, fields, ..Field::named(&subscriptions[at % subscriptions.len()].field) };
        Operation { kind: "subscription", fields: vec![field] }.request()
    };
    (0..SUBSCRIPTIONS.max(subscriptions.len())).map(one).collect()
}

/// A row that the subscriber sees, with rows below it that may be unseen.
struct Parent<'a> {
    /// The table of the rows below.
    table: &'a Table,
    /// The subscription of that table.
    subscription: &'a str,
    /// Their foreign key, and its value.
    column: &'a Column,
    value: String,
}

impl<'a> Parent<'a> {
    /// Returns a few parents of every foreign key of a table with a subscription.
    async fn all(world: &'a World, whole: &Client, rest: &Client) -> Vec<Self> {
        let mut parents = Vec::new();
        for subscription in world
            .catalog
            .subscriptions()
            .iter()
            .filter(|subscription| matches!(subscription.kind, SubscriptionKind::Rows))
        {
            let table = world.catalog.table(subscription.table);
            for relation in table.relations.iter().filter(|it| !it.many && it.local.len() == 1) {
                let (column, target) =
                    (table.column(relation.local[0]), world.catalog.table(relation.target));
                let key = &target.column(relation.remote[0]).sql_name;
                let seen = format!("SELECT array_agg({key}::text) FROM {}", target.sql_name);
                let seen: Option<Vec<String>> = rest.query_one(&seen, &[]).await.unwrap().get(0);
                let below = format!(
                    "SELECT DISTINCT {0}::text, md5({0}::text) FROM {1} WHERE {0}::text = ANY ($1) ORDER BY 2 LIMIT 2",
                    column.sql_name, table.sql_name
                );
                for row in whole.query(&below, &[&seen.unwrap_or_default()]).await.unwrap() {
                    parents.push(Self {
                        table,
                        subscription: &subscription.field,
                        column,
                        value: row.get(0),
                    });
                }
            }
        }
        parents
    }

    /// Returns a subscription to the rows below.
    fn subscription(&self) -> Value {
        let Self { table, subscription, column, value } = self;
        let row = &table.single_field;
        let query = format!(
            "subscription {{ {subscription}(filter: {{{}: {{eq: \"{value}\"}}}}) {{ operation nodeId {row} {{ __typename }} }} }}",
            column.field
        );
        json!({ "query": query })
    }
}

/// A change of one row.
#[derive(Debug)]
struct Change {
    sql: String,
    /// The statement that restores a deleted row.
    put_back: Option<String>,
}

impl Change {
    /// Returns a change of any row with a subscription, often of one below a parent.
    async fn any(world: &World, owner: &Client, parents: &[Parent<'_>], dice: &mut Dice) -> Option<Self> {
        let watched: Vec<&Table> = world
            .catalog
            .subscriptions()
            .iter()
            .map(|subscription| world.catalog.table(subscription.table))
            .collect();
        let parent = dice.pick(parents).filter(|_| dice.percent(60));
        let table = parent.map_or(*dice.pick(&watched)?, |parent| parent.table);
        let below = parent
            .map_or_else(|| "true".to_owned(), |it| format!("{}::text = '{}'", it.column.sql_name, it.value));
        let keys: Vec<&str> =
            table.primary_key.iter().map(|id| table.column(*id).sql_name.as_str()).collect();
        let keys = keys.join(", ");
        let pick = format!(
            "WITH it AS (SELECT * FROM {0} WHERE {below})
             SELECT to_jsonb(it)::text FROM it OFFSET {1} % greatest(1, (SELECT count(*) FROM it)) LIMIT 1",
            table.sql_name,
            dice.below(100_000)
        );
        let row: String = owner.query_opt(&pick, &[]).await.unwrap()?.get(0);
        let row = row.replace('\'', "''");
        let is_it = format!(
            "({keys}) = (SELECT {keys} FROM jsonb_populate_record(NULL::{}, '{row}'))",
            table.sql_name
        );
        if dice.percent(30) {
            let put_back = format!(
                "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{0}, '{row}')",
                table.sql_name
            );
            return Some(Self {
                sql: format!("DELETE FROM {} WHERE {is_it}", table.sql_name),
                put_back: Some(put_back),
            });
        }
        let mut columns = Vec::new();
        for id in &table.writes.update {
            let column = table.column(*id);
            let is_key = table.relations.iter().any(|relation| relation.local.contains(id));
            if is_key || DECIDE.contains(&format!("{}.{}", table.name, column.name).as_str()) {
                continue;
            }
            match column.ty {
                ColumnType::Scalar(Scalar::Text) => {
                    columns.push(format!("{0} = concat({0}, 'x')", column.sql_name));
                }
                ColumnType::Scalar(Scalar::Int | Scalar::SmallInt) => {
                    columns.push(format!("{0} = coalesce({0}, 0) + 1", column.sql_name));
                }
                ColumnType::Scalar(Scalar::Boolean) => {
                    columns.push(format!("{0} = NOT coalesce({0}, false)", column.sql_name));
                }
                _ => {}
            }
        }
        let column = dice.pick(&columns)?;
        Some(Self { sql: format!("UPDATE {} SET {column} WHERE {is_it}", table.sql_name), put_back: None })
    }

    /// Makes the change in both databases or in neither. Returns true if it was made.
    async fn make(&self, whole: &Client, rest: &Client) -> bool {
        let Some(here) = both(whole, rest, [&self.sql; 2]).await else { return false };
        if let Some(put_back) = &self.put_back {
            // A row that the copy lacks is not restored there.
            let there = if here[1] > 0 { put_back } else { "SELECT" };
            both(whole, rest, [put_back, there]).await;
        }
        true
    }
}

/// Runs a statement in each database, or in neither; returns the numbers of changed rows.
async fn both(whole: &Client, rest: &Client, sql: [&str; 2]) -> Option<[u64; 2]> {
    let mut counts = [0; 2];
    let mut is_done = true;
    for (at, client) in [whole, rest].into_iter().enumerate() {
        client.batch_execute("BEGIN").await.unwrap();
        match client.execute(sql[at], &[]).await {
            Ok(count) => counts[at] = count,
            Err(_) => is_done = false,
        }
    }
    for client in [whole, rest] {
        client.batch_execute(if is_done { "COMMIT" } else { "ROLLBACK" }).await.unwrap();
    }
    is_done.then_some(counts)
}

/// A subscriber of both gateways, with the messages of each so far, and their counts.
struct Watching {
    sockets: [Socket; 2],
    told: [BTreeMap<String, usize>; 2],
}

impl Watching {
    async fn begin(pair: &Pair<'_>, token: Option<&String>, subscriptions: &[Value]) -> Self {
        let open = async |app| Socket::of(app, &Actor::of(app, token.cloned())).await;
        let mut sockets = [open(&pair.whole).await, open(&pair.rest).await];
        for socket in &mut sockets {
            let ids: Vec<String> = (0..subscriptions.len()).map(|at| at.to_string()).collect();
            let numbered = ids.iter().map(String::as_str).zip(subscriptions.iter().cloned());
            socket.subscribe_all(&numbered.collect::<Vec<_>>()).await;
        }
        Self { sockets, told: Default::default() }
    }

    fn count(&self) -> usize {
        self.told[0].values().sum()
    }

    /// Waits until both have sent the same and are quiet.
    async fn agree(&mut self, name: &str, change: &Change, subscriptions: &[Value]) {
        let begun = Instant::now();
        loop {
            let mut is_quiet = true;
            for (socket, told) in self.sockets.iter_mut().zip(&mut self.told) {
                while let Some(message) = socket.next_within(QUIET).await {
                    is_quiet = false;
                    *told.entry(text(&message)).or_insert(0) += 1;
                }
            }
            let [whole, rest] = &self.told;
            if is_quiet && whole == rest {
                return;
            }
            if begun.elapsed() > WITHIN {
                let only = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
                    let differs = |it: &(&String, &usize)| other.get(it.0) != Some(it.1);
                    one.iter()
                        .filter(differs)
                        .map(|(message, count)| format!("{count} x {message}"))
                        .collect::<Vec<_>>()
                };
                panic!(
                    "after {change:?} {name} is told, as it is: {:#?}\nwithout unseen rows: {:#?}\n{subscriptions:#?}",
                    only(whole, rest),
                    only(rest, whole)
                );
            }
        }
    }
}

/// Returns a message without its position in the change feed.
fn text(message: &Value) -> String {
    format!("{} {} {}", message["id"], message["type"], message["payload"])
}
