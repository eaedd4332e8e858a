//! Where a server is: the hosts of an address, and a connection to the first of them that is wanted.

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

use super::conninfo::{AddressError, Conninfo, SessionAttrs};
use super::error::WireError;
use super::{Connection, Socket};

const DEFAULT_PORT: u16 = 5432;
/// The server's answer to the question whether it speaks TLS.
const SPEAKS_TLS: u8 = b'S';

/// Where a server is, and how to log in there.
#[derive(Clone)]
pub struct Address {
    config: Config,
    wanted: SessionAttrs,
    tls: Arc<ClientConfig>,
    /// Each host that may be the server.
    hosts: Arc<[Host]>,
    /// How long one of them may take.
    within: Option<Duration>,
}

/// A host that may be the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name that TLS checks.
    name: Option<String>,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Unix(PathBuf, u16),
    Tcp(String, u16),
}

impl Address {
    /// Takes the address apart; says what it asks for that cannot be had. Where it names several hosts and no
    /// `connect_timeout`, each of them may take its part of `patience`.
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

    /// The same hosts, of which others are wanted.
    pub fn wanting(&self, wanted: SessionAttrs) -> Self {
        Self { wanted, ..self.clone() }
    }

    /// Logs in at the first host that lets us and is wanted.
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

    /// The first host; that of a connection is its only one.
    pub(super) fn host(&self) -> &Host {
        &self.hosts[0]
    }

    /// Asks for a cancellation of what a connection does.
    pub(super) async fn cancel(&self, process: i32, secret: i32) -> Result<(), WireError> {
        if process == 0 {
            return Err(WireError::Opening("the server has not said how to cancel".into()));
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
        // Where a cancellation has to go: to this server, not to the first that answers then.
        let hosts = Arc::new([Host { place, ..host.clone() }]);
        let mut connection =
            Connection::over(socket, Self { hosts, wanted: SessionAttrs::Any, ..self.clone() });
        connection.log_in(&self.config).await?;
        connection.check_session(wanted).await?;
        connection.identify().await?;
        Ok(connection)
    }

    /// A socket to a host, with TLS where it is wanted, and where it has come to: one name may be several servers.
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
    /// The same address with this host alone, for libraries that know one.
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

    /// The folder of its socket or its name, and its port.
    pub fn place(&self) -> (String, u16) {
        match &self.place {
            Place::Unix(folder, port) => (folder.display().to_string(), *port),
            Place::Tcp(place, port) => (self.name.clone().unwrap_or_else(|| place.clone()), *port),
        }
    }
}

/// The hosts that an address names.
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

/// What failed at the only host, or at all of them.
fn whole(mut failures: Vec<(&Host, WireError)>) -> WireError {
    if failures.len() < 2 {
        return failures.pop().map_or(WireError::Closed, |(_, error)| error);
    }
    let told = failures.iter().map(|(host, error)| {
        let (place, port) = host.place();
        format!("{place}:{port}: {error}")
    });
    let told = told.collect::<Vec<_>>().join("; ");
    let unwanted = failures.iter().find_map(|(_, error)| match error {
        WireError::Unwanted(mode, _) => Some(*mode),
        _ => None,
    });
    match unwanted {
        Some(mode) => WireError::Unwanted(mode, told),
        None => WireError::Opening(told),
    }
}

/// TLS over a stream; the certificate is checked against the name of the host.
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
mod tests {
    use rustls::RootCertStore;

    use super::*;

    /// Name for TLS, place and port of each host.
    fn places(url: &str) -> Result<String, String> {
        let conninfo: Conninfo = url.parse().map_err(|error| format!("{error}"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let address = Address::new(&conninfo, Arc::new(tls), Duration::from_secs(5));
        let hosts = address.map_err(|error| error.to_string())?.hosts;
        let told = hosts.iter().map(|Host { name, place }| {
            let name = name.as_deref().unwrap_or("-");
            match place {
                Place::Unix(folder, port) => format!("{name} in {} {port}", folder.display()),
                Place::Tcp(place, port) => format!("{name} at {place} {port}"),
            }
        });
        Ok(told.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn an_address_names_hosts() {
        for (url, expected) in [
            ("postgres://me@db", "db at db 5432"),
            ("postgresql://me@db/", "db at db 5432"),
            ("postgres://me@a:1,b:2", "a at a 1, b at b 2"),
            ("postgres://me@a,b:2/x", "a at a 5432, b at b 2"),
            ("postgres://me@/db?host=/folder", "- in /folder 5432"),
            ("postgres:///db?host=/folder&user=me&port=99", "- in /folder 99"),
            ("postgres://me@?host=/folder", "- in /folder 5432"),
            ("postgres://me@/db?host=a,b&port=1,2", "a at a 1, b at b 2"),
            ("postgres://me@/db?host=a,b&port=7", "a at a 7, b at b 7"),
            ("postgres://me@/db?host=a,/run/pg", "a at a 5432, - in /run/pg 5432"),
            ("postgres://me@other:9/db?host=a", "a at a 9"),
            ("postgres://me@[2001:db8::1]:5,[::1]/db", "2001:db8::1 at 2001:db8::1 5, ::1 at ::1 5432"),
            ("postgres://me@%2Frun%2Fpg:99", "- in /run/pg 99"),
            ("postgres://me@db/x?hostaddr=10.0.0.1", "db at 10.0.0.1 5432"),
            ("host=db hostaddr=10.0.0.1 user=me", "db at 10.0.0.1 5432"),
            ("hostaddr=10.0.0.1,10.0.0.2 user=me", "- at 10.0.0.1 5432, - at 10.0.0.2 5432"),
            ("host=a,b port=1, user=me", "a at a 1, b at b 5432"),
            ("host = '/a folder'\n user='me'  port=3", "- in /a folder 3"),
        ] {
            assert_eq!(places(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_had_is_refused_by_name() {
        for (url, expected) in [
            ("postgres://db", "it names no user"),
            ("user=me", "it names no host"),
            ("postgres://me@/db", "it names no host"),
            ("postgres://me@a,,b/db", "it names no host"),
            ("host=a,b,c port=1,2 user=me", "hosts, hostaddrs and ports do not match in number"),
            ("host=a,b hostaddr=10.0.0.1 user=me", "hosts, hostaddrs and ports do not match in number"),
            ("postgres://me@db?channel_binding=require", "channel_binding=require is not supported"),
            ("postgres://me@db?load_balance_hosts=random", "load_balance_hosts=random is not supported"),
            ("postgres://me@db?sslnegotiation=direct", "sslnegotiation=direct is not supported"),
            ("host=@abstract user=me", "a socket in the abstract namespace is not supported"),
        ] {
            assert_eq!(places(url).unwrap_err(), expected, "{url}");
        }
    }
}
