//! Checks the database URLs among the settings.

use super::{ConfigError, ServeArgs};
use crate::database::{DatabaseConfig, Pool, PoolError};

/// The option of the database to serve, or of a command's database.
pub(crate) const DATABASE: &str = "--database-url";
/// The option of the same database with another role, for migrations.
const MIGRATION: &str = "--migration-url";
/// The option of the same database past any pooler, for notifications.
pub(crate) const LISTEN: &str = "--listen-url";

/// Returns a pool of connections to the URL of an option; opens none yet.
pub fn pool(option: &'static str, config: &DatabaseConfig) -> Result<Pool, ConfigError> {
    Pool::new(config).map_err(|error| match error {
        PoolError::Url(reason) => ConfigError::Address { option, reason },
        PoolError::ListenUrl(reason) => ConfigError::Address { option: LISTEN, reason },
        other => ConfigError::Connections(other),
    })
}

impl ServeArgs {
    /// Returns the URLs that are set, with their options.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            (DATABASE, &self.database.database_url),
            (MIGRATION, &self.migration_url),
            (LISTEN, &self.pool.listen_url),
        ]
        .into_iter()
        .filter_map(|(option, url)| Some((option, url.as_deref()?)))
    }

    /// Checks a URL, without connecting to the database.
    pub fn check_address(&self, option: &'static str, url: &str) -> Result<(), ConfigError> {
        self.pool_without_listening(option, url).map(drop)
    }

    /// Returns a pool for the owner of the tables, and the option of its URL. `database_url`: the served database, or the
    /// embedded Postgres, which has one owner.
    pub fn owner(&self, database_url: &str) -> Result<(&'static str, Pool), ConfigError> {
        let given = self.migration_url.as_deref().filter(|_| !self.is_embedded());
        let (option, url) = given.map_or((DATABASE, database_url), |url| (MIGRATION, url));
        Ok((option, self.pool_without_listening(option, url)?))
    }

    /// Returns a pool that is not used to listen for notifications, so that the option of that URL is not checked.
    fn pool_without_listening(&self, option: &'static str, url: &str) -> Result<Pool, ConfigError> {
        pool(option, &DatabaseConfig { listen_url: None, ..self.database(url.to_owned()) })
    }
}
