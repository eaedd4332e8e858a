//! Opens connections to the hosts of an address: to the first one that accepts the login and has the wanted session attributes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::{self, Host as Name, SslMode, SslNegotiation};
use tokio_rustls::TlsConnector;

use crate::connection::{Connection, Socket};
use crate::conninfo::{AddressError, Conninfo, SessionAttrs};
use crate::error::WireError;

const DEFAULT_PORT: u16 = 5432;
/// The byte with which a server agrees to TLS.
const SPEAKS_TLS: u8 = b'S';

/// The address of a database, with the settings of the login.
#[derive(Clone)]
pub struct Address {
    config: Config,
    session_attrs: SessionAttrs,
    tls: Arc<ClientConfig>,
    /// The hosts, at least one, in the order in which they are tried.
    hosts: Arc<[Host]>,
    /// The longest time for the login at one of them.
    pub(crate) timeout: Duration,
}

/// A host of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name that the certificate must have.
    name: Option<String>,
    endpoint: Endpoint,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    Unix(PathBuf, u16),
    Tcp(String, u16),
}

impl Address {
    /// Returns an address, or an error if it asks for something that this crate does not support. If it has no `connect_timeout`, the login
    /// at each host may take an equal part of `timeout`.
    pub fn new(conninfo: &Conninfo, tls: Arc<ClientConfig>, timeout: Duration) -> Result<Self, AddressError> {
        let Conninfo { config, session_attrs, .. } = conninfo;
        let unsupported = |what: &str| Err(AddressError::Unsupported(what.into()));
        if config.get_user().is_none() {
            return Err(AddressError::User);
        }
        if config.get_ssl_negotiation() != SslNegotiation::Postgres {
            return unsupported("sslnegotiation=direct");
        }
        if config.get_channel_binding() == config::ChannelBinding::Require {
            return unsupported("channel_binding=require");
        }
        if config.get_load_balance_hosts() != config::LoadBalanceHosts::Disable {
            return unsupported("load_balance_hosts=random");
        }
        let hosts = hosts(config)?;
        let tries = if *session_attrs == SessionAttrs::PreferStandby { 2 * hosts.len() } else { hosts.len() };
        let share = timeout / u32::try_from(tries).unwrap_or(u32::MAX);
        let timeout = config.get_connect_timeout().copied().unwrap_or(share);
        Ok(Self { config: config.clone(), session_attrs: *session_attrs, tls, hosts: hosts.into(), timeout })
    }

    /// Returns the same address with other session attributes.
    #[must_use]
    pub fn with_session_attrs(&self, session_attrs: SessionAttrs) -> Self {
        Self { session_attrs, ..self.clone() }
    }

