//! Writes read few rows, however many there are: every mutation and every function of the catalog, with all statements that they
//! cause: functions, triggers, policies, the checks of foreign keys, refusals, idempotency keys, and the reads for subscribers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use praxis::graph::catalog::{Catalog, SubscriptionKind, Table, TableOperation};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::access::{objects, recipe};
use crate::fixture::{join, person, signed_in};
use crate::harness::{App, Socket, eventually};
use crate::mutation_matrix::{Request, call, prepare};
use crate::people::{Key, key_list, populate};
use crate::scale::{self, Cost, costs, large_tables, plans};

/// The number of protocols; other rows are in proportion.
const FEW: u32 = 2_000;
const MANY: u32 = 4 * FEW;
/// Rows that one node of a plan may read: reference tables, the caller's sites, the rows of one protocol.
const MOST_ROWS: u64 = 300;
/// Subqueries of policies that Postgres runs once per statement and that grow with a tenant: the patients of an organization
/// whose consent lets it read their devices' records.
const OF_A_TENANT: [&str; 1] = ["SELECT patient_id FROM therapyflow.consent_records"];
/// The additional pages that a larger index may take.
const MORE_PAGES: u64 = 40;
/// The number of times that everything is sent over the only connection: the first time also reads the catalog.
const TIMES: usize = 2;
/// The callers of the other tests who write, and those of large tenants.
const PORTAL: [&str; 6] = ["a clinician", "a clinician of another site", "a network_admin", FIRST, LAST, ALL];
const PRACTICE: [&str; 3] = ["a therapist", "an admin of the practice", "a patient"];
const NETWORK: &str = "a network_admin";
const FIRST: &str = "a clinician of the first site";
const LAST: &str = "a clinician of the last site";
const ALL: &str = "a clinician of all sites";

/// The rows that are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rows {
    /// Rows of the callers of the tests.
    Own,
    /// Rows of the first and the last site, which have many.
    Large,
    /// Rows of reference tables.
    Reference,
}

/// A mutation to measure.
struct Tried {
    of: Rows,
    request: Request,
}

/// Rolls a write back at the end of its transaction, so that every case finds the same rows. All statements of the mutation have
/// run by then.
const TAKE_BACK: &str = "
    CREATE FUNCTION take_back() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'taken back';
    END $$;
    CREATE CONSTRAINT TRIGGER take_back AFTER INSERT ON praxis.changes DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION take_back();";
/// The code of an answer that was rolled back: the gateway does not know the reason.
const TAKEN_BACK: &str = "INTERNAL";

#[tokio::test]
async fn what_is_written_reads_few_rows_however_many_there_are() {
    let many = measured(MANY, &["force_custom_plan", "force_generic_plan"]).await;
    let few = measured(FEW, &["force_custom_plan"]).await;
    let mut wrong = Vec::new();
    for (statement, cost) in &many {
        let mut fault = |what: String| wrong.push(format!("{what}\n    {}\n    in {statement}", cost.node));
        if cost.rows > MOST_ROWS && !OF_A_TENANT.iter().any(|part| statement.contains(part)) {
            fault(format!("{} rows", cost.rows));
        }
        for scan in &cost.sequential {
            fault(format!("a table from its beginning to its end: {scan}"));
        }
        let before = few.get(statement).map_or(cost.pages, |few| few.pages);
        if cost.pages > before + before / 4 + MORE_PAGES {
            fault(format!("{before} pages, and with four times the rows {}", cost.pages));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), many.len(), wrong.join("\n"));
}

