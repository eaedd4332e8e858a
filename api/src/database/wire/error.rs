//! What can go wrong on a connection.

use std::fmt;
use std::io;

use thiserror::Error;
use tokio_postgres::error::SqlState;

/// What the server says of a statement, or of a whole connection, that it refuses.
#[derive(Clone, Debug)]
pub struct ServerError {
    /// Kind of error.
    pub code: SqlState,
    /// Its words.
    pub message: String,
    /// More of them, if it has any.
    pub detail: Option<String>,
    /// Schema of the table that it is about.
    pub schema: Option<String>,
    /// The table that it is about.
    pub table: Option<String>,
    /// The column that it is about.
    pub column: Option<String>,
    /// The constraint that is not kept.
    pub constraint: Option<String>,
}

/// Why a connection, or a statement on it, failed.
#[derive(Debug, Error)]
pub(in crate::database) enum WireError {
    /// The server refused.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// The server no longer knows a statement as it was prepared: a table has changed, or another server stands behind a
    /// pooler.
    #[error("a table has changed since the statement was prepared")]
    Outdated,
    /// The socket failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// It could not be opened for a reason that is neither the server's nor the socket's.
    #[error("{0}")]
    Opening(String),
    /// The server said something that does not belong there.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(&'static str),
}

impl ServerError {
    /// Reads the body of an `ErrorResponse`: fields that begin with a letter and end with a zero.
    pub(super) fn parse(body: &[u8]) -> Self {
        let field = |letter: u8| {
            body.split(|byte| *byte == 0)
                .find_map(|field| field.strip_prefix(&[letter]))
                .map(|text| String::from_utf8_lossy(text).into_owned())
        };
        Self {
            code: SqlState::from_code(&field(b'C').unwrap_or_default()),
            message: field(b'M').unwrap_or_default(),
            detail: field(b'D'),
            schema: field(b's'),
            table: field(b't'),
            column: field(b'c'),
            constraint: field(b'n'),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.message, self.code.code())?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(out, ": {detail}"))
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_a_code_and_words() {
        let error =
            ServerError::parse(b"SERROR\0VERROR\0C42501\0Mpermission denied\0DNot yours.\0Faclchk.c\0\0");
        assert_eq!(error.code, SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(error.to_string(), "permission denied (42501): Not yours.");
        assert_eq!(ServerError::parse(b"").message, "");
    }
}
