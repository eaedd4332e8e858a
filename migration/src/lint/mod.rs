//! Checks the rulebook: rules about tables, indexes, policies and migrations, in a database and in the text of migrations.
//!
//! A [`Rule`] has a stable name, the document that it comes from and a remedy. The [`Config`] holds the exceptions with their
//! reasons; an exception that is no longer needed is itself a finding.

mod config;
mod database;
mod exceptions;
mod finding;
mod round_trip;
mod rule;
mod syntax;
mod texts;

use std::collections::BTreeSet;
use std::str::FromStr as _;

use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

pub use config::{Config, Exception, Reference, SchemaConfig};
pub use finding::{Finding, Report};
pub use rule::{Rule, Severity};
pub use texts::{Side, Text, embedded_texts, read_texts};

use crate::{DatabaseError, MigrationError};

/// The reasons why the rules could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// The configuration is invalid.
    #[error("the configuration cannot be used: {0}")]
    Config(String),
    /// The folder of migrations cannot be read.
    #[error("the migrations cannot be read: {0}")]
    Texts(#[source] std::io::Error),
    /// The database URL cannot be parsed. It is not repeated here, because it may hold a password.
    #[error("the database URL cannot be read: {0}")]
    Url(#[source] sqlx::Error),
    /// The database cannot be reached, or refuses the login.
    #[error("the database cannot be reached: {0}")]
    Connect(#[source] sqlx::Error),
    /// The database is older than the rules support.
    #[error("the database is Postgres {0}; the rules need 15 or later")]
    TooOld(i32),
    /// The query of a rule failed.
    #[error("the rule {rule} could not be checked: {error}")]
    Database {
        /// The rule's name.
        rule: &'static str,
        /// The message from Postgres.
        error: Box<DatabaseError>,
    },
    /// The record of migrations cannot be created in the scratch database.
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

impl LintError {
    fn database(rule: &Rule, error: &sqlx::Error) -> Self {
        Self::Database { rule: rule.id, error: DatabaseError::from_sqlx(error, None).into() }
    }
}

/// Returns every rule, in the order in which they are checked.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    database::rules().chain(texts::rules()).chain(round_trip::rules()).chain(exceptions::rules())
}

/// The schemas and migrations that a run has checked, from which unused exceptions follow.
#[derive(Debug, Default)]
struct Checked {
    rules: BTreeSet<&'static str>,
    schemas: BTreeSet<String>,
}

/// A run of the rules: the checked ones, and their findings.
#[derive(Debug)]
pub struct Lint<'config> {
    config: &'config Config,
    checked: Checked,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl<'config> Lint<'config> {
    /// Returns a run that has checked nothing yet.
    pub fn new(config: &'config Config) -> Self {
        Self { config, checked: Checked::default(), findings: Vec::new(), notes: Vec::new() }
    }

    /// Checks the rules about a database without changing it. Without names of schemas, it checks all schemas except Postgres's
    /// own.
    pub async fn database(&mut self, database_url: &str, schemas: &[String]) -> Result<(), LintError> {
        let mut connection = connect(database_url).await?;
        // All rules read one snapshot of the catalog, in a read-only transaction.
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut connection)
            .await
            .map_err(LintError::Connect)?;
        let outcome = self.connection(&mut connection, schemas).await;
        // The result is complete, so a failure to close the connection cleanly does not matter.
        let _ = connection.close().await;
        outcome
    }

    /// Checks the rules about a database over a connection, in its current transaction.
    pub async fn connection(
        &mut self,
        connection: &mut PgConnection,
        schemas: &[String],
    ) -> Result<(), LintError> {
        let found = database::check(connection, self.config, schemas).await?;
        self.checked.rules.extend(database::rules().map(|rule| rule.id));
        self.checked.schemas.extend(found.schemas);
        self.findings.extend(found.findings);
        self.notes.extend(found.notes);
        Ok(())
    }

    /// Checks the rules about the text of migrations.
    pub fn texts(&mut self, texts: &[Text]) {
        self.checked.rules.extend(texts::rules().map(|rule| rule.id));
        self.findings.extend(texts::check(texts));
    }

    /// Applies, reverts and reapplies migrations one by one, in an empty database that is used for nothing else. Returns true if
    /// all of them are applied afterwards; the record of migrations exists and stays empty.
    pub async fn round_trip(&mut self, scratch_url: &str, texts: &[Text]) -> Result<bool, LintError> {
        // Creates the record, which migrations may reference, and reverts nothing.
        crate::down(scratch_url, 0).await?;
        let mut connection = connect(scratch_url).await?;
        let trip = round_trip::check(&mut connection, texts).await;
        // The result is complete, so a failure to close the connection cleanly does not matter.
        let _ = connection.close().await;
        let trip = trip?;
        self.findings.extend(trip.findings);
        if trip.is_complete {
            self.checked.rules.extend(round_trip::rules().map(|rule| rule.id));
        }
        Ok(trip.is_complete)
    }

    /// Returns the findings without an exception.
    pub fn finish(self) -> Report {
        let mut findings = exceptions::apply(self.config, &self.checked, self.findings);
        findings
            .sort_by(|a, b| (&a.file, a.line, &a.object, a.rule).cmp(&(&b.file, b.line, &b.object, b.rule)));
        Report { findings, notes: self.notes }
    }
}

/// Returns true if Praxis's own migrations made this database, so that the configuration in this program applies to it.
pub async fn is_praxis(database_url: &str) -> Result<bool, LintError> {
    let mut connection = connect(database_url).await?;
    let exists = sqlx::query_scalar("SELECT to_regclass('praxis.migration_checksums') IS NOT NULL")
        .fetch_one(&mut connection)
        .await;
    // The result is complete, so a failure to close the connection cleanly does not matter.
    let _ = connection.close().await;
    exists.map_err(LintError::Connect)
}

async fn connect(database_url: &str) -> Result<PgConnection, LintError> {
    let options = PgConnectOptions::from_str(database_url).map_err(LintError::Url)?;
    let options = options.application_name("praxis lint").disable_statement_logging();
    PgConnection::connect_with(&options).await.map_err(LintError::Connect)
}
