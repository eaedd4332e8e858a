//! Generates data at network scale, copies it site by site, and checks it at the end.
//!
//! Each site is a transaction of its own and is recorded in `bench.sites`, so that an interrupted run can continue. Triggers and
//! foreign keys are off while the rows are copied (`session_replication_role`); the rows contain what the triggers would have
//! set, and a query checks that at the end.

mod check;
mod people;
mod progress;
mod random;
mod reference;
mod rows;
mod shape;
mod site;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::sync::Mutex;
use tokio_postgres::Client;

use crate::database::{Database, connect};
use crate::{Failure, say};
pub(crate) use people::clinician;
use progress::Progress;
use reference::Reference;
use rows::Rows;
use shape::{SITES, Shape};

/// Number of sites that are loaded at the same time.
const LOADERS: usize = 2;
/// The size of a COPY message.
const COPY_BYTES: usize = 256 * 1024;

/// The state of a database's data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State {
    /// No data.
    Empty,
    /// An interrupted load at this scale.
    Begun(f64),
    /// The whole data at this scale.
    Complete(f64),
}

/// Loads data, at scale 1 unless another load was begun; returns the scale.
pub(crate) async fn ensure(database: &Database) -> Result<f64, Failure> {
    let scale = match state(&connect(&database.owner_url()).await?).await? {
        State::Complete(scale) | State::Begun(scale) => scale,
        State::Empty => 1.0,
    };
    load(database, scale).await?;
    Ok(scale)
}

/// Returns the state of the database's data.
pub(crate) async fn state(client: &Client) -> Result<State, Failure> {
    if client.query_one("SELECT to_regclass('bench.load') IS NULL", &[]).await?.get(0) {
        return Ok(State::Empty);
    }
    Ok(match client.query_opt("SELECT scale, completed_at IS NOT NULL FROM bench.load", &[]).await? {
        None => State::Empty,
        Some(row) if row.get(1) => State::Complete(row.get(0)),
        Some(row) => State::Begun(row.get(0)),
    })
}