/// Returns the cost of the statements of all mutations of all callers with this many protocols, by custom plans and by generic
/// plans.
async fn measured(protocols: u32, cached_plans: &[&str]) -> BTreeMap<String, Cost> {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let mut callers: Vec<(String, String)> = Vec::new();
    for caller in populate(&app, &owner).await {
        callers.extend(caller.id.map(|id| (caller.name.to_owned(), id)));
    }
    prepare(&owner, &catalog).await;
    let database = app.database.clone();
    app.stop().await;
    // Rows of the callers first, then of the first and the last site.
    let mut requests = requests(&owner, &catalog, Rows::Own).await;
    let kinds = [scale::PORTAL, scale::EXCHANGE, scale::THERAPYFLOW, scale::CALLERS, scale::BOOKKEEPING];
    scale::fill(&owner, protocols, &kinds).await;
    let large = self::requests(&owner, &catalog, Rows::Large).await;
    requests.extend(large.into_iter().filter(|(_, tried)| tried.of == Rows::Large));
    callers.extend(large_callers(&owner).await);
    callers.retain(|(name, _)| PORTAL.contains(&name.as_str()) || PRACTICE.contains(&name.as_str()));
    assert_eq!(callers.len(), PORTAL.len() + PRACTICE.len());
    let large = large_tables(&owner).await;
    owner.batch_execute(TAKE_BACK).await.unwrap();

    let mut all_costs = BTreeMap::new();
    let mut add = |costs: BTreeMap<String, Cost>| {
        for (statement, cost) in costs {
            all_costs.entry(statement).or_insert_with(Cost::default).or_more(cost);
        }
    };
    let mut written = BTreeSet::new();
    for plan in cached_plans {
        let settings = [scale::ANALYZE.as_slice(), &[("plan_cache_mode", *plan)]].concat();
        scale::explain(&owner, &settings).await;
        // Each clean-up of expired rows deletes a fixed number at a time.
        let app = App::over(&database, |config| {
            config.feeds.retention = Duration::from_hours(100);
            config.database.pool_size = 1;
            config.database.connection_lifetime = None;
        })
        .await;
        for (name, id) in &callers {
            let actor = signed_in(&app, id);
            for (key, Tried { request, .. }) in requests.iter().filter(|(_, tried)| is_tried_by(name, tried))
            {
                let plans = plans(&owner, async {
                    for _ in 0..TIMES {
                        let answer = actor.ask_once(key, &request.query, &request.variables).await;
                        if answer.body.get("errors").is_none() || answer.code() == TAKEN_BACK {
                            written.insert(request.field.clone());
                        }
                    }
                });
                add(costs(&plans.await, &large));
            }
        }
        owner.batch_execute("ALTER TABLE praxis.changes DISABLE TRIGGER take_back").await.unwrap();
        let plans = plans(&owner, watched(&app, &owner, &catalog, &callers, &requests)).await;
        assert!(plans.len() > 100, "what has changed is read for those who watch");
        add(costs(&plans, &large));
        owner.batch_execute("ALTER TABLE praxis.changes ENABLE TRIGGER take_back").await.unwrap();
        app.stop().await;
    }
    let all: BTreeSet<String> = requests.values().map(|tried| tried.request.field.clone()).collect();
    let missing: Vec<&String> = all.difference(&written).collect();
    assert!(missing.is_empty(), "nobody wrote anything by {missing:?}");
    all_costs
}

/// Adds and changes rows for good while subscribers watch every table of their system.
async fn watched(
    app: &App,
    owner: &Client,
    catalog: &Catalog,
    callers: &[(String, String)],
    requests: &BTreeMap<String, Tried>,
) {
    let mut sockets = Vec::with_capacity(callers.len());
    for (name, id) in callers {
        let mut socket = Socket::of(app, &signed_in(app, id)).await;
        for subscription in catalog
            .subscriptions()
            .iter()
            .filter(|subscription| matches!(subscription.kind, SubscriptionKind::Rows))
        {
            if is_of_system(name, &subscription.field) {
                let query = format!("subscription {{ {} {{ operation }} }}", subscription.field);
                socket.begin(&subscription.field, &query, &json!({})).await;
            }
        }
        // The answer to a ping follows the answers to earlier messages.
        socket.send(&json!({ "type": "ping" })).await;
        assert_eq!(socket.next().await, json!({ "type": "pong" }));
        sockets.push(socket);
    }
    for (name, id) in callers {
        let actor = signed_in(app, id);
        let lasting = |field: &str| field.starts_with("create") || field.starts_with("update");
        for Tried { request, .. } in
            requests.values().filter(|it| is_tried_by(name, it) && lasting(&it.request.field))
        {
            actor.ask_with(&request.query, &request.variables).await;
        }
    }
    let settled = "SELECT now() - max(state_change) > interval '1 second' FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'praxis_gateway' AND query NOT LIKE '%pg_notify%'";
    eventually("all has been told", async || owner.query_one(settled, &[]).await.unwrap().get(0)).await;
}

