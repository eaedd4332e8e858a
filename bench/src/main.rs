//! `bench`: generates data at network scale and load, and compares the gateway with plain SQL.
#![expect(clippy::disallowed_methods, reason = "it measures time, with the clocks that there are")]

mod cases;
mod compare;
mod contender;
mod cpu;
mod data;
mod database;
mod floor;
mod gateway;
mod hostile;
mod load;
mod picture;
mod report;
mod run;
mod scans;
mod watch;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use database::Database;

/// The error of a failed command; its text is for the person at the terminal.
pub(crate) type Failure = praxis::cli::Failure;

/// Data at network scale, load, and the same work in plain SQL.
#[derive(Debug, Parser)]
#[command(name = "bench", max_term_width = 120)]
struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load data at network scale; continues an interrupted run
    Data(DataArgs),
    /// Measure the gateway, plain SQL and peers
    Run(run::RunArgs),
    /// Measure how long a logged event takes to reach every subscriber
    Watch(watch::WatchArgs),
    /// Read, write and subscribe for minutes, and watch memory and connections
    Soak(watch::soak::SoakArgs),
    /// Keep the database running, for peers
    Database(FolderArgs),
}

#[derive(Args, Clone, Debug)]
struct FolderArgs {
    /// Folder of the Postgres that is measured
    #[arg(long, default_value = ".praxis-bench", value_name = "FOLDER")]
    data_dir: PathBuf,
}

#[derive(Args, Debug)]
struct DataArgs {
    /// 1: 100 sites, 50,000 protocols, 1 million events, 400,000 scores; 20: twenty times the rows
    #[arg(long, default_value_t = 1.0, value_parser = scale, value_name = "N")]
    scale: f64,
    #[command(flatten)]
    folder: FolderArgs,
}

fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.02..=1000.0).contains(&scale) { Ok(scale) } else { Err("a scale is from 0.02 to 1000".to_owned()) }
}

fn main() -> ExitCode {
    let bench = Bench::parse();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(bench.command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => praxis::cli::report(error.as_ref()),
    }
}

/// Runs a command; Ctrl-C ends it, and Postgres with it.
async fn run(command: Command) -> Result<(), Failure> {
    let folder = match &command {
        Command::Data(args) => &args.folder,
        Command::Run(args) => &args.folder,
        Command::Watch(args) => &args.folder,
        Command::Soak(args) => &args.folder,
        Command::Database(args) => args,
    };
    let database = Database::open(&folder.data_dir).await?;
    let done = tokio::select! {
        done = execute(&command, &database) => done,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Failure::from),
    };
    database.close().await?;
    done
}

async fn execute(command: &Command, database: &Database) -> Result<(), Failure> {
    match command {
        Command::Data(args) => data::load(database, args.scale).await,
        Command::Run(args) => {
            let table = run::run(database, args).await?;
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
        Command::Watch(args) => {
            data::ensure(database).await?;
            watch::run(database, args).await
        }
        Command::Soak(args) => {
            data::ensure(database).await?;
            watch::soak::run(database, args).await
        }
        Command::Database(_) => {
            say(&format!("Postgres is running: {}", database.gateway_url()));
            std::future::pending().await
        }
    }
}

/// Writes a line of progress to standard error.
pub(crate) fn say(text: &str) {
    // If standard error is closed, there is nowhere to report it.
    let _ = writeln!(std::io::stderr(), "{text}");
}
