//! How connections end, and how the client learns of it: both say goodbye (RFC 6455 §7).

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

/// How long goodbyes may take.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// A server that ends.
pub(super) const GOING_AWAY: u16 = 1001;
/// Frames that are none.
const PROTOCOL_ERROR: u16 = 1002;
/// Text that is not UTF-8.
const NOT_UTF8: u16 = 1007;
/// A message that is longer than messages may be.
const TOO_LONG: u16 = 1009;
/// A client that does not take what is sent, or for whom there is no place at the moment. Clients reconnect after this one.
pub(super) const TRY_AGAIN_LATER: u16 = 1013;
pub(super) const BAD_REQUEST: u16 = 4400;
pub(super) const UNAUTHORIZED: u16 = 4401;
pub(super) const FORBIDDEN: u16 = 4403;
pub(super) const NO_SUBPROTOCOL: u16 = 4406;
pub(super) const INIT_TIMEOUT: u16 = 4408;
pub(super) const SUBSCRIBER_EXISTS: u16 = 4409;

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The client has gone, or takes nothing any more.
    Gone,
    /// The client has said goodbye.
    Closed,
    /// With a close code and the reason.
    Close(u16, String),
}

impl End {
    pub(super) fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close(code, reason.into())
    }

    /// What follows from what could not be read.
    pub(super) fn unread(error: axum::Error) -> Self {
        let Ok(error) = error.into_inner().downcast::<Error>() else { return Self::Gone };
        match *error {
            Error::Capacity(_) => Self::close(TOO_LONG, "A message is longer than messages may be"),
            Error::Utf8(_) => Self::close(NOT_UTF8, "Text is UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::close(PROTOCOL_ERROR, "These are no frames of a WebSocket's client"),
            _ => Self::Gone,
        }
    }

    /// Says goodbye, if there is anybody to say it to, and waits until both have said it.
    pub(super) async fn tell(self, socket: &mut WebSocket) {
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
        // Whoever does not take it learns it from the connection's end.
        let _ = timeout(GOODBYE_WITHIN, said).await;
    }
}
