//! Defines the option that chooses the systems of a command.

use clap::Args;

use super::ConfigError;
use crate::graph::catalog::System;
use crate::systems;

/// The chosen systems.
#[derive(Args, Clone, Debug)]
pub struct SystemArgs {
    #[arg(
        long,
        env = "PRAXIS_SYSTEMS",
        value_delimiter = ',',
        value_name = "NAMES",
        help = format!("Systems to use: {} [default: all]", systems::names(&systems::ALL, ", "))
    )]
    systems: Vec<String>,
}

impl SystemArgs {
    /// Returns the chosen systems; all of them by default.
    pub fn chosen(&self) -> Result<Vec<System>, ConfigError> {
        Ok(self.named()?.unwrap_or_else(|| systems::ALL.to_vec()))
    }

    /// Returns the chosen systems, if the option is set.
    pub fn named(&self) -> Result<Option<Vec<System>>, ConfigError> {
        if self.systems.is_empty() {
            return Ok(None);
        }
        systems::chosen(&self.systems).map(Some).map_err(|name| ConfigError::System { name })
    }
}
