//! Connections: accepted, bounded in time, ended in good order.

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long a connection may be without a complete request: idle, or with headers that do not end.
const HEADERS_WITHIN: Duration = Duration::from_mins(1);
/// Pause after the system had no resources for another connection.
const BREATHE: Duration = Duration::from_millis(500);

/// Serves connections until `stop` comes; then takes no more, and returns when the requests in flight are answered.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    // Each connection holds a receiver as long as it lasts.
    let (stopped, stopping) = watch::channel(());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                rest(&error).await;
                continue;
            }
        };
        prepare(&stream);
        let service = TowerToHyperService::new(router.clone());
        // A request may turn its connection into a WebSocket, which then lasts by itself.
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut stopping = stopping.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                _ = stopping.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            // A client that goes away or talks nonsense ends its own connection and nothing else.
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    drop(stopping);
    stopped.send_replace(());
    stopped.closed().await;
}

fn prepare(stream: &TcpStream) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

/// A connection that was lost before it was accepted is nothing to us; anything else (no file descriptors) needs time.
async fn rest(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(BREATHE).await;
    }
}
