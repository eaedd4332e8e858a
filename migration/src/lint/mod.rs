//! The rulebook: what every table, index, policy and migration keeps, checked in a database and in the text of migrations.
//!
//! A [`Rule`] has a stable name, the document that it comes from and a remedy. What a system may do otherwise is an
//! exception in the [`Config`], with its reason; an exception that is no longer needed is a finding itself.

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

/// Why the rules could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used: {0}")]
    Config(String),
    /// The folder of migrations cannot be read.
    #[error("the migrations cannot be read: {0}")]
    Texts(#[source] std::io::Error),
    /// The database URL cannot be read. It is not repeated here, because it may hold a password.
    #[error("the database URL cannot be read: {0}")]
    Url(#[source] sqlx::Error),
    /// The database cannot be reached, or refuses the login.
    #[error("the database cannot be reached: {0}")]
    Connect(#[source] sqlx::Error),
    /// The database is older than the rules know.
    #[error("the database is Postgres {0}; the rules need 15 or later")]
    TooOld(i32),
    /// A rule could not be asked.
    #[error("the rule {rule} could not be checked: {error}")]
    Database {
        /// The rule's name.
        rule: &'static str,
        /// What Postgres says.
        error: Box<DatabaseError>,
    },
    /// The record of migrations cannot be made in the scratch database.
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

impl LintError {
    fn database(rule: &Rule, error: &sqlx::Error) -> Self {
        Self::Database { rule: rule.id, error: DatabaseError::from_sqlx(error, None).into() }
    }
}

/// Every rule, in the order in which they are checked.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    database::rules().chain(texts::rules()).chain(round_trip::rules()).chain(exceptions::rules())
}

/// What a run has checked, so that exceptions can be judged.
#[derive(Debug, Default)]
struct Checked {
    rules: BTreeSet<&'static str>,
    schemas: BTreeSet<String>,
}

/// A run of the rules: which were checked, and what was found.
#[derive(Debug)]
pub struct Lint<'config> {
    config: &'config Config,
    checked: Checked,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl<'config> Lint<'config> {
    /// A run that has checked nothing yet.
    pub fn new(config: &'config Config) -> Self {
        Self { config, checked: Checked::default(), findings: Vec::new(), notes: Vec::new() }
    }

    /// Checks the rules of a database; it changes nothing there. Without names of schemas, all that are not Postgres's own.
    pub async fn database(&mut self, database_url: &str, schemas: &[String]) -> Result<(), LintError> {
        let mut connection = connect(database_url).await?;
        // One view of the catalog for all rules, and Postgres's word that nothing is changed.
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut connection)
            .await
            .map_err(LintError::Connect)?;
        let outcome = self.connection(&mut connection, schemas).await;
        // The answer is there; a connection that cannot be closed in good order is closed all the same.
        let _ = connection.close().await;
        outcome
    }

    /// Checks the rules of a database over a connection, in the transaction that it is in.
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

    /// Checks the rules of the text of migrations.
    pub fn texts(&mut self, texts: &[Text]) {
        self.checked.rules.extend(texts::rules().map(|rule| rule.id));
        self.findings.extend(texts::check(texts));
    }

    /// Takes migrations up, down and up again, one by one, in a database that is empty and there for nothing else.
    /// Answers whether all of them are in it afterwards; the record of migrations is there and stays empty.
    pub async fn round_trip(&mut self, scratch_url: &str, texts: &[Text]) -> Result<bool, LintError> {
        // Makes the record, which migrations may refer to, and takes nothing back.
        crate::down(scratch_url, 0).await?;
        let mut connection = connect(scratch_url).await?;
        let trip = round_trip::check(&mut connection, texts).await;
        // The answer is there; a connection that cannot be closed in good order is closed all the same.
        let _ = connection.close().await;
        let trip = trip?;
        self.findings.extend(trip.findings);
        if trip.is_complete {
            self.checked.rules.extend(round_trip::rules().map(|rule| rule.id));
        }
        Ok(trip.is_complete)
    }

    /// What was found and is not excused.
    pub fn finish(self) -> Report {
        let mut findings = exceptions::apply(self.config, &self.checked, self.findings);
        findings
            .sort_by(|a, b| (&a.file, a.line, &a.object, a.rule).cmp(&(&b.file, b.line, &b.object, b.rule)));
        Report { findings, notes: self.notes }
    }
}

/// Whether Praxis's own migrations made this database, so that its configuration is the one in this program.
pub async fn is_praxis(database_url: &str) -> Result<bool, LintError> {
    let mut connection = connect(database_url).await?;
    let exists = sqlx::query_scalar("SELECT to_regclass('praxis.migration_checksums') IS NOT NULL")
        .fetch_one(&mut connection)
        .await;
    // The answer is there; a connection that cannot be closed in good order is closed all the same.
    let _ = connection.close().await;
    exists.map_err(LintError::Connect)
}

async fn connect(database_url: &str) -> Result<PgConnection, LintError> {
    let options = PgConnectOptions::from_str(database_url).map_err(LintError::Url)?;
    let options = options.application_name("praxis lint").disable_statement_logging();
    PgConnection::connect_with(&options).await.map_err(LintError::Connect)
}
