//! The gateway is an executor of async-graphql: it takes requests and returns responses, for its own transports and for others.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{BatchRequest, BatchResponse, Data, Executor, Request, Response, Value};
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::change_feed::ChangeFeed;
use super::outbox::{Event, Inbox, OperationId, outbox};
use super::registry::ActiveSubscription;
use crate::auth::{AuthError, Caller};
use crate::budget::Budget;
use crate::clock;
use crate::database::SessionCounts;
use crate::graph::{
    Answer, Code, Error, PreparedRequest, RequestContext, Subscription, Variables, whole_data,
};
use crate::supervise::caught;

/// The header with the statements, round trips and time of an answer.
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The only operation of a stream.
const OPERATION: OperationId = 1;
/// Largest number of events that are taken together.
const TAKEN_AT_ONCE: usize = 256;
/// Message of the error that refuses a batch.
pub const NO_BATCHES: &str = "Send one request at a time: batches are not supported.";

/// Answers requests: a query or mutation with one response, a subscription with one for each change.
///
/// The `data` of a request, or that of its session, holds a [`RequestContext`] with the caller. Without one, the caller is that of
/// [`called_by`](Self::called_by), or anonymous.
#[derive(Clone)]
pub struct Gateway {
    feed: Arc<ChangeFeed>,
    caller: Arc<Caller>,
    budget: Budget,
    time: Duration,
    sends_timing: bool,
}

impl Gateway {
    /// Creates a gateway that ends requests after `time`. `budget`: memory for responses that wait.
    pub fn new(feed: Arc<ChangeFeed>, budget: Budget, time: Duration, sends_timing: bool) -> Self {
        Self { feed, caller: Caller::anonymous(), budget, time, sends_timing }
    }

    /// Returns the same gateway with a caller for requests that name none.
    #[must_use]
    pub fn called_by(&self, caller: Arc<Caller>) -> Self {
        Self { caller, ..self.clone() }
    }

    /// Reads the document of a request. `context`: the caller and the like; without it, they are those in the request's `data`.
    pub fn prepare(&self, request: Request, context: Option<RequestContext>) -> PreparedRequest {
        let mut context = context
            .or_else(|| RequestContext::of(&request.data).cloned())
            .unwrap_or_else(|| RequestContext::new(Arc::clone(&self.caller)));
        if context.variables.text().is_none() && !request.variables.is_empty() {
            context.variables = Variables::read(&request.variables);
        }
        self.feed.engine().prepare(request, context)
    }

    /// Plans a subscription; `None` if the request is none or is invalid, so that [`answer`](Self::answer) answers it.
    pub fn subscription(&self, prepared: &PreparedRequest) -> Option<Result<Subscription, Error>> {
        self.feed.engine().subscription(prepared)
    }

    /// Returns how many subscriptions have begun so far. Each receives every change that is committed after it was counted.
    pub fn subscriptions_begun(&self) -> u64 {
        self.feed.begun()
    }

    /// Returns how many documents were read so far: kept ones are not read again.
    pub fn documents_read(&self) -> u64 {
        self.feed.engine().documents_read()
    }

    /// Answers a query or mutation. A subscription gets an error that says how to send it.
    pub async fn answer(&self, prepared: PreparedRequest) -> Response {
        let begun = clock::instant();
        // A connection outlasts the request whose token named its caller.
        let answer = if prepared.caller().has_expired() {
            Answer::failed(expired(), SessionCounts::default())
        } else {
            without_panic(self.feed.engine().execute(&prepared, self.time)).await
        };
        let Answer { mut response, operation, outcome, counts, cost } = answer;
        let milliseconds = (prepared.reading() + begun.elapsed()).as_secs_f64() * 1_000.0;
        let SessionCounts { statements, round_trips, .. } = counts;
        let operation = operation.unwrap_or_default();
        tracing::info!(operation, ?outcome, statements, round_trips, milliseconds, "answered");
        if self.sends_timing {
            let mut timing = String::new();
            // Writing to a String cannot fail.
            let _ = write!(
                timing,
                "total;dur={milliseconds:.2}, db;desc=\"statements={statements} round_trips={round_trips}\", \
                 plan;desc=\"cost={cost}\""
            );
            if let Ok(value) = HeaderValue::from_str(&timing) {
                response.http_headers.insert(SERVER_TIMING, value);
            }
        }
        match &response.data {
            Value::Binary(body) if !prepared.as_body() => {
                let headers = response.http_headers;
                whole_data(body).http_headers(headers)
            }
            _ => response,
        }
    }

