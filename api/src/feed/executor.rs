//! The gateway as an executor of async-graphql: requests in, responses out, for our own transports and for those of others.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{BatchRequest, BatchResponse, Data, Executor, Request, Response, Value};
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::outbox::{Event, Inbox, OperationId, outbox};
use super::{Feeds, Watch};
use crate::auth::{AuthError, Caller};
use crate::budget::Budget;
use crate::database::SessionCounts;
use crate::graph::{Answer, Code, Error, RequestContext, Subscription, Variables, from_body};
use crate::supervise::caught;

/// Tells what an answer took.
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The only operation of a stream.
const OPERATION: OperationId = 1;
/// Events that are taken at once.
const TAKEN_AT_ONCE: usize = 256;
/// The answer to several requests at once.
pub const NO_BATCHES: &str = "Send one request at a time: batches are not supported.";

/// Answers requests: queries and mutations with one response, subscriptions with as many as there are.
///
/// What surrounds a request stands in its `data`, or in that of its session, as a [`RequestContext`]; without one, the request
/// is the gateway's own caller's, who is nobody unless it was [said](Self::called_by).
#[derive(Clone)]
pub struct Gateway {
    feeds: Arc<Feeds>,
    caller: Arc<Caller>,
    budget: Budget,
    time: Duration,
    tells_timing: bool,
}

impl Gateway {
    /// A gateway that gives a request up after so much `time`. `budget`: for what waits to be told.
    pub fn new(feeds: Arc<Feeds>, budget: Budget, time: Duration, tells_timing: bool) -> Self {
        Self { feeds, caller: Caller::anonymous(), budget, time, tells_timing }
    }

    /// The same gateway for this caller, wherever a request does not say who asks.
    #[must_use]
    pub fn called_by(&self, caller: Arc<Caller>) -> Self {
        Self { caller, ..self.clone() }
    }

    /// Plans a subscription, and says whose it is; `None`: the request is none, or is not valid, and is to be executed.
    pub fn subscription(&self, request: &Request) -> Option<Result<(Subscription, Arc<Caller>), Error>> {
        let context = self.context(request, None);
        let planned = self.feeds.engine().subscription(request, &context)?;
        Some(planned.map(|subscription| (subscription, Arc::clone(&context.caller))))
    }

    /// Returns how many subscriptions have begun so far. Each receives every change that is committed after it was counted.
    pub fn subscriptions_begun(&self) -> u64 {
        self.feeds.begun()
    }

    fn context<'a>(&self, request: &'a Request, session: Option<&'a Data>) -> Cow<'a, RequestContext> {
        let given = RequestContext::of(&request.data).or_else(|| session.and_then(RequestContext::of));
        let own = || Cow::Owned(RequestContext::new(Arc::clone(&self.caller)));
        let mut context = given.map_or_else(own, Cow::Borrowed);
        if context.variables.text().is_none() && !request.variables.is_empty() {
            context.to_mut().variables = Variables::read(&request.variables);
        }
        context
    }

    async fn answer(&self, request: &Request, context: &RequestContext) -> Response {
        let begun = Instant::now();
        // Connections outlast the request that said who asks.
        let answer = if context.caller.has_expired() {
            Answer::failed(expired(), SessionCounts::default())
        } else {
            whole(self.feeds.engine().execute(request, context, self.time)).await
        };
        let Answer { mut response, operation, outcome, counts, cost } = answer;
        let milliseconds = begun.elapsed().as_secs_f64() * 1_000.0;
        let SessionCounts { statements, round_trips, .. } = counts;
        let operation = operation.unwrap_or_default();
        tracing::info!(operation, ?outcome, statements, round_trips, milliseconds, "answered");
        if self.tells_timing {
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
            Value::Binary(body) if !context.as_body => {
                let headers = response.http_headers;
                from_body(body).http_headers(headers)
            }
            _ => response,
        }
    }

