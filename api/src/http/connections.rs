//! Accepts the connections of clients, limits their number and time, and ends them in order.
//!
//! Each connection has a seat. If all seats are busy, a connection gets a place in the lobby, which answers health checks and refuses
//! everything else for the moment. A seat may have a new owner before the old socket is closed, so that open sockets are counted
//! separately: the next connection is accepted when one is free.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::HttpSettings;
use super::body::TrackedBody;
use super::peer::Peer;
use super::seats::{Full, Seat, Seats};
use super::stream::{Stream, Timeouts};
use crate::auth::Share;

/// Length of the system's queue of connections that are not yet accepted, as far as the system allows. A client beyond it retries
/// only after one to three seconds.
const BACKLOG: u32 = 4_096;
/// Pause after the system has refused another connection for lack of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of the buffers of a connection: headers have to fit, and bodies come in pieces.
const BUFFER: usize = 64 * 1024;
/// The response to a client if even the lobby is full.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// Places in the lobby.
const LOBBY: usize = 32;
/// Largest number of open sockets in addition to the configured connections: those in the lobby, and those that have lost their
/// seat but are not closed yet.
pub const SPARE_SOCKETS: usize = 2 * LOBBY;

/// The services for connections with and without a seat.
pub struct Services {
    /// The whole service, for connections with a seat.
    pub seated: Router,
    /// The service of the lobby.
    pub lobby: Router,
}

/// Listens on an address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves connections until `stop` completes; then accepts no more, and returns when the requests in flight are answered.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    settings: &HttpSettings,
    stop: impl Future<Output = ()>,
) {
    // Each connection holds a receiver as long as it lasts.
    let (stopped, stopping) = watch::channel(());
    let mut http = http1::Builder::new();
    // hyper has one timeout for waiting and for headers; the stream has one for each.
    http.header_read_timeout(None).max_buf_size(BUFFER);
    let timeouts = Timeouts {
        write: settings.write_timeout,
        headers: settings.header_timeout,
        idle: settings.idle_timeout,
    };
    let places = Places::new(settings);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = places.accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let (tcp, address, socket) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error, &places.seats).await;
                continue;
            }
        };
        let share = Share::of_address(address.ip());
        let (seat, router) = match places.take(share) {
            Ok(Admission::Seat(seat)) => (seat, &services.seated),
            Ok(Admission::Lobby(seat)) => (seat, &services.lobby),
            Err(Full) => {
                // A client that cannot take the answer at once gets none.
                let _ = tcp.try_write(REFUSAL);
                continue;
            }
        };
        prepare(&tcp);
        let peer = Peer::new(address, Arc::clone(seat.owner()));
        let stream =
            Stream::new(tcp, timeouts, peer.clone(), ConnectionPlace { _seat: seat, _socket: socket });
        let service = OneAtATime { peer: peer.clone(), service: TowerToHyperService::new(router.clone()) };
        // A request may upgrade its connection to a WebSocket, which then lasts independently.
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut stopping = stopping.clone();
        tokio::spawn(async move {
            let serve = async {
                let mut connection = pin!(connection);
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    _ = stopping.changed() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            };
            tokio::select! {
                ended = serve => {
                    // A client that disconnects or violates the protocol ends only its own connection.
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                }
                () = peer.evicted() => tracing::debug!("connection ended to make room"),
            }
        });
    }
    drop(listener);
    drop(stopping);
    stopped.send_replace(());
    stopped.closed().await;
}

/// The seats, the places of the lobby, and the sockets.
struct Places {
    seats: Seats,
    per_address: usize,
    lobby: Seats,
    sockets: Arc<Semaphore>,
}

/// The seat of a connection, or its place in the lobby.
enum Admission {
    Seat(Seat),
    Lobby(Seat),
}

/// The place of a connection and of its socket, which are free again when this is dropped after the socket is closed.
pub(super) struct ConnectionPlace {
    _seat: Seat,
    _socket: OwnedSemaphorePermit,
}

impl Places {
    fn new(settings: &HttpSettings) -> Self {
        let sockets = settings.connections.saturating_add(SPARE_SOCKETS).min(Semaphore::MAX_PERMITS);
        Self {
            seats: Seats::new(settings.connections),
            per_address: settings.connections_per_address,
            lobby: Seats::new(LOBBY),
            sockets: Arc::new(Semaphore::new(sockets)),
        }
    }

    /// Accepts the next connection when a socket is free.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let socket = Arc::clone(&self.sockets).acquire_owned().await.map_err(io::Error::other)?;
        let (tcp, address) = listener.accept().await?;
        Ok((tcp, address, socket))
    }

    fn take(&self, of: Share) -> Result<Admission, Full> {
        let seat = self.seats.take(of, self.per_address).map(Admission::Seat);
        seat.or_else(|Full| self.lobby.take(of, LOBBY).map(Admission::Lobby))
    }
}

/// Answers the requests of a connection one after the other: the next one begins when the answer to the last one is written, even if
/// the client has sent many. A connection ends with an answer that was ready before the request's body had come to its end.
struct OneAtATime {
    peer: Peer,
    service: TowerToHyperService<Router>,
}

impl Service<Request<Incoming>> for OneAtATime {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (peer, service) = (self.peer.clone(), self.service.clone());
        let unanswered = peer.begin_request();
        Box::pin(async move {
            let _unanswered = unanswered;
            peer.idle().await;
            let has_body = !request.body().is_end_stream();
            // A client that has yet to send a body counts as idle; reading the body makes it busy.
            let _busy = (!has_body).then(|| peer.begin());
            let mut request = request.map(|body| {
                if has_body { Body::new(TrackedBody::new(body, peer.clone())) } else { Body::new(body) }
            });
            request.extensions_mut().insert(peer.clone());
            let mut answer = service.call(request).await?;
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                peer.upgrade();
            } else if has_body && peer.has_unread_body() {
                // The next request would begin only after the rest of the body.
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer)
        })
    }
}

fn prepare(tcp: &TcpStream) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

/// Waits for a moment after an error of accepting, unless the client has given up its connection: other errors mean a lack of
/// resources.
async fn pause_after(error: &io::Error, seats: &Seats) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        seats.evict_idle_owner();
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
