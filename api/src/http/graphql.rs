//! Serves GraphQL over HTTP, with the methods, media types and status codes of the specification of that name.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};

use super::AppState;
use super::accept::{Media, names, negotiate};
use super::body::{BodyError, PLAIN, is_json, is_plain, read};
use super::counted::{COMPRESSOR, counted};
use super::events::last_event;
use super::peer::{self, Peer};
use super::request::{SentRequest, idempotency_key, read_body, read_url};
use super::subscription_places::{NO_SUBSCRIPTIONS, NoPlace};
use super::{COMPRESS_FROM, HttpSettings, events, graphiql};
use crate::auth::{AuthError, Caller, Share};
use crate::budget::{BudgetExceeded, Reservation};
use crate::database::Turn;
use crate::graph::{Answer, Code, Error, Outcome, RequestContext, into_body};

/// Stands in for an `Authorization` header without a token; the authenticator refuses its scheme.
pub(super) const NO_TOKEN: &str = "?";

/// `POST /graphql`
pub(super) async fn post(
    State(state): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(media) = negotiate(&headers, &[Media::GraphqlResponse, Media::Json, Media::EventStream]) else {
        return not_acceptable();
    };
    if !is_json(&headers) {
        let message = "Send the request as `Content-Type: application/json`.";
        return refuse(media, StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    if !is_plain(&headers) {
        let message = "Send the request without `Content-Encoding`: bodies are not decompressed here.";
        let mut response = refuse(media, StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(PLAIN));
        return response;
    }
    // Whose memory the body takes has to be known before it is read.
    let mut client = match Client::of(&state, peer, &headers).await {
        Ok(client) => client,
        Err(error) => return unauthenticated(media, error),
    };
    let HttpSettings { body_limit, body_timeout, request_timeout, .. } = state.settings;
    let reading = read(body, body_limit, body_timeout, &mut client.held);
    let read = tokio::time::timeout(request_timeout, reading).await.unwrap_or(Err(BodyError::Slow));
    let body = match read {
        Ok(body) => body,
        Err(BodyError::Slow) => {
            let error = Error::new(Code::Timeout, "The request did not arrive in time.");
            return failed(media, StatusCode::REQUEST_TIMEOUT, error);
        }
        Err(BodyError::BudgetExceeded(spent)) => return unaffordable(media, spent),
        Err(BodyError::Broken) => return refuse(media, StatusCode::BAD_REQUEST, "The body has no end."),
        Err(BodyError::TooLong) => {
            let message = format!("A request has at most {body_limit} bytes.");
            let error = Error::new(Code::LimitExceeded, message);
            return failed(media, StatusCode::PAYLOAD_TOO_LARGE, error);
        }
    };
    let _busy = client.peer.begin();
    let turn = match client.turn(&state).await {
        Ok(turn) => turn,
        Err(busy) => return busy_answer(media, busy),
    };
    let read = read_body(&body).and_then(|given| Ok((given, idempotency_key(&headers)?)));
    let (given, idempotency_key) = match read {
        Ok(read) => read,
        Err(error) => return failed(media, StatusCode::BAD_REQUEST, error),
    };
    drop(body);
    let context = RequestContext { idempotency_key, ..RequestContext::new(Arc::clone(&client.caller)) };
    run(&state, client, turn, &headers, media, given, context).await
}

/// `GET /graphql`: a query in the URL, or the page for a browser.
pub(super) async fn get(
    State(state): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let page = state.settings.page.as_ref();
    let offered: &[Media] = if page.is_some() {
        &[Media::GraphqlResponse, Media::Json, Media::EventStream, Media::Html]
    } else {
        &[Media::GraphqlResponse, Media::Json, Media::EventStream]
    };
    match (negotiate(&headers, offered), page) {
        (None, _) => not_acceptable(),
        (Some(Media::Html), Some(page)) => graphiql::page(page),
        (Some(media), _) => match read_url(query.as_deref().unwrap_or_default()) {
            Ok(given) => match Client::of(&state, peer, &headers).await {
                Ok(client) => match client.turn(&state).await {
                    Ok(turn) => {
                        let context = RequestContext::new(Arc::clone(&client.caller));
                        let context = RequestContext { only_queries: true, ..context };
                        run(&state, client, turn, &headers, media, given, context).await
                    }
                    Err(busy) => busy_answer(media, busy),
                },
                Err(error) => unauthenticated(media, error),
            },
            Err(error) => failed(media, StatusCode::BAD_REQUEST, error),
        },
    }
}

/// Refuses a request in the lobby, because all seats are busy.
pub(super) async fn no_seat(headers: HeaderMap) -> Response {
    let media = negotiate(&headers, &[Media::GraphqlResponse, Media::Json]).unwrap_or(Media::Json);
    let message = "The server has no place for another connection. Try again shortly.";
    let mut response = busy_answer(media, Error::new(Code::Unavailable, message));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Refuses a request with a method that its path does not serve. The `Allow` header lists those that it serves.
pub(super) async fn method_not_allowed(headers: HeaderMap) -> Response {
    let media = negotiate(&headers, &[Media::GraphqlResponse, Media::Json]).unwrap_or(Media::Json);
    let message = "This path does not serve that method; the `Allow` header lists those that it serves.";
    refuse(media, StatusCode::METHOD_NOT_ALLOWED, message)
}

/// Returns the `Authorization` header of a request for the authenticator.
pub fn authorization(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (None, _) => None,
        (Some(value), None) => value.to_str().ok().or(Some(NO_TOKEN)),
        // A proxy before the gateway may have checked the other token.
        (Some(_), Some(_)) => Some(NO_TOKEN),
    }
}

/// The sender of a request: its caller, its address and the memory that it holds.
pub(super) struct Client {
    pub(super) caller: Arc<Caller>,
    pub(super) peer: Peer,
    pub(super) address: IpAddr,
    pub(super) held: Reservation,
}

impl Client {
    async fn of(state: &AppState, peer: Peer, headers: &HeaderMap) -> Result<Self, AuthError> {
        let caller = state.authenticator.authenticate(authorization(headers)).await?;
        let address = peer.address(headers, state.settings.client_address_header.as_ref());
        let held = state.budget.open(peer::share(&caller, address));
        Ok(Self { caller, peer, address, held })
    }

    /// Waits until the request may be worked on.
    async fn turn(&self, state: &AppState) -> Result<Turn, Error> {
        turn(state, peer::share(&self.caller, self.address)).await
    }
}

/// Waits until a request of a share may be worked on.
pub(super) async fn turn(state: &AppState, share: Share) -> Result<Turn, Error> {
    let turn = tokio::time::timeout(state.settings.request_timeout, state.turns.take(share)).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        let message = "Too many of your requests are under way. Wait for some of them, and try again.";
        Error::new(Code::Unavailable, message)
    })
}

