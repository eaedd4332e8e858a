//! Databases with many rows, and the cost of their statements.

mod cost;
mod explain;

use tokio_postgres::Client;

use crate::harness::{clone_database, connect, database_url};

pub(crate) use cost::{ANALYZE, Cost, costs, pages};
pub(crate) use explain::{explain, large_tables, nodes, plans, sequential};

/// Rows of the portal: sites, protocols, and the rows below protocols.
pub(crate) const PORTAL: &str = include_str!("portal.sql");
/// Accounts, and rows of the supervision exchange; after the portal's.
pub(crate) const EXCHANGE: &str = include_str!("exchange.sql");
/// Rows of `TherapyFlow`.
pub(crate) const THERAPYFLOW: &str = include_str!("therapyflow.sql");
/// Rows of the tests' callers; after all others.
pub(crate) const CALLERS: &str = include_str!("callers.sql");
/// Rows of Praxis's own tables.
pub(crate) const BOOKKEEPING: &str = include_str!("bookkeeping.sql");

/// Copies of the first tenant of each system and of rows without a tenant.
const MULTIPLY: &str = include_str!("multiply.sql");

/// Copies of two rows of each table, which are below the same parents as these.
const PILE: &str = include_str!("pile.sql");

/// Creates a database with this many tenants of each system, each with this many times the rows of the demo's first one; returns
/// it with its owner.
pub(crate) async fn tenants(tenants: u32, copies: u32) -> (String, Client) {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let settings = format!(
        "SET fill.tenants = {tenants}; SET fill.copies = {copies}; SET session_replication_role = replica; SET praxis.announce = off; "
    );
    owner
        .batch_execute(&(settings + MULTIPLY + "; RESET session_replication_role; RESET praxis.announce"))
        .await
        .unwrap();
    owner.batch_execute("VACUUM ANALYZE").await.unwrap();
    (database, owner)
}

/// Creates a database with the demo's rows, in which two parents of each list below a row have most of the rows, this many each;
/// returns it with its owner.
pub(crate) async fn piles(rows: u32) -> (String, Client) {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let begin =
        format!("SET fill.pile = {rows}; SET session_replication_role = replica; SET praxis.announce = off;");
    owner.batch_execute(&begin).await.unwrap();
    owner.batch_execute(PILE).await.unwrap();
    owner.batch_execute("RESET session_replication_role; RESET praxis.announce").await.unwrap();
    owner.batch_execute("VACUUM ANALYZE").await.unwrap();
    (database, owner)
}

/// Creates a database with this many protocols, and rows of these kinds in proportion, in addition to the demo's; returns it with
/// its owner.
///
/// The rows are inserted without triggers, which takes seconds.
pub(crate) async fn database(protocols: u32, kinds: &[&str]) -> (String, Client) {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    fill(&owner, protocols, kinds).await;
    (database, owner)
}

/// Fills an existing database.
pub(crate) async fn fill(owner: &Client, protocols: u32, kinds: &[&str]) {
    let begin = format!(
        "SET fill.protocols = {protocols}; SET session_replication_role = replica; SET praxis.announce = off;"
    );
    owner.batch_execute(&begin).await.unwrap();
    for kind in kinds {
        owner.batch_execute(kind).await.unwrap();
    }
    owner
        .batch_execute("RESET session_replication_role; RESET praxis.announce; SELECT praxis.refresh()")
        .await
        .unwrap();
    owner.batch_execute("VACUUM ANALYZE").await.unwrap();
}
