//! No query or mutation causes an internal error, whatever its values.
//!
//! Random operations over the whole schema with unlikely values. Written rows stay, so that later operations read them.
//! `WILD_OPERATIONS` sets the number of operations, `WILD_SEED` the seed; a failure prints its seed and the smallest operation
//! that shows it.

use std::collections::BTreeMap;

use praxis::graph::catalog::{Catalog, SubscriptionKind, Table, TableSubscription};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::{Actor, App, Socket};
use crate::random::{Argument, Dice, Field, Generator, Operation, Pool, Schema, setting};

/// Number of operations of all callers together.
const OPERATIONS: usize = 1_500;
/// One of this many operations is a mutation.
const MUTATIONS: usize = 3;
/// The number of wild values in a hundred.
const WILD: usize = 12;
/// The test stops after this many faults.
const ENOUGH: usize = 12;

/// Prefixes of fields, arguments and enum values that are not generated, each with its reason.
const WITHOUT: &[&str] = &[];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_or_written_nothing_goes_wrong_on_our_side() {
    let operations = setting("WILD_OPERATIONS").unwrap_or(OPERATIONS);
    let seed = setting("WILD_SEED").unwrap_or(1) as u64;
    let app = App::start().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let owner = app.owner().await;
    let callers = [
        writer(&app, &owner).await,
        app.user("network@praxis.example").await,
        app.user("owner@mindful.example").await,
        app.user("therapist@mindful.example").await,
    ];
    let schema = Schema::of(&callers[0]).await;
    let mut pool = Pool::of(&owner, &catalog).await;
    for caller in &callers {
        pool.look_as(caller, &catalog, &schema).await;
    }
    let generator = Generator { wild: WILD, ..Generator::new(&schema, &pool, WITHOUT) };
    let mut dice = Dice::of(seed);
    let (mut told, mut faults) = (BTreeMap::new(), Vec::new());
    for number in 0..operations {
        let caller = &callers[number / MUTATIONS % callers.len()];
        let operation = match number % MUTATIONS {
            0 => generator.mutation(&mut dice),
            _ => generator.query(&mut dice),
        };
        match outcome(caller, &operation).await {
            Ok(outcome) => *told.entry((operation.kind, outcome)).or_insert(0) += 1,
            Err(_) => faults.push(format!("operation {number}: {}", explain(caller, operation).await)),
        }
        if faults.len() >= ENOUGH {
            break;
        }
    }
    println!("{told:#?}");
    assert!(faults.is_empty(), "seed {seed}: {}", faults.join("\n\n"));
    // Enough operations succeed; otherwise little is tested.
    let done = |kind| told.get(&(kind, String::new())).copied().unwrap_or_default();
    assert!(done("query") * 4 > operations * 2 / 3, "{told:#?}");
    assert!(done("mutation") * 20 > operations / 3, "{told:#?}");
}

#[tokio::test]
async fn no_value_in_a_condition_goes_wrong_on_our_side() {
    /// The number of values for each operator, and of tables whose columns get them.
    const VALUES: usize = 8;
    const TABLES: usize = 4;
    let app = App::start().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let schema = Schema::of(&app.clinician_north().await).await;
    let pool = Pool::of(&app.owner().await, &catalog).await;
    let generator = Generator { wild: 100, ..Generator::new(&schema, &pool, WITHOUT) };
    let callers = [app.user("network@praxis.example").await, app.user("owner@mindful.example").await];
    let mut watching = Watching::of(&app, &callers[0]).await;
    let (mut dice, mut tried, mut faults) = (Dice::of(1), BTreeMap::new(), Vec::new());
    for table in catalog.tables().iter().filter(|table| table.function.is_none()) {
        for column in &table.columns {
            let ty = column.ty.filter_name();
            // The next table has rows if this one has none.
            let tables: &mut usize = tried.entry(ty.clone()).or_default();
            *tables += 1;
            if *tables > TABLES {
                continue;
            }
            for _ in 0..VALUES * schema.get(&ty).inputs.len() {
                let filter = vec![(column.field.clone(), generator.argument(&mut dice, &column.field, &ty))];
                let arguments = vec![("filter".into(), Argument::Object(filter))];
                let subscription = subscription(&catalog, table, &arguments);
                let fields = vec![Field::named("totalCount")];
                let list = Field { arguments, fields, ..Field::named(&table.list_field) };
                let field = match &catalog.systems()[table.system].field {
                    Some(system) => Field { fields: vec![list], ..Field::named(system) },
                    None => list,
                };
                let operation = Operation { kind: "query", fields: vec![field] };
                match refusal(&callers[table.system], &operation).await {
                    Err(_) => faults.push(explain(&callers[table.system], operation).await),
                    Ok(refusal) => {
                        faults.extend(refusal.as_ref().and_then(|it| unnamed(&operation, it)));
                        if let Some(subscription) = subscription {
                            faults.extend(watching.fault(&subscription, refusal.as_ref()).await);
                        }
                    }
                }
            }
        }
    }
    assert!(tried.len() > 12, "{tried:?}");
    watching.socket.quiet().await;
    faults.truncate(ENOUGH);
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// Returns a caller who may write to every table of the portal.
async fn writer<'a>(app: &'a App, owner: &Client) -> Actor<'a> {
    let (site, other) = (site(owner, "Wild").await, site(owner, "Wilder").await);
    let person = person(owner, "wild").await;
    join(owner, &person, site, "clinician").await;
    join(owner, &person, other, "network_admin").await;
    protocol(owner, site).await;
    signed_in(app, &person)
}