    /// Connects to the first host that accepts the login and has the wanted session attributes. If several hosts were tried, the error
    /// names each.
    pub async fn connect(&self) -> Result<Connection, WireError> {
        let passes = match &self.session_attrs {
            SessionAttrs::PreferStandby => &[SessionAttrs::Standby, SessionAttrs::Any][..],
            attrs => std::slice::from_ref(attrs),
        };
        let mut failures = Vec::new();
        for attrs in passes {
            failures.clear();
            for host in self.hosts.iter() {
                // Boxed, because the futures of requests, which seldom wait for a login, would contain all of its state otherwise.
                match in_time(self.timeout, Box::pin(self.log_in(host, *attrs))).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => failures.push((host, error)),
                }
            }
        }
        Err(combined(failures))
    }

    /// Returns the first host, which is the only one of a connection's address.
    pub(crate) fn host(&self) -> &Host {
        &self.hosts[0]
    }

    /// Asks the server to cancel the statement of a connection.
    pub(crate) async fn cancel(&self, process: i32, secret: i32, within: Duration) -> Result<(), WireError> {
        if process == 0 {
            return Err(WireError::Opening("the server has sent no key for cancellations".into()));
        }
        in_time(within, async {
            let (mut socket, _) = self.socket(self.host()).await?;
            let mut message = BytesMut::new();
            frontend::cancel_request(process, secret, &mut message);
            socket.write_all(&message).await?;
            // The server closes the connection after it has signalled the process.
            let _ = socket.read_u8().await;
            Ok(())
        })
        .await
    }

    async fn log_in(&self, host: &Host, attrs: SessionAttrs) -> Result<Connection, WireError> {
        let (socket, endpoint) = self.socket(host).await?;
        // A cancellation must go to this server, and not to the first one that answers at that time.
        let hosts = Arc::new([Host { endpoint, ..host.clone() }]);
        let mut connection =
            Connection::over(socket, Self { hosts, session_attrs: SessionAttrs::Any, ..self.clone() });
        connection.log_in(&self.config).await?;
        connection.check_session(attrs, self.timeout).await?;
        connection.identify(self.timeout).await?;
        Ok(connection)
    }

    /// Opens a socket to a host, with TLS unless it is disabled. Also returns the endpoint that it is connected to, since one name may
    /// lead to several servers.
    async fn socket(&self, host: &Host) -> Result<(Box<dyn Socket>, Endpoint), WireError> {
        let (name, port) = match &host.endpoint {
            Endpoint::Unix(folder, port) => {
                let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
                return Ok((Box::new(socket), host.endpoint.clone()));
            }
            Endpoint::Tcp(name, port) => (name.as_str(), *port),
        };
        let stream = TcpStream::connect((name, port)).await?;
        let endpoint = Endpoint::Tcp(stream.peer_addr()?.ip().to_string(), port);
        set_socket_options(&self.config, &stream)?;
        if self.config.get_ssl_mode() == SslMode::Disable {
            return Ok((Box::new(stream), endpoint));
        }
        let name =
            host.name.clone().ok_or_else(|| WireError::Opening("TLS needs the name of the host".into()))?;
        Ok((Box::new(start_tls(stream, name, Arc::clone(&self.tls)).await?), endpoint))
    }
}

/// Returns an error if opening a connection, or a part of it, takes longer than the timeout.
async fn in_time<T>(
    timeout: Duration,
    opening: impl Future<Output = Result<T, WireError>>,
) -> Result<T, WireError> {
    let in_time = tokio::time::timeout(timeout, opening).await;
    in_time.unwrap_or_else(|_| Err(WireError::Opening("it does not answer in time".into())))
}

/// Sets how soon the system gives up a connection whose peer does not confirm what it receives.
fn set_socket_options(config: &Config, stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    if let Some(timeout) = config.get_tcp_user_timeout() {
        socket.set_tcp_user_timeout(Some(*timeout))?;
    }
    if config.get_keepalives() {
        let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
        if let Some(interval) = config.get_keepalives_interval() {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = config.get_keepalives_retries() {
            keepalive = keepalive.with_retries(retries);
        }
        socket.set_tcp_keepalive(&keepalive)?;
    }
    Ok(())
}

impl Host {
    /// Returns settings of tokio-postgres that name only this host; the rest comes from `config`.
    pub fn alone(&self, config: &Config) -> Config {
        let mut alone = Config::new();
        if let Some(user) = config.get_user() {
            alone.user(user);
        }
        if let Some(password) = config.get_password() {
            alone.password(password);
        }
        if let Some(database) = config.get_dbname() {
            alone.dbname(database);
        }
        if let Some(options) = config.get_options() {
            alone.options(options);
        }
        if let Some(name) = config.get_application_name() {
            alone.application_name(name);
        }
        alone.ssl_mode(config.get_ssl_mode());
        alone.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle());
        if let Some(interval) = config.get_keepalives_interval() {
            alone.keepalives_interval(interval);
        }
        if let Some(retries) = config.get_keepalives_retries() {
            alone.keepalives_retries(retries);
        }
        if let Some(timeout) = config.get_tcp_user_timeout() {
            alone.tcp_user_timeout(*timeout);
        }
        match &self.endpoint {
            Endpoint::Unix(folder, port) => {
                alone.host_path(folder).port(*port);
            }
            Endpoint::Tcp(endpoint, port) => {
                alone.host(self.name.as_ref().unwrap_or(endpoint)).port(*port);
                if let Ok(address) = endpoint.parse() {
                    alone.hostaddr(address);
                }
            }
        }
        alone
    }

    /// Returns the name of the host, or the folder of its socket, and the port.
    pub fn endpoint(&self) -> (String, u16) {
        match &self.endpoint {
            Endpoint::Unix(folder, port) => (folder.display().to_string(), *port),
            Endpoint::Tcp(endpoint, port) => (self.name.clone().unwrap_or_else(|| endpoint.clone()), *port),
        }
    }
}

