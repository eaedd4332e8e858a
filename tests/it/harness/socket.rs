//! A client of `graphql-transport-ws`, as small as can be.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Actor, App};

/// How long a message may take that is expected.
const WITHIN: Duration = Duration::from_secs(20);
/// How long none comes where none is expected.
const QUIET: Duration = Duration::from_millis(600);

/// A connection.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a connection with these headers beside those of a `WebSocket`.
    pub(crate) async fn open(app: &App, headers: &[(&'static str, &str)]) -> Result<(Self, Response), Error> {
        let mut request = format!("ws://{}/graphql/ws", app.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(app.address).await.unwrap();
        client_async(request, stream).await.map(|(socket, response)| (Self(socket), response))
    }

    /// A connection that speaks the protocol and has said nothing yet.
    pub(crate) async fn silent(app: &App) -> Self {
        Self::open(app, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap().0
    }

    /// A connection of somebody, acknowledged.
    pub(crate) async fn of(app: &App, actor: &Actor<'_>) -> Self {
        let mut socket = Self::silent(app).await;
        let payload = actor.token.as_ref().map(|token| json!({ "authorization": format!("Bearer {token}") }));
        socket.send(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.0.send(Message::binary(bytes)).await.unwrap();
    }

    /// Sends bytes past the rules of frames.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// Says goodbye.
    pub(crate) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.0.send(Message::Close(Some(frame))).await.unwrap();
    }

    /// Begins an operation.
    pub(crate) async fn begin(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// The same, of an operation of a document.
    pub(crate) async fn subscribe_to(
        &mut self,
        id: &str,
        document: &str,
        operation: Option<&str>,
        variables: &Value,
    ) {
        let payload = json!({ "query": document, "operationName": operation, "variables": variables });
        self.send(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    /// Begins a subscription and gives it time to be under way, which the protocol does not tell.
    pub(crate) async fn subscribe(&mut self, id: &str, query: &str, variables: &Value) {
        self.begin(id, query, variables).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.read().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next message, if it comes in time.
    pub(crate) async fn next_within(&mut self, time: Duration) -> Option<Value> {
        tokio::time::timeout(time, self.next()).await.ok()
    }

    /// The data of the next message, which belongs to this operation.
    pub(crate) async fn data(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("next")), "{message:#}");
        assert_eq!(message["payload"].get("errors"), None, "{message:#}");
        message["payload"]["data"].clone()
    }

    /// The only error of the next message, which ends this operation.
    pub(crate) async fn error(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("error")), "{message:#}");
        message["payload"][0].clone()
    }

    /// Nothing comes for a while.
    #[track_caller]
    pub(crate) fn quiet(&mut self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let ends = tokio::time::Instant::now() + QUIET;
            while let Ok(message) = tokio::time::timeout_at(ends, self.0.next()).await {
                assert!(matches!(message, Some(Ok(Message::Ping(_)))), "{place}: {message:?}");
            }
        }
    }

    /// The close code, which comes after whatever else.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(Some(frame)) = self.read().await {
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// Whether the connection ends without another message.
    pub(crate) async fn is_cut(&mut self) -> bool {
        let message = tokio::time::timeout(WITHIN, self.0.next()).await.expect("an end in time");
        matches!(message, None | Some(Err(_) | Ok(Message::Close(_))))
    }

    /// Whether the connection ends after whatever was on its way.
    pub(crate) async fn is_cut_after_messages(&mut self) -> bool {
        loop {
            match tokio::time::timeout(WITHIN, self.0.next()).await {
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return true,
                Ok(Some(Ok(_))) => {}
                Err(_) => return false,
            }
        }
    }

    async fn read(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(WITHIN, self.0.next()).await;
            match message.expect("a message in time").expect("a connection").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}
