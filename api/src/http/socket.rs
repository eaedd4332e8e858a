//! Serves GraphQL over WebSocket, with the protocol `graphql-transport-ws` of graphql-ws.

mod end;
mod message;
mod protocol;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;
use async_graphql::http::{ClientMessage, WebSocketProtocols, WsMessage};
use async_graphql_axum::GraphQLProtocol;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt as _;
use tokio::time::{sleep_until, timeout};

use self::end::{
    BAD_REQUEST, End, FORBIDDEN, GOING_AWAY, INIT_TIMEOUT, NO_SUBPROTOCOL, SUBSCRIBER_EXISTS,
    TRY_AGAIN_LATER, UNAUTHORIZED,
};
use self::message::ReceivedMessage;
use self::protocol::Protocol;
use super::counted::COST;
use super::operations::{Numbered, Operations};
use super::peer::{self, Peer};
use super::seats::Busy;
use super::subscription_places::{NO_SUBSCRIPTIONS, NoPlace, SubscriptionPlace};
use super::{AppState, graphql, origin};
use crate::auth::{AuthError, Caller, Share};
use crate::budget::{BudgetExceeded, Reservation};
use crate::clock;
use crate::feed::{Event, Inbox, OperationId, Outbox, outbox, until};
use crate::graph::{Code, Error, Errors, RequestContext};

/// Bytes of the read buffer of a socket: messages are short, and sockets are many.
const READ_BUFFER: usize = 4 * 1024;
/// Events that are written before the socket is flushed.
const WRITTEN_AT_ONCE: usize = 256;
/// Time after which a client that reads nothing loses the connection.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// `GET /graphql/ws`
pub(super) async fn open(
    State(state): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    protocol: Result<GraphQLProtocol, StatusCode>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !origin::is_allowed(&headers, &state.settings.allowed_origins) {
        return (StatusCode::FORBIDDEN, "This origin is not allowed.\n").into_response();
    }
    let caller = match graphql::authorization(&headers) {
        None => None,
        authorization => match state.authenticator.authenticate(authorization).await {
            Ok(caller) => Some(caller),
            Err(error) if error.is_temporary() => return later(format!("{error}\n")),
            Err(error) => return (StatusCode::UNAUTHORIZED, format!("{error}\n")).into_response(),
        },
    };
    let address = peer.address(&headers, state.settings.client_address_header.as_ref());
    let place = match &caller {
        Some(caller) => state.subscription_places.enter_as(caller, address),
        None => state.subscription_places.enter(address),
    };
    let place = match place {
        Ok(place) => place,
        Err(NoPlace::Full) => return later("No more connections. Try again shortly.\n".to_owned()),
        Err(NoPlace::NeedsToken) => return (StatusCode::FORBIDDEN, "A token is needed.\n").into_response(),
        Err(NoPlace::Off) => {
            return (StatusCode::FORBIDDEN, format!("{NO_SUBSCRIPTIONS}.\n")).into_response();
        }
    };
    let limit = state.settings.body_limit;
    let upgrade = upgrade
        .protocols([WebSocketProtocols::GraphQLWS.sec_websocket_protocol()])
        .max_message_size(limit)
        .max_frame_size(limit)
        .read_buffer_size(READ_BUFFER);
    // A client that speaks its predecessor only is not served either.
    let is_spoken = protocol.is_ok() && upgrade.selected_protocol().is_some();
    upgrade.on_upgrade(move |mut socket| async move {
        // A server that shuts down waits for its places, and so for the close frame.
        let (end, _place) = if is_spoken {
            Connection::new(state, caller, place, peer, address).run(&mut socket).await
        } else {
            (End::close(NO_SUBPROTOCOL, "Subprotocol not acceptable"), place)
        };
        end.send(&mut socket).await;
    })
}

fn later(text: String) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, crate::graph::RETRY_AFTER_SECONDS)], text)
        .into_response()
}

/// The connection of a client.
struct Connection {
    state: Arc<AppState>,
    /// The caller of the `Authorization` header, or that of `connection_init` afterwards.
    caller: Option<Arc<Caller>>,
    is_acknowledged: bool,
    protocol: Protocol,
    operations: HashMap<OperationId, RunningOperation>,
    last: OperationId,
    outbox: Outbox,
    inbox: Option<Inbox>,
    place: SubscriptionPlace,
    peer: Peer,
    address: IpAddr,
    /// The share that the memory of the connection counts for.
    share: Share,
    /// Keeps the connection from losing its seat once its caller is known.
    busy: Option<Busy>,
}

/// An operation of a client.
struct RunningOperation {
    /// The client's id of the operation.
    id: String,
    /// The text before each of its responses.
    prefix: String,
}

