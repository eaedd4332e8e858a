//! Plans a subscription once, and reads the changed rows for each change.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Request;

use super::answer::Body;
use super::arguments::Variables;
use super::catalog::ChangeOperation;
use super::context::RequestContext;
use super::document::OperationKind;
use super::engine::Engine;
use super::error::{Code, Error, PathSegment};
use super::execute::ExecutionError;
use super::execute::changes::{self, Changed, ChangedRows};
use super::plan::{self, After, SubscriptionPlan, Topic, Trial};
use super::prepared::PreparedRequest;
use super::refused_value::Search;
use super::value::write_string;
use crate::auth::Caller;
use crate::database::{DatabaseError, Session, Statement};
use crate::fingerprint::fingerprint;

/// A planned subscription. It is independent of the caller.
#[derive(Debug)]
pub struct Subscription {
    plan: SubscriptionPlan,
    source: Source,
    /// The error of the last change that could not be sent, without and with its argument.
    named: Mutex<Option<(Error, Error)>>,
}

/// A change of a row.
#[derive(Clone, Debug)]
pub struct Change {
    /// The number of the change.
    pub number: i64,
    /// The kind of the change.
    pub operation: ChangeOperation,
    /// The primary key of the row, in Postgres's binary format.
    pub key: Vec<Vec<u8>>,
    /// The time of the change, in microseconds since 1970.
    pub changed_at: i64,
    /// The cursor after which the client can resume.
    pub cursor: String,
}

/// The request of a subscription, for planning it again without a part of its arguments.
#[derive(Debug)]
struct Source {
    query: String,
    operation_name: Option<String>,
    variables: Variables,
}

/// The error of changed rows that could not be read.
#[derive(Debug)]
pub struct ReadFailed(ExecutionError);

impl ReadFailed {
    /// Returns the error.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// Returns true if only some of the rows cause the error, and others can be read without them: the database cannot compute with a
    /// value, or the rows exceed a limit.
    pub fn is_of_rows(&self) -> bool {
        matches!(self.0.error.code, Code::BadUserInput | Code::LimitExceeded)
    }
}

impl From<DatabaseError> for ReadFailed {
    fn from(error: DatabaseError) -> Self {
        Self(Error::from(&error).into())
    }
}

impl Subscription {
    /// Returns the topic, which selects the changes.
    pub fn topic(&self) -> &Topic {
        &self.plan.topic
    }

    /// Returns true if changes of this kind may be sent.
    pub fn concerns(&self, operation: ChangeOperation) -> bool {
        self.includes(operation)
            || operation == ChangeOperation::Update && self.includes(ChangeOperation::Leave)
    }

    /// Returns true if [`Engine::read_changes`] needs the row as it was before a change of this kind.
    pub fn recalls(&self, operation: ChangeOperation) -> bool {
        match operation {
            ChangeOperation::Delete => self.includes(ChangeOperation::Delete),
            ChangeOperation::Update => self.includes(ChangeOperation::Leave),
            ChangeOperation::Insert | ChangeOperation::Leave => false,
        }
    }

    fn includes(&self, operation: ChangeOperation) -> bool {
        self.plan.operations.contains(&operation)
    }

    /// Returns the cursor after which the subscription begins; without one, it begins now.
    pub fn after(&self) -> Option<&After> {
        self.plan.after.as_ref()
    }

    /// Returns a fingerprint that is equal for subscriptions with the same responses; the cursor that they begin after does not
    /// count.
    pub fn fingerprint(&self) -> [u8; 32] {
        let SubscriptionPlan { key, topic, operations, after: _, fields, reads, rows, gone, batch: _ } =
            &self.plan;
        fingerprint(&(key, topic, operations, fields, reads, rows, gone))
    }

