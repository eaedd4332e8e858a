//! `praxis schema`: prints the GraphQL schema.

use clap::Args;

use super::{Failure, say};
use crate::config::SystemArgs;
use crate::graph::catalog::Catalog;
use crate::graph::schema::{build, sdl};

#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    #[command(flatten)]
    systems: SystemArgs,
}

pub(super) fn run(args: &SchemaArgs) -> Result<(), Failure> {
    say(sdl(&build(&Catalog::new(&args.systems.chosen()?)?)?).trim_end());
    Ok(())
}