/// Lists the hosts that an address names.
fn hosts(config: &Config) -> Result<Vec<Host>, AddressError> {
    let (names, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = names.len().max(addresses.len());
    let fits = |length: usize| length == 0 || length == count;
    if count == 0 {
        return Err(AddressError::Host);
    }
    if !fits(names.len()) || !fits(addresses.len()) || !(ports.len() == 1 || fits(ports.len())) {
        return Err(AddressError::Numbers);
    }
    (0..count)
        .map(|at| {
            let port = ports.get(at).or_else(|| ports.first()).copied().unwrap_or(DEFAULT_PORT);
            let (name, endpoint) = match (names.get(at), addresses.get(at)) {
                (Some(Name::Unix(folder)), None) => (None, Endpoint::Unix(folder.clone(), port)),
                (Some(Name::Tcp(name)), _) if name.starts_with('@') => {
                    return Err(AddressError::Unsupported("a socket in the abstract namespace".into()));
                }
                (Some(Name::Tcp(name)), Some(address)) => (
                    Some(name.clone()).filter(|name| !name.is_empty()),
                    Endpoint::Tcp(address.to_string(), port),
                ),
                (_, Some(address)) => (None, Endpoint::Tcp(address.to_string(), port)),
                (Some(Name::Tcp(name)), None) if !name.is_empty() => {
                    (Some(name.clone()), Endpoint::Tcp(name.clone(), port))
                }
                _ => return Err(AddressError::Host),
            };
            Ok(Host { name, endpoint })
        })
        .collect()
}

/// Combines the errors of all hosts into one.
fn combined(mut failures: Vec<(&Host, WireError)>) -> WireError {
    if failures.len() < 2 {
        return failures.pop().map_or(WireError::Closed, |(_, error)| error);
    }
    let texts = failures.iter().map(|(host, error)| {
        let (endpoint, port) = host.endpoint();
        format!("{endpoint}:{port}: {error}")
    });
    let texts = texts.collect::<Vec<_>>().join("; ");
    let wrong_mode = failures.iter().find_map(|(_, error)| match error {
        WireError::WrongMode(mode, _) => Some(*mode),
        _ => None,
    });
    match wrong_mode {
        Some(mode) => WireError::WrongMode(mode, texts),
        None => WireError::Opening(texts),
    }
}

/// Starts TLS over a stream, and verifies the certificate for the name of the host.
async fn start_tls(
    mut stream: TcpStream,
    name: String,
    tls: Arc<ClientConfig>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, WireError> {
    let mut question = BytesMut::new();
    frontend::ssl_request(&mut question);
    stream.write_all(&question).await?;
    if stream.read_u8().await? != SPEAKS_TLS {
        return Err(WireError::Opening("the server does not support TLS".into()));
    }
    let name = ServerName::try_from(name)
        .map_err(|_| WireError::Opening("the name of the host is not valid for TLS".into()))?;
    Ok(TlsConnector::from(tls).connect(name, stream).await?)
}

#[cfg(test)]
mod tests;
