//! Resets a demo database: deletes all rows, and loads the demo data again.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::{Demo, Summary, has_tables, has_users, load_all, lock};
use crate::clock;
use crate::database::{LOCK_CONFLICTS, SqlState};
use crate::graph::catalog::{Catalog, CatalogError, System};

/// The reasons why a demo database was not reset. Nothing has changed in it.
#[derive(Debug, Error)]
pub enum ResetError {
    /// The database lacks the demo data, or has more than it.
    #[error("this is not a demo database: {0}; nothing was deleted")]
    NoDemo(String),
    /// The tables could not be locked, because requests use them all the time.
    #[error(
        "its tables are in use all the time; nothing was deleted. Try again when fewer requests use them"
    )]
    Busy,
    /// The entities are inconsistent.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database returned an error.
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
}

/// The longest time for locking all tables.
const LOCKED_WITHIN: Duration = Duration::from_mins(1);
/// Pause between two attempts to lock the tables.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Tables of the gateway itself that refer to the deleted rows.
const GATEWAY_TABLES: [&str; 2] = ["praxis.idempotency_keys", "praxis.directory_vocabulary"];
/// The query for statements that switch off the triggers which refuse TRUNCATE of these tables, since a reset is maintenance.
const TRUNCATE_TRIGGERS: &str = "SELECT format('ALTER TABLE %s %%s TRIGGER %I', tgrelid::regclass, tgname)
    FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY ($1::text[]::regclass[]) AND tgtype & 34 = 34";

/// Deletes all rows of the tables of `all` demo data and all accounts, and loads the `wanted` demo data, all or nothing. Keys begin
/// anew, and reference rows become those of the migrations.
///
/// It refuses a database with an account that belongs to no demo data, or with a table older than the first migration. The
/// connection belongs to the owner of the tables, or to a superuser. While a running gateway holds locks, the reset gives way and
/// tries again.
pub async fn reset(client: &mut Client, all: &[Demo], wanted: &[Demo]) -> Result<Summary, ResetError> {
    let begun = clock::instant();
    loop {
        match try_reset(client, all, wanted).await {
            Err(ResetError::Busy) if begun.elapsed() < LOCKED_WITHIN => tokio::time::sleep(AGAIN_AFTER).await,
            done => return done,
        }
    }
}

/// Locks tables against all other use. It waits only a moment for each lock, whose holder may wait for another of these tables.
async fn lock_all(transaction: &Transaction<'_>, tables: &str) -> Result<(), ResetError> {
    transaction.batch_execute("SET LOCAL lock_timeout = '300ms'").await?;
    let locked = transaction.batch_execute(&format!("LOCK TABLE {tables}")).await;
    locked.map_err(|error| match error.code() {
        Some(code) if LOCK_CONFLICTS.contains(code) => ResetError::Busy,
        _ => error.into(),
    })?;
    Ok(transaction.batch_execute("SET LOCAL lock_timeout = 0").await?)
}

async fn try_reset(client: &mut Client, all: &[Demo], wanted: &[Demo]) -> Result<Summary, ResetError> {
    let transaction = client.transaction().await?;
    lock(&transaction).await?;
    refuse_unless_demo(&transaction, all).await?;
    let systems: Vec<System> = all.iter().map(|demo| demo.system).collect();
    let catalog = Catalog::new(&systems)?;
    let named = catalog.tables().iter().filter(|table| table.function.is_none());
    let named = named.map(|table| table.sql_name.clone());
    let named: Vec<String> = named.chain(GATEWAY_TABLES.map(str::to_owned)).collect();
    // Views hold no rows of their own, and a database may lack the tables of some systems.
    let sql = "SELECT oid::regclass::text FROM pg_catalog.pg_class
        WHERE oid = ANY (ARRAY(SELECT to_regclass(name) FROM unnest($1::text[]) AS name)) AND relkind = 'r'";
    let mut tables: Vec<String> = Vec::new();
    for row in transaction.query(sql, &[&named]).await? {
        tables.push(row.try_get(0)?);
    }
    tables.push("auth.users".to_owned());
    let mut guards: Vec<String> = Vec::new();
    for row in transaction.query(TRUNCATE_TRIGGERS, &[&tables]).await? {
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
    for demo in all {
        if has_tables(&transaction, demo).await? {
            for statement in (demo.reference_rows)() {
                transaction.batch_execute(statement).await?;
            }
        }
    }
    let loaded = load_all(&transaction, wanted).await?;
    transaction.commit().await?;
    Ok(Summary { loaded })
}

/// Refuses a database that holds more than demo data, or none.
async fn refuse_unless_demo(transaction: &Transaction<'_>, all: &[Demo]) -> Result<(), ResetError> {
    let refuse = |why: String| Err(ResetError::NoDemo(why));
    let mut is_demo = false;
    for demo in all {
        is_demo |= has_users(transaction, demo).await?;
    }
    if !is_demo {
        return refuse("its demo users are missing".into());
    }
    let own: Vec<Uuid> = all.iter().flat_map(|demo| (demo.accounts)()).collect();
    let sql = "SELECT count(*) FROM auth.users WHERE id <> ALL ($1)";
    let others: i64 = transaction.query_one(sql, &[&own]).await?.try_get(0)?;
    if others > 0 {
        return refuse(format!("it has accounts that do not belong to the demo ({others})"));
    }
    let sql = "SELECT count(*) FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND praxis.was_there_before(oid)";
    let before: i64 = transaction.query_one(sql, &[]).await?.try_get(0)?;
    if before > 0 {
        return refuse(format!("it has tables from before Praxis ({before})"));
    }
    Ok(())
}
