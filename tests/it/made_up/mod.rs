//! A made-up system of sixty schemas whose tables have the same names: every operation on a table affects only that of its
//! schema.

mod access;
mod costs;
mod guard;
mod reads;
mod writes;

use std::sync::Arc;

use entity::{Schema, TableName};
use entity_made_up::{functions::FUNCTIONS, tools};
use praxis::database::Pool;
use praxis::graph::catalog::{ChangeOperation, DeclaredSubscription, System};
use praxis::graph::{Engine, Limits};
use praxis::guard::Guard;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::harness::{App, clone_database, connect, database_url, one_connection};

const fn submitted(field: &'static str, schema: &'static str) -> DeclaredSubscription {
    DeclaredSubscription {
        field,
        doc: "Changes of the caller's entries.",
        table: TableName::new(schema, "tool_data"),
        operations: &[ChangeOperation::Update],
        arguments: &["company_id"],
    }
}

/// The declaration of the system.
pub(crate) const SYSTEM: System = System {
    name: "made_up",
    prefix: "MadeUp",
    schemas: entity_made_up::SCHEMAS,
    doc: "Sixty made-up tools.",
    type_names: &[("tool_data", "Entry"), ("made_up_59.tool_data", "LastEntry")],
    visit: |reader| entity_made_up::visit(reader),
    functions: FUNCTIONS,
    subscriptions: &[
        submitted("firstToolSubmitted", "made_up_00"),
        submitted("secondToolSubmitted", "made_up_01"),
    ],
    scopes: &[],
};

/// Accounts of the tools' users.
const WRITERS: [&str; 2] = ["a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"];

fn engine(database: &str) -> (Arc<Engine>, Pool) {
    let pool = Pool::new(&one_connection(database_url("praxis_gateway", database))).unwrap();
    (Arc::new(Engine::new(&[SYSTEM], Limits::default(), pool.clone()).unwrap()), pool)
}

/// Returns the present protection of the made-up tables.
async fn protection(database: &str) -> Value {
    let (engine, pool) = engine(database);
    let guard = Guard::comparing(&engine, &pool, &roles(), &json!([]));
    serde_json::from_str(&guard.protection().await.unwrap()).unwrap()
}

fn roles() -> [String; 2] {
    ["anon".to_owned(), "authenticated".to_owned()]
}

/// Creates a database with the made-up schemas, in each of which both writers have an entry with the same key and version.
async fn database() -> (String, Client) {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    owner.batch_execute(&entity_made_up::sql()).await.unwrap();
    owner.batch_execute("INSERT INTO made_up.companies (name) VALUES ('One'), ('Other')").await.unwrap();
    let of_each = tools().flat_map(|schema| {
        WRITERS.iter().enumerate().map(|(place, writer)| {
            format!(
                "INSERT INTO {0}.tool_data (user_id, company_id, data)
                 VALUES ('{writer}', {1}, '{{\"of\": \"{0} {place}\"}}');",
                schema.name,
                place + 1
            )
        })
    });
    owner.batch_execute(&of_each.collect::<String>()).await.unwrap();
    (database, owner)
}

/// Starts a gateway of the made-up system alone.
async fn started() -> (App, Client) {
    let (database, owner) = database().await;
    let protection = protection(&database).await;
    let app = App::over(&database, |config| {
        config.systems = vec![SYSTEM];
        config.protection = protection;
    })
    .await;
    (app, owner)
}

/// Returns the list of a tool's entries: `tool07Entries`.
fn entries(schema: &Schema) -> String {
    let (first, rest) = schema.prefix.split_at(1);
    let name = if schema.name == "made_up_59" { "LastEntries" } else { "Entries" };
    format!("{}{rest}{name}", first.to_lowercase())
}
