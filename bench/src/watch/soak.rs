//! `bench soak`: reads, writes and subscribes for minutes and watches memory and connections; first without, then with hostile
//! clients of every kind.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::JoinSet;

use super::people::{self, SceneUsers};
use super::subscriber::Subscriber;
use super::{Scene, Seen, Taps, memory};
use crate::database::{Database, connect};
use crate::gateway::Gateway;
use crate::hostile::{KINDS, Kind, Target, unleash};
use crate::load::{HttpConnection, Request, Url};
use crate::{Failure, FolderArgs};

/// Number of subscribers; at every pause one of them disconnects and reconnects.
const SUBSCRIBERS: usize = 200;
const PAUSE: Duration = Duration::from_millis(200);
/// Number of connections that read, and the pause of each between two reads.
const READERS: usize = 8;
const READ_PAUSE: Duration = Duration::from_millis(20);
/// Events per second.
const RATE: f64 = 50.0;
/// The interval between two measurements of memory and connections.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// The largest number of connections that the gateway may have to Postgres.
const POOL: usize = 16;
/// The time within which the number of connections must be what the gateway may have.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);
/// The growth of memory that is allowed without hostile clients after the first fifth of the time, in addition to a tenth, in MB.
const ALLOWED_GROWTH: u64 = 10;
/// The memory that the gateway may hold for clients, and the most that it may use besides, in MB: for work in progress, and for
/// memory that the allocator has not yet returned.
const CLIENT_MEMORY: u64 = 256;
const OTHER_MEMORY: u64 = 256;
/// The factor by which the slowest hundredth of honest requests may slow down beside hostile clients.
const SLOWER: u64 = 3;

const READ: &str = "query($protocol: BigInt!) { protocol(recordId: $protocol) { sessionDate substance { substanceName }
  events(last: 50, orderBy: [{ eventTimestamp: ASC }]) { nodes { eventTimestamp intensityLevel eventType { eventName } } }
  integrationScores { totalCount } } }";

#[derive(Args, Debug)]
pub(crate) struct SoakArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
    /// Minutes to run
    #[arg(long, default_value_t = 5.0, value_name = "N")]
    minutes: f64,
    /// Hostile clients of each kind, in the second half of the time; 0 for none
    #[arg(long, default_value_t = 8, value_name = "N")]
    hostile: usize,
    /// Only hostile clients of this kind, by its name; may be given several times
    #[arg(long, value_name = "NAME", value_parser = kind)]
    kind: Vec<Kind>,
}

/// Returns a kind of hostile client by its name, in upper or lower case.
fn kind(name: &str) -> Result<Kind, String> {
    let is_named = |kind: &Kind| format!("{kind:?}").eq_ignore_ascii_case(name);
    KINDS.into_iter().find(is_named).ok_or_else(|| format!("there are {KINDS:?}"))
}

/// The latencies of honest reads, in microseconds.
struct Reads {
    count: AtomicU64,
    is_quiet: AtomicBool,
    quiet: Mutex<Histogram<u64>>,
    beside: Mutex<Histogram<u64>>,
}

impl Reads {
    fn new() -> Result<Self, Failure> {
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3);
        let (quiet, beside) = (Mutex::new(histogram()?), Mutex::new(histogram()?));
        Ok(Self { count: AtomicU64::new(0), is_quiet: AtomicBool::new(true), quiet, beside })
    }

    fn record(&self, took: Duration) -> Result<(), Failure> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let latencies = if self.is_quiet.load(Ordering::Relaxed) { &self.quiet } else { &self.beside };
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        latencies.lock().map_err(|_| "a reader panicked")?.saturating_record(microseconds);
        Ok(())
    }
}

