//! The engine as the rest of the gateway sees it: a request in, a JSON answer out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_graphql::dynamic::Schema;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error as ThisError;

use super::arguments::{Inputs, Variables};
use super::catalog::{Catalog, CatalogError, System};
use super::definitions::Definitions;
use super::document::{Document, Documents, Operation, OperationKind};
use super::error::{Code, Error};
use super::execute::{self, ReferenceCache};
use super::introspection::Introspection;
use super::limits::Limits;
use super::mutate::outcome_unknown;
use super::plan;
use super::refusal::Refusals;
use super::schema::{self, SchemaError};
use super::subscribe;
use crate::auth::Caller;
use crate::database::{DatabaseError, Pool, Session, SessionCounts};

/// A GraphQL request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which of its operations to run.
    #[serde(default, rename = "operationName", deserialize_with = "empty_as_absent")]
    pub operation_name: Option<String>,
    /// Values of the operation's variables.
    #[serde(default)]
    pub variables: Variables,
    /// Reserved for extensions of the protocol.
    #[serde(default, deserialize_with = "null_as_default")]
    pub extensions: Map<String, Value>,
    /// Under this key a mutation is carried out once, however often it is sent.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    /// The whole answer as JSON.
    pub body: Vec<u8>,
    /// Name of the operation that was run, where it has one.
    pub operation: Option<String>,
    /// How far the request came.
    pub outcome: Outcome,
    /// What it cost the database.
    pub counts: SessionCounts,
    /// What a query was declared to cost before it ran: its answer has no more objects.
    pub cost: u64,
}

/// How far a request came; HTTP makes a status of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed without errors.
    Done,
    /// Executed without errors when it was sent before; this is the answer that it had then.
    Replayed,
    /// Executed, and failed as a whole: `data` is null.
    Failed(Code),
    /// Not executed: the request itself is wrong.
    Refused(Code),
    /// Not executed: the operation may not come by this HTTP method.
    WrongMethod,
    /// Not executed: its idempotency key belongs to another request.
    KeyReused,
}

/// Why an engine cannot be made.
#[derive(Debug, ThisError)]
pub enum EngineError {
    /// The entities do not make a catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The catalog does not make a schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// Everything that requests share.
pub struct Engine {
    pub(super) catalog: Catalog,
    schema: Schema,
    definitions: Definitions,
    introspection: Introspection,
    documents: Documents,
    pub(super) limits: Limits,
    pub(super) pool: Pool,
    pub(super) reference: Arc<ReferenceCache>,
    pub(super) refusals: Refusals,
}

impl Engine {
    /// Builds catalog and schema of the systems and makes them answer from a pool.
    pub fn new(systems: &[System], limits: Limits, pool: Pool) -> Result<Self, EngineError> {
        let catalog = Catalog::new(systems)?;
        let schema = schema::build(&catalog)?;
        let definitions = Definitions::of(schema.registry());
        let introspection = Introspection::new(schema.clone());
        let reference = Arc::new(ReferenceCache::new(pool.aside()));
        let refusals = Refusals::default();
        let documents = Documents::new(limits.documents);
        Ok(Self { catalog, schema, definitions, introspection, documents, limits, pool, reference, refusals })
    }

    /// The tables that are served.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The cache of reference tables, which wants somebody to listen for changes.
    pub fn reference(&self) -> &Arc<ReferenceCache> {
        &self.reference
    }

    /// Answers a request in time. `only_queries`: the HTTP method allows nothing that writes.
    pub async fn execute(
        &self,
        request: &Request,
        caller: Arc<Caller>,
        only_queries: bool,
        time: Duration,
    ) -> Response {
        let committing = AtomicBool::new(false);
        let work = self.answer(request, caller, only_queries, &committing);
        let answered = tokio::time::timeout(time, work).await;
        answered.unwrap_or_else(|_| {
            let error = if committing.load(Ordering::Relaxed) {
                outcome_unknown("The time was up")
            } else {
                let message = "The request took too long. Ask for less, or in several requests.";
                Error::new(Code::Timeout, message)
            };
            Response::failed(&error, SessionCounts::default())
        })
    }

    async fn answer(
        &self,
        request: &Request,
        caller: Arc<Caller>,
        only_queries: bool,
        committing: &AtomicBool,
    ) -> Response {
        // What is answered from memory needs no session.
        if self.pool.gate().is_shut() {
            return Response::failed(&(&DatabaseError::Unsafe).into(), SessionCounts::default());
        }
        let document = match self.document(request) {
            Ok(document) => document,
            Err(errors) => return Response::refused(&errors),
        };
        let operation = match document.operation(request.operation_name.as_deref()) {
            Ok(operation) => operation,
            Err(error) => return Response::refused(&[error]),
        };
        let mut response = self.run(request, caller, only_queries, &document, operation, committing).await;
        response.operation = operation.name.as_ref().map(ToString::to_string);
        response
    }