async fn run(
    state: &Arc<AppState>,
    client: Client,
    turn: Turn,
    headers: &HeaderMap,
    media: Media,
    given: SentRequest,
    context: RequestContext,
) -> Response {
    let context = RequestContext { after: last_event(headers), as_body: true, ..context };
    let (request, context) = given.with(context);
    let prepared = state.gateway.prepare(request, Some(context));
    // A client that also accepts event streams gets one for a subscription, which has no other answer.
    let takes_stream = || names(headers, Media::EventStream) && prepared.is_subscription();
    if media == Media::EventStream || takes_stream() {
        drop(turn);
        return events::respond(state, client, prepared).unwrap_or_else(no_place);
    }
    let Client { caller, peer, mut held, .. } = client;
    let mut done = state.gateway.answer(prepared).await;
    drop(turn);
    held.shrink_to(0);
    let (outcome, own) = (Outcome::of(&done), std::mem::take(&mut done.http_headers));
    let body = whole(into_body(done));
    let compressed = body.len() as u64 >= COMPRESS_FROM && takes_gzip(headers);
    if let Err(spent) = held.grow(body.capacity() + if compressed { COMPRESSOR } else { 0 }) {
        return unaffordable(media, spent);
    }
    let body = counted(body, held, Some(peer.begin()));
    let mut response = answer(media, status(media, outcome), body);
    response.headers_mut().extend(own);
    if is_unauthenticated(outcome) {
        let why = match (caller.is_anonymous(), caller.has_expired()) {
            (true, _) => AuthError::Missing,
            (_, true) => AuthError::Expired,
            (_, false) => AuthError::Subject,
        };
        challenge(&mut response, why);
    }
    response
}

