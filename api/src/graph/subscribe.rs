//! Subscriptions: planned once, and run for each change.

use std::fmt::Write as _;
use std::sync::Arc;

use async_graphql::Request;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, into_body};
use super::catalog::ChangeOperation;
use super::context::RequestContext;
use super::document::OperationKind;
use super::engine::{Engine, operation_of};
use super::error::{Code, Error};
use super::execute::feed;
use super::execute::feed::Rows;
use super::plan::{self, Feed, Topic};
use super::value::write_string;
use crate::auth::Caller;
use crate::database::{DatabaseError, Session, SessionCounts, Statement};

/// A subscription of anybody's, planned.
#[derive(Debug)]
pub struct Subscription(Feed);

/// A change of a row.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub number: i64,
    /// How the row has changed.
    pub operation: ChangeOperation,
    /// Its primary key, in Postgres's binary format.
    pub key: Vec<Vec<u8>>,
    /// When, in microseconds since 1970.
    pub changed_at: i64,
    /// Marks the change for the client.
    pub cursor: String,
}

/// What is told of some changes.
#[derive(Debug)]
pub struct Told {
    /// A whole response for each change; `None` where nothing is told.
    pub responses: Vec<Option<Bytes>>,
    /// What it cost the database.
    pub counts: SessionCounts,
}

impl Subscription {
    /// Which rows it is about.
    pub fn topic(&self) -> &Topic {
        &self.0.topic
    }

    /// Whether it may tell anything of changes of this kind.
    pub fn concerns(&self, operation: ChangeOperation) -> bool {
        self.tells(operation) || operation == ChangeOperation::Update && self.tells(ChangeOperation::Leave)
    }

    /// Whether what a row was before a change of this kind is to be recalled for [`Engine::tell`].
    pub fn recalls(&self, operation: ChangeOperation) -> bool {
        match operation {
            ChangeOperation::Delete => self.tells(ChangeOperation::Delete),
            ChangeOperation::Update => self.tells(ChangeOperation::Leave),
            ChangeOperation::Insert | ChangeOperation::Leave => false,
        }
    }

    fn tells(&self, operation: ChangeOperation) -> bool {
        self.0.operations.contains(&operation)
    }

    /// Cursor behind which it begins; without one, now.
    pub fn after(&self) -> Option<&str> {
        self.0.after.as_deref()
    }

    /// The same for subscriptions that tell the same, wherever they begin.
    pub fn fingerprint(&self) -> [u8; 32] {
        let Feed { key, topic, operations, after: _, fields, plan, rows, nothing: _, gone, batch: _ } =
            &self.0;
        let mut digest = Digest(Sha256::new());
        // Writing to a digest cannot fail.
        let _ = write!(digest, "{:?}", (key, topic, operations, fields, plan, rows, gone));
        digest.0.finalize().into()
    }

    /// The most changes that [`Engine::tell`] takes at a time.
    pub fn batch(&self) -> usize {
        self.0.batch
    }
}

/// Takes text.
struct Digest(Sha256);

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

impl Engine {
    /// Plans a subscription; `None`: the request is none, or is not valid, and [`Engine::execute`] answers it.
    pub fn subscription(
        &self,
        request: &Request,
        context: &RequestContext,
    ) -> Option<Result<Subscription, Error>> {
        let document = self.document(request).ok()?;
        let operation = operation_of(request, &document).ok()?;
        if operation.kind != OperationKind::Subscription {
            return None;
        }
        let inputs = self.inputs(&context.variables, operation);
        let planned = inputs
            .and_then(|inputs| plan::plan_feed(&self.catalog, &self.limits, &document, operation, &inputs));
        Some(planned.map(|mut feed| {
            // A cursor of its own goes before one that came beside it.
            feed.after = feed.after.or_else(|| context.after.clone());
            Subscription(feed)
        }))
    }

    /// Reads the rows of some changes as a caller sees them, and says what is told of each. `recall`: brings what the rows
    /// were before those changes that [recall](Subscription::recalls) it into the transaction, run by the login role.
    pub async fn tell(
        &self,
        subscription: &Subscription,
        caller: &Arc<Caller>,
        changes: &[Change],
        recall: Option<Statement>,
    ) -> Result<Told, Error> {
        // What needs no session is not told either.
        if self.pool.gate().is_shut() {
            return Err((&DatabaseError::Unsafe).into());
        }
        let feed = &subscription.0;
        let is_there = |change: &&Change| change.operation != ChangeOperation::Delete;
        let keys: Vec<&[Vec<u8>]> = changes.iter().filter(is_there).map(|it| it.key.as_slice()).collect();
        let mut session = Session::new(self.pool.clone(), Arc::clone(caller));
        let mut recalled = Vec::new();
        if let Some(recall) = recall {
            session = session.after(recall);
            recalled.extend(
                changes.iter().filter(|it| subscription.recalls(it.operation)).map(|change| change.number),
            );
        }
        let rows = feed::read(feed, &keys, &recalled, &mut session, &self.reference).await?;
        let counts = session.counts();
        drop(session);
        let responses = changes.iter().map(|change| {
            let operation = match change.operation {
                it @ (ChangeOperation::Insert | ChangeOperation::Update) if rows.has(feed, &change.key) => it,
                _ if !rows.had(feed, change.number) => return None,
                ChangeOperation::Delete => ChangeOperation::Delete,
                _ => ChangeOperation::Leave,
            };
            subscription.tells(operation).then(|| self.response(feed, &rows, change, operation))
        });
        Ok(Told { responses: responses.collect(), counts })
    }

    fn response(&self, feed: &Feed, rows: &Rows, change: &Change, operation: ChangeOperation) -> Bytes {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(b"{\"data\":{");
        write_string(&feed.key, &mut out);
        out.push(b':');
        let Change { number: _, operation: _, key, changed_at, cursor } = change;
        let change = feed::Change { operation, key, changed_at: *changed_at, cursor };
        let written =
            rows.write(&self.catalog, feed, &change, feed::Out { bytes: &mut out, most: self.limits.answer });
        match written {
            Ok(()) => {
                out.extend_from_slice(b"}}");
                out.into()
            }
            Err(error) => into_body(Answer::failed(error, SessionCounts::default()).response),
        }
    }
}

/// The answer to a subscription that comes as an ordinary request.
pub(super) fn not_here() -> Error {
    Error::new(
        Code::BadUserInput,
        "A subscription comes over a WebSocket at `/graphql/ws`, or with `Accept: text/event-stream`.",
    )
}