    /// Returns the keys of the rows to read for some changes.
    fn changed<'c>(&self, changes: &'c [Change]) -> Changed<'c> {
        let is_there = |change: &&Change| change.operation != ChangeOperation::Delete;
        let recalled = changes.iter().filter(|it| self.recalls(it.operation));
        Changed {
            keys: changes.iter().filter(is_there).map(|it| it.key.as_slice()).collect(),
            recalled: recalled.map(|change| change.number).collect(),
        }
    }

    /// Returns the kind of a change as the subscriber sees it; `None` if the row was visible neither before nor after it.
    fn visible_operation(&self, rows: &ChangedRows, change: &Change) -> Option<ChangeOperation> {
        Some(match change.operation {
            it @ (ChangeOperation::Insert | ChangeOperation::Update) if rows.has(&self.plan, &change.key) => {
                it
            }
            _ if !rows.had(&self.plan, change.number) => return None,
            ChangeOperation::Delete => ChangeOperation::Delete,
            _ => ChangeOperation::Leave,
        })
    }

    /// Returns the largest number of changes for one call of [`Engine::read_changes`].
    pub fn batch(&self) -> usize {
        self.plan.batch
    }
}

impl Engine {
    /// Plans a subscription; `None` if the request is none or is invalid, so that [`Engine::execute`] answers it.
    pub fn subscription(&self, prepared: &PreparedRequest) -> Option<Result<Subscription, Error>> {
        let (document, operation) = prepared.operation().ok()?;
        if operation.kind != OperationKind::Subscription {
            return None;
        }
        let (request, context) = (prepared.request(), prepared.context());
        let inputs = self.inputs(&context.variables, document, operation);
        let planned = inputs.and_then(|inputs| {
            plan::plan_subscription(&self.catalog, &self.limits, document, operation, &inputs, None)
        });
        Some(planned.map(|mut plan| {
            // The argument takes precedence over the cursor in the context.
            plan.after = plan.after.or_else(|| {
                let refused =
                    Error::new(Code::BadUserInput, "Last-Event-ID: this is not a cursor of a change");
                context.after.clone().map(|cursor| After { cursor, refused })
            });
            let (query, operation_name) = (request.query.clone(), request.operation_name.clone());
            let source = Source { query, operation_name, variables: context.variables.clone() };
            Subscription { plan, source, named: Mutex::default() }
        }))
    }

    /// Prepares the request of a subscription again, for planning it without a part of its arguments. Its document is usually cached.
    fn prepare_again(&self, source: &Source, caller: &Arc<Caller>) -> PreparedRequest {
        let mut request = Request::new(&source.query);
        request.operation_name.clone_from(&source.operation_name);
        let variables = source.variables.clone();
        self.prepare(request, RequestContext { variables, ..RequestContext::new(Arc::clone(caller)) })
    }

    /// Plans a prepared subscription without a part of its arguments.
    fn replan(&self, prepared: &PreparedRequest, trial: &Trial) -> Option<SubscriptionPlan> {
        let (document, operation) = prepared.operation().ok()?;
        let inputs = self.inputs(&prepared.context().variables, document, operation).ok()?;
        plan::plan_subscription(&self.catalog, &self.limits, document, operation, &inputs, Some(trial)).ok()
    }

    /// Reads the rows of some changes as a caller sees them, and returns the response to each; `None` for a change that is not sent.
    /// `recall`: a statement that the login role runs first, for changes that [recall](Subscription::recalls) earlier rows.
    pub async fn read_changes(
        &self,
        subscription: &Subscription,
        caller: &Arc<Caller>,
        changes: &[Change],
        recall: Option<&Statement>,
    ) -> Result<Vec<Option<Body>>, ReadFailed> {
        // Checked here because a read of reference tables needs no session.
        self.pool.gate().ensure_open()?;
        let wanted = subscription.changed(changes);
        let mut session = self.reading_changes(caller, recall);
        let plan = &subscription.plan;
        let rows = changes::read(plan, &wanted, &mut session, &self.reference).await.map_err(ReadFailed)?;
        drop(session);
        self.pool.gate().pass().await?;
        let responses = changes.iter().map(|change| {
            let operation = subscription.visible_operation(&rows, change)?;
            subscription.includes(operation).then(|| self.response(plan, &rows, change, operation))
        });
        Ok(responses.collect())
    }

