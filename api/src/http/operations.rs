//! Runs the operations of a connection, and sends their responses to its outbox.

use std::any::TypeId;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::{Data, Executor, Request, Response};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::counted::counted;
use super::{AppState, graphql};
use crate::auth::Share;
use crate::feed::{Event, OperationId, Outbox};
use crate::graph::{Body, Error, Errors, Outcome, PreparedRequest, into_body};
use crate::supervise::caught;

/// A running operation, which ends when this is dropped.
pub(super) struct Running {
    task: JoinHandle<()>,
    lasts: watch::Receiver<bool>,
}

impl Running {
    /// Waits until the operation is known to be a subscription; it never returns for others, which are answered.
    pub(super) fn lasts(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut lasts = self.lasts.clone();
        async move {
            if lasts.wait_for(|lasts| *lasts).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The number of an operation, in the data of its request.
#[derive(Clone, Copy)]
pub(super) struct Numbered {
    /// Number of the operation on its connection.
    pub(super) operation: OperationId,
    /// The share that its memory counts for.
    pub(super) share: Share,
}

/// Starts the operations of a connection, whose responses go to its outbox.
#[derive(Clone)]
pub(super) struct Operations {
    state: Arc<AppState>,
    outbox: Outbox,
}

impl Operations {
    pub(super) fn new(state: Arc<AppState>, outbox: Outbox) -> Self {
        Self { state, outbox }
    }

    /// Starts an operation.
    pub(super) fn start(
        &self,
        prepared: PreparedRequest,
        Numbered { operation, share }: Numbered,
    ) -> Running {
        let (state, outbox) = (Arc::clone(&self.state), self.outbox.clone());
        let (says_lasts, lasts) = watch::channel(false);
        let task = tokio::spawn(async move {
            let work = run(&state, prepared, share, operation, &outbox, says_lasts);
            let ended = tokio::select! {
                ended = caught("operation", work) => ended,
                () = outbox.overflowed() => Some(()),
            };
            if ended.is_none() {
                let error = Error::internal(&"an operation has panicked");
                outbox.send(Event::Failed(operation, Errors::one(error))).await;
            }
        });
        Running { task, lasts }
    }
}

impl Executor for Operations {
    async fn execute(&self, request: Request) -> Response {
        self.state.gateway.execute(request).await
    }

    /// Returns an empty stream that ends the operation when it is dropped.
    fn execute_stream(&self, request: Request, _: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let numbered = request.data.get(&TypeId::of::<Numbered>()).and_then(|it| it.downcast_ref());
        let prepare = |request| self.state.gateway.prepare(request, None);
        let running = numbered.copied().map(|numbered| self.start(prepare(request), numbered));
        stream::poll_fn(move |_| {
            let _wanted = &running;
            Poll::Pending
        })
        .boxed()
    }
}

async fn run(
    state: &AppState,
    prepared: PreparedRequest,
    share: Share,
    operation: OperationId,
    outbox: &Outbox,
    lasts: watch::Sender<bool>,
) {
    let failed = |errors: Errors| outbox.send(Event::Failed(operation, errors));
    match state.gateway.subscription(&prepared) {
        None => {
            let turn = match graphql::turn(state, share).await {
                Ok(turn) => turn,
                Err(error) => return failed(Errors::one(error)).await,
            };
            let response = state.gateway.answer(prepared).await;
            drop(turn);
            if !Outcome::of(&response).is_executed() {
                return failed(Errors::of(response.errors)).await;
            }
            let body = graphql::whole(into_body(response));
            let body = match state.budget.reserve(share, body.capacity()) {
                Ok(held) => counted(body, held, None),
                Err(spent) => return failed(Errors::one(spent.into())).await,
            };
            outbox.send(Event::response(operation, Body::of_data(body))).await;
            outbox.send(Event::Complete(operation)).await;
        }
        Some(Err(error)) => failed(Errors::one(error)).await,
        Some(Ok(subscription)) => {
            // Only the plan is kept.
            let caller = Arc::clone(prepared.caller());
            drop(prepared);
            lasts.send_replace(true);
            match state.feed.subscribe(subscription, caller, outbox.clone(), operation).await {
                Ok(watch) => {
                    // It lasts until the task is aborted. If the group ends earlier, it sends the error.
                    std::future::pending::<()>().await;
                    drop(watch);
                }
                Err(error) => failed(Errors::one(error)).await,
            }
        }
    }
}
