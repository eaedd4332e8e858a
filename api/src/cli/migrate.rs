//! `praxis migrate`

use clap::{Args, Subcommand};

use super::{Failure, plainly, say};
use crate::config::{ConfigError, system_names};
use crate::database::migration_url;
use crate::systems;

#[derive(Args, Debug)]
pub(super) struct MigrateArgs {
    #[command(subcommand)]
    direction: Direction,
    /// Postgres to migrate; the role in it must be allowed to create tables and roles
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Direction {
    /// Apply what is pending
    Up {
        /// Systems to make tables for. Those that are there already stay
        #[arg(long, env = "PRAXIS_SYSTEMS", value_delimiter = ',', default_values_t = system_names(), value_name = "NAMES")]
        systems: Vec<String>,
    },
    /// Take back the last migrations
    Down {
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List the migrations and whether they are applied
    Status,
}

pub(super) async fn run(args: MigrateArgs) -> Result<(), Failure> {
    let url = args.database_url.ok_or("say which database: --database-url or DATABASE_URL")?;
    let url = migration_url(&plainly(&url)).await?;
    match args.direction {
        Direction::Up { systems } => {
            let systems = systems::chosen(&systems).map_err(|name| ConfigError::System { name })?;
            let applied = migration::up_for(&url, systems::migrated(&systems)).await?;
            for name in &applied {
                say(&format!("applied {name}"));
            }
            say(&format!("{} migrations applied; the database is up to date.", applied.len()));
        }
        Direction::Down { steps } => {
            for name in migration::down(&url, steps).await? {
                say(&format!("took back {name}"));
            }
        }
        Direction::Status => {
            for status in migration::status(&url).await? {
                say(&format!("{:<8} {}", format!("{:?}", status.state).to_lowercase(), status.name));
            }
        }
    }
    Ok(())
}
