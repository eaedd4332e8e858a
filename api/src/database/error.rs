//! Classifies the errors between the gateway and Postgres by their meaning for the caller.

use std::sync::Arc;

use deadpool::managed::{PoolError, TimeoutType};
use postgres_wire::{ServerError, WireError, describe};
use thiserror::Error;
use tokio_postgres::error::SqlState;

use super::turns::NoTurn;
use crate::auth::Caller;
use crate::budget::BudgetExceeded;

/// The SQLSTATEs of a lock conflict with another transaction: a deadlock was broken, or a lock was not available in time.
pub const LOCK_CONFLICTS: [SqlState; 2] = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];

/// A failed statement or connection. The texts are for the log: they may name what a caller must not learn, and contain no value
/// of a caller.
#[derive(Clone, Debug, Error)]
pub enum DatabaseError {
    /// No connection is available.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database takes no writes: it is a standby, or has been set to read only.
    #[error("the database takes no writes: {0}")]
    ReadOnly(String),
    /// Every connection is busy.
    #[error("no database connection was free in time")]
    Busy,
    /// The rows take more memory than the caller may use.
    #[error(transparent)]
    BudgetExceeded(#[from] BudgetExceeded),
    /// The database does not protect its rows, so no statement runs.
    #[error("the database is not safe to be served")]
    Unsafe,
    /// The schema may have changed, and it is not known yet whether the database is safe.
    #[error("the schema may have changed, and the database has not been checked since")]
    Unverified,
    /// The statement ran longer than its limit.
    #[error("the statement ran longer than allowed")]
    StatementTimeout,
    /// Row-level security or a missing grant forbids the statement to the role.
    #[error("permission denied: {0}")]
    Forbidden(String),
    /// A value that only Postgres can check is invalid, such as the name of a time zone; the message is for the caller.
    #[error("a value was refused")]
    InvalidValue(String),
    /// Policies look for an account by the token's subject, which is not the id of one.
    #[error("the subject of the token is no UUID")]
    Subject,
    /// A table has changed since the statement was prepared. The next time it is prepared again.
    #[error("a table has changed since the statement was prepared")]
    Outdated,
    /// Postgres refused a statement for another reason.
    #[error(transparent)]
    Postgres(Arc<ServerError>),
}

impl DatabaseError {
    /// Converts an error in a writing transaction. `at_begin`: the transaction could not even begin.
    pub(super) fn of_writing(error: WireError, at_begin: bool) -> Self {
        match error {
            WireError::Server(error)
                if error.code == SqlState::READ_ONLY_SQL_TRANSACTION
                    // A standby does not begin one: "cannot set transaction read-write mode during recovery".
                    || (at_begin && error.code == SqlState::FEATURE_NOT_SUPPORTED) =>
            {
                Self::ReadOnly(error.to_string())
            }
            other => other.into(),
        }
    }
}

impl DatabaseError {
    /// Returns true if Postgres cannot compute with a given or stored value: class 22 (an invalid value) or 54 (one beyond its
    /// limits).
    pub fn is_value_error(&self) -> bool {
        match self {
            Self::InvalidValue(_) => true,
            Self::Postgres(error) => ["22", "54"].iter().any(|class| error.code.code().starts_with(class)),
            _ => false,
        }
    }

    /// Converts an error in the transaction of a caller.
    pub(super) fn of_caller(self, caller: &Caller) -> Self {
        match self {
            Self::Postgres(error)
                if error.code == SqlState::INVALID_TEXT_REPRESENTATION && !caller.names_account() =>
            {
                Self::Subject
            }
            other => other,
        }
    }
}

impl From<WireError> for DatabaseError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Server(error) => Self::from(*error),
            WireError::Outdated => Self::Outdated,
            WireError::StatementLost => {
                Self::Unavailable(format!("{error}; leave out --prepared-statements true"))
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<ServerError> for DatabaseError {
    fn from(error: ServerError) -> Self {
        if error.code == SqlState::QUERY_CANCELED {
            Self::StatementTimeout
        } else if error.code == SqlState::INSUFFICIENT_PRIVILEGE {
            Self::Forbidden(error.to_string())
        } else if error.code == SqlState::INVALID_PARAMETER_VALUE {
            Self::InvalidValue(error.message)
        } else if is_connection_failure(&error.code) {
            Self::Unavailable(error.to_string())
        } else {
            Self::Postgres(Arc::new(error))
        }
    }
}

/// Converts an error of a connection outside the pool: no statement there can be refused because of the caller.
impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Unavailable(describe(&error))
    }
}

impl From<NoTurn> for DatabaseError {
    fn from(_: NoTurn) -> Self {
        Self::Busy
    }
}

impl From<PoolError<WireError>> for DatabaseError {
    fn from(error: PoolError<WireError>) -> Self {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => Self::Busy,
            PoolError::Backend(error) => Self::Unavailable(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Returns true for classes 08 (connection), 53 (resources) and 57 (operator intervention: shutdown, crash recovery).
fn is_connection_failure(state: &SqlState) -> bool {
    ["08", "53", "57"].iter().any(|class| state.code().starts_with(class))
}
