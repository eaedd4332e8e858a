//! An operation whose answers go to an outbox: one answer, or those of a subscription for as long as it lasts.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::counted::counted;
use super::{AppState, graphql};
use crate::auth::{Caller, Share};
use crate::budget::Held;
use crate::feed::{Event, OperationId, Outbox};
use crate::graph::{Error, Outcome, Request, Response};
use crate::supervise::caught;

/// A running operation; it ends when this is dropped.
pub(super) struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An operation that is asked for.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) caller: Arc<Caller>,
    /// Whether it may not write.
    pub(super) only_reads: bool,
    /// The cursor behind which a subscription begins that names none itself.
    pub(super) after: Option<String>,
    /// Whose memory it takes.
    pub(super) share: Share,
    /// What the request takes of it.
    pub(super) held: Held,
}

/// Starts an operation, known by this number on its connection.
pub(super) fn start(state: &Arc<AppState>, asked: Asked, operation: OperationId, outbox: Outbox) -> Running {
    let state = Arc::clone(state);
    Running(tokio::spawn(async move {
        let ended = tokio::select! {
            ended = caught("operation", run(&state, asked, operation, &outbox)) => ended,
            () = outbox.overflowed() => Some(()),
        };
        if ended.is_none() {
            let error = Error::internal(&"an operation has panicked");
            outbox.send(Event::Failed(operation, list(&error))).await;
        }
    }))
}

/// An operation that has failed before it began.
pub(super) fn refuse(operation: OperationId, outbox: &Outbox, error: &Error) -> Running {
    let (outbox, errors) = (outbox.clone(), list(error));
    Running(tokio::spawn(async move { outbox.send(Event::Failed(operation, errors)).await }))
}

async fn run(
    state: &AppState,
    Asked { request, caller, only_reads, after, share, held }: Asked,
    operation: OperationId,
    outbox: &Outbox,
) {
    let failed = |errors: Bytes| outbox.send(Event::Failed(operation, errors));
    match state.engine.subscription(&request) {
        None => {
            let turn = match graphql::turn(state, share).await {
                Ok(turn) => turn,
                Err(error) => return failed(list(&error)).await,
            };
            let time = state.settings.request_timeout;
            let response = state.engine.execute(&request, caller, only_reads, time).await;
            drop(turn);
            if matches!(response.outcome, Outcome::Refused(_) | Outcome::WrongMethod | Outcome::KeyReused) {
                return failed(errors_of(&response)).await;
            }
            drop((request, held));
            let body = match state.budget.reserve(share, response.body.capacity()) {
                Ok(held) => counted(response.body, held, None),
                Err(spent) => return failed(list(&spent.into())).await,
            };
            outbox.send(Event::response(operation, body)).await;
            outbox.send(Event::Complete(operation)).await;
        }
        Some(Err(response)) => failed(errors_of(&response)).await,
        Some(Ok(mut subscription)) => {
            // What lasts is the plan.
            drop((request, held));
            if let Some(after) = &after {
                subscription.begin_after(after);
            }
            let feeds = &state.feeds;
            match feeds.subscribe(subscription, caller, outbox.clone(), operation).await {
                Ok(watch) => {
                    // It lasts until the task is aborted; the group says so itself where it ends before.
                    std::future::pending::<()>().await;
                    drop(watch);
                }
                Err(error) => failed(list(&error)).await,
            }
        }
    }
}

/// The errors of a response, as a JSON list.
fn errors_of(response: &Response) -> Bytes {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: serde_json::Value,
    }
    let read = serde_json::from_slice::<Errors>(&response.body);
    read.map_or_else(|error| list(&Error::internal(&error)), |read| read.errors.to_string().into())
}

/// An error as a JSON list.
fn list(error: &Error) -> Bytes {
    serde_json::to_vec(&[error]).unwrap_or_else(|_| b"[]".to_vec()).into()
}