/// Returns the bytes of a body with their whole capacity. Nobody else holds them, so that nothing is copied.
pub(super) fn whole(body: Bytes) -> BytesMut {
    body.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared))
}

/// Returns the status of an answer. Clients that accept `application/json` expect 200 for every well-formed request.
fn status(media: Media, outcome: Outcome) -> StatusCode {
    match (outcome, media) {
        (Outcome::WrongMethod, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Outcome::KeyReused, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (outcome, _) if is_unauthenticated(outcome) => StatusCode::UNAUTHORIZED,
        (Outcome::Refused(_), Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (Outcome::Failed(Code::Unavailable), _) => StatusCode::SERVICE_UNAVAILABLE,
        (Outcome::Failed(Code::Timeout), _) => StatusCode::GATEWAY_TIMEOUT,
        (Outcome::Failed(Code::Internal), Media::GraphqlResponse) => StatusCode::INTERNAL_SERVER_ERROR,
        (Outcome::Done | Outcome::Replayed | Outcome::Failed(_) | Outcome::Refused(_), _) => StatusCode::OK,
    }
}

/// Returns true if the request lacks a token, or has one that is not accepted.
fn is_unauthenticated(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed(Code::Unauthenticated) | Outcome::Refused(Code::Unauthenticated))
}

fn unauthenticated(media: Media, cause: AuthError) -> Response {
    let error = Error::unauthenticated(cause);
    if cause.is_temporary() {
        return busy_answer(media, error);
    }
    let mut response = failed(media, StatusCode::UNAUTHORIZED, error);
    challenge(&mut response, cause);
    response
}

/// Adds the `WWW-Authenticate` header.
fn challenge(response: &mut Response, error: AuthError) {
    if let Ok(challenge) = HeaderValue::from_str(&error.challenge()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
}

/// Refuses a stream for which there is no place.
fn no_place(why: NoPlace) -> Response {
    match why {
        NoPlace::Full => {
            let message = "The server has no place for another stream. Try again shortly.";
            busy_answer(Media::EventStream, Error::new(Code::Unavailable, message))
        }
        NoPlace::NeedsToken => unauthenticated(Media::EventStream, AuthError::Missing),
        NoPlace::Off => {
            let error = Error::new(Code::Forbidden, format!("{NO_SUBSCRIPTIONS}."));
            failed(Media::EventStream, StatusCode::FORBIDDEN, error)
        }
    }
}

fn busy_answer(media: Media, error: Error) -> Response {
    failed(media, StatusCode::SERVICE_UNAVAILABLE, error)
}

/// Refuses a request for which, or for whose answer, there is no memory.
fn unaffordable(media: Media, spent: BudgetExceeded) -> Response {
    let status = match spent {
        BudgetExceeded::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
        BudgetExceeded::AtTheMoment => StatusCode::SERVICE_UNAVAILABLE,
    };
    failed(media, status, spent.into())
}

/// Returns true if the client accepts a compressed answer.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("gzip") || accepted.contains('*'))
}

fn not_acceptable() -> Response {
    let message = "Accept `application/graphql-response+json` or `application/json`.";
    refuse(Media::Json, StatusCode::NOT_ACCEPTABLE, message)
}

fn refuse(media: Media, status: StatusCode, message: &str) -> Response {
    failed(media, status, Error::new(Code::BadUserInput, message))
}

/// Makes the answer to a request that does not reach the engine.
fn failed(media: Media, status: StatusCode, error: Error) -> Response {
    // It has no stream.
    let media = if media == Media::EventStream { Media::Json } else { media };
    let mut refused = Answer::refused(vec![error]).response;
    let own = std::mem::take(&mut refused.http_headers);
    let mut response = answer(media, status, into_body(refused));
    response.headers_mut().extend(own);
    response
}

fn answer(media: Media, status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    // An answer belongs to its caller; no shared cache may keep it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_sent_without_being_copied() {
        for spare in [0, 100] {
            let mut written = Vec::with_capacity(1_000 + spare);
            written.resize(1_000, b'x');
            let (place, capacity) = (written.as_ptr(), written.capacity());
            let body = whole(Bytes::from(written));
            assert_eq!((body.as_ptr(), body.capacity(), body.len()), (place, capacity, 1_000));
        }
    }
}
