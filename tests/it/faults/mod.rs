//! Failures during mutations: of Postgres, the gateway and the connection. No acknowledged write is lost, and none happens twice.
//!
//! A run of the size that the documentation reports:
//!
//! ```text
//! FAULT_MUTATIONS=1000 cargo test -p praxis --test it faults -- --nocapture
//! ```

mod client;
mod collisions;
mod postgres;
mod proxy;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;

use self::client::Client;
use self::postgres::Postgres;
use self::proxy::Proxy;
use crate::binary::{Served, over};
use crate::harness::{App, connect};
use crate::random::setting;

/// Returns the number of mutations of each test.
fn mutations() -> usize {
    setting("FAULT_MUTATIONS").unwrap_or(60)
}

/// Returns how often a process is killed meanwhile.
fn kills() -> usize {
    (mutations() / 100).max(3)
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed() {
    let postgres = Postgres::start();
    let owner = connect(&postgres.url("postgres")).await;
    migration::up(&postgres.url("postgres")).await.unwrap();
    let app = App::over("", |config| {
        config.database.url = postgres.url("praxis_gateway");
        config.database.pool_timeout = Duration::from_secs(1);
    })
    .await;
    let (_keep, gateway) = watch::channel(app.address.to_string());
    let client = Client::new(&owner, gateway, mutations()).await;
    let sending = tokio::spawn(Arc::clone(&client).send());
    for kill in 1..=kills() {
        client.has_sent(kill, kills() + 1).await;
        postgres.kill().await;
    }
    let acknowledged = sending.await.unwrap();
    let owner = connect(&postgres.url("postgres")).await;
    client.check("Postgres killed", &owner, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_killed() {
    let app = App::start().await;
    let owner = app.owner().await;
    let url = app.database_url("praxis_gateway");
    let arguments = over(&url);
    let start = || Served::start(&arguments);
    let mut served = start().await;
    let (moved, gateway) = watch::channel(served.address.clone());
    let client = Client::new(&owner, gateway, mutations()).await;
    let sending = tokio::spawn(Arc::clone(&client).send());
    for kill in 1..=kills() {
        client.has_sent(kill, kills() + 1).await;
        served.signal(Signal::KILL);
        served.ended().await;
        served = start().await;
        moved.send(served.address.clone()).unwrap();
    }
    let acknowledged = sending.await.unwrap();
    client.check("Gateway killed", &owner, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_cut_off() {
    let app = App::start().await;
    let owner = app.owner().await;
    let proxy = Proxy::before(app.address).await;
    let (_keep, gateway) = watch::channel(proxy.address.to_string());
    let client = Client::new(&owner, gateway, mutations()).await;
    let acknowledged = Arc::clone(&client).send().await;
    client.check("Answers cut off", &owner, &acknowledged).await;
    println!("{} answers were cut off", proxy.cut.load(Ordering::Relaxed));
}
