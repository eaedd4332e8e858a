//! Logs in to a server, and checks its session attributes.

use std::fmt;
use std::time::Duration;

use bytes::Buf as _;
use postgres_protocol::message::{backend, frontend};
use tokio_postgres::Config;

use crate::answers::Transaction;
use crate::batch::{BatchError, Command, Query};
use crate::connection::Connection;
use crate::conninfo::SessionAttrs;
use crate::error::{ServerError, WireError};
use crate::login::{Login, Step};
use crate::rows::Row;

/// The query of a server's mode; [`Mode::read`] reads its rows.
pub const MODE: Query<'_> = Query::plain(
    "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean",
    Command::Statement,
);

/// The mode of a server, which decides if transactions can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Transactions can write.
    Primary,
    /// The server replays the writes of another server.
    Standby,
    /// The server has been set to read only (`default_transaction_read_only`).
    ReadOnly,
}

impl Mode {
    /// Reads the mode from the rows of [`MODE`].
    pub fn read(rows: &[Row]) -> Self {
        let is = |column: usize| rows.first().is_some_and(|row| row.get(column) == Some(true));
        match (is(0), is(1)) {
            (true, _) => Self::Standby,
            (false, true) => Self::ReadOnly,
            (false, false) => Self::Primary,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "a primary",
            Self::Standby => "a standby",
            Self::ReadOnly => "set to read only",
        })
    }
}

impl Connection {
    /// Logs in, and waits until the server is ready.
    pub(crate) async fn log_in(&mut self, config: &Config) -> Result<(), WireError> {
        let user = config.get_user().unwrap_or_default();
        let mut parameters = vec![("client_encoding", "UTF8"), ("user", user)];
        let optional = [
            ("database", config.get_dbname()),
            ("options", config.get_options()),
            ("application_name", config.get_application_name()),
        ];
        parameters.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        frontend::startup_message(parameters, &mut self.outbox)?;
        self.send().await?;
        self.authenticate(user, config.get_password()).await?;
        loop {
            let message = self.next().await?;
            let mut body = self.body(message);
            match message.tag {
                backend::BACKEND_KEY_DATA_TAG => {
                    (self.process, self.secret) = body
                        .try_get_i32()
                        .and_then(|process| Ok((process, body.try_get_i32()?)))
                        .map_err(|_| WireError::Protocol("a cancellation key of the wrong length"))?;
                }
                backend::READY_FOR_QUERY_TAG if Transaction::read(body)? == Transaction::None => break,
                backend::ERROR_RESPONSE_TAG => return Err(refused(body)),
                _ => return Err(WireError::Protocol("an unexpected message after the login")),
            }
        }
        self.take();
        Ok(())
    }

    /// Answers the server's authentication messages until the login is accepted.
    async fn authenticate(&mut self, user: &str, password: Option<&[u8]>) -> Result<(), WireError> {
        let mut login = Login::default();
        loop {
            let message = self.next().await?;
            match message.tag {
                backend::AUTHENTICATION_TAG => {}
                backend::ERROR_RESPONSE_TAG => return Err(refused(self.body(message))),
                _ => return Err(WireError::Protocol("an unexpected message before the login")),
            }
            let step = login.answer(self.body(message), user, password)?;
            drop(self.take());
            match step {
                Step::Accepted => return Ok(()),
                Step::Answer(answer) => {
                    self.outbox.extend_from_slice(&answer);
                    self.send().await?;
                }
                Step::Nothing => {}
            }
        }
    }

    /// Checks that the server has the wanted session attributes.
    pub(crate) async fn check_session(
        &mut self,
        attrs: SessionAttrs,
        within: Duration,
    ) -> Result<(), WireError> {
        let mode = match attrs {
            SessionAttrs::Any | SessionAttrs::PreferStandby => return Ok(()),
            _ => self.mode(within).await.map_err(|failed| failed.error)?,
        };
        let fits = match attrs {
            SessionAttrs::ReadWrite => mode == Mode::Primary,
            SessionAttrs::ReadOnly => mode != Mode::Primary,
            SessionAttrs::Primary => mode != Mode::Standby,
            SessionAttrs::Standby => mode == Mode::Standby,
            SessionAttrs::Any | SessionAttrs::PreferStandby => true,
        };
        if fits { Ok(()) } else { Err(WireError::WrongMode(mode, format!("the server is {mode}"))) }
    }

    /// Asks the server for its mode.
    pub async fn mode(&mut self, within: Duration) -> Result<Mode, BatchError> {
        let answers = self.run(&[MODE], within).await?;
        Ok(Mode::read(answers.first().map_or(&[], Vec::as_slice)))
    }
}

fn refused(body: &[u8]) -> WireError {
    WireError::Server(Box::new(ServerError::parse(body)))
}
