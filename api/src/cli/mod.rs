//! Implements the commands of `praxis`, one file each.

mod doctor;
mod lint;
mod migrate;
mod missing;
mod parse;
mod refresh;
mod schema;
mod seed;
mod serve;
mod token;

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio_postgres::error::SqlState;

pub use self::parse::parse;
use crate::config::{DATABASE, LogArgs, LogFormat, ServeArgs, pool};
use crate::database::{Access, DatabaseConfig, Pool};

/// The error of a failed command; its text is for the person at the terminal.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A GraphQL gateway over Postgres row-level security, for practice data.
#[derive(Debug, Parser)]
#[command(name = "praxis", version, about, args_conflicts_with_subcommands = true, max_term_width = 120)]
pub struct Praxis {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve GraphQL; the default command
    Serve(Box<ServeArgs>),
    /// Apply or revert migrations, or show their status
    Migrate(migrate::MigrateArgs),
    /// Fill a database with data
    Seed(seed::SeedArgs),
    /// Refresh summaries whose data has changed since the last time
    Refresh(refresh::RefreshArgs),
    /// Print a development token of a user
    Token(token::TokenArgs),
    /// Print the GraphQL schema
    Schema(schema::SchemaArgs),
    /// Report errors in the configuration and the database, with remedies
    Doctor(Box<ServeArgs>),
    /// Check a database and the text of migrations against the rulebook
    ///
    /// Exits with 0 if every rule holds, with 1 if one does not, and with 2 if they could not be checked.
    Lint(lint::LintArgs),
}

impl Praxis {
    /// Runs the command, and returns the exit code of the process.
    pub async fn run(self) -> Result<ExitCode, Failure> {
        let done = match self.command {
            None => serve::run(&self.serve).await,
            Some(Command::Serve(args)) => serve::run(&args).await,
            Some(Command::Migrate(args)) => migrate::run(args).await,
            Some(Command::Seed(args)) => seed::run(args).await,
            Some(Command::Refresh(args)) => refresh::run(args).await,
            Some(Command::Token(args)) => token::run(args).await,
            Some(Command::Schema(args)) => schema::run(&args),
            Some(Command::Doctor(args)) => doctor::run(&args).await,
            Some(Command::Lint(args)) => return Ok(lint::run(&args).await),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Prints the error of a failed command, and returns its exit code.
pub fn report(error: &dyn Error) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors repeat their cause in their own text.
        if !text.contains(&cause_text) {
            text.push_str("\n  caused by: ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    say_error(&text);
    ExitCode::FAILURE
}

/// Writes a line to standard output: the result of a command.
fn say(text: &str) {
    // A reader that has closed the pipe (`praxis schema | head`) wants no more lines.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes a line to standard error: progress and failures.
fn say_error(text: &str) {
    // If standard error is closed, there is nowhere to report it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The libraries whose lower log levels would log headers with tokens, statements or values.
const LIBRARIES_AT_WARN: [&str; 9] =
    ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tokio_postgres", "tower_http", "tungstenite", "sqlx"];

/// Starts the log on standard error.
fn start_log(args: &LogArgs) -> Result<(), Failure> {
    let mut filter = tracing_subscriber::EnvFilter::try_new(&args.log)
        .map_err(|error| format!("--log {:?} is not a filter: {error}", args.log))?;
    for library in LIBRARIES_AT_WARN {
        filter = filter.add_directive(format!("{library}=warn").parse()?);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
}

/// Returns a pool with default settings, for a command without options for it.
fn default_pool(url: &str) -> Result<Pool, Failure> {
    let config = DatabaseConfig {
        pool_size: 1,
        pool_timeout: std::time::Duration::from_secs(10),
        statement_timeout: std::time::Duration::from_mins(10),
        ..DatabaseConfig::new(url)
    };
    Ok(pool(DATABASE, &config)?)
}

/// Opens a connection for a command.
async fn connect(url: &str, access: Access) -> Result<tokio_postgres::Client, Failure> {
    let (client, connection) = default_pool(url)?.connect_unpooled(access).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Adds a remedy if a command for the tables' owner got another role's URL, or a database without tables.
fn explain(error: tokio_postgres::Error) -> Failure {
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            "this role may not do that, and the gateway's own never may: give --database-url the owner of the tables, \
             such as postgres://owner@host/database"
                .into()
        }
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_FUNCTION | &SqlState::INVALID_SCHEMA_NAME) => {
            "this database has no tables of Praxis yet; run `praxis migrate up`".into()
        }
        _ => error.into(),
    }
}
