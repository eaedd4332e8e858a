//! GraphQL over HTTP, as the specification of that name says: methods, media types, status codes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;

use super::AppState;
use super::accept::{Media, negotiate};
use super::counted::{COMPRESSOR, COST, counted};
use super::peer::{self, Peer};
use super::watching::NoPlace;
use super::{COMPRESS_FROM, events, graphiql, observe};
use crate::auth::{AuthError, Caller, Share};
use crate::budget::{Held, Spent};
use crate::database::Turn;
use crate::graph::{Code, Error, Outcome, Request, Response as Answer};

/// What the authenticator is given instead of a header that cannot hold a token; it refuses it by its scheme.
const NO_TOKEN: &str = "?";

/// Seconds after which it is worth asking again.
const RETRY_AFTER: &str = "1";

/// Makes a mutation one that can be sent again.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Marks an answer that was given before.
pub(super) const REPLAYED: &str = "idempotent-replayed";

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
    // Whose memory the body takes has to be known before it is read.
    let mut client = match Client::of(&state, peer, &headers).await {
        Ok(client) => client,
        Err(error) => return unauthenticated(media, error),
    };
    let reading = read(body, state.settings.body_limit, &mut client.held);
    let Ok(read) = tokio::time::timeout(state.settings.request_timeout, reading).await else {
        let error = Error::new(Code::Timeout, "The request did not arrive in time.");
        return answer(media, StatusCode::REQUEST_TIMEOUT, Answer::refused(&[error]).body);
    };
    let body = match read {
        Ok(body) => body,
        Err(Unreadable::Spent(spent)) => return unaffordable(media, spent),
        Err(Unreadable::Broken) => return refuse(media, StatusCode::BAD_REQUEST, "The body has no end."),
        Err(Unreadable::TooLong) => {
            let message = format!("A request has at most {} bytes.", state.settings.body_limit);
            let error = Error::new(Code::LimitExceeded, message);
            return answer(media, StatusCode::PAYLOAD_TOO_LARGE, Answer::refused(&[error]).body);
        }
    };
    let turn = match client.turn(&state).await {
        Ok(turn) => turn,
        Err(busy) => return busy_answer(media, &busy),
    };
    let read = read_body(&body).and_then(|request| {
        let idempotency_key = idempotency_key(&headers)?;
        Ok(Request { idempotency_key, ..request })
    });
    let request = match read {
        Ok(request) => request,
        Err(message) => return refuse(media, StatusCode::BAD_REQUEST, &message),
    };
    drop(body);
    run(&state, client, turn, &headers, media, request, false).await
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
            Ok(request) => match Client::of(&state, peer, &headers).await {
                Ok(client) => match client.turn(&state).await {
                    Ok(turn) => run(&state, client, turn, &headers, media, request, true).await,
                    Err(busy) => busy_answer(media, &busy),
                },
                Err(error) => unauthenticated(media, error),
            },
            Err(message) => refuse(media, StatusCode::BAD_REQUEST, &message),
        },
    }
}

/// The `Authorization` header of a request.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (None, _) => None,
        (Some(value), None) => value.to_str().ok().or(Some(NO_TOKEN)),
        // Whoever stands before us might have looked at the other one.
        (Some(_), Some(_)) => Some(NO_TOKEN),
    }
}

/// Who sends a request, from where, and the memory that it takes.
pub(super) struct Client {
    pub(super) caller: Arc<Caller>,
    pub(super) peer: Peer,
    pub(super) address: IpAddr,
    pub(super) held: Held,
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
    request: Request,
    only_queries: bool,
) -> Response {
    let begun = Instant::now();
    if media == Media::EventStream {
        drop(turn);
        return events::respond(state, headers, client, request, only_queries).unwrap_or_else(no_place);
    }
    let Client { caller, peer, mut held, .. } = client;
    let done = state.engine.execute(&request, caller, only_queries, state.settings.request_timeout).await;
    tracing::info!(
        operation = observe::shortened(done.operation.as_deref().unwrap_or_default()),
        outcome = ?done.outcome,
        statements = done.counts.statements,
        round_trips = done.counts.round_trips,
        milliseconds = begun.elapsed().as_secs_f64() * 1_000.0,
        "answered"
    );
    let (counts, cost) = (done.counts, done.cost);
    drop((request, turn));
    held.shrink_to(0);
    let compressed = done.body.len() as u64 >= COMPRESS_FROM && takes_gzip(headers);
    if let Err(spent) = held.grow(done.body.capacity() + if compressed { COMPRESSOR } else { 0 }) {
        return unaffordable(media, spent);
    }
    let body = counted(done.body, held, Some(peer.begin()));
    let mut response = answer(media, status(media, done.outcome), body);
    match done.outcome {
        Outcome::WrongMethod => {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        Outcome::Replayed => {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        Outcome::Done | Outcome::Failed(_) | Outcome::Refused(_) | Outcome::KeyReused => {}
    }
    if state.settings.server_timing {
        let mut timing = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            timing,
            "total;dur={:.2}, db;desc=\"statements={} round_trips={}\", plan;desc=\"cost={}\"",
            begun.elapsed().as_secs_f64() * 1_000.0,
            counts.statements,
            counts.round_trips,
            cost
        );
        if let Ok(value) = HeaderValue::from_str(&timing) {
            response.headers_mut().insert("server-timing", value);
        }
    }
    response
}

/// The status of an answer. Clients that ask for `application/json` expect 200 for whatever was well-formed.
fn status(media: Media, outcome: Outcome) -> StatusCode {
    match (outcome, media) {
        (Outcome::WrongMethod, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Outcome::KeyReused, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (Outcome::Refused(_), Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (Outcome::Failed(Code::Unavailable), _) => StatusCode::SERVICE_UNAVAILABLE,
        (Outcome::Failed(Code::Timeout), _) => StatusCode::GATEWAY_TIMEOUT,
        (Outcome::Failed(Code::Internal), Media::GraphqlResponse) => StatusCode::INTERNAL_SERVER_ERROR,
        (Outcome::Done | Outcome::Replayed | Outcome::Failed(_) | Outcome::Refused(_), _) => StatusCode::OK,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
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

/// The `Idempotency-Key` of a request: a string in quotes (IETF draft), or bare as most clients send it.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().unwrap_or_default().trim();
            let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            Ok(Some(quoted.unwrap_or(text).to_owned()))
        }
        (Some(_), Some(_)) => Err("A request has one Idempotency-Key.".into()),
    }
}

fn read_body(body: &[u8]) -> Result<Request, String> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err("Send one request at a time: batches are not supported.".into());
    }
    serde_json::from_slice(body).map_err(|error| format!("The body is not a GraphQL request: {error}."))
}

