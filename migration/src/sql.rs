//! Runs a pair of SQL files as a sea-orm migration.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use sha2::{Digest, Sha256};

use crate::{Migration, migrations};

/// The schema of the migration record. sea-orm-migration names its table without a schema, so this schema is first in the
/// connection's search path.
pub(crate) const RECORD: &str = "praxis";

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations().iter().map(|it| Box::new(*it) as Box<dyn MigrationTrait>).collect()
    }
}

impl Migration {
    /// Returns the SHA-256 of the up script, in hexadecimal.
    #[must_use]
    pub fn checksum(&self) -> String {
        use std::fmt::Write as _;

        Sha256::digest(self.up).iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl MigrationName for Migration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.take(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.revert(manager, self.down).await
    }
}

impl Migration {
    /// Runs a part of the script.
    pub(crate) async fn run(&self, manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("SET LOCAL search_path = public").await?;
        connection.execute_unprepared(text).await?;
        connection.execute_unprepared(&format!("SET LOCAL search_path = {RECORD}")).await.map(drop)
    }

    /// Runs the up script and records its checksum.
    pub(crate) async fn take(&self, manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
        self.run(manager, text).await?;
        let connection = manager.get_connection();
        let values = [self.name.into(), self.checksum().into()];
        let record = "INSERT INTO praxis.migration_checksums (name, sha256) VALUES ($1, $2)";
        connection
            .execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, record, values))
            .await
            .map(drop)
    }

    /// Runs the down script and removes the checksum.
    pub(crate) async fn revert(&self, manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
        self.run(manager, text).await?;
        let connection = manager.get_connection();
        let record = "DELETE FROM praxis.migration_checksums WHERE name = $1";
        connection
            .execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, record, [self.name.into()]))
            .await
            .map(drop)
    }
}
