//! Opens connections outside the pool, with other libraries, for commands. Our own connection chooses the server first, since it
//! supports more options of a database URL.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postgres_wire::{Host, Mode, SessionAttrs, WireError};
use thiserror::Error;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Access, DatabaseError, Pool};

/// The reasons why a command cannot connect to a database.
#[derive(Debug, Error)]
pub enum UnpooledError {
    /// The database cannot be reached, or refuses the login.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The command writes, and no server of the URL takes writes.
    #[error("the database takes no writes: {words}; {}", remedy(*.mode))]
    TakesNoWrites {
        /// The mode of one of the servers.
        mode: Mode,
        /// A description of all of them.
        words: String,
    },
}

/// Returns the advice to an operator whose database URL leads to a server of this mode.
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
    /// Opens a connection of tokio-postgres to a server that allows this access.
    pub async fn connect_unpooled(
        &self,
        access: Access,
    ) -> Result<(tokio_postgres::Client, PostgresConnection), UnpooledError> {
        let host = self.host_for(access).await?;
        let settings = host.alone(&self.conninfo.config);
        let connected = tokio::time::timeout(self.timeout, settings.connect(self.tls.clone())).await;
        let silent = |_| DatabaseError::Unavailable("the database does not answer in time".into());
        Ok(connected.map_err(silent)?.map_err(DatabaseError::from)?)
    }

    /// Returns the URL of a server that allows this access, for `sqlx`, which supports a single host and fewer options than
    /// libpq. It sets all that `sqlx` would take from the environment otherwise, except a password.
    pub async fn url_unpooled(&self, access: Access) -> Result<String, UnpooledError> {
        let (host, port) = self.host_for(access).await?.endpoint();
        let known = &self.conninfo.config;
        let text = |bytes: &[u8]| encode(&String::from_utf8_lossy(bytes));
        let user = encode(known.get_user().unwrap_or_default());
        let password =
            known.get_password().map(|password| format!(":{}", text(password))).unwrap_or_default();
        // As in libpq.
        let database = encode(known.get_dbname().or(known.get_user()).unwrap_or_default());
        // In `sqlx`, `require` verifies no certificate.
        let ssl_mode = if known.get_ssl_mode() == SslMode::Disable { "disable" } else { "verify-full" };
        // The host of a URL could not be the folder of a socket. A pooler may give each transaction another connection, which
        // does not have the cached statements.
        let mut url = format!(
            "postgres://{user}{password}@localhost/{database}?host={}&port={port}&sslmode={ssl_mode}\
             &statement-cache-capacity=0",
            encode(&host)
        );
        let root_certificate = self.conninfo.root_certificate.as_ref().map(|file| file.display().to_string());
        for (keyword, value) in
            [("sslrootcert", root_certificate.as_deref()), ("options", known.get_options())]
        {
            url.extend(value.map(|value| format!("&{keyword}={}", encode(value))));
        }
        Ok(url)
    }

    async fn host_for(&self, access: Access) -> Result<Host, UnpooledError> {
        let wanted = match access {
            Access::Reads => None,
            Access::Writes => Some(SessionAttrs::ReadWrite),
        };
        self.host(wanted).await.map_err(|error| match error {
            WireError::WrongMode(mode, words) if access == Access::Writes => {
                UnpooledError::TakesNoWrites { mode, words }
            }
            other => DatabaseError::from(other).into(),
        })
    }
}

/// Encodes `/` as `%2F`, and other characters that have a meaning in a URL.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
