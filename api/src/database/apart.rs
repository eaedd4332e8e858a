//! Connections of commands, outside the pool and by other libraries: which server they go to is found by our own, which knows
//! more of what an address may ask for.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postgres_wire::{Host, Mode, SessionAttrs, WireError};
use thiserror::Error;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Access, DatabaseError, Pool};

/// Why a command cannot work on a database.
#[derive(Debug, Error)]
pub enum ApartError {
    /// It cannot be reached, or not logged in to.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The command writes, and no server of the address takes writes.
    #[error("nothing can be written there: {words}; {}", remedy(*.mode))]
    TakesNoWrites {
        /// What one of the servers is.
        mode: Mode,
        /// What is said of all of them.
        words: String,
    },
}

/// Returns what an operator can do so that a server of this mode is not needed.
fn remedy(mode: Mode) -> &'static str {
    match mode {
        Mode::Primary | Mode::Standby => "give the address of the primary, or one that names all hosts",
        Mode::ReadOnly => "see default_transaction_read_only, of the server, the database and the role",
    }
}

type PostgresConnection = tokio_postgres::Connection<
    tokio_postgres::Socket,
    <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>>::Stream,
>;

impl Pool {
    /// A connection of tokio-postgres to a server that takes what is done there.
    pub async fn connect_apart(
        &self,
        access: Access,
    ) -> Result<(tokio_postgres::Client, PostgresConnection), ApartError> {
        let host = self.host_for(access).await?;
        let connected = host.alone(&self.conninfo.config).connect(self.tls.clone()).await;
        Ok(connected.map_err(DatabaseError::from)?)
    }

    /// The address of a server that takes what is done there, as `sqlx` reads it, which knows one host and less of what libpq
    /// knows. It says all that would else be taken from the environment, but for a password.
    pub async fn url_apart(&self, access: Access) -> Result<String, ApartError> {
        let (place, port) = self.host_for(access).await?.place();
        let known = &self.conninfo.config;
        let text = |bytes: &[u8]| encode(&String::from_utf8_lossy(bytes));
        let user = encode(known.get_user().unwrap_or_default());
        let password =
            known.get_password().map(|password| format!(":{}", text(password))).unwrap_or_default();
        // As in libpq.
        let database = encode(known.get_dbname().or(known.get_user()).unwrap_or_default());
        // What is called `require` there checks no certificate.
        let ssl_mode = if known.get_ssl_mode() == SslMode::Disable { "disable" } else { "verify-full" };
        // A name as part of the address could not be the folder of a socket. A pooler may give each transaction another
        // connection, which has not met the statements that are kept.
        let mut url = format!(
            "postgres://{user}{password}@localhost/{database}?host={}&port={port}&sslmode={ssl_mode}\
             &statement-cache-capacity=0",
            encode(&place)
        );
        let root_certificate = self.conninfo.root_certificate.as_ref().map(|file| file.display().to_string());
        for (keyword, value) in
            [("sslrootcert", root_certificate.as_deref()), ("options", known.get_options())]
        {
            url.extend(value.map(|value| format!("&{keyword}={}", encode(value))));
        }
        Ok(url)
    }

    async fn host_for(&self, access: Access) -> Result<Host, ApartError> {
        let wanted = match access {
            Access::Reads => None,
            Access::Writes => Some(SessionAttrs::ReadWrite),
        };
        self.host(wanted).await.map_err(|error| match error {
            WireError::Unwanted(mode, words) if access == Access::Writes => {
                ApartError::TakesNoWrites { mode, words }
            }
            other => DatabaseError::from(other).into(),
        })
    }
}

/// Encodes `/` as `%2F`, and whatever else has a meaning in a URL.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
