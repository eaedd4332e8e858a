//! An operation whose answers go to an outbox: one answer, or those of a subscription for as long as it lasts.

use std::sync::Arc;

use async_graphql::{Executor as _, Request};
use bytes::Bytes;
use tokio::task::JoinHandle;

use super::counted::counted;
use super::{AppState, graphql};
use crate::auth::Share;
use crate::budget::Held;
use crate::feed::{Event, OperationId, Outbox};
use crate::graph::{Error, Outcome, into_body, list};
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
    /// With what surrounds it.
    pub(super) request: Request,
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
            outbox.send(Event::Failed(operation, one(error))).await;
        }
    }))
}

/// An operation that has failed before it began.
pub(super) fn refuse(operation: OperationId, outbox: &Outbox, error: Error) -> Running {
    let (outbox, errors) = (outbox.clone(), one(error));
    Running(tokio::spawn(async move { outbox.send(Event::Failed(operation, errors)).await }))
}

async fn run(
    state: &AppState,
    Asked { request, share, held }: Asked,
    operation: OperationId,
    outbox: &Outbox,
) {
    let failed = |errors: Bytes| outbox.send(Event::Failed(operation, errors));
    match state.gateway.subscription(&request) {
        None => {
            let turn = match graphql::turn(state, share).await {
                Ok(turn) => turn,
                Err(error) => return failed(one(error)).await,
            };
            let response = state.gateway.execute(request).await;
            drop((turn, held));
            if !Outcome::of(&response).is_executed() {
                return failed(list(&response.errors)).await;
            }
            let body = graphql::whole(into_body(response));
            let body = match state.budget.reserve(share, body.capacity()) {
                Ok(held) => counted(body, held, None),
                Err(spent) => return failed(one(spent.into())).await,
            };
            outbox.send(Event::response(operation, body)).await;
            outbox.send(Event::Complete(operation)).await;
        }
        Some(Err(error)) => failed(one(error)).await,
        Some(Ok((subscription, caller))) => {
            // What lasts is the plan.
            drop((request, held));
            match state.feeds.subscribe(subscription, caller, outbox.clone(), operation).await {
                Ok(watch) => {
                    // It lasts until the task is aborted; the group says so itself where it ends before.
                    std::future::pending::<()>().await;
                    drop(watch);
                }
                Err(error) => failed(one(error)).await,
            }
        }
    }
}

/// An error as a JSON list.
fn one(error: Error) -> Bytes {
    list(&[error.into()])
}
