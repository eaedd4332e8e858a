//! Refuses to serve a database that does not protect its rows.
//!
//! It compares row-level security, policies, grants, columns, keys and functions with the engine's catalog and the migrations.
//! `serve` checks at the start, whenever the schema changes and every 15 s; `doctor` checks once.

mod checks;
mod expected;
mod functions;
mod privileges;
mod roles;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::checks::{ABOUT_ROLES, PRELUDE};
use self::functions::Functions;
use crate::clock;
use crate::database::{DatabaseError, Parameter, Pool, Row, Statement};
use crate::graph::Engine;

/// The interval between checks without a notification of a change: changes of roles cause none.
const EVERY: Duration = Duration::from_secs(15);
/// The pause after a failed check.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A finding about the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The object: `schema.table`, `schema.table.column`, `schema.function(arguments)`.
    pub object: String,
    /// The message: what is wrong with the object.
    pub message: String,
    /// The statement that repairs it, or another remedy.
    pub remedy: String,
    /// True if nothing is served until it is repaired. The operator judges the others.
    pub is_unsafe: bool,
}

/// Returns the protection that the migrations give to the tables of all systems: `migration/protection.json`, which a test keeps up
/// to date.
pub fn shipped_protection() -> Value {
    serde_json::from_str(migration::PROTECTION).unwrap_or_default()
}

/// A guard checks whether a database protects the served rows.
#[derive(Clone)]
pub struct Guard {
    pool: Pool,
    engine: Arc<Engine>,
    functions: Arc<Functions>,
    expected: String,
}

impl Guard {
    /// Returns a guard of the tables and functions that an engine serves to callers of these roles.
    pub fn new(engine: &Arc<Engine>, pool: &Pool, roles: &[String]) -> Self {
        Self::comparing(engine, pool, roles, &shipped_protection())
    }

    /// Returns a guard that expects other protection than that of the migrations. `protection`: an array like that of
    /// `migration/protection.json`.
    pub fn comparing(engine: &Arc<Engine>, pool: &Pool, roles: &[String], protection: &Value) -> Self {
        let functions = Functions::shipped();
        let expected = expected::of(engine.catalog(), &functions, roles, protection).to_string();
        Self { pool: pool.clone(), engine: Arc::clone(engine), functions: Arc::new(functions), expected }
    }

    /// Checks the database, and returns its findings. Clears the engine's cache if its protection has changed.
    pub async fn check(&self) -> Result<Vec<Finding>, DatabaseError> {
        let mut rows = self.query(&checks::all()).await?;
        if let Some(state) = rows.pop() {
            self.engine.reference().set_protection(text(&state, 1), state.get(4) == Some(true));
        }
        // With a role that can do too much, correct policies would be reported too.
        let of_roles = rows.iter().take_while(|row| row.get(0) == Some(ABOUT_ROLES)).count();
        rows.truncate(if of_roles > 0 { of_roles } else { rows.len() });
        Ok(rows.iter().map(|row| self.finding(row)).collect())
    }

    fn finding(&self, row: &Row) -> Finding {
        let object = text(row, 1);
        // The remedy of a function is its definition, which is not sent to the database.
        let remedy = row.get(3).unwrap_or_else(|| self.functions.definition(&object));
        Finding { object, message: text(row, 2), remedy, is_unsafe: row.get(4) == Some(true) }
    }

    /// Returns an error if the database is unsafe, or cannot be checked.
    pub async fn admit(&self) -> Result<(), UnsafeDatabase> {
        let unsafe_ones = self.check().await?.into_iter().filter(|finding| finding.is_unsafe);
        let findings: Vec<Finding> = unsafe_ones.collect();
        if findings.is_empty() { Ok(()) } else { Err(UnsafeDatabase::Findings(findings)) }
    }

    /// Checks repeatedly, and closes the pool's gate while anything is unsafe.
    pub async fn watch(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.pool.gate().unchecked_change() => {}
            }
            // A failed check says nothing about the rows.
            while let Err(error) = self.check_again().await {
                tracing::warn!(%error, "cannot check whether the database is safe");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    /// Checks the database once, and shuts or opens the gate by the result.
    async fn check_again(&self) -> Result<(), DatabaseError> {
        let gate = self.pool.gate();
        let changes = gate.changes();
        let findings = match self.admit().await {
            Ok(()) => Vec::new(),
            Err(UnsafeDatabase::Findings(findings)) => findings,
            Err(UnsafeDatabase::Database(error)) => {
                gate.record_check(false, clock::instant());
                return Err(error);
            }
        };
        gate.record_check(true, clock::instant());
        if gate.set_shut(!findings.is_empty()) {
            // Some rows may have been cached while the database was unsafe.
            self.engine.reference().clear();
            for Finding { object, message, remedy, .. } in &findings {
                tracing::error!(object, message, remedy, "the database is unsafe; nothing is served");
            }
            if findings.is_empty() {
                tracing::info!("the database is safe again");
            }
        }
        gate.mark_checked(changes);
        Ok(())
    }

    /// Returns the protection of the served tables in this database, in the format of `migration/protection.json`.
    pub async fn protection(&self) -> Result<String, DatabaseError> {
        self.query_text(checks::PROTECTION).await
    }

    /// Returns the functions in this database, in the format of `migration/functions.json`.
    pub async fn functions(&self) -> Result<String, DatabaseError> {
        self.query_text(checks::FUNCTIONS).await
    }

    async fn query_text(&self, sql: &str) -> Result<String, DatabaseError> {
        let rows = self.query(&format!("{PRELUDE}\n{sql}")).await?;
        Ok(rows.first().map(|row| text(row, 0)).unwrap_or_default())
    }

    async fn query(&self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let expected = Parameter::from(self.expected.clone());
        self.pool.query_catalog(&Statement { text: sql.into(), parameters: vec![expected] }).await
    }
}

fn text(row: &Row, column: usize) -> String {
    row.get(column).unwrap_or_default()
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.object, self.message)
    }
}

/// The reasons why a database is not served.
#[derive(Debug)]
pub enum UnsafeDatabase {
    /// The database is unsafe.
    Findings(Vec<Finding>),
    /// The check failed.
    Database(DatabaseError),
}

impl From<DatabaseError> for UnsafeDatabase {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl fmt::Display for UnsafeDatabase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Findings(findings) => {
                write!(out, "the database does not protect the rows that would be served:")?;
                findings.iter().try_for_each(|it| write!(out, "\n  {it}\n    → {}", it.remedy))
            }
            Self::Database(error) => write!(out, "cannot check whether the database is safe: {error}"),
        }
    }
}

impl std::error::Error for UnsafeDatabase {}
