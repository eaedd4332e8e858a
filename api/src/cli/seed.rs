//! `praxis seed`

use clap::{Args, Subcommand};

use super::{Failure, say};
use crate::config::DatabaseArgs;
use crate::database::embedded;
use crate::systems;
use crate::systems::demo::ResetError;

#[derive(Args, Debug)]
pub(super) struct SeedArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The demo data: the same on every database
    Demo {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Delete everything first, and load it as on a new database. Only where nothing but the demo is: a database with
        /// other accounts, or with tables that were there before Praxis, is refused
        #[arg(long)]
        reset: bool,
    },
}

pub(super) async fn run(args: SeedArgs) -> Result<(), Failure> {
    let What::Demo { database, reset } = args.what;
    let url = match database.database_url {
        Some(url) => url,
        None => embedded::attach(&database.data_dir)?.superuser_url(),
    };
    if reset {
        let mut client = super::connect(&url).await?;
        let summary = systems::demo::reset(&mut client).await.map_err(|error| match error {
            ResetError::Database(error) => super::explain(error),
            error => error.into(),
        })?;
        say(&format!("Deleted what was there. {summary}"));
    } else {
        say(&demo(&url).await?);
    }
    Ok(())
}

/// Fills a database with the demo data, as the owner of its tables; the text says what was done.
pub(super) async fn demo(url: &str) -> Result<String, Failure> {
    let mut client = super::connect(url).await?;
    Ok(systems::demo::seed(&mut client).await.map_err(super::explain)?.to_string())
}
