//! The addresses of databases among the settings, by the options that give them.

use super::{ConfigError, ServeArgs};
use crate::database::{DatabaseConfig, Pool, PoolError};

/// The option of the database that is served, or that a command is about.
pub(crate) const DATABASE: &str = "--database-url";
/// The option of the same database, as another role.
const MIGRATION: &str = "--migration-url";
/// The option of the same database, past any pooler.
pub(crate) const LISTEN: &str = "--listen-url";

/// A pool of connections to the address that an option gives; none is opened yet.
pub fn pool(option: &'static str, config: &DatabaseConfig) -> Result<Pool, ConfigError> {
    Pool::new(config).map_err(|error| match error {
        PoolError::Url(reason) => ConfigError::Address { option, reason },
        PoolError::ListenUrl(reason) => ConfigError::Address { option: LISTEN, reason },
        other => ConfigError::Connections(other),
    })
}

impl ServeArgs {
    /// The addresses that are given, with their options.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            (DATABASE, &self.database.database_url),
            (MIGRATION, &self.migration_url),
            (LISTEN, &self.pool.listen_url),
        ]
        .into_iter()
        .filter_map(|(option, url)| Some((option, url.as_deref()?)))
    }

    /// Whether an address can be used, as far as it shows without a database.
    pub fn check_address(&self, option: &'static str, url: &str) -> Result<(), ConfigError> {
        self.deaf_pool(option, url).map(drop)
    }

    /// Connections as the owner of the tables, and the option that says where. `database_url`: the served database, or the
    /// Postgres of its own, which has one owner.
    pub fn owner(&self, database_url: &str) -> Result<(&'static str, Pool), ConfigError> {
        let given = self.migration_url.as_deref().filter(|_| !self.is_embedded());
        let (option, url) = given.map_or((DATABASE, database_url), |url| (MIGRATION, url));
        Ok((option, self.deaf_pool(option, url)?))
    }

    /// Connections over which no changes are heard of.
    fn deaf_pool(&self, option: &'static str, url: &str) -> Result<Pool, ConfigError> {
        pool(option, &DatabaseConfig { listen_url: None, ..self.database(url.to_owned()) })
    }
}
