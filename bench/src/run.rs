//! `bench run`: measures all cases and all contenders, in turn.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use clap::Args;
use praxis::auth::development::{DevelopmentClaims, issue};
use tokio_postgres::Client;

use crate::cases::{self, Case};
use crate::compare::rows;
use crate::contender::{Contender, as_many, ask, same};
use crate::database::{Database, connect};
use crate::floor::Floor;
use crate::gateway::Gateway;
use crate::load::{Pace, Request, Times, Url};
use crate::report::{self, Sample, Series};
use crate::{Failure, FolderArgs, cpu, data, picture, say, scans};

/// The default duration of a run, in seconds.
const RUN: f64 = 300.0;
/// The load by other processes from which the report mentions it, in processors.
const BUSY: f64 = 0.15;
/// Answers of a write that are compared.
const COMPARED: usize = 3;
/// The longest useful measurement, in seconds.
const LONGEST: f64 = 10.0;

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
    /// Seconds of each load [default: so that the run takes about five minutes]
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// Number of rounds; the report shows medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    rounds: u32,
    /// Connections of the client, and of each server to Postgres
    #[arg(long, default_value_t = 16, value_name = "N")]
    connections: usize,
    /// Constant rate of the open load, as a part of the rate of the same contender's closed load
    #[arg(long, default_value_t = 0.5, value_name = "PART")]
    load: f64,
    /// Only this case; may be given several times
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// Another GraphQL server over the same database, which gets <NAME>.graphql of each case; may be given several times
    #[arg(long, value_name = "NAME=URL")]
    peer: Vec<Peer>,
    /// Measure only the gateway; its answers are still compared with the floor's
    #[arg(long, conflicts_with = "peer")]
    only_gateway: bool,
    /// Folder of the cases
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/cases"), value_name = "FOLDER")]
    cases: PathBuf,
    /// File for a picture of the results
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Another GraphQL server.
#[derive(Clone, Debug)]
struct Peer {
    name: String,
    url: Url,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, url) = text.split_once('=').ok_or("a peer is NAME=URL")?;
        Ok(Self { name: name.to_owned(), url: url.parse()? })
    }
}

/// A contender in a case, with its samples so far.
struct Entry {
    contender: Contender,
    series: Series,
}

pub(crate) async fn run(database: &Database, args: &RunArgs) -> Result<String, Failure> {
    let mut cases = cases::read(&args.cases, &args.case)?;
    let owner = connect(&database.owner_url()).await?;
    let scale = data::ensure(database).await?;
    let backend: i32 = owner.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let postgres = u32::try_from(backend).ok().and_then(cpu::parent);
    let gateway = Gateway::start(&database.gateway_url(), database.secret(), args.connections).await?;

    let mut tokens = HashMap::new();
    let mut entered = Vec::with_capacity(cases.len());
    for case in &mut cases {
        case.prepare(&owner).await?;
    }
    for case in &cases {
        if !tokens.contains_key(&case.caller) {
            tokens.insert(case.caller.clone(), token(&owner, database, &case.caller).await?);
        }
        let token = &tokens[&case.caller];
        entered.push(enter(case, token, database, &owner, &gateway, args).await?);
        say(&format!("{}: the answers are the same.", case.name));
        scans::watch(&owner, database, case, token, scale).await?;
    }
    // An idle connection costs nothing, but it is counted.
    drop(owner);

    let loads: usize = entered.iter().map(|(_, entries)| entries.len() * 2).sum();
    let times = times(args, loads);
    say(&format!(
        "Measuring {} loads of {:.1} s, {} times.",
        loads,
        times.measured.as_secs_f64(),
        args.rounds
    ));
    for round in 1..=args.rounds {
        for (case, (_, entries)) in cases.iter().zip(&mut entered) {
            for entry in entries {
                let sample = measure(&entry.contender, case, database, args, times, postgres)
                    .await
                    .map_err(|error| format!("{}, {}: {error}", case.name, entry.series.name))?;
                say(&format!(
                    "  round {round}, {}, {}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms{}",
                    case.name,
                    entry.series.name,
                    sample.rate,
                    sample.p50,
                    sample.p99,
                    sample.others.filter(|others| *others > BUSY).map_or_else(String::new, |others| format!(
                        " (others kept {others:.1} processors busy)"
                    ))
                ));
                entry.series.samples.push(sample);
            }
        }
    }

    let results: Vec<report::Result> = cases
        .into_iter()
        .zip(entered)
        .map(|(case, (rows, entries))| report::Result {
            case: case.name,
            rows,
            series: entries.into_iter().map(|entry| entry.series).collect(),
        })
        .collect();
    if let Some(path) = &args.svg {
        std::fs::write(path, picture::draw(&results))?;
    }
    if let Some((average, most)) = report::others(&results) {
        say(&format!("Other processes kept {average:.2} processors busy meanwhile, at most {most:.2}."));
    }
    Ok(report::table(&results))
}

