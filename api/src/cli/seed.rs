//! `praxis seed`: fills a database with data.

use clap::{Args, Subcommand};

use super::{Failure, say};
use crate::config::{DatabaseArgs, SystemArgs};
use crate::database::{Access, embedded};
use crate::graph::catalog::System;
use crate::systems;
use crate::systems::demo::{self, ResetError};

#[derive(Args, Debug)]
pub(super) struct SeedArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The demo data of the chosen systems that the database has: the same in every database
    Demo {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        systems: SystemArgs,
        /// Delete everything first, and load the data as into a new database. Refused for a database with other accounts, or with
        /// tables from before Praxis
        #[arg(long)]
        reset: bool,
    },
}

pub(super) async fn run(args: SeedArgs) -> Result<(), Failure> {
    let What::Demo { database, systems, reset } = args.what;
    let systems = systems.chosen()?;
    let url = match database.database_url {
        Some(url) => url,
        None => embedded::attach(&database.data_dir)?.superuser_url(),
    };
    if reset {
        let mut client = super::connect(&url, Access::Writes).await?;
        let summary = demo::reset(&mut client, &systems::demos(&systems::ALL), &systems::demos(&systems))
            .await
            .map_err(|error| match error {
                ResetError::Database(error) => super::explain(error),
                error => error.into(),
            })?;
        say(&format!("Deleted all rows. {summary}"));
    } else {
        say(&demo(&url, &systems).await?);
    }
    Ok(())
}

/// Fills a database with the demo data of these systems, as the owner of its tables; returns a message about the result.
pub(super) async fn demo(url: &str, systems: &[System]) -> Result<String, Failure> {
    let mut client = super::connect(url, Access::Writes).await?;
    Ok(demo::seed(&mut client, &systems::demos(systems)).await.map_err(super::explain)?.to_string())
}
