//! Defines the engine's errors. The caller gets a stable code, a message and the location; the log gets the cause.

use std::fmt::Display;

use async_graphql::{ErrorExtensionValues, Pos, Value};
use tracing::Level;
use uuid::Uuid;

pub use async_graphql::PathSegment;

use crate::auth::AuthError;
use crate::budget::BudgetExceeded;
use crate::database::{DatabaseError, LOCK_CONFLICTS, ServerError, SqlState};
use crate::random;

/// The stable codes of `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request is not GraphQL: it does not parse, or does not fit the schema.
    GraphqlInvalid,
    /// The request has no valid token.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// A value is invalid.
    BadUserInput,
    /// The row does not exist, or the caller may not see it.
    NotFound,
    /// The request conflicts with the database.
    Conflict,
    /// Missed changes are no longer kept: the client has to start again.
    Gone,
    /// The request exceeds a limit.
    LimitExceeded,
    /// The request timed out.
    Timeout,
    /// The database cannot be reached, or is overloaded.
    Unavailable,
    /// The gateway has failed; the log has the cause under the error's id.
    Internal,
}

impl Code {
    /// Returns the text in `extensions.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlInvalid => "GRAPHQL_INVALID",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Gone => "GONE",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// The reason of a request that gave way to another transaction: it is valid, and can be sent again.
pub(super) const COLLISION: &str = "COLLISION";
/// The reason of a request that fails because the database takes no writes.
pub const READ_ONLY_DATABASE: &str = "READ_ONLY_DATABASE";
/// The reason of a request that fails because the database does not protect its rows.
pub(super) const UNSAFE_DATABASE: &str = "UNSAFE_DATABASE";
/// The reason of a subscription that is refused because notifications of changes do not arrive.
pub const NOTIFICATIONS_UNAVAILABLE: &str = "NOTIFICATIONS_UNAVAILABLE";
/// The reason of a mutation with an unknown outcome.
pub(super) const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
/// Reasons of `UNAVAILABLE` that last until an operator acts, or that do not allow the same request to be sent again without a
/// check.
const LASTING: [&str; 4] = [READ_ONLY_DATABASE, UNSAFE_DATABASE, NOTIFICATIONS_UNAVAILABLE, OUTCOME_UNKNOWN];

/// A location in the text of a request; both numbers count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    /// Line.
    pub line: usize,
    /// Character of the line.
    pub column: usize,
}

/// An error for the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// The message for the caller.
    pub message: String,
    /// The locations in the request's text.
    pub locations: Vec<Location>,
    /// The path of the field in the response.
    pub path: Vec<PathSegment>,
    /// The argument, as a dotted path: `filter.hourlyRate.lte`.
    pub argument: Option<String>,
    /// The reason, among those that share the code.
    pub reason: Option<&'static str>,
    /// The broken rule of the database.
    pub rule: Option<Box<Rule>>,
    /// The requested payload, with the row in its present state.
    pub present: Option<Box<Value>>,
    /// The id of an internal error, which finds it in the log.
    pub id: Option<Uuid>,
    /// The cause for the log, until it has been logged.
    pub cause: Option<Box<Cause>>,
}

/// The cause of an error, for the log and not for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The level at which it is logged.
    level: Level,
    /// The message of the log.
    message: &'static str,
    /// The text of the error that caused this one; it may be empty.
    reason: String,
}

/// A rule of the database, by its names there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The schema of the table.
    pub schema: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
}

impl Rule {
    /// Returns the rule that Postgres names in an error.
    pub(super) fn of(error: &ServerError) -> Self {
        Self {
            schema: error.schema.clone(),
            table: error.table.clone(),
            column: error.column.clone(),
            constraint: error.constraint.clone(),
        }
    }
}

