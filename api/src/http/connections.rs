//! Connections: accepted, bounded in number and time, ended in good order.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::HttpSettings;
use super::peer::Peer;
use super::seats::Seats;
use super::stream::{Patience, Stream};
use crate::auth::Share;

/// Pause after the system had no resources for another connection.
const BREATHE: Duration = Duration::from_millis(100);
/// What is buffered of a request or an answer: headers have to fit, and bodies come piece by piece.
const BUFFER: usize = 64 * 1024;
/// The answer to a client for whom there is no place.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves connections until `stop` comes; then takes no more, and returns when the requests in flight are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &HttpSettings,
    stop: impl Future<Output = ()>,
) {
    // Each connection holds a receiver as long as it lasts.
    let (stopped, stopping) = watch::channel(());
    let mut http = http1::Builder::new();
    // hyper's one time is for waiting and for headers alike; the stream tells them apart.
    http.header_read_timeout(None).max_buf_size(BUFFER);
    let patience = Patience {
        write: settings.write_timeout,
        headers: settings.header_timeout,
        idle: settings.idle_timeout,
    };
    let seats = Seats::new(settings.connections);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (tcp, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest(&error, &seats).await;
                continue;
            }
        };
        let Ok(seat) = seats.take(Share::of_address(address.ip()), settings.connections_per_address) else {
            // Whoever cannot be told at once is not told.
            let _ = tcp.try_write(REFUSAL);
            continue;
        };
        prepare(&tcp);
        let peer = Peer::new(address, Arc::clone(seat.sitter()));
        let stream = Stream::new(tcp, patience, peer.clone(), seat);
        let service = Asked { peer: peer.clone(), service: TowerToHyperService::new(router.clone()) };
        // A request may turn its connection into a WebSocket, which then lasts by itself.
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
                    // A client that goes away or talks nonsense ends its own connection and nothing else.
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                }
                () = peer.gone() => tracing::debug!("connection ended to make room"),
            }
        });
    }
    drop(listener);
    drop(stopping);
    stopped.send_replace(());
    stopped.closed().await;
}

/// The requests of a connection, one after the other: the next is not begun before the last one's answer is written, however
/// many a client sends at once.
struct Asked {
    peer: Peer,
    service: TowerToHyperService<Router>,
}

impl Service<Request<Incoming>> for Asked {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let (peer, service) = (self.peer.clone(), self.service.clone());
        let unanswered = peer.asks();
        Box::pin(async move {
            let _unanswered = unanswered;
            peer.rested().await;
            let _busy = peer.begin();
            request.extensions_mut().insert(peer.clone());
            let answer = service.call(request).await;
            if answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::SWITCHING_PROTOCOLS) {
                peer.upgrade();
            }
            answer
        })
    }
}

fn prepare(tcp: &TcpStream) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

/// A connection that was lost before it was accepted is nothing to us; anything else (no file descriptors) needs room.
async fn rest(error: &io::Error, seats: &Seats) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        seats.thin_out();
        tokio::time::sleep(BREATHE).await;
    }
}
