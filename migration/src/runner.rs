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
    systems::later,
};

/// The advisory lock of a run; its number means nothing but must never change.
const LOCK: i64 = 0x7072_6178_6973;

/// Longer than any migration takes. A run waits for another one for as long.
const PATIENCE: Duration = Duration::from_hours(24);

/// The record, secured like every table: readable by grant, which no client has, and written by its owner. Repeated at
/// each run, so it does nothing the second time.
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

/// Applies what is pending, each migration in a transaction of its own, and answers what it applied, in order.
///
/// Two runs at once are safe: the second waits and then finds nothing to do.
pub async fn up(database_url: &str) -> Result<Vec<&'static str>, MigrationError> {
    up_for(database_url, Systems::ALL).await
}

/// The same, of these systems only. What was left out is applied when it is chosen later.
pub async fn up_for(database_url: &str, systems: Systems) -> Result<Vec<&'static str>, MigrationError> {
    let run = Run::begin(database_url).await?;
    let mut applied = Vec::new();
    let outcome = run.up(systems, &mut applied).await;
    run.end().await;
    outcome.map(|()| applied)
}

/// Takes back the last `steps` migrations, and answers which, in the order it took them back.
pub async fn down(database_url: &str, steps: u32) -> Result<Vec<&'static str>, MigrationError> {
    let run = Run::begin(database_url).await?;
    let mut reverted = Vec::new();
    let outcome = run.down(steps, &mut reverted).await;
    run.end().await;
    outcome.map(|()| reverted)
}

/// Where each migration stands. It changes nothing, and needs no more than to read the record.
pub async fn status(database_url: &str) -> Result<Vec<Status>, MigrationError> {
    let mut connection =
        PgConnection::connect_with(&options(database_url)?).await.map_err(MigrationError::Connect)?;
    let record = read_record(&mut connection).await;
    // The answer is read; a connection that cannot be closed in good order is closed all the same.
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

/// One connection that holds the lock and does the work: were it lost, the lock would go with it.
struct Run {
    pool: PgPool,
    database: DatabaseConnection,
}

impl Run {
    async fn begin(database_url: &str) -> Result<Self, MigrationError> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(async move { take_lock(connection).await }))
            .connect_lazy_with(options(database_url)?);
        // A connection is opened now, so that a failure is one of connecting.
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

    async fn up(&self, systems: Systems, applied: &mut Vec<&'static str>) -> Result<(), MigrationError> {
        let status = self.status().await?;
        if let Some(edited) = status.iter().find(|it| it.state == State::Edited) {
            return Err(MigrationError::Edited { name: edited.name });
        }
        // What is there already stays.
        let there = present(&status);
        let systems = there.and(systems);
        if systems.portal && !there.portal {
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

    /// Makes the portal in a database that was made without it, if it was: all of it in one transaction, since nothing else tells
    /// which migrations of several systems were applied with their part for the portal.
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

    /// Takes the step, in a transaction of its own. The library would take the first one that is pending.
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
            self.take_back(migration, text).await.map_err(|error| failed(migration, &error, text))?;
            tracing::info!(migration = migration.name, "migration taken back");
            reverted.push(migration.name);
            status.iter_mut().filter(|it| it.name == migration.name).for_each(|it| it.state = State::Pending);
        }
        Ok(())
    }

    async fn take_back(&self, migration: &Migration, text: &str) -> Result<(), sea_orm::DbErr> {
        let transaction = self.database.begin().await?;
        migration.take_back(&SchemaManager::new(&transaction), text).await?;
        let sql = "DELETE FROM praxis.seaql_migrations WHERE version = $1";
        transaction
            .execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [migration.name.into()]))
            .await?;
        transaction.commit().await
    }

    async fn end(self) {
        self.pool.close().await;
    }
}

/// Takes a step and records it, within a transaction.
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

/// The systems that a database has, by where its migrations stand.
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
