//! Runs migrations: one run at a time, under checksums.

use std::{str::FromStr, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait,
    sqlx::{
        self, ConnectOptions, Connection, PgConnection, Row,
        postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    },
};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use crate::{
    Migration, State, Status, Systems,
    error::{DatabaseError, MigrationError},
    migrations,
    record::{READ_RECORD, RECORD_EXISTS, Record, compare},
    sql::{Migrator, RECORD},
    systems::{PORTAL, later},
};

/// The key of the advisory lock of a run, an arbitrary number that must never change.
const LOCK: i64 = 0x7072_6178_6973;

/// The timeout of waiting for another run; longer than any migration takes.
const PATIENCE: Duration = Duration::from_hours(24);

/// Secures the record like any table: its owner writes it, and reading needs a grant, which no client has. It runs at each start,
/// and changes nothing the second time.
const SECURE_RECORD: &str = "
    DO $$
    DECLARE
      name text;
    BEGIN
      FOREACH name IN ARRAY ARRAY['seaql_migrations', 'migration_checksums'] LOOP
        IF NOT EXISTS (
          SELECT FROM pg_catalog.pg_class
          WHERE oid = ('praxis.' || name)::regclass AND relforcerowsecurity
        ) THEN
          EXECUTE format('ALTER TABLE praxis.%I ENABLE ROW LEVEL SECURITY', name);
          EXECUTE format('ALTER TABLE praxis.%I FORCE ROW LEVEL SECURITY', name);
          EXECUTE format('REVOKE ALL ON praxis.%I FROM PUBLIC', name);
          EXECUTE format('CREATE POLICY praxis_owner ON praxis.%I TO %I USING (true) WITH CHECK (true)',
            name, current_user);
          EXECUTE format('CREATE POLICY %I ON praxis.%I FOR SELECT USING (true)', name || '_read', name);
        END IF;
      END LOOP;
    END $$;
";

const CREATE_RECORD: &str = "
    DO $$
    BEGIN
      IF to_regnamespace('praxis') IS NULL THEN
        CREATE SCHEMA praxis;
      END IF;
      IF to_regclass('praxis.migration_checksums') IS NULL THEN
        CREATE TABLE praxis.migration_checksums (
          name TEXT PRIMARY KEY,
          sha256 TEXT NOT NULL,
          applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
        );
      END IF;
    END $$;
";

/// Applies the pending migrations, each in a transaction of its own, and returns their names in order.
///
/// Two concurrent runs are safe: the second waits and then finds nothing to do.
pub async fn up(database_url: &str) -> Result<Vec<&'static str>, MigrationError> {
    up_for(database_url, Systems::ALL).await
}

/// Applies the pending migrations of these systems only. Those of another system are applied when it is chosen later.
pub async fn up_for(database_url: &str, systems: Systems) -> Result<Vec<&'static str>, MigrationError> {
    let run = Run::begin(database_url).await?;
    let mut applied = Vec::new();
    let outcome = run.up(systems, &mut applied).await;
    run.end().await;
    outcome.map(|()| applied)
}

/// Reverts the last `steps` migrations, and returns their names, the latest first.
pub async fn down(database_url: &str, steps: u32) -> Result<Vec<&'static str>, MigrationError> {
    let run = Run::begin(database_url).await?;
    let mut reverted = Vec::new();
    let outcome = run.down(steps, &mut reverted).await;
    run.end().await;
    outcome.map(|()| reverted)
}

/// Returns the status of each migration. It changes nothing, and needs only the privilege to read the record.
pub async fn status(database_url: &str) -> Result<Vec<Status>, MigrationError> {
    let mut connection =
        PgConnection::connect_with(&options(database_url)?).await.map_err(MigrationError::Connect)?;
    let record = read_record(&mut connection).await;
    // The record is read, so a failure to close the connection cleanly does not matter.
    let _ = connection.close().await;
    let record =
        record.map_err(|error| MigrationError::Unreadable(DatabaseError::from_sqlx(&error, None).into()))?;
    compare(&record)
}