/// Loads the data at a scale, as far as it is missing.
pub(crate) async fn load(database: &Database, scale: f64) -> Result<(), Failure> {
    let client = connect(&database.owner_url()).await?;
    match state(&client).await? {
        #[expect(clippy::float_cmp, reason = "the scale comes back as it was written")]
        State::Complete(there) | State::Begun(there) if there != scale => {
            return Err(format!(
                "the database holds data of scale {there}; for scale {scale} give another folder with --data-dir"
            )
            .into());
        }
        State::Complete(_) => {
            say(&format!("The data of scale {scale} is complete."));
            return Ok(());
        }
        State::Begun(_) => say("Continuing an interrupted run."),
        State::Empty => begin(&client, scale).await?,
    }
    let begun = Instant::now();
    settings(&client, "SET {} = {}").await?;
    let shape = Shape::of_scale(scale);
    let loaded = load_sites(database, shape, &client).await;
    settings(&client, "RESET {}").await?;
    loaded?;
    finish(&client).await?;
    say(&format!("Loaded in {:.0} s.", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// Changes the server's settings for loading: fewer checkpoints, more memory for indexes.
async fn settings(client: &Client, how: &str) -> Result<(), Failure> {
    let settings =
        [("max_wal_size", "'8GB'"), ("checkpoint_timeout", "'30min'"), ("maintenance_work_mem", "'512MB'")];
    for (name, value) in settings {
        let change = how.replacen("{}", name, 1).replacen("{}", value, 1);
        client.batch_execute(&format!("ALTER SYSTEM {change}")).await?;
    }
    client.batch_execute("SELECT pg_reload_conf()").await?;
    Ok(())
}

/// Inserts the sites, the users and the record of the run.
async fn begin(client: &Client, scale: f64) -> Result<(), Failure> {
    let people = people::rows();
    client
        .batch_execute(
            "BEGIN;
             CREATE SCHEMA IF NOT EXISTS bench;
             CREATE TABLE bench.load (scale double precision NOT NULL, completed_at timestamptz);
             CREATE TABLE bench.sites (site_id bigint PRIMARY KEY, loaded_at timestamptz NOT NULL DEFAULT now());",
        )
        .await?;
    client.execute("INSERT INTO bench.load (scale) VALUES ($1)", &[&scale]).await?;
    for (columns, rows) in [
        (people::SITE_COLUMNS, people.sites),
        (people::USER_COLUMNS, people.users),
        (people::MEMBERSHIP_COLUMNS, people.memberships),
        (people::PROFILE_COLUMNS, people.profiles),
    ] {
        copy(client, columns, rows).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// Loads the missing sites, several at a time.
async fn load_sites(database: &Database, shape: Shape, client: &Client) -> Result<(), Failure> {
    let missing: Vec<i64> = client
        .query(
            "SELECT n FROM generate_series(1, $1::bigint) n
              WHERE n NOT IN (SELECT site_id FROM bench.sites) ORDER BY 1",
            &[&SITES],
        )
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let reference = Arc::new(Reference::read(client).await?);
    let rows = shape.rows_of_site() * missing.len() as u64;
    let progress = Arc::new(Mutex::new(Progress::new(rows, missing.len())));
    let (missing, next) = (Arc::new(missing), Arc::new(AtomicUsize::new(0)));
    let mut loaders = tokio::task::JoinSet::new();
    for _ in 0..LOADERS {
        let client = connect(&database.owner_url()).await?;
        client.batch_execute("SET session_replication_role = replica; SET praxis.announce = off; SET synchronous_commit = off").await?;
        let (reference, progress) = (Arc::clone(&reference), Arc::clone(&progress));
        let (missing, next) = (Arc::clone(&missing), Arc::clone(&next));
        loaders.spawn(async move {
            while let Some(site) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                load_site(&client, shape, *site, &reference).await?;
                progress.lock().await.add(shape.rows_of_site());
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(loader) = loaders.join_next().await {
        loader??;
    }
    Ok(())
}

/// Loads a site: all of it, or nothing.
async fn load_site(client: &Client, shape: Shape, site: i64, reference: &Reference) -> Result<(), Failure> {
    let rows = site::rows(shape, site, reference);
    client.batch_execute("BEGIN").await?;
    let mut count = 0;
    for (columns, rows) in [
        (site::PROTOCOLS, rows.protocols),
        (site::EVENTS, rows.events),
        (site::SCORES, rows.scores),
        (site::RESPONSES, rows.responses),
        (site::HOMEWORK, rows.homework),
    ] {
        count += rows.count();
        copy(client, columns, rows).await?;
    }
    if count != shape.rows_of_site() {
        return Err(format!("site {site} has {count} rows instead of {}", shape.rows_of_site()).into());
    }
    client.execute("INSERT INTO bench.sites (site_id) VALUES ($1)", &[&site]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(())
}

async fn copy(client: &Client, columns: &str, rows: Rows) -> Result<(), Failure> {
    let sink = client.copy_in(&format!("COPY {columns} FROM STDIN")).await?;
    let mut sink = std::pin::pin!(sink);
    let mut text = Bytes::from(rows.into_text());
    while !text.is_empty() {
        sink.send(text.split_to(text.len().min(COPY_BYTES))).await?;
    }
    sink.finish().await?;
    Ok(())
}

/// Computes summaries, sequences and statistics, and checks that the rows are consistent.
async fn finish(client: &Client) -> Result<(), Failure> {
    say("Summing up outcomes and events …");
    client.batch_execute(include_str!("summaries.sql")).await?;
    say("Checking that the rows are consistent …");
    check::check(client).await?;
    client.batch_execute(include_str!("sequences.sql")).await?;
    say("Vacuum and statistics …");
    client.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
    client.batch_execute("UPDATE bench.load SET completed_at = now()").await?;
    // A checkpoint, so that the run begins without dirty pages.
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}
