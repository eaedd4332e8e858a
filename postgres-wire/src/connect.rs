//! Logging in: who we are, and whether the server is one that is wanted.

use std::fmt;
use std::io;

use bytes::{Buf as _, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ChannelBinding, ScramSha256};
use postgres_protocol::message::{backend, frontend};
use tokio_postgres::Config;

use super::Connection;
use super::answers::Transaction;
use super::batch::{BatchError, Command, Query};
use super::conninfo::SessionAttrs;
use super::error::{ServerError, WireError};
use super::rows::Row;

/// Whether the server replays another one's log, and whether transactions only read unless they say otherwise.
pub const MODE: Query<'_> = Query::plain(
    "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean",
    Command::Statement,
);

/// What a server does with those who write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It lets them.
    Primary,
    /// It replays what another server writes.
    Standby,
    /// It has been set to read only (`default_transaction_read_only`).
    ReadOnly,
}

impl Mode {
    /// Reads the rows of [`MODE`].
    pub fn read(rows: &[Row]) -> Self {
        let is = |column: usize| rows.first().is_some_and(|row| row.bytes(column) == Some(&[1]));
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
    /// Says who we are and waits until the server is ready.
    pub(super) async fn log_in(&mut self, config: &Config) -> Result<(), WireError> {
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
                        .map_err(|_| WireError::Protocol("a key of another length"))?;
                }
                backend::READY_FOR_QUERY_TAG if Transaction::read(body)? == Transaction::None => break,
                backend::ERROR_RESPONSE_TAG => return Err(refused(body)),
                _ => return Err(WireError::Protocol("an unexpected message behind the login")),
            }
        }
        self.take();
        Ok(())
    }

    async fn authenticate(&mut self, user: &str, password: Option<&[u8]>) -> Result<(), WireError> {
        let mut scram = None;
        let needed = || password.ok_or_else(|| WireError::Opening("the server asks for a password".into()));
        let wrong = |error: io::Error| WireError::Opening(format!("authentication failed: {error}"));
        loop {
            let message = self.next().await?;
            let mut body = self.body(message);
            match message.tag {
                backend::AUTHENTICATION_TAG => {}
                backend::ERROR_RESPONSE_TAG => return Err(refused(body)),
                _ => return Err(WireError::Protocol("an unexpected message before the login")),
            }
            let kind = body.try_get_i32().map_err(|_| WireError::Protocol("an empty authentication"))?;
            let mut answer = BytesMut::new();
            match kind {
                authentication::OK => return Ok(()),
                authentication::CLEARTEXT => frontend::password_message(needed()?, &mut answer)?,
                authentication::MD5 => {
                    let salt =
                        body.try_into().map_err(|_| WireError::Protocol("a salt of another length"))?;
                    let hash = md5_hash(user.as_bytes(), needed()?, salt);
                    frontend::password_message(hash.as_bytes(), &mut answer)?;
                }
                authentication::SASL => {
                    let offered =
                        |mechanism: &str| body.split(|byte| *byte == 0).any(|it| it == mechanism.as_bytes());
                    if !offered(sasl::SCRAM_SHA_256) {
                        return Err(WireError::Opening(
                            "the server offers no way to log in that is known here".into(),
                        ));
                    }
                    let exchange = ScramSha256::new(needed()?, ChannelBinding::unsupported());
                    frontend::sasl_initial_response(sasl::SCRAM_SHA_256, exchange.message(), &mut answer)?;
                    scram = Some(exchange);
                }
                authentication::SASL_CONTINUE | authentication::SASL_FINAL => {
                    let exchange =
                        scram.as_mut().ok_or(WireError::Protocol("a proof that nobody asked for"))?;
                    if kind == authentication::SASL_FINAL {
                        exchange.finish(body).map_err(wrong)?;
                        continue;
                    }
                    exchange.update(body).map_err(wrong)?;
                    frontend::sasl_response(exchange.message(), &mut answer)?;
                }
                _ => {
                    return Err(WireError::Opening(
                        "the server asks for a way to log in that is not known here".into(),
                    ));
                }
            }
            self.outbox.extend_from_slice(&answer);
            self.send().await?;
        }
    }

    /// Whether the server is one of those that are wanted.
    pub(super) async fn check_session(&mut self, wanted: SessionAttrs) -> Result<(), WireError> {
        let mode = match wanted {
            SessionAttrs::Any | SessionAttrs::PreferStandby => return Ok(()),
            _ => self.mode().await.map_err(|failed| failed.error)?,
        };
        let fits = match wanted {
            SessionAttrs::ReadWrite => mode == Mode::Primary,
            SessionAttrs::ReadOnly => mode != Mode::Primary,
            SessionAttrs::Primary => mode != Mode::Standby,
            SessionAttrs::Standby => mode == Mode::Standby,
            SessionAttrs::Any | SessionAttrs::PreferStandby => true,
        };
        if fits { Ok(()) } else { Err(WireError::Unwanted(mode, format!("the server is {mode}"))) }
    }

    /// What the server does with those who write.
    pub async fn mode(&mut self) -> Result<Mode, BatchError> {
        let answers = self.run(&[MODE]).await?;
        Ok(Mode::read(answers.first().map_or(&[], Vec::as_slice)))
    }
}

/// Kinds of authentication messages.
mod authentication {
    pub(super) const OK: i32 = 0;
    pub(super) const CLEARTEXT: i32 = 3;
    pub(super) const MD5: i32 = 5;
    pub(super) const SASL: i32 = 10;
    pub(super) const SASL_CONTINUE: i32 = 11;
    pub(super) const SASL_FINAL: i32 = 12;
}

fn refused(body: &[u8]) -> WireError {
    WireError::Server(Box::new(ServerError::parse(body)))
}
