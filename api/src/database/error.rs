//! What can go wrong between the gateway and Postgres, by what it means for the caller.

use std::sync::Arc;

use deadpool_postgres::{PoolError, TimeoutType};
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// A failed statement or connection. The texts are for the log: they may name what a caller must not learn.
#[derive(Clone, Debug, Error)]
pub enum DatabaseError {
    /// No connection could be had.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// Every connection is busy.
    #[error("no database connection was free in time")]
    Busy,
    /// The statement ran longer than its limit.
    #[error("the statement ran longer than allowed")]
    StatementTimeout,
    /// The role may not do this; row-level security or a missing grant.
    #[error("permission denied: {0}")]
    Forbidden(String),
    /// A value that only Postgres can judge, such as the name of a time zone; its words are for the caller.
    #[error("{0}")]
    InvalidValue(String),
    /// Anything else that Postgres refused.
    #[error("{}", describe(.0.as_ref()))]
    Postgres(#[source] Arc<tokio_postgres::Error>),
}

impl DatabaseError {
    /// Whether the statement failed only because another one of its transaction had failed before.
    pub(super) fn is_consequence(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION))
    }
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(database) = error.as_db_error() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some() {
                Self::Unavailable(describe(&error))
            } else {
                Self::Postgres(Arc::new(error))
            };
        };
        let state = database.code();
        if *state == SqlState::QUERY_CANCELED {
            Self::StatementTimeout
        } else if *state == SqlState::INSUFFICIENT_PRIVILEGE {
            Self::Forbidden(database.message().to_owned())
        } else if *state == SqlState::INVALID_PARAMETER_VALUE {
            Self::InvalidValue(database.message().to_owned())
        } else if is_connection_failure(state) {
            Self::Unavailable(database.to_string())
        } else {
            Self::Postgres(Arc::new(error))
        }
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => Self::Busy,
            PoolError::Backend(error) => match Self::from(error) {
                Self::Postgres(error) => Self::Unavailable(describe(error.as_ref())),
                other => other,
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Classes 08 (connection), 53 (resources) and 57 (operator intervention: shutdown, crash recovery).
fn is_connection_failure(state: &SqlState) -> bool {
    ["08", "53", "57"].iter().any(|class| state.code().starts_with(class))
}

/// An error with its causes: tokio-postgres's own text says only that there was one.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