impl Error {
    /// Returns an error without a location.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            locations: Vec::new(),
            path: Vec::new(),
            argument: None,
            reason: None,
            rule: None,
            present: None,
            id: None,
            cause: None,
        }
    }

    /// Returns the same error with a cause, which is logged when the error is answered.
    #[must_use]
    pub(super) fn caused(self, level: Level, message: &'static str, reason: &dyn Display) -> Self {
        Self { cause: Some(Box::new(Cause { level, message, reason: reason.to_string() })), ..self }
    }

    /// Logs the cause, if that has not been done, and returns the error without it. [`Error::answered`] does so by itself; an error
    /// that is answered to several callers is logged before.
    #[must_use]
    pub fn logged(mut self) -> Self {
        let Some(Cause { level, message, reason }) = self.cause.take().map(|cause| *cause) else {
            return self;
        };
        let error_id = self.id.map(tracing::field::display);
        let reason = (!reason.is_empty()).then_some(reason);
        match level {
            Level::ERROR => tracing::error!(error_id, reason, "{message}"),
            Level::WARN => tracing::warn!(error_id, reason, "{message}"),
            _ => tracing::info!(error_id, reason, "{message}"),
        }
        self
    }

    /// Returns an internal error: the cause goes to the log, an id to the caller.
    pub fn internal(cause: &dyn Display) -> Self {
        let error =
            Self::new(Code::Internal, "Something went wrong on our side; the id finds it in the log.");
        Self { id: Some(random::id()), ..error }.caused(Level::ERROR, "internal error", cause)
    }

    /// Returns the error that refuses a caller.
    pub fn unauthenticated(error: AuthError) -> Self {
        let code = if error.is_temporary() { Code::Unavailable } else { Code::Unauthenticated };
        Self { reason: Some(error.reason()), ..Self::new(code, error.to_string()) }
    }

    /// Returns true if the same request can be sent again soon, and may succeed then.
    pub fn passes(&self) -> bool {
        self.code == Code::Unavailable && !self.reason.is_some_and(|reason| LASTING.contains(&reason))
    }

    /// Returns the same error at a field.
    #[must_use]
    pub fn at(mut self, path: &[PathSegment], location: Option<Location>) -> Self {
        self.path = path.to_vec();
        self.locations = location.into_iter().collect();
        self
    }
}

impl From<&DatabaseError> for Error {
    fn from(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(reason) => Self::new(
                Code::Unavailable,
                "The database cannot be reached. Try again in a moment.",
            )
            .caused(Level::ERROR, "database unavailable", reason),
            DatabaseError::ReadOnly(reason) => {
                let message = "This server cannot write: its database is a standby, or has been set to read only. \
                               Nothing was written.";
                Self { reason: Some(READ_ONLY_DATABASE), ..Self::new(Code::Unavailable, message) }.caused(
                    Level::WARN,
                    "a write to a database that takes none",
                    reason,
                )
            }
            DatabaseError::Busy => Self::new(Code::Unavailable, "The server is busy. Try again in a moment.")
                .caused(Level::WARN, "no database connection was free in time", &""),
            DatabaseError::Outdated => Self::new(
                Code::Unavailable,
                "The tables have just changed. Try again in a moment.",
            )
            .caused(Level::WARN, "a table has changed since the statement was prepared", &""),
            DatabaseError::BudgetExceeded(spent) => (*spent).into(),
            DatabaseError::Unsafe => Self {
                reason: Some(UNSAFE_DATABASE),
                ..Self::new(
                    Code::Unavailable,
                    "The database does not protect its data. Nothing is served until it does again.",
                )
            },
            DatabaseError::Unverified => {
                let message = "The tables have just changed and are being checked. Try again in a moment.";
                Self::new(Code::Unavailable, message).caused(
                    Level::WARN,
                    "an answer is withheld: the schema may have changed, and the database has not been checked since",
                    &"",
                )
            }
            DatabaseError::StatementTimeout => Self::new(
                Code::Timeout,
                "The query took too long. Ask for fewer rows, or filter on an indexed column.",
            ),
            DatabaseError::Forbidden(reason) => Self::new(Code::Forbidden, "Your role may not do this.")
                .caused(Level::INFO, "refused by the database", reason),
            DatabaseError::Subject => Self::unauthenticated(AuthError::Subject),
            DatabaseError::InvalidValue(message) => Self::new(Code::BadUserInput, message),
            // This is a transaction that only reads; one that writes is repeated before an error is reported.
            DatabaseError::Postgres(server) if server.code == SqlState::T_R_SERIALIZATION_FAILURE => {
                let message = "The standby had to catch up with its primary. Try again in a moment.";
                Self::new(Code::Unavailable, message).caused(
                    Level::WARN,
                    "a query gave way to what the standby replays",
                    &"",
                )
            }
            DatabaseError::Postgres(server) if LOCK_CONFLICTS.contains(&server.code) => {
                let message =
                    "Others were writing the same rows, or changing the tables. Try again in a moment.";
                Self { reason: Some(COLLISION), ..Self::new(Code::Unavailable, message) }.caused(
                    Level::WARN,
                    "a statement gave way to another transaction",
                    server,
                )
            }
            DatabaseError::Postgres(server) => {
                raised(server).or_else(|| unusable(server)).unwrap_or_else(|| Self::internal(error))
            }
        }
    }
}

