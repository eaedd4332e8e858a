//! Keeps connections to Postgres open, and shares them among requests.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use postgres_wire::{
    Address, AddressError, BatchError, Command, Connection, Conninfo, Host, MODE, Mode, Query, REACTS_WITHIN,
    Row, SessionAttrs, WireError,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_postgres::config::{self, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connections::{Connections, Manager, PooledConnection, Suspicion};
use super::{DatabaseError, Gate, Statement};
use crate::auth::Share;
use crate::budget::Budget;
use crate::clock;
use crate::random;

/// The longest queue of one share, for each connection of the pool.
pub const WAITING_PER_CONNECTION: usize = 16;

const BEGIN_CATALOG: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Sets the transaction up for a catalog query. An empty search path makes Postgres write every name in full. Catalog queries read few rows but have long texts: compiling
/// them would take longer than running them. The timeout keeps connections from accumulating at somebody's lock.
const SET_FOR_CATALOG: &str = "SELECT pg_catalog.set_config('search_path', '', true),
    pg_catalog.set_config('jit', 'off', true), pg_catalog.set_config('statement_timeout', '20s', true)";
/// The longest wait for the answer to a catalog query: that timeout, and the time in which the server reacts to it.
const CATALOG_WITHIN: Duration = Duration::from_secs(23);

/// The time after its last use from which a connection is asked whether it still answers. Requests in quick succession do without.
const ASKED_AFTER: Duration = Duration::from_secs(2);
/// The age from which a connection may lead to another server than a new one would.
const STALE_AFTER: Duration = Duration::from_secs(1);

/// The settings of connections to the database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// The `postgres://…` URL; its role must own nothing and bypass nothing.
    pub url: String,
    /// The URL of the same database past any pooler, for notifications of changes; `None` for `url`.
    pub listen_url: Option<String>,
    /// The largest number of connections.
    pub pool_size: usize,
    /// The longest wait of a request for a free connection.
    pub pool_timeout: Duration,
    /// The lifetime of a connection, after which it is closed instead of reused; with zero each session has a new one. `None`: it
    /// is used as long as it works.
    pub connection_lifetime: Option<Duration>,
    /// Certificates to trust instead of the system's, as a PEM file.
    pub tls_root_certificate: Option<PathBuf>,
    /// True if statements are prepared once per connection; `None` for true unless there is a pooler before the database. Behind a
    /// pooler, true works only if it supports prepared statements or keeps one server connection for each client.
    pub prepared_statements: Option<bool>,
    /// Postgres cancels a statement that runs longer.
    pub statement_timeout: Duration,
}

impl DatabaseConfig {
    /// Returns the default settings of `praxis serve` for the database at a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            listen_url: None,
            pool_size: 16,
            pool_timeout: Duration::from_secs(5),
            connection_lifetime: None,
            tls_root_certificate: None,
            prepared_statements: None,
            statement_timeout: Duration::from_secs(10),
        }
    }
}

/// The reasons why a pool cannot be created.
#[derive(Debug, Error)]
pub enum PoolError {
    /// The URL is invalid. Its text is not repeated: it may contain a password.
    #[error("the database URL is not valid: {0}")]
    Url(String),
    /// The URL for notifications is invalid.
    #[error("the URL for listening is not valid: {0}")]
    ListenUrl(String),
    /// The file of trusted certificates cannot be used.
    #[error("cannot use the root certificate {path}: {reason}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The system has no random numbers.
    #[error("cannot draw a random number: {0}")]
    Random(String),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

/// A pool of connections, all logged in as the gateway's role.
#[derive(Clone)]
pub struct Pool {
    /// The connections of requests.
    requests: Connections,
    /// The connection of statements that requests wait for.
    aside: Connections,
    /// The connection of catalog queries.
    catalog: Connections,
    pub(super) address: Address,
    /// The address for notifications.
    listening: Address,
    pub(super) tls: MakeRustlsConnect,
    pub(super) conninfo: Conninfo,
    gate: Arc<Gate>,
    pub(super) timeout: Duration,
    /// The time and the result of the last check whether the database answers.
    last_mode: Arc<Mutex<Option<ModeCheck>>>,
    /// The counter of marks, which identify sessions, also among those of other gateways.
    marks: Arc<AtomicU64>,
    pub(super) budget: Option<Budget>,
    pub(super) statement_timeout: Duration,
}

impl Pool {
    /// Creates the pool; connections are opened when they are first needed.
    pub fn new(config: &DatabaseConfig) -> Result<Self, PoolError> {
        let trusted = config.tls_root_certificate.as_ref();
        let (conninfo, tls) = read(&config.url, trusted).map_err(|error| error.of(PoolError::Url))?;
        let address = Address::new(&conninfo, Arc::new(tls.clone()), config.pool_timeout)
            .map_err(|error| PoolError::Url(error.to_string()))?;
        let listening = match &config.listen_url {
            None => address.clone(),
            Some(url) => {
                let (conninfo, tls) = read(url, trusted).map_err(|error| error.of(PoolError::ListenUrl))?;
                Address::new(&conninfo, Arc::new(tls), config.pool_timeout)
                    .map_err(|error| PoolError::ListenUrl(error.to_string()))?
            }
        };
        let manager = Manager {
            address: address.clone(),
            lifetime: config.connection_lifetime,
            prepared_statements: config.prepared_statements,
            suspicion: Arc::<Suspicion>::default(),
            asked_after: ASKED_AFTER,
            reacts_within: REACTS_WITHIN.min(config.pool_timeout / 2),
        };
        let connections = |size: usize, asked_after: Duration| {
            // Whatever one share demands, half of the connections remain for others.
            let (each, waiting) = (size.div_ceil(2), size * WAITING_PER_CONNECTION);
            let manager = Manager { asked_after, ..manager.clone() };
            Connections::new(manager, size, each, waiting, config.pool_timeout)
                .map_err(|error| PoolError::Url(error.to_string()))
        };
        let first_mark = random::number().map_err(|error| PoolError::Random(error.to_string()))?;
        Ok(Self {
            requests: connections(config.pool_size, ASKED_AFTER)?,
            aside: connections(1, ASKED_AFTER)?,
            // A check is rare, and while it waits for an answer the database is not known to be safe.
            catalog: connections(1, Duration::ZERO)?,
            listening: listening.with_session_attrs(SessionAttrs::Primary),
            address,
            tls: MakeRustlsConnect::new(tls),
            conninfo,
            gate: Arc::default(),
            timeout: config.pool_timeout,
            last_mode: Arc::default(),
            marks: Arc::new(AtomicU64::new(first_mark)),
            budget: None,
            statement_timeout: config.statement_timeout,
        })
    }