    /// Returns the response to a change whose row cannot be read: the error if the row is visible to the caller, else `None`. It
    /// fails if the database cannot decide that now.
    pub async fn explain_failure(
        &self,
        subscription: &Subscription,
        caller: &Arc<Caller>,
        change: &Change,
        recall: Option<&Statement>,
        why: &ReadFailed,
    ) -> Result<Option<Body>, ReadFailed> {
        let prepared = self.prepare_again(&subscription.source, caller);
        if !self.is_visible(subscription, &prepared, change, recall).await? {
            return Ok(None);
        }
        let ReadFailed(failed) = why;
        let known = subscription.named.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let error = match known {
            Some((before, named)) if before == failed.error => named,
            _ => {
                let error = failed.error.clone();
                let replan = |trial: &Trial| Some(self.replan(&prepared, trial)?.reads);
                let search =
                    Search::new(&subscription.plan.reads, replan, || self.reading_changes(caller, recall));
                let (named, _) = search.name_argument(failed.clone()).await;
                let named = match prepared.operation() {
                    Ok((document, _)) => document.pinpoint(named),
                    Err(_) => named,
                };
                let mut known = subscription.named.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some((error, named.clone()));
                named
            }
        };
        Ok(Some(Body::failed(error)))
    }

    /// Returns true if the row of a change is visible to the caller, and matches the filter as far as it can be evaluated.
    async fn is_visible(
        &self,
        subscription: &Subscription,
        prepared: &PreparedRequest,
        change: &Change,
        recall: Option<&Statement>,
    ) -> Result<bool, ReadFailed> {
        let wanted = subscription.changed(std::slice::from_ref(change));
        let path = [PathSegment::Field(subscription.plan.key.clone())];
        for trial in [Trial::whole(&path), Trial::without(&path, vec!["filter".into()])] {
            let Some(plan) = self.replan(prepared, &trial.bare()) else { continue };
            let mut session = self.reading_changes(prepared.caller(), recall);
            match changes::read(&plan, &wanted, &mut session, &self.reference).await.map_err(ReadFailed) {
                Ok(rows) => {
                    self.pool.gate().pass().await?;
                    return Ok(rows.has(&plan, &change.key) || rows.had(&plan, change.number));
                }
                Err(failed) if failed.is_of_rows() => {}
                Err(failed) => return Err(failed),
            }
        }
        // A row that may be another caller's is not sent.
        Ok(false)
    }

    /// Begins a session that reads changed rows.
    fn reading_changes(&self, caller: &Arc<Caller>, recall: Option<&Statement>) -> Session {
        let session = Session::new(self.pool.clone(), Arc::clone(caller));
        match recall {
            Some(recall) => session.after(recall.clone()),
            None => session,
        }
    }

    fn response(
        &self,
        plan: &SubscriptionPlan,
        rows: &ChangedRows,
        change: &Change,
        operation: ChangeOperation,
    ) -> Body {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(b"{\"data\":{");
        write_string(&plan.key, &mut out);
        out.push(b':');
        let Change { number: _, operation: _, key, changed_at, cursor } = change;
        let change = changes::ChangeEvent { operation, key, changed_at: *changed_at, cursor };
        let written = rows.write(
            &self.catalog,
            plan,
            &change,
            changes::Out { bytes: &mut out, most: self.limits.answer },
        );
        match written {
            Ok(()) => {
                out.extend_from_slice(b"}}");
                Body::of_data(out)
            }
            Err(error) => Body::failed(error),
        }
    }
}

/// Returns the error for a subscription over a transport that cannot send several responses.
pub(super) fn wrong_transport() -> Error {
    Error::new(
        Code::BadUserInput,
        "A subscription comes over a WebSocket at `/graphql/ws`, or with `Accept: text/event-stream`.",
    )
}
