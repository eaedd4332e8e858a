//! `praxis schema`

use clap::Args;

use super::{Failure, say};
use crate::graph::catalog::Catalog;
use crate::graph::schema::{build, sdl};
use crate::systems;

#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// Systems to print; without it, all
    #[arg(long, env = "PRAXIS_SYSTEMS", value_delimiter = ',', value_name = "NAMES")]
    systems: Vec<String>,
}

pub(super) fn run(args: &SchemaArgs) -> Result<(), Failure> {
    let chosen = if args.systems.is_empty() {
        systems::ALL.to_vec()
    } else {
        systems::chosen(&args.systems).map_err(|name| format!("there is no system `{name}`"))?
    };
    say(sdl(&build(&Catalog::new(&chosen)?)?).trim_end());
    Ok(())
}