/// Returns a fault if a refusal does not name its argument. An error of validation has a location instead.
fn unnamed(operation: &Operation, refusal: &Value) -> Option<String> {
    let Value::Object(extensions) = &refusal["extensions"] else { return Some("no extensions".into()) };
    let is_named =
        extensions.get("argument").and_then(Value::as_str).is_some_and(|it| it.starts_with("filter."));
    let is_fine = is_named || extensions["code"] == "GRAPHQL_INVALID";
    (!is_fine).then(|| format!("{}\nnames no argument: {refusal}", operation.request()))
}

/// Returns the subscription to the matching rows of a table, if there is one.
fn subscription(catalog: &Catalog, table: &Table, arguments: &[(String, Argument)]) -> Option<Operation> {
    let is_it = |subscription: &&TableSubscription| {
        subscription.table == table.id && matches!(subscription.kind, SubscriptionKind::Rows)
    };
    let subscription = catalog.subscriptions().iter().find(is_it)?;
    let (arguments, fields) = (arguments.to_vec(), vec![Field::named("operation")]);
    Some(Operation {
        kind: "subscription",
        fields: vec![Field { arguments, fields, ..Field::named(&subscription.field) }],
    })
}

/// A connection on which subscriptions are started and ended.
struct Watching {
    socket: Socket,
    number: usize,
}

impl Watching {
    async fn of(app: &App, actor: &Actor<'_>) -> Self {
        Self { socket: Socket::of(app, actor).await, number: 0 }
    }

    /// Returns a fault if a subscription and its query are not refused alike.
    async fn fault(&mut self, subscription: &Operation, refusal: Option<&Value>) -> Option<String> {
        self.number += 1;
        let id = self.number.to_string();
        let request = subscription.request();
        self.socket.send(&json!({ "id": id, "type": "subscribe", "payload": request })).await;
        let Some(refusal) = refusal else {
            // An error would arrive before the next operation's.
            self.socket.send(&json!({ "id": id, "type": "complete" })).await;
            return None;
        };
        let told = self.socket.next().await;
        let [told, refusal] = [&told["payload"][0], refusal].map(|it| &it["extensions"]);
        (told != refusal).then(|| format!("{request}\nis told {told}, and the query {refusal}"))
    }
}

/// Returns the error, if there is one; an error of the gateway's fault is a fault here too.
async fn refusal(caller: &Actor<'_>, operation: &Operation) -> Result<Option<Value>, String> {
    outcome(caller, operation).await?;
    let answer = caller.ask_with(&operation.to_string(), &operation.request()["variables"]).await;
    Ok(answer.body["errors"].get(0).cloned())
}

/// Returns the code of the error, empty without one; an error of the gateway's fault is a fault here too.
async fn outcome(caller: &Actor<'_>, operation: &Operation) -> Result<String, String> {
    let answer = caller.ask_with(&operation.to_string(), &operation.request()["variables"]).await;
    let codes = answer.body["errors"].as_array().into_iter().flatten();
    let mut codes = codes.map(|error| error["extensions"]["code"].as_str().unwrap_or_default());
    if answer.status.is_server_error() || codes.any(|code| code == "INTERNAL" || code.is_empty()) {
        return Err(answer.body.to_string());
    }
    Ok(answer.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned())
}

/// Returns the smallest operation that goes wrong.
async fn explain(caller: &Actor<'_>, operation: Operation) -> String {
    let smallest = operation.shrink(async |it| outcome(caller, it).await.is_err()).await;
    let why = outcome(caller, &smallest).await.err().unwrap_or_else(|| "only once".into());
    format!("{:.3000}\n{why:.600}", smallest.request().to_string())
}
