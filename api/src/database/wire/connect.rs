//! Opening a connection: the socket, TLS, who we are.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ChannelBinding, ScramSha256};
use postgres_protocol::message::{backend, frontend};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::{self, Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_rustls::TlsConnector;

use super::answers::Transaction;
use super::batch::{Command, Query};
use super::error::{ServerError, WireError};
use super::{Connection, Socket};

const DEFAULT_PORT: u16 = 5432;
/// The server's answer to the question whether it speaks TLS.
const SPEAKS_TLS: u8 = b'S';

/// An option of a database URL that connections for requests do not have.
#[derive(Debug, Error)]
pub(in crate::database) enum Unsupported {
    /// No host.
    #[error("it names no host")]
    Host,
    /// No user: which one would depend on who runs the gateway.
    #[error("it names no user")]
    User,
    /// Fewer or more ports or addresses than hosts.
    #[error("hosts, hostaddrs and ports do not match in number")]
    Numbers,
    /// Anything else.
    #[error("{0} is not supported")]
    Option(&'static str),
}

/// Where a server is, and how to log in there.
#[derive(Clone)]
pub(in crate::database) struct Address {
    config: Config,
    tls: Arc<ClientConfig>,
    /// Each host that may be the server: the name for TLS, and where it is.
    hosts: Arc<[(Option<String>, Place)]>,
}

#[derive(Clone, Debug)]
enum Place {
    Unix(PathBuf),
    Tcp(String, u16),
}

impl Address {
    /// Takes the address apart; says what it asks for that cannot be had.
    pub(in crate::database) fn new(config: Config, tls: Arc<ClientConfig>) -> Result<Self, Unsupported> {
        if config.get_user().is_none() {
            return Err(Unsupported::User);
        }
        if config.get_ssl_negotiation() != SslNegotiation::Postgres {
            return Err(Unsupported::Option("sslnegotiation=direct"));
        }
        if config.get_channel_binding() == config::ChannelBinding::Require {
            return Err(Unsupported::Option("channel_binding=require"));
        }
        if config.get_load_balance_hosts() != config::LoadBalanceHosts::Disable {
            return Err(Unsupported::Option("load_balance_hosts=random"));
        }
        let (names, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
        let count = names.len().max(addresses.len());
        let fits = |length: usize| length == 0 || length == count;
        if count == 0 {
            return Err(Unsupported::Host);
        }
        if !fits(names.len()) || !fits(addresses.len()) || !(ports.len() == 1 || fits(ports.len())) {
            return Err(Unsupported::Numbers);
        }
        let hosts = (0..count).map(|at| {
            let port = ports.get(at).or_else(|| ports.first()).copied().unwrap_or(DEFAULT_PORT);
            let name = match names.get(at) {
                Some(Host::Tcp(name)) => Some(name.clone()),
                _ => None,
            };
            let place = match (addresses.get(at), names.get(at)) {
                (None, Some(Host::Unix(folder))) => Place::Unix(folder.join(format!(".s.PGSQL.{port}"))),
                (None, _) => Place::Tcp(name.clone().unwrap_or_default(), port),
                (Some(address), _) => Place::Tcp(address.to_string(), port),
            };
            (name, place)
        });
        let hosts = hosts.collect();
        Ok(Self { config, tls, hosts })
    }

    /// Logs in at the first host that lets us.
    pub(in crate::database) async fn connect(&self) -> Result<Connection, WireError> {
        let mut failure = WireError::Closed;
        for at in 0..self.hosts.len() {
            match self.log_in(at).await {
                Ok(connection) => return Ok(connection),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Asks for a cancellation of what a connection does.
    pub(super) async fn cancel(&self, process: i32, secret: i32) -> Result<(), WireError> {
        if process == 0 {
            return Err(WireError::Opening("the server has not said how to cancel".into()));
        }
        let mut socket = self.socket(0).await?;
        let mut message = BytesMut::new();
        frontend::cancel_request(process, secret, &mut message);
        socket.write_all(&message).await?;
        // The server closes the connection when it has passed the request on.
        let _ = socket.read_u8().await;
        Ok(())
    }

    async fn log_in(&self, at: usize) -> Result<Connection, WireError> {
        let socket = self.socket(at).await?;
        // Where a cancellation has to go: this host, not the first that answers then.
        let address = Self { hosts: Arc::new([self.hosts[at].clone()]), ..self.clone() };
        let mut connection = Connection::over(socket, address);
        connection.log_in(&self.config).await?;
        connection.check_session(self.config.get_target_session_attrs()).await?;
        connection.identify().await?;
        Ok(connection)
    }

    /// A socket to a host, with TLS where it is wanted.
    async fn socket(&self, at: usize) -> Result<Box<dyn Socket>, WireError> {
        let (name, place) = &self.hosts[at];
        let (host, port) = match place {
            Place::Unix(path) => return Ok(Box::new(self.in_time(UnixStream::connect(path)).await?)),
            Place::Tcp(host, port) => (host.as_str(), *port),
        };
        let stream = self.in_time(TcpStream::connect((host, port))).await?;
        self.set_up(&stream)?;
        if self.config.get_ssl_mode() == SslMode::Disable {
            return Ok(Box::new(stream));
        }
        let name = name.clone().ok_or_else(|| WireError::Opening("TLS needs the name of the host".into()))?;
        Ok(Box::new(secure(stream, name, Arc::clone(&self.tls)).await?))
    }

    async fn in_time<T>(&self, connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        match self.config.get_connect_timeout() {
            Some(timeout) => tokio::time::timeout(*timeout, connecting).await?,
            None => connecting.await,
        }
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

impl Connection {
    /// Says who we are and waits until the server is ready.
    async fn log_in(&mut self, config: &Config) -> Result<(), WireError> {
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

    /// Whether the server writes, where the address says that it should or should not.
    async fn check_session(&mut self, wanted: TargetSessionAttrs) -> Result<(), WireError> {
        let unwanted: &[u8] = match wanted {
            TargetSessionAttrs::ReadWrite => b"on",
            TargetSessionAttrs::ReadOnly => b"off",
            _ => return Ok(()),
        };
        let question = Query {
            text: "SHOW transaction_read_only",
            parameters: &[],
            keep: false,
            command: Command::Statement,
        };
        let answers = self.run(&[question]).await.map_err(|failed| failed.error)?;
        let read_only = answers.first().and_then(|rows| rows.first()).and_then(|row| row.bytes(0));
        if read_only == Some(unwanted) {
            return Err(WireError::Opening("the server does not fit target_session_attrs".into()));
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;

    use super::*;

    fn places(url: &str) -> Result<Vec<String>, String> {
        let config: Config = url.parse().map_err(|error| format!("{error}"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let address = Address::new(config, Arc::new(tls)).map_err(|error| error.to_string())?;
        Ok(address.hosts.iter().map(|host| format!("{host:?}")).collect())
    }

    #[test]
    fn an_address_names_hosts() {
        for (url, expected) in [
            ("postgres://me@db", vec![r#"(Some("db"), Tcp("db", 5432))"#]),
            ("postgres://me@a:1,b:2", vec![r#"(Some("a"), Tcp("a", 1))"#, r#"(Some("b"), Tcp("b", 2))"#]),
            ("host=db hostaddr=10.0.0.1 user=me", vec![r#"(Some("db"), Tcp("10.0.0.1", 5432))"#]),
            ("postgres://me@%2Frun%2Fpg:99", vec![r#"(None, Unix("/run/pg/.s.PGSQL.99"))"#]),
        ] {
            assert_eq!(places(url).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_had_is_refused_by_name() {
        for (url, expected) in [
            ("postgres://db", "it names no user"),
            ("user=me", "it names no host"),
            ("host=a,b,c port=1,2 user=me", "hosts, hostaddrs and ports do not match in number"),
            ("postgres://me@db?channel_binding=require", "channel_binding=require is not supported"),
            ("postgres://me@db?load_balance_hosts=random", "load_balance_hosts=random is not supported"),
        ] {
            assert_eq!(places(url).unwrap_err(), expected, "{url}");
        }
    }
}