    /// The responses of an operation.
    async fn responses(self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let context = self.context(&request, session.as_deref());
        match self.feeds.engine().subscription(&request, &context) {
            None => {
                let response = self.answer(&request, &context).await;
                stream::once(std::future::ready(response)).boxed()
            }
            Some(Err(error)) => stream::once(std::future::ready(refused(error))).boxed(),
            Some(Ok(_)) if context.caller.has_expired() => {
                stream::once(std::future::ready(refused(expired()))).boxed()
            }
            Some(Ok(subscription)) => {
                let told = Told::begin(&self, subscription, Arc::clone(&context.caller));
                stream::unfold(told, async |mut told| Some((told.next().await?, told))).boxed()
            }
        }
    }
}

impl Executor for Gateway {
    async fn execute(&self, request: Request) -> Response {
        let context = self.context(&request, None);
        self.answer(&request, &context).await
    }

    /// One request at a time: what a caller may ask for at once is counted by request.
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

/// A subscription whose responses are taken one by one.
struct Told {
    /// Subscribes, and tells what was missed meanwhile.
    begins: Option<BoxFuture<'static, Result<Watch, Error>>>,
    watch: Option<Watch>,
    inbox: Inbox,
    waiting: VecDeque<Response>,
    expires_at: Option<Instant>,
    has_ended: bool,
}

impl Told {
    fn begin(gateway: &Gateway, subscription: Subscription, caller: Arc<Caller>) -> Self {
        let feeds = Arc::clone(&gateway.feeds);
        let settings = feeds.settings();
        let held = gateway.budget.open(caller.share());
        let (outbox, inbox) = outbox(settings.queue_length, settings.queue_bytes, held);
        let expires_at = caller.expiry();
        let begins = async move { feeds.subscribe(subscription, caller, outbox, OPERATION).await };
        Self {
            begins: Some(Box::pin(begins)),
            watch: None,
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
                    Some(Error::new(Code::Unavailable, "Too slow: go on after the last cursor."))
                }
                _ = self.inbox.take(&mut events, TAKEN_AT_ONCE) => None,
                begun = begun(&mut self.begins) => {
                    self.begins = None;
                    begun.map(|watch| self.watch = Some(watch)).err()
                }
                () = until(self.expires_at) => Some(expired()),
            };
            for event in events.drain(..) {
                match event {
                    Event::Next(_, deliveries) => {
                        self.waiting.extend(deliveries.iter().map(|it| from_body(&it.response)));
                    }
                    Event::Failed(_, errors) => {
                        let errors = serde_json::from_slice(&errors).unwrap_or_default();
                        self.waiting.push_back(Response::from_errors(errors));
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

/// What beginning has come to; nothing more once it has.
async fn begun(begins: &mut Option<BoxFuture<'static, Result<Watch, Error>>>) -> Result<Watch, Error> {
    match begins {
        Some(begins) => begins.await,
        None => std::future::pending().await,
    }
}

/// Waits for a moment, if there is one.
pub async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Says that a caller's token has ended since it was taken.
pub fn expired() -> Error {
    Error::unauthenticated(AuthError::Expired)
}

fn refused(error: Error) -> Response {
    Answer::refused(vec![error]).response
}

/// The answer that some work gives; a panic is an error of ours, and takes nobody else's connection along.
fn whole(work: impl Future<Output = Answer>) -> impl Future<Output = Answer> {
    let panicked = || Answer::failed(Error::internal(&"a request has panicked"), SessionCounts::default());
    caught("request", work).map(move |answer| answer.unwrap_or_else(panicked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Outcome;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let answer = whole(async { panic!("a mistake") }).await;
        assert_eq!(answer.outcome, Outcome::Failed(Code::Internal));
        assert_eq!(Outcome::of(&answer.response), Outcome::Failed(Code::Internal));
        let told = format!("{:?}", answer.response);
        assert!(!told.contains("a mistake") && told.contains("\"id\""), "{told}");
    }
}