/// Returns true if a caller runs a mutation. Of callers who may not write, one of a kind is enough.
fn is_tried_by(caller: &str, tried: &Tried) -> bool {
    let is_of_kind = match tried.of {
        Rows::Own => PRACTICE.contains(&caller) || caller == PORTAL[0],
        Rows::Large => !PRACTICE.contains(&caller) && caller != PORTAL[0],
        Rows::Reference => {
            caller == NETWORK || caller == PORTAL[0] && tried.request.field.ends_with("Medication")
        }
    };
    is_of_kind && is_of_system(caller, &tried.request.field)
}

/// Returns true if a field belongs to a caller's system: no caller works in both.
fn is_of_system(caller: &str, field: &str) -> bool {
    PRACTICE.contains(&caller) == field.to_lowercase().contains("therapyflow")
}

/// Returns the mutations of all tables and all functions by name; a name can be an idempotency key.
async fn requests(owner: &Client, catalog: &Catalog, of: Rows) -> BTreeMap<String, Tried> {
    let mut requests = BTreeMap::new();
    let mut add = |of: Rows, request: Request| {
        let number = requests.len();
        requests.insert(format!("{}_{number}_{of:?}", request.field), Tried { of, request });
    };
    for table in catalog.tables().iter().filter(|table| table.operations().next().is_some()) {
        let of = if table.is_reference { Rows::Reference } else { of };
        let recipe = recipe(owner, catalog, table).await;
        let inputs: Vec<&Value> = recipe.inputs.iter().take(2).collect();
        let keys = few_keys(owner, table, if of == Rows::Own { 4 } else { 2 }).await;
        for operation in table.operations() {
            match operation {
                TableOperation::Create => {
                    for &input in &inputs {
                        add(of, Request::create(table, input));
                    }
                }
                TableOperation::CreateMany => {
                    for &input in &inputs {
                        add(of, Request::create_many(table, &[input]));
                    }
                }
                TableOperation::Upsert => {
                    for key in table.upsert_keys().filter(|key| **key != *table.primary_key) {
                        for input in &inputs {
                            let mut input = (*input).clone();
                            let patch = recipe.patch.as_object().cloned().unwrap_or_default();
                            input.as_object_mut().unwrap().extend(patch);
                            add(of, Request::upsert(table, &input, key));
                        }
                    }
                }
                TableOperation::Update => {
                    for key in &keys {
                        add(of, Request::update(table, key, &recipe.patch));
                    }
                }
                TableOperation::Delete => {
                    for key in &keys {
                        add(of, Request::delete(table, key));
                    }
                }
            }
        }
    }
    for function in catalog.functions().iter().filter(|function| function.writes()) {
        let table = catalog.table(function.table());
        for arguments in few_objects(owner, &call(function).arguments, 4).await {
            add(of, Request::call(function, table, &arguments));
        }
    }
    requests
}

/// Returns the first objects that a query returns.
async fn few_objects(owner: &Client, sql: &str, most: u32) -> Vec<Value> {
    objects(owner, &format!("SELECT * FROM ({sql}) AS few LIMIT {most}")).await
}

/// Returns the newest keys of a table and its oldest one, which is in use.
async fn few_keys(owner: &Client, table: &Table, newest: u32) -> Vec<Key> {
    let order = |direction: &str| {
        let columns =
            table.primary_key.iter().map(|id| format!("it.{} {direction}", table.column(*id).sql_name));
        columns.collect::<Vec<_>>().join(", ")
    };
    let sql = |direction: &str, count: u32| {
        format!(
            "(SELECT {} FROM {} AS it ORDER BY {} LIMIT {count})",
            key_list(table),
            table.sql_name,
            order(direction)
        )
    };
    let sql = format!("{} UNION ALL {}", sql("DESC", newest), sql("ASC", 1));
    let rows = owner.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
}

/// Returns clinicians of large sites, by name and id.
async fn large_callers(owner: &Client) -> Vec<(String, String)> {
    let sites = "SELECT site_id FROM sites ORDER BY site_id";
    let sites: Vec<i64> = owner.query(sites, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let mut callers = Vec::new();
    for (name, sites) in [(FIRST, &sites[..1]), (LAST, &sites[sites.len() - 1..]), (ALL, &sites[..])] {
        let id = person(owner, name).await;
        for site in sites {
            join(owner, &id, *site, "clinician").await;
        }
        callers.push((name.to_owned(), id));
    }
    callers
}