fn options(database_url: &str) -> Result<PgConnectOptions, MigrationError> {
    let options = PgConnectOptions::from_str(database_url).map_err(MigrationError::Url)?;
    Ok(options.application_name("praxis migrate").disable_statement_logging())
}

async fn read_record(connection: &mut PgConnection) -> Result<Record, sqlx::Error> {
    let exists = sqlx::query(RECORD_EXISTS).fetch_one(&mut *connection).await?.try_get::<bool, _>(0)?;
    if !exists {
        return Ok(Record::new());
    }
    let rows = sqlx::query(READ_RECORD).fetch_all(connection).await?;
    rows.into_iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// A single connection that holds the lock and runs the migrations: if it is lost, so is the lock.
pub(crate) struct Run {
    pub(crate) pool: PgPool,
    database: DatabaseConnection,
}

impl Run {
    pub(crate) async fn begin(database_url: &str) -> Result<Self, MigrationError> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(async move { take_lock(connection).await }))
            .connect_lazy_with(options(database_url)?);
        // Connecting now reports a failure as a connection error.
        pool.acquire().await.map_err(MigrationError::Connect)?;
        let run = Self { database: DatabaseConnection::from(pool.clone()), pool };
        run.prepare_record()
            .await
            .map_err(|error| MigrationError::Record(DatabaseError::new(&error, None).into()))?;
        Ok(run)
    }

    async fn prepare_record(&self) -> Result<(), sea_orm::DbErr> {
        self.database.execute_unprepared(CREATE_RECORD).await?;
        Migrator::install(&self.database).await?;
        self.database.execute_unprepared(SECURE_RECORD).await?;
        Ok(())
    }

    async fn status(&self) -> Result<Vec<Status>, MigrationError> {
        let unreadable =
            |error: sqlx::Error| MigrationError::Unreadable(DatabaseError::from_sqlx(&error, None).into());
        let mut connection = self.pool.acquire().await.map_err(unreadable)?;
        compare(&read_record(&mut connection).await.map_err(unreadable)?)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the time that a migration takes is logged, and nothing depends on it"
    )]
    async fn up(&self, systems: Systems, applied: &mut Vec<&'static str>) -> Result<(), MigrationError> {
        let status = self.status().await?;
        if let Some(edited) = status.iter().find(|it| it.state == State::Edited) {
            return Err(MigrationError::Edited { name: edited.name });
        }
        // Existing objects stay.
        let there = present(&status);
        let systems = there.and(systems);
        if systems.has(PORTAL) && !there.has(PORTAL) {
            self.add_portal(&status, systems, applied).await?;
        }
        let is_pending = |migration: &&Migration| !applied.contains(&migration.name);
        let pending: Vec<_> = pending(&status).filter(is_pending).collect();
        for migration in pending.into_iter().filter(|migration| systems.have(migration.name)) {
            let started = std::time::Instant::now();
            let text = systems.up(migration);
            self.apply(migration, text).await.map_err(|error| failed(migration, &error, text))?;
            tracing::info!(migration = migration.name, elapsed = ?started.elapsed(), "migration applied");
            applied.push(migration.name);
        }
        Ok(())
    }

    /// Adds the portal to a database that was created without it, in one transaction, since no record says which shared
    /// migrations were applied with their part for the portal.
    async fn add_portal(
        &self,
        status: &[Status],
        systems: Systems,
        applied: &mut Vec<&'static str>,
    ) -> Result<(), MigrationError> {
        let is_there = |name: &str| status.iter().any(|it| it.name == name && it.state != State::Pending);
        if !migrations().iter().any(|migration| later(migration).is_some() && is_there(migration.name)) {
            return Ok(());
        }
        let begun = self.database.begin().await;
        let transaction =
            begun.map_err(|error| MigrationError::Record(DatabaseError::new(&error, None).into()))?;
        let mut made = Vec::new();
        for migration in migrations() {
            let (text, done) = if is_there(migration.name) {
                let Some(text) = later(migration) else { continue };
                (text, migration.run(&SchemaManager::new(&transaction), text).await)
            } else if systems.have(migration.name) {
                made.push(migration.name);
                let text = systems.up(migration);
                (text, take(&transaction, migration, text).await)
            } else {
                continue;
            };
            done.map_err(|error| failed(migration, &error, text))?;
        }
        let committed = transaction.commit().await;
        committed.map_err(|error| MigrationError::Record(DatabaseError::new(&error, None).into()))?;
        tracing::info!(migrations = made.len(), "portal added");
        applied.extend(made);
        Ok(())
    }

    /// Applies the migration in a transaction of its own. The library would apply the first pending one.
    async fn apply(&self, migration: &Migration, text: &str) -> Result<(), sea_orm::DbErr> {
        let transaction = self.database.begin().await?;
        take(&transaction, migration, text).await?;
        transaction.commit().await
    }

    async fn down(&self, steps: u32, reverted: &mut Vec<&'static str>) -> Result<(), MigrationError> {
        let mut status = self.status().await?;
        let applied = migrations().iter().zip(&status).filter(|(_, it)| it.state != State::Pending);
        let applied: Vec<_> = applied.map(|(migration, _)| migration).collect();
        for migration in applied.into_iter().rev().take(usize::try_from(steps).unwrap_or(usize::MAX)) {
            let text = present(&status).down(migration);
            self.revert(migration, text).await.map_err(|error| failed(migration, &error, text))?;
            tracing::info!(migration = migration.name, "migration reverted");
            reverted.push(migration.name);
            status.iter_mut().filter(|it| it.name == migration.name).for_each(|it| it.state = State::Pending);
        }
        Ok(())
    }

    async fn revert(&self, migration: &Migration, text: &str) -> Result<(), sea_orm::DbErr> {
        let transaction = self.database.begin().await?;
        migration.revert(&SchemaManager::new(&transaction), text).await?;
        let sql = "DELETE FROM praxis.seaql_migrations WHERE version = $1";
        transaction
            .execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [migration.name.into()]))
            .await?;
        transaction.commit().await
    }

    pub(crate) async fn end(self) {
        self.pool.close().await;
    }
}

