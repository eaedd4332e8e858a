//! Serves GraphQL over server-sent events, in the "distinct connections mode" of graphql-sse. Each request has its own stream, which
//! ends with the operation.
//!
//! This module writes the events, not axum's `sse`: that omits empty `data`, without which browsers do not report `complete`, and
//! makes each event a frame, of which hyper writes sixteen at a time.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::stream;
use tokio::time::{Instant, sleep};

use super::AppState;
use super::graphql::Client;
use super::operations::{Numbered, Operations, Running};
use super::peer;
use super::seats::Busy;
use super::subscription_places::{NoPlace, SubscriptionPlace};
use crate::feed::{Delivery, Event, Inbox, OperationId, expired, outbox, until};
use crate::graph::{Errors, PreparedRequest};

/// The number of the only operation of a stream.
const OPERATION: OperationId = 1;
/// Largest number of events that are written together.
const WRITTEN_AT_ONCE: usize = 256;
/// A comment that keeps routers and proxies from dropping a quiet connection.
const KEEP_ALIVE: &[u8] = b":\n\n";
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";
/// The header in which a client that reconnects sends the cursor of its last event.
const LAST_EVENT_ID: &str = "last-event-id";

/// Returns the cursor of the last event that the client has received.
pub(super) fn last_event(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    id.map(str::to_owned)
}

/// Returns the stream of the responses to a request, if there is a place for it.
pub(super) fn respond(
    state: &Arc<AppState>,
    client: Client,
    prepared: PreparedRequest,
) -> Result<Response, NoPlace> {
    let Client { caller, peer, address, held } = client;
    let place = state.subscription_places.enter_as(&caller, address)?;
    let share = peer::share(&caller, address);
    let settings = state.feed.settings();
    let (outbox, inbox) = outbox(settings.queue_length, settings.queue_bytes, state.budget.open(share));
    let ends_at = caller.expiry();
    let operations = Operations::new(Arc::clone(state), outbox);
    let running = operations.start(prepared.data(held), Numbered { operation: OPERATION, share });
    let events = Events {
        inbox,
        place,
        ends_at,
        keep_alive: settings.ping_every,
        has_begun: false,
        has_ended: false,
        running,
        _busy: peer.begin(),
    };
    let body = stream::unfold(events, async |mut events| {
        let bytes = events.next().await?;
        Some((Ok::<_, Infallible>(bytes), events))
    });
    let mut response = Response::new(Body::from_stream(Box::pin(body)));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    // nginx would collect the events.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The source of a stream's bytes.
struct Events {
    inbox: Inbox,
    place: SubscriptionPlace,
    ends_at: Option<Instant>,
    keep_alive: std::time::Duration,
    has_begun: bool,
    has_ended: bool,
    running: Running,
    _busy: Busy,
}

impl Events {
    /// Returns the next bytes; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if self.has_ended {
            return None;
        }
        // Headers are sent with the first bytes, so that the client knows at once that the stream is open.
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some(Bytes::from_static(KEEP_ALIVE));
        }
        let mut events = Vec::new();
        // An operation with one response sends it first.
        let lasts = || self.running.lasts();
        tokio::select! {
            // A client that is too slow, or whose server ends, reconnects.
            () = self.inbox.overflowed() => return None,
            () = self.place.stopping().then(|()| lasts()) => return None,
            () = self.place.evicted().then(|()| lasts()) => return None,
            () = until(self.ends_at).then(|()| lasts()) => {
                events.push(Event::Failed(OPERATION, Errors::one(expired())));
            }
            () = sleep(self.keep_alive) => return Some(Bytes::from_static(KEEP_ALIVE)),
            _ = self.inbox.take(&mut events, WRITTEN_AT_ONCE) => {}
        }
        let mut out = BytesMut::new();
        for event in events {
            match event {
                Event::Next(_, deliveries) => deliveries.iter().for_each(|it| write_next(it, &mut out)),
                Event::Failed(_, errors) => {
                    out.put_slice(b"event: next\ndata: {\"errors\":");
                    out.put_slice(&errors.json);
                    out.put_slice(b"}\n\n");
                    out.put_slice(COMPLETE);
                    self.has_ended = true;
                }
                Event::Complete(_) => {
                    out.put_slice(COMPLETE);
                    self.has_ended = true;
                }
            }
        }
        Some(out.freeze())
    }
}

fn write_next(delivery: &Delivery, out: &mut BytesMut) {
    if !delivery.cursor.is_empty() {
        out.put_slice(b"id: ");
        out.put_slice(delivery.cursor.as_bytes());
        out.put_slice(b"\n");
    }
    // JSON as the gateway writes it has no line breaks.
    out.put_slice(b"event: next\ndata: ");
    out.put_slice(&delivery.response.json);
    out.put_slice(b"\n\n");
}
