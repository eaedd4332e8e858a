//! Defines the errors of running migrations.

use std::fmt;

use sea_orm::sqlx::{self, postgres::PgDatabaseError, postgres::PgErrorPosition};
use sea_orm::{DbErr, RuntimeErr};

/// The reasons why a run failed. Nothing of the failed migration remains; the migrations before it are applied.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database URL cannot be parsed. It is not repeated here, because it may hold a password.
    #[error("the database URL cannot be read: {0}")]
    Url(#[source] sqlx::Error),
    /// The database cannot be reached, or refuses the login.
    #[error("the database cannot be reached: {0}")]
    Connect(#[source] sqlx::Error),
    /// The schema `praxis` with the record of migrations cannot be created.
    #[error("the record of migrations cannot be created in schema praxis: {0}")]
    Record(Box<DatabaseError>),
    /// The record of migrations cannot be read.
    #[error(
        "the record of migrations cannot be read: {0}; grant USAGE on schema praxis and SELECT on praxis.seaql_migrations \
         and praxis.migration_checksums"
    )]
    Unreadable(Box<DatabaseError>),
    /// The comments on tables and columns cannot be set.
    #[error("the tables cannot be described: {0}")]
    Undescribed(Box<DatabaseError>),
    /// The text of an applied migration was edited.
    #[error(
        "migration {name} has been applied and was edited afterwards: restore its text and add a new migration"
    )]
    Edited {
        /// The migration's name.
        name: &'static str,
    },
    /// The record contains a migration that this program does not know.
    #[error(
        "migration {name} has been applied, but this program does not know it: the database was migrated by a newer version"
    )]
    Unknown {
        /// The migration's name in the record.
        name: String,
    },
    /// Postgres refused a migration.
    #[error("migration {name} failed{}: {error}", error.line.map(|line| format!(" at line {line}")).unwrap_or_default())]
    Failed {
        /// The migration's name.
        name: &'static str,
        /// The error from Postgres.
        error: Box<DatabaseError>,
    },
}

/// The error that Postgres reports for a statement.
#[derive(Debug)]
pub struct DatabaseError {
    /// The SQLSTATE, if the error comes from Postgres.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// The detail, if Postgres gives one.
    pub detail: Option<String>,
    /// The hint, if Postgres gives one.
    pub hint: Option<String>,
    /// The line of the migration's text, counted from 1.
    pub line: Option<usize>,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for more in [&self.detail, &self.hint].into_iter().flatten() {
            write!(f, " ({more})")?;
        }
        if let Some(code) = &self.code {
            write!(f, " [{code}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for DatabaseError {}

const INSUFFICIENT_PRIVILEGE: &str = "42501";

impl DatabaseError {
    /// Converts an error. `text` is the SQL that was sent, if the position of the error should become a line.
    pub(crate) fn new(error: &DbErr, text: Option<&str>) -> Self {
        if let DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause) = error
            && let RuntimeErr::SqlxError(cause) = cause
        {
            return Self::from_sqlx(cause, text);
        }
        Self::unknown(error)
    }

    pub(crate) fn from_sqlx(error: &sqlx::Error, text: Option<&str>) -> Self {
        let postgres = error.as_database_error().and_then(|it| it.try_downcast_ref::<PgDatabaseError>());
        let Some(postgres) = postgres else {
            return Self::unknown(error);
        };
        // A position within a DO block or a function counts from its beginning, not the file's.
        let line = match (postgres.position(), text) {
            (Some(PgErrorPosition::Original(position)), Some(text)) => {
                Some(1 + text.chars().take(position.saturating_sub(1)).filter(|it| *it == '\n').count())
            }
            _ => None,
        };
        Self {
            code: Some(postgres.code().to_owned()),
            message: postgres.message().to_owned(),
            detail: postgres.detail().map(ToOwned::to_owned),
            hint: postgres
                .hint()
                .or((postgres.code() == INSUFFICIENT_PRIVILEGE)
                    .then_some("migrate as the owner of the tables"))
                .map(ToOwned::to_owned),
            line,
        }
    }

    fn unknown(error: &dyn fmt::Display) -> Self {
        Self { code: None, message: error.to_string(), detail: None, hint: None, line: None }
    }
}
