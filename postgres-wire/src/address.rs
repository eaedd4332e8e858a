//! The hosts of an address, and a connection to the first of them that is wanted.

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
/// The answer of a server that speaks TLS.
const SPEAKS_TLS: u8 = b'S';

/// The address of a server, and how to log in there.
#[derive(Clone)]
pub struct Address {
    config: Config,
    wanted: SessionAttrs,
    tls: Arc<ClientConfig>,
    /// The hosts, at least one, in the order in which they are tried.
    hosts: Arc<[Host]>,
    /// The time that the login at one of them may take.
    within: Option<Duration>,
}

/// A host of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name that the certificate has to have.
    name: Option<String>,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Unix(PathBuf, u16),
    Tcp(String, u16),
}

impl Address {
    /// Makes an address, or refuses what it asks for and this crate does not support. If it names several hosts and no
    /// `connect_timeout`, each host has an equal part of `patience`.
    pub fn new(
        conninfo: &Conninfo,
        tls: Arc<ClientConfig>,
        patience: Duration,
    ) -> Result<Self, AddressError> {
        let Conninfo { config, wanted, .. } = conninfo;
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
        let tries = if *wanted == SessionAttrs::PreferStandby { 2 * hosts.len() } else { hosts.len() };
        let share = (tries > 1).then(|| patience / u32::try_from(tries).unwrap_or(u32::MAX));
        let within = config.get_connect_timeout().copied().or(share);
        Ok(Self { config: config.clone(), wanted: *wanted, tls, hosts: hosts.into(), within })
    }

    /// Returns the same address, of which other servers are wanted.
    #[must_use]
    pub fn wanting(&self, wanted: SessionAttrs) -> Self {
        Self { wanted, ..self.clone() }
    }

    /// Logs in at the first host that accepts and is wanted. The error names each host that was tried, if there are several.
    pub async fn connect(&self) -> Result<Connection, WireError> {
        let passes = match &self.wanted {
            SessionAttrs::PreferStandby => &[SessionAttrs::Standby, SessionAttrs::Any][..],
            wanted => std::slice::from_ref(wanted),
        };
        let mut failures = Vec::new();
        for wanted in passes {
            failures.clear();
            for host in self.hosts.iter() {
                // Boxed: requests, which rarely have to wait for it, would carry all of its state.
                match self.in_time(Box::pin(self.log_in(host, *wanted))).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => failures.push((host, error)),
                }
            }
        }
        Err(whole(failures))
    }

    /// Returns the first host; the address of a connection has one.
    pub(crate) fn host(&self) -> &Host {
        &self.hosts[0]
    }

    /// Asks the server to cancel the statement of a connection.
    pub(crate) async fn cancel(&self, process: i32, secret: i32) -> Result<(), WireError> {
        if process == 0 {
            return Err(WireError::Opening("the server has sent no key for cancellations".into()));
        }
        let (mut socket, _) = self.in_time(self.socket(self.host())).await?;
        let mut message = BytesMut::new();
        frontend::cancel_request(process, secret, &mut message);
        socket.write_all(&message).await?;
        // The server closes the connection when it has passed the request on.
        let _ = socket.read_u8().await;
        Ok(())
    }

    async fn log_in(&self, host: &Host, wanted: SessionAttrs) -> Result<Connection, WireError> {
        let (socket, place) = self.socket(host).await?;
        // A cancellation has to go to this server, not to the first that answers then.
        let hosts = Arc::new([Host { place, ..host.clone() }]);
        let mut connection =
            Connection::over(socket, Self { hosts, wanted: SessionAttrs::Any, ..self.clone() });
        connection.log_in(&self.config).await?;
        connection.check_session(wanted).await?;
        connection.identify().await?;
        Ok(connection)
    }

    /// Opens a socket to a host, with TLS if it is wanted. Returns also the place that it leads to: one name may be several servers.
    async fn socket(&self, host: &Host) -> Result<(Box<dyn Socket>, Place), WireError> {
        let (name, port) = match &host.place {
            Place::Unix(folder, port) => {
                let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
                return Ok((Box::new(socket), host.place.clone()));
            }
            Place::Tcp(name, port) => (name.as_str(), *port),
        };
        let stream = TcpStream::connect((name, port)).await?;
        let place = Place::Tcp(stream.peer_addr()?.ip().to_string(), port);
        self.set_up(&stream)?;
        if self.config.get_ssl_mode() == SslMode::Disable {
            return Ok((Box::new(stream), place));
        }
        let name =
            host.name.clone().ok_or_else(|| WireError::Opening("TLS needs the name of the host".into()))?;
        Ok((Box::new(secure(stream, name, Arc::clone(&self.tls)).await?), place))
    }

    async fn in_time<T>(
        &self,
        connecting: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, WireError> {
        let Some(within) = self.within else { return connecting.await };
        let in_time = tokio::time::timeout(within, connecting).await;
        in_time.unwrap_or_else(|_| Err(WireError::Opening("it does not answer in time".into())))
    }

    fn set_up(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        #[cfg(target_os = "linux")]
        if let Some(timeout) = self.config.get_tcp_user_timeout() {
            socket.set_tcp_user_timeout(Some(*timeout))?;
        }
        if self.config.get_keepalives() {
            let mut keepalive = TcpKeepalive::new().with_time(self.config.get_keepalives_idle());
            if let Some(interval) = self.config.get_keepalives_interval() {
                keepalive = keepalive.with_interval(interval);
            }
            if let Some(retries) = self.config.get_keepalives_retries() {
                keepalive = keepalive.with_retries(retries);
            }
            socket.set_tcp_keepalive(&keepalive)?;
        }
        Ok(())
    }
}