fn read_url(query: &str) -> Result<Request, String> {
    let mut request = Request::default();
    let mut has_query = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value =
            decode(value).ok_or_else(|| format!("The parameter `{name}` is not URL-encoded UTF-8."))?;
        let not_json = |error: serde_json::Error| format!("`{name}` is not a JSON object: {error}.");
        match name {
            "query" => {
                has_query = true;
                request.query = value.into_owned();
            }
            "operationName" => {
                request.operation_name = Some(value.into_owned()).filter(|name| !name.is_empty());
            }
            "variables" if !value.is_empty() => {
                request.variables = serde_json::from_str(&value).map_err(not_json)?;
            }
            "extensions" if !value.is_empty() => {
                let extensions: Option<serde_json::Map<String, serde_json::Value>> =
                    serde_json::from_str(&value).map_err(not_json)?;
                request.extensions = extensions.unwrap_or_default();
            }
            _ => {}
        }
    }
    if has_query { Ok(request) } else { Err("The URL has no parameter `query`.".into()) }
}

/// `application/x-www-form-urlencoded` text.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (hex, after) = rest.split_at_checked(2)?;
                let digit =
                    |at: usize| char::from(hex[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(0)? << 4 | digit(1)?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn unauthenticated(media: Media, error: AuthError) -> Response {
    let mut told = Error::new(Code::Unauthenticated, error.to_string());
    told.reason = Some(error.reason());
    let mut response = answer(media, StatusCode::UNAUTHORIZED, Answer::refused(&[told]).body);
    if let Ok(challenge) = HeaderValue::from_str(&error.challenge()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// There is no place for another stream.
fn no_place(why: NoPlace) -> Response {
    let (status, error) = match why {
        NoPlace::Full => {
            let message = "The server has no place for another stream. Try again shortly.";
            (StatusCode::SERVICE_UNAVAILABLE, Error::new(Code::Unavailable, message))
        }
        NoPlace::NeedsToken => {
            (StatusCode::FORBIDDEN, Error::new(Code::Forbidden, "Event streams need a token here."))
        }
    };
    answer(Media::Json, status, Answer::refused(&[error]).body)
}

fn busy_answer(media: Media, error: &Error) -> Response {
    answer(media, StatusCode::SERVICE_UNAVAILABLE, Answer::refused(std::slice::from_ref(error)).body)
}

/// There is no memory for the request or its answer.
fn unaffordable(media: Media, spent: Spent) -> Response {
    let status = match spent {
        Spent::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
        Spent::AtTheMoment => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer(media, status, Answer::refused(&[spent.into()]).body)
}

/// Whether the answer will be compressed.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("gzip") || accepted.contains('*'))
}

/// Why a body could not be read.
enum Unreadable {
    TooLong,
    Broken,
    Spent(Spent),
}

/// A whole body, held as what it will take once it is parsed.
async fn read(body: Body, limit: usize, held: &mut Held) -> Result<Vec<u8>, Unreadable> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unreadable::Broken)?;
        if bytes.len() + chunk.len() > limit {
            return Err(Unreadable::TooLong);
        }
        held.grow(chunk.len() * COST).map_err(Unreadable::Spent)?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn not_acceptable() -> Response {
    let message = "Accept `application/graphql-response+json` or `application/json`.";
    refuse(Media::Json, StatusCode::NOT_ACCEPTABLE, message)
}

fn refuse(media: Media, status: StatusCode, message: &str) -> Response {
    answer(media, status, Answer::refused(&[Error::new(Code::BadUserInput, message)]).body)
}

fn answer(media: Media, status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    // An answer belongs to its caller; no shared cache may keep it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_holds_a_request() {
        let request =
            read_url("query=%7B+a%20%7D&operationName=A&variables=%7B%22x%22:1%7D&other=1").unwrap();
        assert_eq!(request.query, "{ a }");
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(request.variables.text(), Some("{\"x\":1}"));
        assert!(read_url("variables=1").is_err());
        assert!(read_url("query=%7").is_err());
        assert!(read_url("query=%ff").is_err());
        assert!(read_url("").is_err());
    }

    #[test]
    fn a_body_is_one_request() {
        assert!(read_body(b"{\"query\":\"{a}\",\"variables\":null}").is_ok());
        for wrong in
            [&b"[]"[..], b"{}", b"\"a\"", b"{\"query\":1}", b"{\"query\":\"a\",\"variables\":[]}", b"{"]
        {
            assert!(read_body(wrong).is_err());
        }
    }
}
