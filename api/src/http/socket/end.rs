//! Closes a WebSocket: both sides send a close frame (RFC 6455 §7).

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

/// Time for the exchange of close frames.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// The server shuts down.
pub(super) const GOING_AWAY: u16 = 1001;
/// The frames violate the protocol.
const PROTOCOL_ERROR: u16 = 1002;
/// A text is not UTF-8.
const NOT_UTF8: u16 = 1007;
/// A message is too long.
const TOO_LONG: u16 = 1009;
/// The client reads too slowly, or there is no place for it at the moment. Clients reconnect after this code.
pub(super) const TRY_AGAIN_LATER: u16 = 1013;
pub(super) const BAD_REQUEST: u16 = 4400;
pub(super) const UNAUTHORIZED: u16 = 4401;
pub(super) const FORBIDDEN: u16 = 4403;
pub(super) const NO_SUBPROTOCOL: u16 = 4406;
pub(super) const INIT_TIMEOUT: u16 = 4408;
pub(super) const SUBSCRIBER_EXISTS: u16 = 4409;

/// The reason why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The client has gone, or reads nothing any more.
    Gone,
    /// The client has sent a close frame.
    Closed,
    /// The server closes with a code and a reason.
    Close(u16, String),
}

impl End {
    pub(super) fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close(code, reason.into())
    }

    /// Returns the end that follows from an error of reading.
    pub(super) fn unread(error: axum::Error) -> Self {
        let Ok(error) = error.into_inner().downcast::<Error>() else { return Self::Gone };
        match *error {
            Error::Capacity(_) => Self::close(TOO_LONG, "A message is longer than messages may be"),
            Error::Utf8(_) => Self::close(NOT_UTF8, "Text is UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::close(PROTOCOL_ERROR, "These are not frames of a WebSocket client"),
            _ => Self::Gone,
        }
    }

    /// Sends a close frame if the client is still there, and waits for the client's.
    pub(super) async fn send(self, socket: &mut WebSocket) {
        let goodbye = match self {
            Self::Gone => return,
            Self::Closed => None,
            Self::Close(code, reason) => {
                tracing::debug!(code, reason, "WebSocket closed");
                Some(Message::Close(Some(CloseFrame { code, reason: reason.into() })))
            }
        };
        let said = async {
            if let Some(goodbye) = goodbye
                && socket.send(goodbye).await.is_err()
            {
                return;
            }
            // The answer to the client's goodbye goes out while it is read on.
            while let Some(Ok(_)) = socket.recv().await {}
        };
        // A client that does not read it learns it from the end of the connection.
        let _ = timeout(GOODBYE_WITHIN, said).await;
    }
}