impl Connection {
    fn new(
        state: Arc<AppState>,
        caller: Option<Arc<Caller>>,
        place: SubscriptionPlace,
        peer: Peer,
        address: IpAddr,
    ) -> Self {
        let settings = state.feed.settings();
        let share = share_of(caller.as_deref(), address);
        let held = state.budget.open(share);
        let (outbox, inbox) = outbox(settings.queue_length, settings.queue_bytes, held);
        peer.count(state.budget.open(share));
        let busy = caller.is_some().then(|| peer.begin());
        let protocol = Protocol::new(Operations::new(Arc::clone(&state), outbox.clone()));
        Self {
            state,
            caller,
            is_acknowledged: false,
            protocol,
            operations: HashMap::new(),
            last: 0,
            outbox,
            inbox: Some(inbox),
            place,
            peer,
            address,
            share,
            busy,
        }
    }

    /// Serves the client until the connection ends; returns the reason, and its place.
    async fn run(mut self, socket: &mut WebSocket) -> (End, SubscriptionPlace) {
        let Some(mut inbox) = self.inbox.take() else { return (End::Gone, self.place) };
        let overflowed = inbox.overflowed();
        let (peer, stopping) = (self.peer.clone(), self.place.stopping());
        let end = tokio::select! {
            end = self.serve(socket, &mut inbox) => end,
            () = overflowed => End::close(TRY_AGAIN_LATER, "Too slow: resume after the last cursor"),
            () = stopping => End::close(GOING_AWAY, "The server ends"),
            () = peer.evicted() => End::Gone,
        };
        (end, self.place)
    }