    /// The document of a request; the errors say what is wrong with it.
    pub(super) fn document(&self, request: &Request) -> Result<Arc<Document>, Vec<Error>> {
        self.documents.get(&self.schema, &self.definitions, &self.limits, &request.query)
    }

    /// What the arguments of an operation are read with, or what is wrong with its variables.
    pub(super) fn inputs<'a>(
        &'a self,
        request: &'a Request,
        operation: &'a Operation,
    ) -> Result<Inputs<'a>, Response> {
        Inputs::read(&self.definitions, operation, &request.variables)
            .map_err(|error| Response::refused(&[error.into_error()]))
    }

    async fn run(
        &self,
        request: &Request,
        caller: Arc<Caller>,
        only_queries: bool,
        document: &Document,
        operation: &Operation,
        committing: &AtomicBool,
    ) -> Response {
        if only_queries && operation.kind != OperationKind::Query {
            let error =
                Error::new(Code::BadUserInput, "Only queries may come by GET; send this operation by POST.");
            return Response { outcome: Outcome::WrongMethod, ..Response::refused(&[error]) };
        }
        if operation.kind == OperationKind::Subscription {
            return Response::refused(&[subscribe::not_here()]);
        }
        let inputs = match self.inputs(request, operation) {
            Ok(inputs) => inputs,
            Err(refused) => return refused,
        };
        if operation.kind == OperationKind::Mutation {
            return self.mutate(request, caller, document, operation, &inputs, committing).await;
        }
        let plan = match plan::plan(&self.catalog, &self.limits, document, operation, &inputs) {
            Ok(plan) => plan,
            Err(error) => return Response::not_planned(error),
        };
        let asks_for_schema =
            || plan.fields.iter().any(|it| matches!(it.value, plan::RootField::Introspection(_)));
        if !self.limits.anonymous_introspection && caller.is_anonymous() && asks_for_schema() {
            let message = "This server shows its schema to callers with a token.";
            return Response::refused(&[Error::new(Code::Unauthenticated, message)]);
        }
        let mut cost = plan.cost;
        let introspection = match self.introspection.answer(&plan.fields, &self.limits, &mut cost).await {
            Ok(answers) => answers,
            Err(error) => return Response::refused(&[error]),
        };
        let session = Session::new(self.pool.clone(), caller);
        let mut body = Vec::with_capacity(16 * 1024);
        body.extend_from_slice(b"{\"data\":");
        let out = execute::Out { bytes: &mut body, most: self.limits.answer };
        let (result, counts) =
            execute::run(&self.catalog, &plan, session, &self.reference, &introspection, out).await;
        match result {
            Ok(()) => {
                body.push(b'}');
                Response { cost, ..Response::new(body, counts) }
            }
            Err(error) => Response::failed(&error, counts),
        }
    }
}

impl Response {
    /// The answer to a request that was executed.
    pub(super) fn new(body: Vec<u8>, counts: SessionCounts) -> Self {
        Self { body, operation: None, outcome: Outcome::Done, counts, cost: 0 }
    }

    /// An answer to a request that was executed and failed: whole or not at all.
    pub fn failed(error: &Error, counts: SessionCounts) -> Self {
        let body = serde_json::json!({ "errors": [error], "data": null }).to_string().into_bytes();
        Self { body, operation: None, outcome: Outcome::Failed(error.code), counts, cost: 0 }
    }

    /// An answer to a request that asks for more than one may, or for what cannot be.
    pub(super) fn not_planned(error: Error) -> Self {
        match error.code {
            Code::LimitExceeded => Self::refused(&[error]),
            _ => Self::failed(&error, SessionCounts::default()),
        }
    }

    /// An answer to a request that was not executed.
    pub fn refused(errors: &[Error]) -> Self {
        let code = errors.first().map_or(Code::GraphqlInvalid, |error| error.code);
        let body = serde_json::json!({ "errors": errors }).to_string().into_bytes();
        let counts = SessionCounts::default();
        Self { body, operation: None, outcome: Outcome::Refused(code), counts, cost: 0 }
    }
}

fn empty_as_absent<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|name| !name.is_empty()))
}

fn null_as_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
