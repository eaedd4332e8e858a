//! Wraps the part of the protocol that async-graphql implements: the handshake, pings, and the set of running operations.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use async_graphql::http::{
    ClientMessage, DefaultOnConnInitType, DefaultOnPingType, WebSocket, WebSocketProtocols, WsMessage,
};
use futures_util::FutureExt as _;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use crate::http::operations::Operations;

/// Messages of the client, one at a time.
type Messages = BoxStream<'static, serde_json::Result<ClientMessage>>;

/// A connection as the protocol sees it: it takes a message of the client, and returns the answer at once. The responses of
/// operations do not pass here: they wait in the connection's outbox, which is bounded and written many at a time.
pub(super) struct Protocol {
    next: Arc<Mutex<Option<ClientMessage>>>,
    socket: WebSocket<Messages, Operations, DefaultOnConnInitType, DefaultOnPingType>,
}

impl Protocol {
    pub(super) fn new(operations: Operations) -> Self {
        let next = Arc::new(Mutex::new(None));
        let waiting = Arc::clone(&next);
        let messages = stream::poll_fn(move |_| {
            let message = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            message.map_or(Poll::Pending, |message| Poll::Ready(Some(Ok(message))))
        });
        let protocol = WebSocketProtocols::GraphQLWS;
        Self { next, socket: WebSocket::from_message_stream(operations, messages.boxed(), protocol) }
    }

    /// Takes a message of the client; returns the answer.
    pub(super) fn take(&mut self, message: ClientMessage) -> Option<WsMessage> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        // Nothing in it waits, neither for messages nor for operations.
        self.socket.next().now_or_never().flatten()
    }

    /// Ends an operation; returns the message for the client.
    pub(super) fn end(&mut self, id: String) -> Option<WsMessage> {
        self.take(ClientMessage::Stop { id })
    }
}
