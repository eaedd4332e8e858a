//! Reads the bodies of requests, and limits their size, time and memory.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::StreamExt as _;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::timeout_at;

use super::counted::COST;
use super::peer::Peer;
use crate::budget::{BudgetExceeded, Reservation};
use crate::clock;

/// The name of no encoding in `Content-Encoding`.
pub(super) const PLAIN: &str = "identity";

/// Bytes of a body that a client has to send within `--body-timeout`, unless the body ends. Otherwise a client that sends single
/// bytes would occupy the gateway as long as a request may take.
const LEAST_SENT: usize = 16 * 1024;

/// Returns true if the headers declare JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';');
    let media = parts.next().unwrap_or_default().trim();
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    media.eq_ignore_ascii_case("application/json") && utf8
}

/// Returns true if a body has no encoding.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let encodings = encodings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    encodings.map(<[u8]>::trim_ascii).all(|it| it.is_empty() || it.eq_ignore_ascii_case(PLAIN.as_bytes()))
}

/// The reasons why a body cannot be read.
pub(super) enum BodyError {
    TooLong,
    Broken,
    Slow,
    BudgetExceeded(BudgetExceeded),
}

/// The body of a request. It records in its peer when it has been read to its end.
pub(super) struct TrackedBody {
    body: Incoming,
    peer: Peer,
}

impl TrackedBody {
    pub(super) fn new(body: Incoming, peer: Peer) -> Self {
        peer.set_unread_body(true);
        Self { body, peer }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.peer.set_unread_body(false);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Reads a whole body, and reserves the memory that it will take once it is parsed. `within`: the time for its next 16 KB. It reads
/// nothing of a body whose declared length is too large, so that hyper does not ask the client for it either
/// (`Expect: 100-continue`).
pub(super) async fn read(
    body: Body,
    limit: usize,
    within: Duration,
    held: &mut Reservation,
) -> Result<Vec<u8>, BodyError> {
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(BodyError::TooLong);
    }
    held.admit(declared.saturating_mul(COST)).map_err(BodyError::BudgetExceeded)?;
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let (mut due, mut enough) = (clock::instant() + within, LEAST_SENT);
    while let Some(chunk) = timeout_at(due, chunks.next()).await.map_err(|_| BodyError::Slow)? {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if bytes.len() + chunk.len() > limit {
            return Err(BodyError::TooLong);
        }
        held.grow(chunk.len() * COST).map_err(BodyError::BudgetExceeded)?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= enough {
            (due, enough) = (clock::instant() + within, bytes.len() + LEAST_SENT);
        }
    }
    Ok(bytes)
}
