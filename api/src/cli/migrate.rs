//! `praxis migrate`: applies and reverts migrations.

use clap::{Args, Subcommand};

use super::missing::Missing;
use super::{Failure, default_pool, say};
use crate::config::SystemArgs;
use crate::database::Access;
use crate::graph::catalog::System;
use crate::systems;

#[derive(Args, Debug)]
pub(super) struct MigrateArgs {
    #[command(subcommand)]
    direction: Direction,
    /// Postgres to migrate; its role must be allowed to create tables and roles
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Direction {
    /// Apply pending migrations
    ///
    /// Systems that the database has stay, and are updated too.
    Up {
        #[command(flatten)]
        systems: SystemArgs,
    },
    /// Revert the latest migrations, of any system
    Down {
        /// Number of migrations to revert
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List the migrations and their status
    ///
    /// Without `--systems` it lists those of the systems that the database has, or all if it has none.
    Status {
        #[command(flatten)]
        systems: SystemArgs,
    },
}

/// Applies the pending migrations of systems, sets the comments of their tables, and returns the names of the migrations.
pub(super) async fn up(url: &str, systems: &[System]) -> Result<Vec<&'static str>, Failure> {
    let applied = migration::up_for(url, systems::migrated(systems)).await?;
    migration::describe(url, &systems::descriptions(systems)?).await?;
    Ok(applied)
}

pub(super) async fn run(args: MigrateArgs) -> Result<(), Failure> {
    let url = args.database_url.ok_or("no database is given: set --database-url or DATABASE_URL")?;
    let access = match args.direction {
        Direction::Up { .. } | Direction::Down { .. } => Access::Writes,
        Direction::Status { .. } => Access::Reads,
    };
    let url = default_pool(&url)?.url_unpooled(access).await?;
    match args.direction {
        Direction::Up { systems } => {
            let applied = up(&url, &systems.chosen()?).await?;
            for name in &applied {
                say(&format!("applied {name}"));
            }
            say(&format!("{} migrations applied; the database is up to date.", applied.len()));
        }
        Direction::Down { steps } => {
            for name in migration::down(&url, steps).await? {
                say(&format!("reverted {name}"));
            }
        }
        Direction::Status { systems } => {
            let status = migration::status(&url).await?;
            let named = systems.named()?;
            let missing = Missing::of(named.clone().unwrap_or_else(|| systems::ALL.to_vec()), &status);
            let listed = match named {
                Some(named) => systems::migrated(&named),
                None if missing.present.is_empty() => migration::Systems::ALL,
                None => systems::migrated(&missing.present),
            };
            for status in status.iter().filter(|status| listed.have(status.name)) {
                say(&format!("{:<8} {}", format!("{:?}", status.state).to_lowercase(), status.name));
            }
            if !missing.absent.is_empty() {
                say(&format!("\nThe database has no tables of {}.", systems::names(&missing.absent, ", ")));
            }
        }
    }
    Ok(())
}