/// Applies a migration and records it, within a transaction.
async fn take(
    transaction: &DatabaseTransaction,
    migration: &Migration,
    text: &str,
) -> Result<(), sea_orm::DbErr> {
    migration.take(&SchemaManager::new(transaction), text).await?;
    let sql = "INSERT INTO praxis.seaql_migrations (version, applied_at)
        VALUES ($1, extract(epoch FROM clock_timestamp())::bigint)";
    transaction
        .execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [migration.name.into()]))
        .await
        .map(drop)
}

fn failed(migration: &Migration, error: &sea_orm::DbErr, text: &str) -> MigrationError {
    MigrationError::Failed { name: migration.name, error: DatabaseError::new(error, Some(text)).into() }
}

/// Returns the systems that a database has, from the status of its migrations.
#[must_use]
pub fn present(status: &[Status]) -> Systems {
    Systems::of(status.iter().filter(|it| it.state != State::Pending).map(|it| it.name))
}

fn pending(status: &[Status]) -> impl Iterator<Item = &'static Migration> {
    migrations().iter().zip(status).filter(|(_, it)| it.state == State::Pending).map(|(it, _)| it)
}

async fn take_lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('search_path', $1, false)").bind(RECORD).execute(&mut *connection).await?;
    let free = sqlx::query("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut *connection).await?;
    if !free.try_get::<bool, _>(0)? {
        tracing::info!("another run is migrating this database; waiting for it to end");
        sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(connection).await?;
    }
    Ok(())
}