/// Creates a case's contenders and compares their answers. Also returns the number of rows of an answer.
async fn enter(
    case: &Case,
    token: &str,
    database: &Database,
    owner: &Client,
    gateway: &Gateway,
    args: &RunArgs,
) -> Result<(usize, Vec<Entry>), Failure> {
    let requests = |url: &Url, query: &str| -> Vec<Request> {
        case.variables.iter().map(|variables| Request::new(url, token, query, variables)).collect()
    };
    let entry = |name: &str, contender: Contender, counts: Option<(u32, u32)>| Entry {
        contender,
        series: Series { name: name.to_owned(), samples: Vec::new(), counts },
    };

    let mut asked = requests(&gateway.url, &case.query);
    // A write has many requests, whose answers have the same length.
    let first = if case.write.is_some() { asked.len().min(COMPARED) } else { asked.len() };
    // The first answer may have filled caches; the second shows the usual cost.
    ask(&gateway.url, &mut asked[..first]).await?;
    undo(case, owner).await?;
    let ours = ask(&gateway.url, &mut asked[..first]).await?;
    undo(case, owner).await?;
    let mut floor = Floor::new(&database.gateway_url(), token, case)?;
    same(case, &ours.data, &floor.answers(first).await?)?;
    undo(case, owner).await?;
    if case.write.is_some() {
        let length = asked[0].length;
        for request in &mut asked {
            request.length = length;
        }
    }
    let http = |url: &Url, requests: Vec<Request>, pid| Contender::Http {
        url: url.clone(),
        requests: requests.into(),
        pid,
    };
    let mut entries = vec![entry("gateway", http(&gateway.url, asked, Some(gateway.pid())), ours.counts)];
    if !args.only_gateway {
        entries.push(entry("floor", Contender::Floor(Arc::new(floor)), Some((1, 1))));
    }
    for peer in &args.peer {
        let Some(query) = case.peer(&peer.name)? else { continue };
        let mut asked = requests(&peer.url, &query);
        let theirs = ask(&peer.url, &mut asked).await?;
        as_many(&case.name, &peer.name, &ours.data, &theirs.data)?;
        entries.push(entry(
            &peer.name,
            http(&peer.url, asked, peer.url.local_port().and_then(cpu::listener)),
            theirs.counts,
        ));
    }
    Ok((ours.data.first().map(rows).unwrap_or_default(), entries))
}

async fn measure(
    contender: &Contender,
    case: &Case,
    database: &Database,
    args: &RunArgs,
    times: Times,
    postgres: Option<u32>,
) -> Result<Sample, Failure> {
    let most = contender.measure(args.connections, Pace::Closed, times, postgres).await?;
    undo_alone(case, database).await?;
    let steady =
        contender.measure(args.connections, Pace::Open(most.rate * args.load), times, postgres).await?;
    undo_alone(case, database).await?;
    Ok(Sample {
        rate: most.rate,
        p50: steady.percentile(50.0),
        p99: steady.percentile(99.0),
        cpu: most.cpu,
        others: most.others,
    })
}

/// Deletes the rows that a case has written.
async fn undo(case: &Case, owner: &Client) -> Result<(), Failure> {
    match &case.write {
        Some(write) => write.undo(owner).await,
        None => Ok(()),
    }
}

/// Does the same over a connection of its own.
async fn undo_alone(case: &Case, database: &Database) -> Result<(), Failure> {
    if case.write.is_some() { undo(case, &connect(&database.owner_url()).await?).await } else { Ok(()) }
}

/// Returns the duration of each load.
#[expect(clippy::cast_precision_loss, reason = "a few dozen loads")]
fn times(args: &RunArgs, loads: usize) -> Times {
    let each = RUN / (loads.max(1) as f64 * f64::from(args.rounds));
    // A fifth more is for warming up.
    let measured =
        args.seconds.unwrap_or(each / 1.2).clamp(0.2, LONGEST.max(args.seconds.unwrap_or_default()));
    Times { warm_up: Duration::from_secs_f64(measured * 0.2), measured: Duration::from_secs_f64(measured) }
}

/// Returns a token of a user.
async fn token(owner: &Client, database: &Database, email: &str) -> Result<String, Failure> {
    let row = owner.query_opt("SELECT id::text FROM auth.users WHERE email = $1", &[&email]).await?;
    let id: String = row.ok_or_else(|| format!("there is no user with the address {email}"))?.get(0);
    Ok(issue(database.secret(), &DevelopmentClaims::new(id, email), Utc::now())?)
}