    /// Returns the same pool with a memory budget for the rows of its sessions.
    #[must_use]
    pub fn within(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Opens a connection outside the pool, to the primary that sends notifications.
    pub(super) async fn connect_to_primary(&self) -> Result<Connection, WireError> {
        self.listening.connect().await
    }

    /// Returns the first host of the URL that accepts the login and has the wanted session attributes; `None`: those of the URL.
    pub(super) async fn host(&self, wanted: Option<SessionAttrs>) -> Result<Host, WireError> {
        let other = wanted.map(|wanted| self.address.with_session_attrs(wanted));
        let address = other.as_ref().unwrap_or(&self.address);
        Ok(address.connect().await?.host().clone())
    }

    /// Returns a number that no other session has.
    pub(super) fn mark(&self) -> u64 {
        self.marks.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the largest number of connections for requests.
    pub fn most_connections(&self) -> usize {
        self.requests.most()
    }

    /// Waits for the share's turn, and returns a connection.
    pub(super) async fn get(&self, of: Share) -> Result<PooledConnection, DatabaseError> {
        self.requests.get(of).await
    }

    /// Returns the longest wait for the answers to a batch of this many statements. In a session Postgres ends each after its timeout, and a
    /// server that is still silent then is lost; statements of the gateway's own role are given up.
    pub(super) fn answers_within(&self, statements: usize) -> Duration {
        let statements = u32::try_from(statements).unwrap_or(u32::MAX);
        self.statement_timeout.saturating_mul(statements).saturating_add(REACTS_WITHIN)
    }

    /// Returns a pool of one connection, for statements that requests wait for while they hold a connection of this pool: with
    /// only this pool, enough requests could hold all and wait for another one for ever.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { requests: self.aside.clone(), ..self.clone() }
    }

    /// Runs a statement as the login role, outside any transaction.
    pub async fn query(&self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let mut connection = self.get(Share::gateway()).await?;
        let query =
            Query { parameters: &statement.parameters, ..Query::plain(&statement.text, Command::Statement) };
        let answers =
            connection.run(&[query], self.answers_within(1)).await.map_err(|failed| failed.error)?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// Runs a statement as the login role, in a transaction that reads or writes: a pooler that tells these apart sends one that
    /// writes to the primary. Returns [`DatabaseError::ReadOnly`] if the database takes no writes.
    pub async fn query_in(&self, access: Access, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let mut connection = self.get(Share::gateway()).await?;
        let begin = Query::plain(access.begin(), Command::Begin);
        let query =
            Query { parameters: &statement.parameters, ..Query::plain(&statement.text, Command::Statement) };
        let queries = [begin, query, Query::plain("COMMIT", Command::Commit)];
        match connection.run(&queries, self.answers_within(1)).await {
            Ok(mut answers) => Ok(answers.drain(..).nth(1).unwrap_or_default()),
            Err(BatchError { at, error }) => Err(match access {
                Access::Reads => error.into(),
                Access::Writes => DatabaseError::of_writing(error, at == 0),
            }),
        }
    }

    /// Runs a catalog query as the login role, in a transaction that reads, over a connection reserved for this: checks of the
    /// database do not wait for callers, nor callers for them. The query names everything with its schema.
    pub async fn query_catalog(&self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let mut connection = self.catalog.get(Share::gateway()).await?;
        let queries = [
            Query::plain(BEGIN_CATALOG, Command::Begin),
            Query::plain(SET_FOR_CATALOG, Command::Statement),
            statement.query(),
            Query::plain("ROLLBACK", Command::Rollback),
        ];
        let answers = connection.run(&queries, CATALOG_WITHIN).await.map_err(|failed| failed.error)?;
        Ok(answers.into_iter().nth(2).unwrap_or_default())
    }

    /// Returns the gate before the database.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Closes a connection to a server that takes no writes, or returns it to the pool if it is new: the same address may lead to
    /// another server by now, or the settings of sessions may have changed.
    pub(super) fn close_if_stale(connection: PooledConnection) {
        if connection.age() > STALE_AFTER {
            connection.close();
        }
    }

    /// Checks whether the database answers and takes writes, with a short timeout. If every connection is busy, it uses a new
    /// one, since a high load is no failure. Concurrent callers share one check.
    pub async fn mode(&self) -> Result<Mode, DatabaseError> {
        let come = clock::instant();
        let mut last = self.last_mode.lock().await;
        if let Some((asked, answer)) = &*last
            && *asked >= come
        {
            return answer.clone();
        }
        let asked = clock::instant();
        let answer = self.ask_mode().await;
        *last = Some((asked, answer.clone()));
        answer
    }

    /// Asks the database for its mode.
    async fn ask_mode(&self) -> Result<Mode, DatabaseError> {
        let asked = async {
            let mode = match self.requests.get_free().await {
                Ok(mut connection) => connection.mode(self.timeout).await,
                Err(DatabaseError::Busy) => self.address.connect().await?.mode(self.timeout).await,
                Err(error) => return Err(error),
            };
            Ok(mode.map_err(|failed| failed.error)?)
        };
        let silent = |_| DatabaseError::Unavailable("the database does not answer in time".into());
        tokio::time::timeout(self.timeout, asked).await.map_err(silent)?
    }

    /// Returns the mode of the server that read-only transactions reach.
    pub async fn mode_of_reads(&self) -> Result<Mode, DatabaseError> {
        let statement = Statement { text: MODE.text.into(), parameters: Vec::new() };
        Ok(Mode::read(&self.query_in(Access::Reads, &statement).await?))
    }

    /// Closes all connections; later requests fail.
    pub fn close(&self) {
        self.requests.close();
        self.aside.close();
        self.catalog.close();
    }
}

/// The time and the result of a check of the database's mode.
type ModeCheck = (Instant, Result<Mode, DatabaseError>);

/// The access of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only reads; Postgres itself refuses writes.
    Reads,
    /// It may write.
    Writes,
}

impl Access {
    /// Returns the statement that begins the transaction. One that reads has one snapshot; one that writes sees with each
    /// statement what others have committed before: a rule that waits for another writer then sees that writer's rows.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Self::Reads => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Writes => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }
}

/// The reasons why a URL or its certificates cannot be used.
enum ReadError {
    Address(AddressError),
    Tls(PoolError),
}

impl ReadError {
    fn of(self, which: fn(String) -> PoolError) -> PoolError {
        match self {
            Self::Address(error) => which(error.to_string()),
            Self::Tls(error) => error,
        }
    }
}

/// Parses a URL, and returns it with its TLS settings.
fn read(url: &str, trusted: Option<&PathBuf>) -> Result<(Conninfo, ClientConfig), ReadError> {
    let mut conninfo: Conninfo = url.parse().map_err(ReadError::Address)?;
    if conninfo.config.get_application_name().is_none() {
        conninfo.config.application_name("praxis");
    }
    // Certificates are verified whenever TLS is used, and it is used for every host except this machine, unless the URL says
    // `sslmode=disable`.
    if conninfo.config.get_ssl_mode() == SslMode::Prefer {
        let local = conninfo.config.get_hosts().iter().all(is_local)
            && conninfo.config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        conninfo.config.ssl_mode(if local { SslMode::Disable } else { SslMode::Require });
    }
    if let Some(file) = trusted {
        conninfo.root_certificate = Some(file.clone());
    }
    let uses_tls = conninfo.config.get_ssl_mode() != SslMode::Disable;
    let tls = tls_config(conninfo.root_certificate.as_ref(), uses_tls).map_err(ReadError::Tls)?;
    Ok((conninfo, tls))
}

fn is_local(host: &config::Host) -> bool {
    match host {
        config::Host::Unix(_) => true,
        config::Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

/// Returns the settings of TLS, with this file of trusted certificates or otherwise with those of the machine, which take long to read and are
/// left out if TLS is not used.
fn tls_config(certificate: Option<&PathBuf>, uses_tls: bool) -> Result<ClientConfig, PoolError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = certificate {
        let refuse = |reason: String| PoolError::Certificate { path: path.clone(), reason };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
            roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(refuse("it holds no certificate".into()));
        }
    } else if uses_tls {
        // A machine without certificates can still reach a local database; a remote one fails with an error of TLS.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PoolError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