    async fn serve(&mut self, socket: &mut WebSocket, inbox: &mut Inbox) -> End {
        let settings = self.state.feed.settings().clone();
        let begun = clock::instant();
        let mut last_heard = begun;
        let mut next_ping = begun + settings.ping_every;
        let mut events = Vec::with_capacity(WRITTEN_AT_ONCE);
        loop {
            let ends_at = match &self.caller {
                Some(caller) if self.is_acknowledged => caller.expiry(),
                _ => Some(begun + settings.init_within),
            };
            let done = tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(message)) => {
                        last_heard = clock::instant();
                        self.peer.read();
                        self.receive(socket, message).await
                    }
                    Some(Err(error)) => Err(End::unread(error)),
                    None => Err(End::Gone),
                },
                _ = inbox.take(&mut events, WRITTEN_AT_ONCE) => self.write(socket, &mut events).await,
                () = sleep_until(next_ping) => {
                    next_ping = clock::instant() + settings.ping_every;
                    if last_heard.elapsed() > settings.ping_every * 2 {
                        Err(End::Gone)
                    } else {
                        send(socket, Message::Ping(bytes::Bytes::new())).await
                    }
                }
                () = self.place.evicted() => Err(End::close(TRY_AGAIN_LATER, "Another connection has the place")),
                () = until(ends_at) => Err(if self.is_acknowledged {
                    End::close(UNAUTHORIZED, "Token expired")
                } else {
                    End::close(INIT_TIMEOUT, "Connection initialisation timeout")
                }),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn receive(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(End::Closed),
            // axum answers pings.
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return Err(End::close(BAD_REQUEST, "Messages are text")),
        };
        let Ok(held) = self.state.budget.reserve(self.share, text.len() * COST) else {
            let id = message::id(&text).ok_or_else(not_a_message)?;
            return self.refuse(socket, &id, BudgetExceeded::AtTheMoment.into()).await;
        };
        let caller = || self.caller.clone().unwrap_or_else(Caller::anonymous);
        let context = || RequestContext { as_body: true, ..RequestContext::new(caller()) };
        let message = match message::read(&text, context).map_err(|_| not_a_message())? {
            ReceivedMessage::Message(message) => message,
            ReceivedMessage::Unreadable(id, error) => return self.refuse(socket, &id, error).await,
        };
        match message {
            ClientMessage::ConnectionInit { payload } => {
                if !self.is_acknowledged {
                    self.init(payload.as_ref()).await?;
                }
                self.say(socket, ClientMessage::ConnectionInit { payload: None }).await
            }
            ClientMessage::Start { id, payload } => self.subscribe(socket, id, payload, held).await,
            ClientMessage::Stop { id } => {
                self.operations.retain(|_, operation| operation.id != id);
                // The client needs no answer.
                self.protocol.end(id);
                Ok(())
            }
            other => self.say(socket, other).await,
        }
    }

    /// Passes a message to the protocol, and sends its answer to the client.
    async fn say(&mut self, socket: &mut WebSocket, message: ClientMessage) -> Result<(), End> {
        match self.protocol.take(message) {
            Some(WsMessage::Text(text)) => send(socket, Message::text(text)).await,
            Some(WsMessage::Close(code, reason)) => Err(End::close(code, reason)),
            None => Ok(()),
        }
    }

    /// Authenticates the client.
    async fn init(&mut self, payload: Option<&serde_json::Value>) -> Result<(), End> {
        let said = match (message::authorization(payload), &self.caller) {
            (None, Some(_)) => None,
            (authorization, _) => {
                let caller = self.state.authenticator.authenticate(authorization.as_deref()).await;
                Some(caller.map_err(refused_token)?)
            }
        };
        if let Some(caller) = said {
            self.state.subscription_places.admit(&mut self.place, &caller, self.address).map_err(|why| {
                match why {
                    NoPlace::Full => End::close(TRY_AGAIN_LATER, "No more connections"),
                    NoPlace::NeedsToken => End::close(FORBIDDEN, "A token is needed"),
                    NoPlace::Off => End::close(FORBIDDEN, NO_SUBSCRIPTIONS),
                }
            })?;
            self.share = share_of(Some(&caller), self.address);
            self.outbox.charge(self.state.budget.open(self.share));
            self.peer.count(self.state.budget.open(self.share));
            self.caller = Some(caller);
        }
        self.busy.get_or_insert_with(|| self.peer.begin());
        self.is_acknowledged = true;
        Ok(())
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        request: Request,
        held: Reservation,
    ) -> Result<(), End> {
        self.may_begin(&id)?;
        let most = self.state.feed.settings().operations;
        if self.operations.len() >= most {
            let message = format!("A connection has at most {most} operations at a time.");
            return fail(socket, &id, Error::new(Code::LimitExceeded, message)).await;
        }
        self.last += 1;
        let payload = request.data(held).data(Numbered { operation: self.last, share: self.share });
        let prefix = message::next_prefix(&id);
        self.operations.insert(self.last, RunningOperation { id: id.clone(), prefix });
        self.say(socket, ClientMessage::Start { id, payload }).await
    }

    /// Refuses an operation whose request cannot be read.
    async fn refuse(&mut self, socket: &mut WebSocket, id: &str, error: Error) -> Result<(), End> {
        self.may_begin(id)?;
        fail(socket, id, error).await
    }

    /// Checks that the client may begin an operation with this id.
    fn may_begin(&self, id: &str) -> Result<(), End> {
        if self.caller.is_none() || !self.is_acknowledged {
            return Err(End::close(UNAUTHORIZED, "Unauthorized"));
        }
        if self.operations.values().any(|operation| operation.id == id) {
            return Err(End::close(SUBSCRIBER_EXISTS, "A subscriber with this id exists already"));
        }
        Ok(())
    }

    /// Writes events, and flushes once.
    async fn write(&mut self, socket: &mut WebSocket, events: &mut Vec<Event>) -> Result<(), End> {
        let write = async {
            for event in events.drain(..) {
                let number = event.operation();
                // The client has ended the operation, and gets no more of it.
                let Some(operation) = self.operations.get(&number) else { continue };
                if let Event::Next(_, deliveries) = &event {
                    for delivery in deliveries.iter() {
                        let mut text = operation.prefix.clone().into_bytes();
                        text.reserve_exact(delivery.response.json.len() + 1);
                        text.extend_from_slice(&delivery.response.json);
                        text.push(b'}');
                        let Ok(text) = String::from_utf8(text) else { continue };
                        socket.feed(Message::text(text)).await?;
                    }
                    continue;
                }
                let Some(RunningOperation { id, .. }) = self.operations.remove(&number) else { continue };
                let last = match (event, self.protocol.end(id.clone())) {
                    (Event::Failed(_, errors), _) => message::error(&id, &errors),
                    (_, Some(WsMessage::Text(complete))) => complete,
                    _ => continue,
                };
                socket.feed(Message::text(last)).await?;
            }
            socket.flush().await
        };
        match timeout(TAKEN_WITHIN, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err::<(), axum::Error>(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// Returns the end of a connection whose token is not accepted.
fn refused_token(error: AuthError) -> End {
    let code = if error.is_temporary() { TRY_AGAIN_LATER } else { UNAUTHORIZED };
    End::close(code, error.to_string())
}

fn not_a_message() -> End {
    End::close(BAD_REQUEST, "This is not a message of graphql-transport-ws")
}

fn share_of(caller: Option<&Caller>, address: IpAddr) -> Share {
    caller.map_or_else(|| Share::of_address(address), |caller| peer::share(caller, address))
}

/// Sends the error of an operation that failed before it began.
async fn fail(socket: &mut WebSocket, id: &str, error: Error) -> Result<(), End> {
    send(socket, Message::text(message::error(id, &Errors::one(error)))).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(TAKEN_WITHIN, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}