impl From<BudgetExceeded> for Error {
    fn from(spent: BudgetExceeded) -> Self {
        let code = match spent {
            BudgetExceeded::TooMuch => Code::LimitExceeded,
            BudgetExceeded::AtTheMoment => Code::Unavailable,
        };
        Self::new(code, spent.to_string())
    }
}

/// Returns the caller's error for SQLSTATE classes 22 (an invalid value) and 54 (a value beyond Postgres's limits). Postgres's
/// message may contain data of rows, so only the log has it.
fn unusable(error: &ServerError) -> Option<Error> {
    let message = match error.code.code().get(..2)? {
        "22" => "A value cannot be used: the database cannot compute with it, or with what it finds by it.",
        "54" => "A value is too long or too deep for the database.",
        _ => return None,
    };
    let refused = Error::new(Code::BadUserInput, message);
    Some(refused.caused(Level::WARN, "the database cannot compute something", error))
}

/// Returns the error that a trigger or function of the database raises for the caller, with its own message: its SQLSTATE begins
/// with `PR`.
fn raised(error: &ServerError) -> Option<Error> {
    let code = match error.code.code() {
        "PR400" => Code::BadUserInput,
        "PR403" => Code::Forbidden,
        "PR404" => Code::NotFound,
        "PR409" => Code::Conflict,
        _ => return None,
    };
    Some(Error { rule: Some(Box::new(Rule::of(error))), ..Error::new(code, &error.message) })
}

impl Error {
    /// Returns the error as a part of an answer, and logs its cause: this is the only way of an error to a caller.
    pub fn answered(self) -> async_graphql::ServerError {
        let Self { code, message, locations, path, argument, reason, rule, present, id, cause: _ } =
            self.logged();
        let Rule { schema, table, column, constraint } = rule.map(|rule| *rule).unwrap_or_default();
        let text = |text: Option<String>| text.map(Value::from);
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", code.as_str());
        let others = [
            ("argument", text(argument)),
            ("reason", reason.map(Value::from)),
            ("schema", text(schema)),
            ("table", text(table)),
            ("column", text(column)),
            ("constraint", text(constraint)),
            ("present", present.map(|present| *present)),
            ("id", id.map(|id| Value::from(id.to_string()))),
        ];
        for (name, value) in others {
            if let Some(value) = value {
                extensions.set(name, value);
            }
        }
        let place = |Location { line, column }| Pos { line, column };
        async_graphql::ServerError {
            locations: locations.into_iter().map(place).collect(),
            path,
            extensions: Some(extensions),
            ..async_graphql::ServerError::new(message, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_errors_are_unavailable_without_a_lasting_reason() {
        use Code::{
            BadUserInput, Conflict, Forbidden, Gone, GraphqlInvalid, Internal, LimitExceeded, NotFound,
            Timeout, Unauthenticated, Unavailable,
        };
        let reasons =
            [READ_ONLY_DATABASE, UNSAFE_DATABASE, NOTIFICATIONS_UNAVAILABLE, OUTCOME_UNKNOWN, COLLISION];
        for code in [
            GraphqlInvalid,
            Unauthenticated,
            Forbidden,
            BadUserInput,
            NotFound,
            Conflict,
            Gone,
            LimitExceeded,
            Timeout,
            Unavailable,
            Internal,
        ] {
            for reason in reasons.map(Some).into_iter().chain([None]) {
                let lasts = reason.is_some_and(|reason| reason != COLLISION);
                let error = Error { reason, ..Error::new(code, "") };
                assert_eq!(error.passes(), code == Unavailable && !lasts, "{error:?}");
            }
        }
        let keys = Error::unauthenticated(AuthError::KeysUnavailable);
        assert!(keys.passes() && !Error::unauthenticated(AuthError::Missing).passes());
    }
}