/// Soaks the gateway; fails if its memory or its connections grow, or if hostile clients harm honest ones.
pub(crate) async fn run(database: &Database, args: &SoakArgs) -> Result<(), Failure> {
    let owner = connect(&database.owner_url()).await?;
    let mut cast = people::create_users(&owner, database, Scene::ManyProtocols, SUBSCRIBERS + 1).await?;
    let (intruder, _) = cast.watchers.pop().ok_or("nobody watches")?;
    let settings = ["--memory", &CLIENT_MEMORY.to_string()];
    let gateway = Gateway::start_with(&database.gateway_url(), database.secret(), POOL, &settings).await?;
    let time = Duration::from_secs_f64(args.minutes * 60.0);
    let kinds = if args.kind.is_empty() { &KINDS[..] } else { &args.kind };
    let seen = Arc::new(Seen::default());
    let reads = Arc::new(Reads::new()?);

    let mut work: JoinSet<Result<(), Failure>> = JoinSet::new();
    for _ in 0..READERS {
        work.spawn(read(
            gateway.url.clone(),
            cast.clinician.clone(),
            cast.protocols.clone(),
            Arc::clone(&reads),
        ));
    }
    work.spawn(run_subscribers(gateway.url.clone(), cast.watchers.clone(), Arc::clone(&seen)));
    let SceneUsers { clinician, protocols, .. } = cast;
    let url = gateway.url.clone();
    let writing =
        tokio::spawn(async move { Taps { token: clinician, protocols }.log(&url, RATE, time).await });

    let mut out = std::io::stdout();
    writeln!(out, "| seconds | memory MB | connections | reads | deliveries |\n|--:|--:|--:|--:|--:|")?;
    let begun = Instant::now();
    let mut sizes = Vec::new();
    let mut attacks = Vec::new();
    let mut most = 0;
    while begun.elapsed() < time {
        tokio::time::sleep(MEASURE_EVERY).await;
        if let Some(ended) = work.try_join_next() {
            return Err(ended?.err().unwrap_or_else(|| "a worker ended".into()));
        }
        let connections = connections(&owner).await?;
        let size = memory(gateway.pid());
        if attacks.is_empty() {
            sizes.push(size);
        }
        most = most.max(size);
        let is_time = args.hostile > 0 && begun.elapsed() >= time / 2;
        if is_time && attacks.is_empty() {
            let target = Target { address: gateway.url.authority().to_owned(), token: intruder.clone() };
            attacks.extend(kinds.iter().map(|kind| unleash(*kind, args.hostile, &target)));
            reads.is_quiet.store(false, Ordering::Relaxed);
        }
        writeln!(
            out,
            "| {} | {size} | {connections} | {} | {} |",
            begun.elapsed().as_secs(),
            reads.count.load(Ordering::Relaxed),
            seen.deliveries.load(Ordering::Relaxed)
        )?;
    }
    let logged = writing.await??;
    work.abort_all();
    drop(attacks);
    people::leave(&owner).await?;
    let (early, late) = (sizes[sizes.len() / 5], sizes[sizes.len() - 1]);
    writeln!(
        out,
        "\n{logged} events logged; memory {early} MB after a fifth of the time, {late} MB at the end"
    )?;
    if late > early + early / 10 + ALLOWED_GROWTH {
        return Err("memory grows".into());
    }
    if args.hostile == 0 {
        return Ok(());
    }
    tokio::time::sleep(MEASURE_EVERY).await;
    let after = memory(gateway.pid());
    let slowest = |latencies: &Mutex<Histogram<u64>>| -> Result<u64, Failure> {
        Ok(latencies.lock().map_err(|_| "a reader panicked")?.value_at_quantile(0.99))
    };
    let (quiet, beside) = (slowest(&reads.quiet)?, slowest(&reads.beside)?);
    writeln!(
        out,
        "beside {} hostile clients: p99 of honest reads {beside} µs, {quiet} µs in quiet; memory {most} MB at most, \
         {after} MB afterwards",
        args.hostile * kinds.len()
    )?;
    if most > late + CLIENT_MEMORY + OTHER_MEMORY {
        return Err("hostile clients take more memory than there is for clients".into());
    }
    if after > late + OTHER_MEMORY / 2 {
        return Err("memory is not released".into());
    }
    if beside > quiet * SLOWER {
        return Err("hostile clients make honest ones wait".into());
    }
    Ok(())
}

/// Returns the number of the gateway's connections to Postgres. Fails if it stays above the pool and three more: those for reference
/// tables, for changes, and for checks of the database.
async fn connections(owner: &tokio_postgres::Client) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'praxis_gateway'";
    let begun = Instant::now();
    loop {
        let connections: i64 = owner.query_one(sql, &[]).await?.get(0);
        if usize::try_from(connections)? <= POOL + 3 {
            return Ok(connections);
        }
        // The process of a connection that was closed ends a moment later.
        if begun.elapsed() > SETTLED_WITHIN {
            return Err(format!("{connections} connections to Postgres").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Reads the protocols in turn.
async fn read(url: Url, token: String, protocols: Vec<i64>, reads: Arc<Reads>) -> Result<(), Failure> {
    let ask = |protocol: &i64| Request::new(&url, &token, READ, &json!({ "protocol": protocol }));
    let requests: Arc<[Request]> = protocols.iter().map(ask).collect();
    let mut connection = HttpConnection::open(&url, requests).await?;
    for turn in 0.. {
        let asked = Instant::now();
        let answer = connection.answer(turn).await?;
        if !answer.head.starts_with("HTTP/1.1 200") {
            return Err(format!("a read failed: {}", String::from_utf8_lossy(answer.body)).into());
        }
        reads.record(asked.elapsed())?;
        tokio::time::sleep(READ_PAUSE).await;
    }
    Ok(())
}

/// Runs the subscribers; from time to time one disconnects and reconnects.
async fn run_subscribers(url: Url, watchers: Vec<(String, i64)>, seen: Arc<Seen>) -> Result<(), Failure> {
    let connect = async |(token, protocol): &(String, i64)| {
        let subscriber = Subscriber::connect(url.clone(), token.clone(), *protocol).await?;
        Ok::<_, Failure>(tokio::spawn(subscriber.watch(Arc::clone(&seen))))
    };
    let mut watching = Vec::with_capacity(watchers.len());
    for watcher in &watchers {
        watching.push(connect(watcher).await?);
    }
    for turn in 0.. {
        tokio::time::sleep(PAUSE).await;
        let at = turn % watchers.len();
        if watching[at].is_finished() {
            return Err("the gateway ended a subscription".into());
        }
        watching[at].abort();
        watching[at] = connect(&watchers[at]).await?;
    }
    Ok(())
}