impl Host {
    /// Returns the settings of an address with this host alone, for tokio-postgres.
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
        match &self.place {
            Place::Unix(folder, port) => {
                alone.host_path(folder).port(*port);
            }
            Place::Tcp(place, port) => {
                alone.host(self.name.as_ref().unwrap_or(place)).port(*port);
                if let Ok(address) = place.parse() {
                    alone.hostaddr(address);
                }
            }
        }
        alone
    }

    /// Returns the name of the host, or the folder of its socket, and the port.
    pub fn place(&self) -> (String, u16) {
        match &self.place {
            Place::Unix(folder, port) => (folder.display().to_string(), *port),
            Place::Tcp(place, port) => (self.name.clone().unwrap_or_else(|| place.clone()), *port),
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
            let (name, place) = match (names.get(at), addresses.get(at)) {
                (Some(Name::Unix(folder)), None) => (None, Place::Unix(folder.clone(), port)),
                (Some(Name::Tcp(name)), _) if name.starts_with('@') => {
                    return Err(AddressError::Unsupported("a socket in the abstract namespace".into()));
                }
                (Some(Name::Tcp(name)), Some(address)) => (
                    Some(name.clone()).filter(|name| !name.is_empty()),
                    Place::Tcp(address.to_string(), port),
                ),
                (_, Some(address)) => (None, Place::Tcp(address.to_string(), port)),
                (Some(Name::Tcp(name)), None) if !name.is_empty() => {
                    (Some(name.clone()), Place::Tcp(name.clone(), port))
                }
                _ => return Err(AddressError::Host),
            };
            Ok(Host { name, place })
        })
        .collect()
}

/// Makes one error of the failures at all hosts.
fn whole(mut failures: Vec<(&Host, WireError)>) -> WireError {
    if failures.len() < 2 {
        return failures.pop().map_or(WireError::Closed, |(_, error)| error);
    }
    let texts = failures.iter().map(|(host, error)| {
        let (place, port) = host.place();
        format!("{place}:{port}: {error}")
    });
    let texts = texts.collect::<Vec<_>>().join("; ");
    let unwanted = failures.iter().find_map(|(_, error)| match error {
        WireError::Unwanted(mode, _) => Some(*mode),
        _ => None,
    });
    match unwanted {
        Some(mode) => WireError::Unwanted(mode, texts),
        None => WireError::Opening(texts),
    }
}

/// Starts TLS over a stream; the certificate is checked against the name of the host.
async fn secure(
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
        .map_err(|_| WireError::Opening("the name of the host cannot be checked by TLS".into()))?;
    Ok(TlsConnector::from(tls).connect(name, stream).await?)
}

#[cfg(test)]
mod tests;
