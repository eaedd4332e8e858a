//! The engine answers a request: it reads the document, plans it, runs the plan and writes the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_graphql::Request;
use async_graphql::dynamic::Schema;
use thiserror::Error as ThisError;

use super::answer::{Answer, BODY};
use super::arguments::{Inputs, Variables};
use super::catalog::{Catalog, CatalogError, System};
use super::context::RequestContext;
use super::definitions::Definitions;
use super::document::{Document, Documents, Operation, OperationKind};
use super::error::{Code, Error};
use super::execute::{self, ReferenceCache};
use super::introspection::Introspection;
use super::limits::Limits;
use super::mutate::outcome_unknown;
use super::plan::{self, Trial};
use super::prepared::PreparedRequest;
use super::refusal::Refusals;
use super::refused_value::Search;
use super::schema::{self, SchemaError};
use super::subscribe;
use crate::auth::AuthError;
use crate::database::{Pool, Session, SessionCounts};

/// The most bytes of an operation's name that are kept for the log.
const LONGEST_NAME: usize = 64;

/// The reasons why an engine cannot be created. Each is a mistake in the source.
#[derive(Debug, ThisError)]
pub enum EngineError {
    /// The catalog cannot be built from the entities.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The schema cannot be built from the catalog.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// Holds the catalog, the schema and the caches that all requests share.
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
    /// Creates an engine that serves the systems' tables over the connections of a pool.
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

    /// Returns the catalog of the served tables.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Returns the cache of reference tables. Changes of these tables have to be reported to it.
    pub fn reference(&self) -> &Arc<ReferenceCache> {
        &self.reference
    }

    /// Records that the schema may have changed, so that the database is checked and caches are cleared.
    pub fn record_schema_change(&self) {
        self.clear_caches();
        self.pool.gate().record_change();
    }

    /// Records whether notifications of schema changes arrive. Either way a change may have been missed, so that the database is
    /// checked and caches are cleared.
    pub fn set_schema_notified(&self, is_notified: bool) {
        self.clear_caches();
        self.pool.gate().set_notified(is_notified);
    }

    /// Clears the caches of the schema and of rows, since a change of the schema can change the rights to read them.
    fn clear_caches(&self) {
        self.reference.clear();
        self.refusals.clear();
    }

    /// Answers a query or mutation; after `time` the answer is an error.
    pub async fn execute(&self, prepared: &PreparedRequest, time: Duration) -> Answer {
        let committing = AtomicBool::new(false);
        let work = self.answer(prepared, &committing);
        let answered = tokio::time::timeout(time, work).await;
        answered.unwrap_or_else(|_| {
            let error = if committing.load(Ordering::Relaxed) {
                outcome_unknown("The time was up")
            } else {
                let message = "The request took too long. Ask for less, or in several requests.";
                Error::new(Code::Timeout, message)
            };
            Answer::failed(error, SessionCounts::default())
        })
    }

    async fn answer(&self, prepared: &PreparedRequest, committing: &AtomicBool) -> Answer {
        // Checked here because answers from memory need no session.
        if let Err(error) = self.pool.gate().ensure_open() {
            return Answer::failed((&error).into(), SessionCounts::default());
        }
        let (document, operation) = match prepared.operation() {
            Ok(named) => named,
            Err(errors) => return Answer::not_read(errors.to_vec()),
        };
        let (request, context) = (prepared.request(), prepared.context());
        let mut answer = self.run(request, context, document, operation, committing).await;
        let shortened = |name: &str| name[..name.floor_char_boundary(LONGEST_NAME)].to_owned();
        answer.operation = operation.name.as_deref().map(shortened);
        answer
    }

    /// Returns the number of documents read so far; cached ones are not read again.
    pub fn documents_read(&self) -> u64 {
        self.documents.read()
    }

    /// Returns the document of a request, or the errors in it.
    pub(super) fn document(&self, request: &Request) -> Result<Arc<Document>, Vec<Error>> {
        self.documents.get(&self.schema, &self.definitions, &self.limits, &request.query)
    }

    /// Returns the context for reading the arguments of an operation, or the error of its variables.
    pub(super) fn inputs<'a>(
        &'a self,
        variables: &'a Variables,
        document: &'a Document,
        operation: &'a Operation,
    ) -> Result<Inputs<'a>, Error> {
        Inputs::read(&self.definitions, document, operation, variables)
    }

    async fn run(
        &self,
        request: &Request,
        context: &RequestContext,
        document: &Document,
        operation: &Operation,
        committing: &AtomicBool,
    ) -> Answer {
        if operation.kind == OperationKind::Subscription {
            return Answer::refused(vec![subscribe::wrong_transport()]);
        }
        if context.only_queries && operation.kind != OperationKind::Query {
            let error =
                Error::new(Code::BadUserInput, "Only queries may come by GET; send this operation by POST.");
            return Answer::wrong_method(error);
        }
        let inputs = match self.inputs(&context.variables, document, operation) {
            Ok(inputs) => inputs,
            Err(error) => return Answer::refused(vec![error]),
        };
        if operation.kind == OperationKind::Mutation {
            return self.mutate(request, context, document, operation, &inputs, committing).await;
        }
        let make = |trial: Option<&Trial>| {
            plan::plan(&self.catalog, &self.limits, document, operation, &inputs, trial)
        };
        let plan = match make(None) {
            Ok(plan) => plan,
            Err(error) => return Answer::not_planned(error),
        };
        let asks_for_schema = || plan.introspection().next().is_some();
        if !self.limits.anonymous_introspection && context.caller.is_anonymous() && asks_for_schema() {
            let error = Error::unauthenticated(AuthError::Missing);
            let message = "This server shows its schema to callers with a token.".into();
            return Answer::refused(vec![Error { message, ..error }]);
        }
        let mut cost = plan.cost;
        let introspection =
            match self.introspection.answer(plan.introspection(), &self.limits, &mut cost).await {
                Ok(answers) => answers,
                Err(error) => return Answer::refused(vec![error]),
            };
        let session = Session::new(self.pool.clone(), Arc::clone(&context.caller));
        let mut body = Vec::with_capacity(16 * 1024);
        body.extend_from_slice(BODY.0);
        let out = execute::Out { bytes: &mut body, most: self.limits.answer };
        let (result, mut counts) =
            execute::run(&self.catalog, &plan, session, &self.reference, &introspection, out).await;
        // Rows that were read before a check of the schema are sent only if the check passes.
        if let Err(error) = self.pool.gate().pass().await {
            return Answer::failed((&error).into(), counts);
        }
        match result {
            Ok(()) => {
                body.extend_from_slice(BODY.1);
                Answer { cost, ..Answer::new(body, counts) }
            }
            Err(failed) => {
                let begin = || Session::new(self.pool.clone(), Arc::clone(&context.caller));
                let search = Search::new(&plan, |trial| make(Some(trial)).ok(), begin);
                let (error, more) = search.name_argument(failed).await;
                counts += more;
                Answer { cost, ..Answer::failed(document.pinpoint(error), counts) }
            }
        }
    }
}
