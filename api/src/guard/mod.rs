//! Refuses to serve a database that does not protect its rows.
//!
//! Row-level security, policies, grants, columns, keys and functions are compared with what the catalog of the engine and
//! the migrations say. `serve` looks at the start, whenever the schema changes and every 15 s; `doctor` looks once.

mod expected;
mod functions;
mod lacking;
mod questions;
mod roles;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tokio_postgres::types::Type;

use self::functions::Functions;
use self::questions::{ABOUT_ROLES, PRELUDE};
use crate::database::{DatabaseError, Parameter, Pool, Row, Statement};
use crate::graph::Engine;

/// How often it looks where nobody says that the schema has changed: nobody ever says it of roles.
const EVERY: Duration = Duration::from_secs(15);
/// How long a look may take: what it reads may be locked.
const WITHIN: Duration = Duration::from_secs(30);
/// Pause after a look that has failed.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Something about the database that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `schema.table`, `schema.table.column`, `schema.function(arguments)`.
    pub object: String,
    /// What is wrong with it.
    pub message: String,
    /// The statement that mends it, or what else to do.
    pub remedy: String,
    /// Whether nothing is served until it is mended. The rest is for whoever runs the database to judge.
    pub is_unsafe: bool,
}

/// How the migrations protect the tables of all systems: `migration/protection.json`, which a test keeps true.
pub fn shipped_protection() -> Value {
    serde_json::from_str(migration::PROTECTION).unwrap_or_default()
}

/// Looks whether a database protects what the gateway serves of it.
#[derive(Clone)]
pub struct Guard {
    pool: Pool,
    engine: Arc<Engine>,
    functions: Arc<Functions>,
    expected: String,
}

impl Guard {
    /// A guard of the tables and functions that an engine serves to callers of these roles.
    pub fn new(engine: &Arc<Engine>, pool: &Pool, roles: &[String]) -> Self {
        Self::comparing(engine, pool, roles, &shipped_protection())
    }

    /// The same, where the tables should be protected otherwise than the migrations do it: an array like that of
    /// `migration/protection.json`.
    pub fn comparing(engine: &Arc<Engine>, pool: &Pool, roles: &[String], protection: &Value) -> Self {
        let functions = Functions::shipped();
        let expected = expected::of(engine.catalog(), &functions, roles, protection).to_string();
        Self { pool: pool.clone(), engine: Arc::clone(engine), functions: Arc::new(functions), expected }
    }

    /// What is not as it should be now. What the engine keeps in memory is forgotten if what protects it has changed.
    pub async fn look(&self) -> Result<Vec<Finding>, DatabaseError> {
        let mut rows = self.ask(&questions::all()).await?;
        if let Some(memory) = rows.pop() {
            self.engine.reference().heed(text(&memory, 1), memory.bytes(4) == Some(&[1]));
        }
        // A role that can do too much makes good policies look bad.
        let of_roles = rows.iter().take_while(|row| row.bytes(0) == Some(&ABOUT_ROLES)).count();
        rows.truncate(if of_roles > 0 { of_roles } else { rows.len() });
        Ok(rows.iter().map(|row| self.finding(row)).collect())
    }

    fn finding(&self, row: &Row) -> Finding {
        let object = text(row, 1);
        // A function is mended with its definition, which is not sent to be compared.
        let remedy = if row.bytes(3).is_some() { text(row, 3) } else { self.functions.definition(&object) };
        Finding { object, message: text(row, 2), remedy, is_unsafe: row.bytes(4) == Some(&[1]) }
    }

    /// The same, but an error where anything is unsafe.
    pub async fn admit(&self) -> Result<(), UnsafeDatabase> {
        let unsafe_ones = self.look().await?.into_iter().filter(|finding| finding.is_unsafe);
        let findings: Vec<Finding> = unsafe_ones.collect();
        if findings.is_empty() { Ok(()) } else { Err(UnsafeDatabase::Findings(findings)) }
    }

    /// Looks again and again, and shuts the pool's gate for as long as anything is unsafe.
    pub async fn watch(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.pool.gate().doubted() => {}
            }
            let looked = tokio::time::timeout(WITHIN, self.look_again()).await;
            let silent = |_| Err(DatabaseError::Unavailable("it does not answer in time".into()));
            // What cannot be looked at says nothing about the rows.
            if let Err(error) = looked.unwrap_or_else(silent) {
                tracing::warn!(%error, "cannot look whether the database is safe");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    async fn look_again(&self) -> Result<(), DatabaseError> {
        let gate = self.pool.gate();
        let doubts = gate.doubts();
        let findings = match self.admit().await {
            Ok(()) => Vec::new(),
            Err(UnsafeDatabase::Findings(findings)) => findings,
            Err(UnsafeDatabase::Database(error)) => {
                gate.set_looked(false, Instant::now());
                return Err(error);
            }
        };
        gate.set_looked(true, Instant::now());
        if gate.set_shut(!findings.is_empty()) {
            // Some of it may have been read when it was not safe.
            self.engine.reference().forget();
            for Finding { object, message, remedy, .. } in &findings {
                tracing::error!(object, message, remedy, "the database is unsafe; nothing is served");
            }
            if findings.is_empty() {
                tracing::info!("the database is safe again");
            }
        }
        gate.settle(doubts);
        Ok(())
    }

    /// What the migrations make of the served tables, as `migration/protection.json` has it.
    pub async fn protection(&self) -> Result<String, DatabaseError> {
        self.one(questions::PROTECTION).await
    }

    /// The functions that the migrations make, as `migration/functions.json` has them.
    pub async fn functions(&self) -> Result<String, DatabaseError> {
        self.one(questions::FUNCTIONS).await
    }

    async fn one(&self, question: &str) -> Result<String, DatabaseError> {
        let rows = self.ask(&format!("{PRELUDE}\n{question}")).await?;
        Ok(rows.first().map(|row| text(row, 0)).unwrap_or_default())
    }

    async fn ask(&self, question: &str) -> Result<Vec<Row>, DatabaseError> {
        let expected = Parameter::new(Type::TEXT, self.expected.clone().into_bytes());
        self.pool.query_catalog(&Statement { text: question.into(), parameters: vec![expected] }).await
    }
}

fn text(row: &Row, column: usize) -> String {
    String::from_utf8_lossy(row.bytes(column).unwrap_or_default()).into_owned()
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.object, self.message)
    }
}

/// Why a database is not served.
#[derive(Debug)]
pub enum UnsafeDatabase {
    /// What is unsafe.
    Findings(Vec<Finding>),
    /// It could not be looked at.
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
                write!(out, "the database does not protect what would be served:")?;
                findings.iter().try_for_each(|it| write!(out, "\n  {it}\n    → {}", it.remedy))
            }
            Self::Database(error) => write!(out, "cannot look whether the database is safe: {error}"),
        }
    }
}

impl std::error::Error for UnsafeDatabase {}
