//! The engine as the rest of the gateway sees it: a request in, an answer out.

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

/// Letters of an operation's name that are noted.
const LONGEST_NAME: usize = 64;

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

    /// Records that the schema may have changed, so that the database is checked and caches are cleared.
    pub fn record_schema_change(&self) {
        self.forget_schema();
        self.pool.gate().record_change();
    }

    /// Records whether notifications of schema changes arrive. Either way a change may have been missed, so that the database is
    /// checked and caches are cleared.
    pub fn set_schema_notified(&self, is_notified: bool) {
        self.forget_schema();
        self.pool.gate().set_notified(is_notified);
    }

    /// Clears the caches of the schema and of rows, since a change of the schema can change the rights to read them.
    fn forget_schema(&self) {
        self.reference.forget();
        self.refusals.forget();
    }

    /// Answers a query or mutation within a time.
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
        let noted = |name: &str| name[..name.floor_char_boundary(LONGEST_NAME)].to_owned();
        answer.operation = operation.name.as_deref().map(noted);
        answer
    }

    /// Returns how many documents were read so far: kept ones are not read again.
    pub fn documents_read(&self) -> u64 {
        self.documents.read()
    }

    /// The document of a request; the errors say what is wrong with it.
    pub(super) fn document(&self, request: &Request) -> Result<Arc<Document>, Vec<Error>> {
        self.documents.get(&self.schema, &self.definitions, &self.limits, &request.query)
    }

    /// What the arguments of an operation are read with, or what is wrong with its variables.
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
            return Answer::refused(vec![subscribe::not_here()]);
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
        // What was read while the database was in doubt is told when it is not any more.
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
