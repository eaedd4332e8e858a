//! A prepared request has a parsed and validated document, and the operation to execute.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;

use super::context::RequestContext;
use super::document::{Document, Operation, OperationKind};
use super::engine::Engine;
use super::error::Error;
use crate::auth::Caller;
use crate::clock;

/// A request with its context, and with the operation that it names or the errors of its document.
pub struct PreparedRequest {
    request: Request,
    context: RequestContext,
    operation: Result<SelectedOperation, Vec<Error>>,
    /// The time it took to read the document.
    reading: Duration,
}

/// The operation to execute, in its document.
struct SelectedOperation {
    document: Arc<Document>,
    /// The index of the operation.
    index: usize,
}

impl PreparedRequest {
    /// Returns the caller.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.context.caller
    }

    /// Returns true if the response is the whole body, in `Value::Binary`.
    pub fn as_body(&self) -> bool {
        self.context.as_body
    }

    /// Returns the time it took to read the document.
    pub fn reading(&self) -> Duration {
        self.reading
    }

    /// Returns true if the document is valid and the operation is a subscription.
    pub fn is_subscription(&self) -> bool {
        self.operation().is_ok_and(|(_, operation)| operation.kind == OperationKind::Subscription)
    }

    /// Keeps a value as long as the request, such as the memory that it takes.
    #[must_use]
    pub fn data<D: std::any::Any + Send + Sync>(self, data: D) -> Self {
        Self { request: self.request.data(data), ..self }
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn context(&self) -> &RequestContext {
        &self.context
    }

    /// Returns the document and its operation, or the errors of the document.
    pub(super) fn operation(&self) -> Result<(&Document, &Operation), &[Error]> {
        let SelectedOperation { document, index } = self.operation.as_ref().map_err(Vec::as_slice)?;
        document.operation_at(*index).map(|operation| (&**document, operation)).ok_or(&[])
    }
}

impl Engine {
    /// Reads the document of a request. A document with errors is refused when the request is executed.
    pub fn prepare(&self, request: Request, context: RequestContext) -> PreparedRequest {
        let began = clock::instant();
        // A panic here must not end the connection, which may have other requests.
        let read = catch_unwind(AssertUnwindSafe(|| self.document(&request)));
        let read = read.unwrap_or_else(|_| Err(vec![Error::internal(&"reading a document has panicked")]));
        let operation = read.and_then(|document| {
            let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
            let index = document.index_of(name).map_err(|error| vec![error])?;
            Ok(SelectedOperation { document, index })
        });
        PreparedRequest { request, context, operation, reading: began.elapsed() }
    }
}
