//! Which systems a command is about.

use clap::Args;

use super::ConfigError;
use crate::graph::catalog::System;
use crate::systems;

/// The systems that are named.
#[derive(Args, Clone, Debug)]
pub struct SystemArgs {
    #[arg(
        long,
        env = "PRAXIS_SYSTEMS",
        value_delimiter = ',',
        value_name = "NAMES",
        help = format!("Systems that are meant: {} [default: all]", systems::names(&systems::ALL, ", "))
    )]
    systems: Vec<String>,
}

impl SystemArgs {
    /// The systems; all where none is named.
    pub fn chosen(&self) -> Result<Vec<System>, ConfigError> {
        Ok(self.named()?.unwrap_or_else(|| systems::ALL.to_vec()))
    }

    /// The systems, if any are named.
    pub fn named(&self) -> Result<Option<Vec<System>>, ConfigError> {
        if self.systems.is_empty() {
            return Ok(None);
        }
        systems::chosen(&self.systems).map(Some).map_err(|name| ConfigError::System { name })
    }
}