    /// Returns the responses of an operation.
    async fn responses(self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let of_request = RequestContext::of(&request.data);
        let context = of_request.or_else(|| session.as_deref().and_then(RequestContext::of)).cloned();
        let prepared = self.prepare(request, context);
        let only = |response| stream::once(std::future::ready(response)).boxed();
        match self.subscription(&prepared) {
            None => only(self.answer(prepared).await),
            Some(Err(error)) => only(refused(error)),
            Some(Ok(_)) if prepared.caller().has_expired() => only(refused(expired())),
            Some(Ok(subscription)) => {
                let responses = Responses::begin(&self, subscription, Arc::clone(prepared.caller()));
                stream::unfold(responses, async |mut responses| Some((responses.next().await?, responses)))
                    .boxed()
            }
        }
    }
}

impl Executor for Gateway {
    async fn execute(&self, request: Request) -> Response {
        self.answer(self.prepare(request, None)).await
    }

    /// Refuses batches, because a caller's limits count requests.
    async fn execute_batch(&self, batch: BatchRequest) -> BatchResponse {
        match batch {
            BatchRequest::Single(request) => self.execute(request).await,
            BatchRequest::Batch(_) => refused(Error::new(Code::BadUserInput, NO_BATCHES)),
        }
        .into()
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        stream::once(self.clone().responses(request, session)).flatten().boxed()
    }
}

/// The responses of a subscription, taken one by one.
struct Responses {
    /// Subscribes, and sends the missed changes; `None` once it has.
    begins: Option<BoxFuture<'static, Result<ActiveSubscription, Error>>>,
    active: Option<ActiveSubscription>,
    inbox: Inbox,
    waiting: VecDeque<Response>,
    expires_at: Option<Instant>,
    has_ended: bool,
}

impl Responses {
    fn begin(gateway: &Gateway, subscription: Subscription, caller: Arc<Caller>) -> Self {
        let feed = Arc::clone(&gateway.feed);
        let settings = feed.settings();
        let held = gateway.budget.open(caller.share());
        let (outbox, inbox) = outbox(settings.queue_length, settings.queue_bytes, held);
        let expires_at = caller.expiry();
        let begins = async move { feed.subscribe(subscription, caller, outbox, OPERATION).await };
        Self {
            begins: Some(Box::pin(begins)),
            active: None,
            inbox,
            waiting: VecDeque::new(),
            expires_at,
            has_ended: false,
        }
    }

    async fn next(&mut self) -> Option<Response> {
        let mut events = Vec::new();
        loop {
            if let Some(response) = self.waiting.pop_front() {
                return Some(response);
            }
            if self.has_ended {
                return None;
            }
            let ended = tokio::select! {
                () = self.inbox.overflowed() => {
                    Some(Error::new(Code::Unavailable, "Too slow: resume after the last cursor."))
                }
                _ = self.inbox.take(&mut events, TAKEN_AT_ONCE) => None,
                begun = begun(&mut self.begins) => {
                    self.begins = None;
                    begun.map(|active| self.active = Some(active)).err()
                }
                () = until(self.expires_at) => Some(expired()),
            };
            for event in events.drain(..) {
                match event {
                    Event::Next(_, deliveries) => {
                        self.waiting.extend(deliveries.iter().map(|it| it.response.response()));
                    }
                    Event::Failed(_, errors) => {
                        self.waiting.push_back(Response::from_errors(errors.list.to_vec()));
                        self.has_ended = true;
                    }
                    Event::Complete(_) => self.has_ended = true,
                }
            }
            if let Some(error) = ended {
                self.waiting.push_back(refused(error));
                self.has_ended = true;
            }
        }
    }
}

/// Waits until the subscription has begun, once.
async fn begun(
    begins: &mut Option<BoxFuture<'static, Result<ActiveSubscription, Error>>>,
) -> Result<ActiveSubscription, Error> {
    match begins {
        Some(begins) => begins.await,
        None => std::future::pending().await,
    }
}

/// Waits until a moment; forever without one.
pub async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Makes the error for a token that has expired since it was checked.
pub fn expired() -> Error {
    Error::unauthenticated(AuthError::Expired)
}

fn refused(error: Error) -> Response {
    Answer::refused(vec![error]).response
}

/// Returns the answer of some work, or an internal error if it panics, so that other requests of the connection go on.
fn without_panic(work: impl Future<Output = Answer>) -> impl Future<Output = Answer> {
    let panicked = || Answer::failed(Error::internal(&"a request has panicked"), SessionCounts::default());
    caught("request", work).map(move |answer| answer.unwrap_or_else(panicked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Outcome;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let answer = without_panic(async { panic!("a mistake") }).await;
        assert_eq!(answer.outcome, Outcome::Failed(Code::Internal));
        assert_eq!(Outcome::of(&answer.response), Outcome::Failed(Code::Internal));
        let text = format!("{:?}", answer.response);
        assert!(!text.contains("a mistake") && text.contains("\"id\""), "{text}");
    }
}
