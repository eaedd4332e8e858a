//! Defines the errors of a connection.

use std::fmt;
use std::io;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::connect::Mode;

/// The error message (`ErrorResponse`) of a server that refuses a statement or a connection.
#[derive(Clone, Debug)]
pub struct ServerError {
    /// The code of the error (SQLSTATE).
    pub code: SqlState,
    /// `ERROR`, `FATAL` or `PANIC`.
    pub severity: Option<String>,
    /// The message. It may repeat values of a statement, so it does not belong in a log.
    pub message: String,
    /// The schema of the table that the error concerns.
    pub schema: Option<String>,
    /// The table that the error concerns.
    pub table: Option<String>,
    /// The column that the error concerns.
    pub column: Option<String>,
    /// The data type that the error concerns.
    pub data_type: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// The routine in Postgres's source that raised the error.
    pub routine: Option<String>,
}

/// The prefixes of the SQLSTATEs whose messages contain names but no values: connections, logins, states of transactions,
/// privileges, missing tables and columns, resources, shutdowns.
const CODES_WITHOUT_VALUES: [&str; 11] =
    ["08", "25", "28", "3D", "40", "42501", "42P01", "42703", "53", "55", "57"];
/// The routine of Postgres that raises the errors of functions in PL/pgSQL, whose messages may contain values.
const RAISED: &str = "exec_stmt_raise";
/// The length to which names are shortened, in bytes: the longest that Postgres's own names can be.
const LONGEST_NAME: usize = 63;

/// The reasons why a connection, or a statement on it, failed.
#[derive(Debug, Error)]
pub enum WireError {
    /// The server refused the statement or the connection.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// A prepared statement is no longer valid, because a table has changed. The same batch prepares it again if it is run in a new
    /// transaction.
    #[error("a table has changed since the statement was prepared")]
    Outdated,
    /// A pooler has switched to another server connection, which does not have a prepared statement. See
    /// [`Connection::keep_statements`](crate::Connection::keep_statements).
    #[error("the pooler gives each transaction another connection and does not keep prepared statements")]
    StatementLost,
    /// The socket failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// The server has not answered within the caller's limit. The connection may be dead, or the statement slow; it may have been run.
    #[error("the server has not answered in time")]
    Silent,
    /// The connection could not be opened, for a reason that neither the server nor the socket has reported.
    #[error("{0}")]
    Opening(String),
    /// No server of the address has the wanted session attributes. Holds the mode of one server, and the errors of all.
    #[error("{1}")]
    WrongMode(Mode, String),
    /// The server sent a message that the protocol does not allow there.
    #[error("the server violates the protocol: {0}")]
    Protocol(&'static str),
}

impl ServerError {
    /// Parses the body of an `ErrorResponse`: fields that begin with a letter and end with a zero.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let field = |letter: u8| {
            body.split(|byte| *byte == 0)
                .find_map(|field| field.strip_prefix(&[letter]))
                .map(|text| String::from_utf8_lossy(text).into_owned())
        };
        Self {
            code: SqlState::from_code(&field(b'C').unwrap_or_default()),
            severity: field(b'V'),
            message: field(b'M').unwrap_or_default(),
            schema: field(b's'),
            table: field(b't'),
            column: field(b'c'),
            data_type: field(b'd'),
            constraint: field(b'n'),
            routine: field(b'R'),
        }
    }

    /// Returns true if the message contains names but no values.
    fn has_no_values(&self) -> bool {
        self.routine.as_deref() != Some(RAISED)
            && CODES_WITHOUT_VALUES.iter().any(|kind| self.code.code().starts_with(kind))
    }
}

/// Writes the part of the error that may be logged: its code and the names of the objects that it concerns, but no value.
impl fmt::Display for ServerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_no_values() {
            write!(out, "{} ", self.message)?;
        }
        write!(out, "({})", shortened(self.code.code()))?;
        let names = [
            ("severity", &self.severity),
            ("schema", &self.schema),
            ("table", &self.table),
            ("column", &self.column),
            ("type", &self.data_type),
            ("constraint", &self.constraint),
            ("routine", &self.routine),
        ];
        let mut known = names.into_iter().filter_map(|(what, name)| Some((what, name.as_deref()?)));
        known.try_for_each(|(what, name)| write!(out, " {what} {}", shortened(name)))
    }
}

fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

impl std::error::Error for ServerError {}

/// Returns the text of an error and of its causes, since errors of tokio-postgres do not repeat their causes.
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_a_code_and_words() {
        let error = ServerError::parse(
            b"SERROR\0VERROR\0C42501\0Mpermission denied for table sites\0DNot yours.\0Faclchk.c\0Raclcheck_error\0\0",
        );
        assert_eq!(error.code, SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(
            error.to_string(),
            "permission denied for table sites (42501) severity ERROR routine aclcheck_error"
        );
        assert_eq!(ServerError::parse(b"").message, "");
    }

    #[test]
    fn the_log_has_no_values() {
        let logged = |code: &str, routine: &str| {
            let fields = [
                ("V", "ERROR"),
                ("C", code),
                ("M", "invalid input syntax for type uuid: \"secret\""),
                ("D", "Key (a)=(secret) already exists."),
                ("H", "secret"),
                ("W", "secret"),
                ("q", "SELECT 'secret'"),
                ("s", "public"),
                ("t", "sites"),
                ("n", "a_key"),
                ("R", routine),
            ];
            let body = fields.map(|(letter, text)| [letter, text, "\0"].concat()).concat();
            ServerError::parse((body + "\0").as_bytes()).to_string()
        };
        for (code, routine) in
            [("22P02", "string_to_uuid"), ("23505", "_bt_check_unique"), ("42501", RAISED), ("PR400", RAISED)]
        {
            let logged = logged(code, routine);
            assert!(!logged.contains("secret"), "{logged}");
            assert!(logged.contains(code) && logged.contains("table sites constraint a_key"), "{logged}");
        }
    }
}
