//! Makes the demo what it was at first: everything in it is deleted, and loaded anew.

use std::time::{Duration, Instant};

use thiserror::Error;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::{Summary, are_there, lock};
use crate::database::{GAVE_WAY, SqlState};
use crate::graph::catalog::{Catalog, CatalogError, System};
use crate::systems::{self, ppn, therapyflow};

/// Why the demo was not made anew. Nothing has changed.
#[derive(Debug, Error)]
pub enum ResetError {
    /// There is nothing of the demo, or more than it.
    #[error("this is no demo database: {0}; nothing was deleted")]
    NoDemo(String),
    /// Others use the tables without a pause.
    #[error("others keep its tables busy; nothing was deleted. Try again when fewer use them")]
    Busy,
    /// The entities do not make tables.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
}

/// How long it is tried to have all tables for itself.
const LOCKED_WITHIN: Duration = Duration::from_mins(1);
/// Pause between two attempts.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// What the gateway remembers of rows that go away.
const REMEMBERED: [&str; 2] = ["praxis.idempotency_keys", "praxis.directory_vocabulary"];
/// What refuses that rows of these tables are deleted at once: they are kept from people, and this is maintenance.
const GUARDED: &str = "SELECT format('ALTER TABLE %s %%s TRIGGER %I', tgrelid::regclass, tgname)
    FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY ($1::text[]::regclass[]) AND tgtype & 34 = 34";

/// Deletes every row of every table and account, and loads the demo data of these systems, all of it or nothing. Keys begin anew, and
/// reference rows are those of the migrations.
///
/// Only where all accounts are the demo's own, and where no table was there before the first migration. The connection has to
/// be that of the tables' owner, or of a superuser. Where a gateway is running and holds locks, the reset gives way and tries again.
pub async fn reset(client: &mut Client, systems: &[System]) -> Result<Summary, ResetError> {
    let begun = Instant::now();
    loop {
        match try_reset(client, systems).await {
            Err(ResetError::Busy) if begun.elapsed() < LOCKED_WITHIN => tokio::time::sleep(AGAIN_AFTER).await,
            done => return done,
        }
    }
}

/// Locks tables so that nobody else reads them. It waits for no lock longer than a moment: its holder may wait for one of these tables
/// in turn.
async fn lock_all(transaction: &Transaction<'_>, tables: &str) -> Result<(), ResetError> {
    transaction.batch_execute("SET LOCAL lock_timeout = '300ms'").await?;
    let locked = transaction.batch_execute(&format!("LOCK TABLE {tables}")).await;
    locked.map_err(|error| match error.code() {
        Some(code) if GAVE_WAY.contains(code) => ResetError::Busy,
        _ => error.into(),
    })?;
    Ok(transaction.batch_execute("SET LOCAL lock_timeout = 0").await?)
}

async fn try_reset(client: &mut Client, systems: &[System]) -> Result<Summary, ResetError> {
    let transaction = client.transaction().await?;
    lock(&transaction).await?;
    refuse_what_is_no_demo(&transaction).await?;
    let catalog = Catalog::new(&systems::ALL)?;
    let named = catalog.tables().iter().filter(|table| table.function.is_none());
    let named = named.map(|table| table.sql_name.clone());
    let named: Vec<String> = named.chain(REMEMBERED.map(str::to_owned)).collect();
    // Views hold no rows of their own; a database may have been made for one system alone.
    let sql = "SELECT oid::regclass::text FROM pg_catalog.pg_class
        WHERE oid = ANY (ARRAY(SELECT to_regclass(name) FROM unnest($1::text[]) AS name)) AND relkind = 'r'";
    let mut tables: Vec<String> = Vec::new();
    for row in transaction.query(sql, &[&named]).await? {
        tables.push(row.try_get(0)?);
    }
    tables.push("auth.users".to_owned());
    let mut guards: Vec<String> = Vec::new();
    for row in transaction.query(GUARDED, &[&tables]).await? {
        guards.push(row.try_get(0)?);
    }
    let tables = tables.join(", ");
    lock_all(&transaction, &tables).await?;
    let switch = |how: &str| guards.iter().map(|guard| guard.replace("%s", how) + ";").collect::<String>();
    transaction.batch_execute(&switch("DISABLE")).await?;
    let truncate = format!("TRUNCATE {tables} RESTART IDENTITY");
    transaction.batch_execute(&truncate).await.map_err(|error| match error.code() {
        Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
            ResetError::NoDemo("another table refers to its rows".into())
        }
        _ => error.into(),
    })?;
    transaction.batch_execute(&switch("ENABLE")).await?;
    if super::has_portal(&transaction).await? {
        for statement in migration::reference_rows() {
            transaction.batch_execute(statement).await?;
        }
    }
    let loaded = super::load_all(&transaction, systems).await?;
    transaction.commit().await?;
    Ok(Summary { loaded })
}

async fn refuse_what_is_no_demo(transaction: &Transaction<'_>) -> Result<(), ResetError> {
    let refuse = |why: String| Err(ResetError::NoDemo(why));
    let is_demo = are_there(transaction, &ppn::demo::PERSONAS).await?
        || are_there(transaction, &therapyflow::demo::PERSONAS).await?;
    if !is_demo {
        return refuse("its demo users are not there".into());
    }
    let own: Vec<Uuid> = ppn::demo::accounts().chain(therapyflow::demo::accounts()).collect();
    let sql = "SELECT count(*) FROM auth.users WHERE id <> ALL ($1)";
    let others: i64 = transaction.query_one(sql, &[&own]).await?.try_get(0)?;
    if others > 0 {
        return refuse(format!("it has accounts that are not the demo's ({others})"));
    }
    let sql = "SELECT count(*) FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND praxis.was_there_before(oid)";
    let before: i64 = transaction.query_one(sql, &[]).await?.try_get(0)?;
    if before > 0 {
        return refuse(format!("it has tables that were there before Praxis ({before})"));
    }
    Ok(())
}
