//! `bench watch`: measures how long a logged event takes to reach every subscriber.
//!
//! Events are logged by mutations over HTTP at a constant rate, each with the time of its tap in its notes; subscribers over
//! `WebSockets` record the age of an event when it arrives. A delivery therefore includes everything: the request, the commit,
//! the notification, the read under the subscriber's own rights, and the delivery of the answer.

mod people;
pub(crate) mod soak;
mod subscriber;
mod tap;

use std::fs;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use crate::cpu::{self, Meter};
use crate::database::{Database, connect};
use crate::gateway::Gateway;
use crate::{Failure, FolderArgs, say};
use subscriber::Subscriber;
pub(crate) use tap::Taps;

/// The longest time that the last events may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Number of subscribers that connect at the same time.
const AT_ONCE: usize = 50;

#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
    /// Scene to measure: the subscribers, and the protocols that they watch; without it, all scenes in turn
    #[arg(long, value_enum)]
    scene: Option<Scene>,
    /// Subscribers, each with a connection of its own
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    subscribers: usize,
    /// Events per second
    #[arg(long, default_value_t = 100.0, value_name = "N")]
    rate: f64,
    /// Seconds of events
    #[arg(long, default_value_t = 20, value_name = "N")]
    seconds: u64,
}

/// The scenes, which assign protocols to the subscribers who watch them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scene {
    /// One person watches one protocol on many devices
    OnePerson,
    /// Many people watch the same protocol
    OneProtocol,
    /// Each person watches another protocol
    ManyProtocols,
}

const SCENES: [Scene; 3] = [Scene::OnePerson, Scene::OneProtocol, Scene::ManyProtocols];

/// The deliveries that the subscribers have seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) deliveries: AtomicU64,
    pub(crate) latencies: std::sync::Mutex<Vec<u32>>,
}

pub(crate) async fn run(database: &Database, args: &WatchArgs) -> Result<(), Failure> {
    let owner = connect(&database.owner_url()).await?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| who watches | deliveries | missing | p50 ms | p99 ms | max ms | gateway CPU s | Postgres CPU s | memory before, after MB \
         |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    for scene in SCENES.into_iter().filter(|scene| args.scene.is_none_or(|wanted| wanted == *scene)) {
        let line = watch(database, &owner, args, scene).await;
        people::leave(&owner).await?;
        writeln!(out, "{}", line?)?;
    }
    Ok(())
}

async fn watch(
    database: &Database,
    owner: &Client,
    args: &WatchArgs,
    scene: Scene,
) -> Result<String, Failure> {
    let many = args.subscribers;
    let cast = people::create_users(owner, database, scene, many).await?;
    let gateway = Gateway::start(&database.gateway_url(), database.secret(), 16).await?;
    say(&format!("{scene:?}: {many} subscribers connect"));
    let seen = Arc::new(Seen::default());
    let mut watching = JoinSet::new();
    for watchers in cast.watchers.chunks(AT_ONCE) {
        let mut connecting = JoinSet::new();
        for (token, protocol) in watchers {
            connecting.spawn(Subscriber::connect(gateway.url.clone(), token.clone(), *protocol));
        }
        for subscriber in connecting.join_all().await {
            watching.spawn(subscriber?.watch(Arc::clone(&seen)));
        }
    }
    let before = memory(gateway.pid());
    let postgres = owner.query_one("SELECT pg_backend_pid()", &[]).await?.get::<_, i32>(0);
    let postgres = u32::try_from(postgres).ok().and_then(cpu::parent);
    let meter = Meter { server: Some(gateway.pid()), postgres };
    let spent = meter.read();

    say(&format!("{scene:?}: {} events a second for {} seconds", args.rate, args.seconds));
    let taps = Taps { token: cast.clinician, protocols: cast.protocols };
    let logged = taps.log(&gateway.url, args.rate, Duration::from_secs(args.seconds)).await?;
    let watchers_of_an_event = if scene == Scene::ManyProtocols { 1 } else { many as u64 };
    let expected = logged * watchers_of_an_event;
    let waiting = Instant::now();
    while seen.deliveries.load(Ordering::Relaxed) < expected && waiting.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let spent = meter.read() - spent;
    let after = memory(gateway.pid());
    watching.abort_all();

    let mut latencies = Histogram::<u64>::new(3)?;
    for microseconds in seen.latencies.lock().map_err(|_| "a subscriber panicked")?.iter() {
        latencies.record(u64::from(*microseconds))?;
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of latency")]
    let milliseconds = |at: u64| at as f64 / 1_000.0;
    Ok(format!(
        "| {scene:?} | {} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {before}, {after} |",
        latencies.len(),
        expected.saturating_sub(latencies.len()),
        milliseconds(latencies.value_at_percentile(50.0)),
        milliseconds(latencies.value_at_percentile(99.0)),
        milliseconds(latencies.max()),
        spent.server.unwrap_or_default(),
        spent.postgres.unwrap_or_default(),
    ))
}

/// Returns the memory that a process holds, in MB; 0 if unknown.
pub(crate) fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}
