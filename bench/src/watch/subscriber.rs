//! Subscribes to a protocol over a WebSocket.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Seen;
use super::tap;
use crate::Failure;
use crate::load::Url;

const WATCH: &str = "subscription($protocol: BigInt!) { sessionEventLogged(protocolId: $protocol) {
  sessionEvent { eventId eventTimestamp notes intensityLevel eventType { eventName colorCode } } } }";

/// A connection with one subscription.
pub(crate) struct Subscriber {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscriber {
    /// Connects and subscribes to the events of a protocol.
    pub(crate) async fn connect(url: Url, token: String, protocol: i64) -> Result<Self, Failure> {
        let address = format!("{}/ws", url.to_string().replacen("http:", "ws:", 1));
        let mut request = address.into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
        let (mut socket, _) = connect_async(request).await?;
        let init =
            json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
        socket.send(Message::text(init.to_string())).await?;
        let variables = json!({ "protocol": protocol });
        let subscribe =
            json!({ "id": "1", "type": "subscribe", "payload": { "query": WATCH, "variables": variables } });
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains("connection_ack") => {}
            other => return Err(format!("the connection was not acknowledged: {other:?}").into()),
        }
        socket.send(Message::text(subscribe.to_string())).await?;
        // The answer to a ping follows the answers to earlier messages: by then the subscription has begun.
        socket.send(Message::text(json!({ "type": "ping" }).to_string())).await?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) if text.contains("\"pong\"") => return Ok(Self { socket }),
                Some(Ok(Message::Text(text))) if text.contains("\"next\"") => {}
                other => return Err(format!("the subscription was refused: {other:?}").into()),
            }
        }
    }

    /// Receives events until the connection ends.
    pub(crate) async fn watch(mut self, seen: Arc<Seen>) -> Result<(), Failure> {
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else { continue };
            let Some(age) = tap::age(&text) else { continue };
            let age = u32::try_from(age.as_micros()).unwrap_or(u32::MAX);
            seen.latencies.lock().map_err(|_| "a subscriber panicked")?.push(age);
            seen.deliveries.fetch_add(1, Ordering::Relaxed);
        }
        Err("the gateway ended a subscription".into())
    }
}
