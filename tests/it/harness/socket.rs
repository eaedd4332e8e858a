//! A minimal client of `graphql-transport-ws`.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use praxis::feed::Gateway;
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

/// The longest wait for an expected message.
const WITHIN: Duration = Duration::from_secs(20);
/// The time without a message after which none is expected to come.
const QUIET: Duration = Duration::from_millis(600);

/// The time after which subscriptions of a gateway in another process are taken as begun, since it does not report them.
const ELSEWHERE: Duration = Duration::from_millis(500);
/// The wait for a message between two checks whether subscriptions have begun.
const SOON: Duration = Duration::from_millis(2);
/// Pause before a subscription is sent again.
const AGAIN: Duration = Duration::from_millis(50);

/// A WebSocket connection.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Messages that arrived while another one was awaited.
    early: VecDeque<Message>,
    /// The gateway, for its number of subscriptions, if it runs in the test process.
    gateway: Option<Gateway>,
}

impl Socket {
    /// Opens a connection with these headers in addition to those of a `WebSocket`.
    pub(crate) async fn open(app: &App, headers: &[(&'static str, &str)]) -> Result<(Self, Response), Error> {
        let mut request = format!("ws://{}/graphql/ws", app.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(app.address).await.unwrap();
        let (stream, response) = client_async(request, stream).await?;
        Ok((Self { stream, early: VecDeque::new(), gateway: app.gateway.clone() }, response))
    }

    /// Opens a connection with the right subprotocol that has sent no message yet.
    pub(crate) async fn silent(app: &App) -> Self {
        Self::open(app, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap().0
    }

    /// Opens a connection of a caller, and waits for its acknowledgement.
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
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.stream.send(Message::binary(bytes)).await.unwrap();
    }

    /// Sends bytes that need not be valid frames.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    /// Sends a close frame.
    pub(crate) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.stream.send(Message::Close(Some(frame))).await.unwrap();
    }

    /// Starts an operation.
    pub(crate) async fn begin(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// Starts a subscription that is an operation of a document, and waits until it has begun.
    pub(crate) async fn subscribe_to(
        &mut self,
        id: &str,
        document: &str,
        operation: Option<&str>,
        variables: &Value,
    ) {
        let payload = json!({ "query": document, "operationName": operation, "variables": variables });
        self.subscribe_all(&[(id, payload)]).await;
    }

    /// Starts a subscription and waits until it has begun.
    pub(crate) async fn subscribe(&mut self, id: &str, query: &str, variables: &Value) {
        self.subscribe_all(&[(id, json!({ "query": query, "variables": variables }))]).await;
    }

    /// Starts subscriptions and waits until each has begun, or has ended. One that the gateway refuses for the moment, because its
    /// listener is connecting again, is sent again, as clients do.
    ///
    /// The protocol does not report that, so the gateway's count of begun subscriptions is used. If another client starts
    /// subscriptions of the same gateway meanwhile, the wait ends too early.
    pub(crate) async fn subscribe_all(&mut self, subscriptions: &[(&str, Value)]) {
        let begun = |gateway: &Option<Gateway>| gateway.as_ref().map(Gateway::subscriptions_begun);
        let before = begun(&self.gateway);
        for (id, payload) in subscriptions {
            self.send(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
        }
        let Some(before) = before else { return tokio::time::sleep(ELSEWHERE).await };
        let mut open: Vec<&str> = subscriptions.iter().map(|(id, _)| *id).collect();
        let waits = async {
            while begun(&self.gateway).is_some_and(|now| now - before < open.len() as u64) {
                let Ok(message) = tokio::time::timeout(SOON, self.stream.next()).await else { continue };
                let Some(Ok(message)) = message else { return };
                if let Message::Text(text) = &message {
                    let message: Value = serde_json::from_str(text).unwrap();
                    if is_refused_for_the_moment(&message) {
                        let again = subscriptions.iter().find(|(id, _)| message["id"] == **id);
                        let (id, payload) = again.unwrap_or_else(|| panic!("{message}"));
                        tokio::time::sleep(AGAIN).await;
                        self.send(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
                        continue;
                    }
                    let has_ended = matches!(message["type"].as_str(), Some("error" | "complete"));
                    open.retain(|id| !has_ended || message["id"] != **id);
                }
                self.early.push_back(message);
            }
        };
        tokio::time::timeout(WITHIN, waits).await.expect("subscriptions in time");
    }

    /// Returns the next message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.read().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Returns the next message, if it arrives in time.
    pub(crate) async fn next_within(&mut self, time: Duration) -> Option<Value> {
        tokio::time::timeout(time, self.next()).await.ok()
    }

    /// Returns the next message of this operation, or of no operation. The messages of others, which may come in any order, wait
    /// for the next call.
    async fn next_of(&mut self, id: &str) -> Value {
        let mut others = Vec::new();
        let message = loop {
            let message = self.next().await;
            match message["id"].as_str() {
                Some(other) if other != id => others.push(message),
                _ => break message,
            }
        };
        for other in others.into_iter().rev() {
            self.early.push_front(Message::Text(other.to_string().into()));
        }
        message
    }

    /// Returns the data of the next message of this operation.
    pub(crate) async fn data(&mut self, id: &str) -> Value {
        let message = self.next_of(id).await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("next")), "{message:#}");
        assert_eq!(message["payload"].get("errors"), None, "{message:#}");
        message["payload"]["data"].clone()
    }

    /// Returns the only error of the next message of this operation, which must end it.
    pub(crate) async fn error(&mut self, id: &str) -> Value {
        let message = self.next_of(id).await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("error")), "{message:#}");
        message["payload"][0].clone()
    }

    /// Asserts that no message arrives for a while.
    #[track_caller]
    pub(crate) fn quiet(&mut self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let ends = tokio::time::Instant::now() + QUIET;
            while let Ok(message) = tokio::time::timeout_at(ends, self.receive()).await {
                assert!(matches!(message, Some(Ok(Message::Ping(_)))), "{place}: {message:?}");
            }
        }
    }

    /// Returns the close code, after any other messages.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(Some(frame)) = self.read().await {
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// Returns true if the connection ends without another message.
    pub(crate) async fn is_cut(&mut self) -> bool {
        let message = tokio::time::timeout(WITHIN, self.receive()).await.expect("an end in time");
        matches!(message, None | Some(Err(_) | Ok(Message::Close(_))))
    }

    /// Returns true if the connection ends, perhaps after further messages.
    pub(crate) async fn is_cut_after_messages(&mut self) -> bool {
        loop {
            match tokio::time::timeout(WITHIN, self.receive()).await {
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return true,
                Ok(Some(Ok(_))) => {}
                Err(_) => return false,
            }
        }
    }

    async fn receive(&mut self) -> Option<Result<Message, Error>> {
        match self.early.pop_front() {
            Some(message) => Some(Ok(message)),
            None => self.stream.next().await,
        }
    }

    async fn read(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(WITHIN, self.receive()).await;
            match message.expect("a message in time").expect("a connection").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}

/// Returns true if a message refuses an operation only because the gateway's listener has lost its connection.
fn is_refused_for_the_moment(message: &Value) -> bool {
    let error = &message["payload"][0];
    let text = error["message"].as_str().unwrap_or_default();
    message["type"] == "error"
        && text.starts_with("The server receives no notifications of changes at the moment.")
}
