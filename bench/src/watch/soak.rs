//! `bench soak`: reads, writes and subscriptions for minutes, with an eye on memory and connections.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;

use super::people::{self, Cast};
use super::subscriber::Subscriber;
use super::{Scene, Seen, Taps, memory};
use crate::database::{Database, connect};
use crate::gateway::Gateway;
use crate::load::{HttpConnection, Request, Url};
use crate::{Failure, FolderArgs};

/// Subscribers, one of whom goes away and comes back at every pause.
const SUBSCRIBERS: usize = 200;
const PAUSE: Duration = Duration::from_millis(200);
/// Connections that read, and how long each rests between two reads.
const READERS: usize = 8;
const REST: Duration = Duration::from_millis(20);
/// Events in a second.
const RATE: f64 = 50.0;
/// How often memory and connections are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// Connections to Postgres that the gateway may have.
const POOL: usize = 16;
/// What memory may grow by from the end of the first fifth on, beside a tenth, in MB.
const SLACK: u64 = 10;

const READ: &str = "query($protocol: BigInt!) { protocol(recordId: $protocol) { sessionDate substance { substanceName }
  events(last: 50, orderBy: [{ eventTimestamp: ASC }]) { nodes { eventTimestamp intensityLevel eventType { eventName } } }
  integrationScores { totalCount } } }";

#[derive(Args, Debug)]
pub(crate) struct SoakArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
    /// How long
    #[arg(long, default_value_t = 5.0, value_name = "N")]
    minutes: f64,
}

/// Soaks the gateway; fails where its memory or its connections grow.
pub(crate) async fn run(database: &Database, args: &SoakArgs) -> Result<(), Failure> {
    let owner = connect(&database.owner_url()).await?;
    let cast = people::cast(&owner, database, Scene::ManyProtocols, SUBSCRIBERS).await?;
    let gateway = Gateway::start(&database.gateway_url(), database.secret(), POOL).await?;
    let time = Duration::from_secs_f64(args.minutes * 60.0);
    let seen = Arc::new(Seen::default());
    let reads = Arc::new(AtomicU64::new(0));

    let mut work: JoinSet<Result<(), Failure>> = JoinSet::new();
    for _ in 0..READERS {
        work.spawn(read(
            gateway.url.clone(),
            cast.clinician.clone(),
            cast.protocols.clone(),
            Arc::clone(&reads),
        ));
    }
    work.spawn(come_and_go(gateway.url.clone(), cast.watchers.clone(), Arc::clone(&seen)));
    let Cast { clinician, protocols, .. } = cast;
    let url = gateway.url.clone();
    let writing =
        tokio::spawn(async move { Taps { token: clinician, protocols }.log(&url, RATE, time).await });

    let mut out = std::io::stdout();
    writeln!(out, "| seconds | memory MB | connections | reads | deliveries |\n|--:|--:|--:|--:|--:|")?;
    let begun = Instant::now();
    let mut sizes = Vec::new();
    while begun.elapsed() < time {
        tokio::time::sleep(LOOK).await;
        if let Some(ended) = work.try_join_next() {
            return Err(ended?.err().unwrap_or_else(|| "a worker ended".into()));
        }
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'praxis_gateway'";
        let connections: i64 = owner.query_one(sql, &[]).await?.get(0);
        let size = memory(gateway.pid());
        sizes.push(size);
        writeln!(
            out,
            "| {} | {size} | {connections} | {} | {} |",
            begun.elapsed().as_secs(),
            reads.load(Ordering::Relaxed),
            seen.deliveries.load(Ordering::Relaxed)
        )?;
        // The pool, the one beside it for reference tables, and the one that listens.
        if usize::try_from(connections)? > POOL + 2 {
            return Err(format!("{connections} connections to Postgres").into());
        }
    }
    let logged = writing.await??;
    work.abort_all();
    people::leave(&owner).await?;
    let (early, late) = (sizes[sizes.len() / 5], sizes[sizes.len() - 1]);
    writeln!(
        out,
        "\n{logged} events logged; memory {early} MB after a fifth of the time, {late} MB at the end"
    )?;
    if late > early + early / 10 + SLACK {
        return Err("memory grows".into());
    }
    Ok(())
}

/// Reads protocols in turn.
async fn read(url: Url, token: String, protocols: Vec<i64>, reads: Arc<AtomicU64>) -> Result<(), Failure> {
    let ask = |protocol: &i64| Request::new(&url, &token, READ, &json!({ "protocol": protocol }));
    let requests: Arc<[Request]> = protocols.iter().map(ask).collect();
    let mut connection = HttpConnection::open(&url, requests).await?;
    for turn in 0.. {
        let answer = connection.answer(turn).await?;
        if !answer.head.starts_with("HTTP/1.1 200") {
            return Err(format!("a read failed: {}", String::from_utf8_lossy(answer.body)).into());
        }
        reads.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(REST).await;
    }
    Ok(())
}

/// Subscribers who watch; every now and then one goes away and comes back.
async fn come_and_go(url: Url, watchers: Vec<(String, i64)>, seen: Arc<Seen>) -> Result<(), Failure> {
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
