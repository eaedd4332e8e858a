//! Runs mutations: completely or not at all, and once for each idempotency key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_graphql::{Request, Value};
use sha2::{Digest, Sha256};
use tracing::Level;

use super::answer::{Answer, BODY};
use super::arguments::Inputs;
use super::context::RequestContext;
use super::document::{Document, Operation};
use super::engine::Engine;
use super::error::{Code, Error, OUTCOME_UNKNOWN};
use super::execute::mutation::{Failure, collided, is_collision};
use super::execute::written::Written;
use super::plan::{self, Mutation};
use crate::canonical::write_text;
use crate::database::{Claim, DatabaseError, IdempotencyKey, Session, SessionCounts};

/// The number of attempts of a mutation that conflicts with another.
const ATTEMPTS: u32 = 5;
/// The pause before the second attempt; it doubles each time.
const PAUSE: Duration = Duration::from_millis(5);

/// The outcome of a successful attempt.
enum AttemptOutcome {
    /// The mutation has run now; the response has this body.
    Executed(Vec<u8>),
    /// The mutation ran before; the body shows the rows that it wrote, in their present state.
    Replayed(Vec<u8>),
    /// The mutation did not run: its key belongs to another request.
    KeyReused,
}

impl Engine {
    /// Runs a mutation. `committing` is set while its outcome is unknown.
    pub(super) async fn mutate(
        &self,
        request: &Request,
        context: &RequestContext,
        document: &Document,
        operation: &Operation,
        inputs: &Inputs<'_>,
        committing: &AtomicBool,
    ) -> Answer {
        let plan = plan::plan_mutation(&self.catalog, &self.limits, document, operation, inputs);
        let mutation = match plan {
            Ok(mutation) => mutation,
            Err(error) => return Answer::not_planned(error),
        };
        let key = match self.idempotency_key(request, context, inputs) {
            Ok(key) => key,
            Err(error) => return Answer::refused(vec![error]),
        };
        let outcome = self.run_mutation(&mutation, key.as_ref(), context, committing);
        let answer = match outcome.await {
            Ok(answer) => answer,
            Err((error, counts)) => {
                let may_lack = error.code == Code::Forbidden || error.rule.is_some();
                let error = if may_lack { inputs.with_unset(document, operation, error) } else { error };
                Answer::failed(document.pinpoint(error), counts)
            }
        };
        Answer { cost: mutation.cost, ..answer }
    }

    /// Repeats a mutation while it conflicts with others; returns the caller's error.
    async fn run_mutation(
        &self,
        mutation: &Mutation,
        key: Option<&IdempotencyKey>,
        context: &RequestContext,
        committing: &AtomicBool,
    ) -> Result<Answer, (Error, SessionCounts)> {
        let caller = &context.caller;
        let mut counts = SessionCounts::default();
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let mut session = Session::writing(self.pool.clone(), Arc::clone(caller));
            let outcome = self.attempt(mutation, key, &mut session, committing).await;
            counts += session.counts();
            match outcome {
                Ok(AttemptOutcome::Executed(body)) => {
                    if mutation.writes_reference {
                        self.reference.clear();
                    }
                    return Ok(Answer::new(body, counts));
                }
                Ok(AttemptOutcome::Replayed(body)) => return Ok(Answer::replayed(body, counts)),
                Ok(AttemptOutcome::KeyReused) => {
                    let message = "This Idempotency-Key was used for another request; choose a new one.";
                    let error = Error::new(Code::BadUserInput, message);
                    return Ok(Answer::key_reused(Error { reason: Some("IDEMPOTENCY_KEY_REUSED"), ..error }));
                }
                Err(Failure::Refused(error)) => return Err((error, counts)),
                Err(Failure::Unlocated(refusal)) => {
                    // The end of the session releases the rows that the next attempt writes.
                    drop(session);
                    let error = self.locate(mutation, caller, *refusal, &mut counts).await;
                    return Err((error, counts));
                }
                // This attempt was no probe.
                Err(Failure::ProbeAccepted) => return Ok(Answer::failed(collided(), counts)),
                Err(Failure::Collision(error)) if attempt == ATTEMPTS => {
                    return Ok(Answer::failed(error, counts));
                }
                Err(Failure::Collision(_)) => {
                    // The end of the session releases the locks that the other transaction waits for.
                    drop(session);
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
            }
        }
    }

    async fn attempt(
        &self,
        mutation: &Mutation,
        key: Option<&IdempotencyKey>,
        session: &mut Session,
        committing: &AtomicBool,
    ) -> Result<AttemptOutcome, Failure> {
        let mut body = BODY.0.to_vec();
        let runner = self.mutation_runner(None);
        if let Some(key) = key {
            match session.claim(key).await.map_err(|failure| claim_failed(&failure.error))? {
                Claim::New => {}
                Claim::Done(kept) => {
                    // An answer stored by an older version shows at least that the mutation ran.
                    let written = Written::from_bytes(&kept).unwrap_or_default();
                    runner.replay(mutation, &written, session, &mut body).await?;
                    self.pool.gate().pass().await?;
                    body.extend_from_slice(BODY.1);
                    return Ok(AttemptOutcome::Replayed(body));
                }
                Claim::Taken => return Ok(AttemptOutcome::KeyReused),
            }
        }
        let written = runner.run(mutation, session, &mut body).await?;
        body.extend_from_slice(BODY.1);
        self.pool.gate().pass().await?;
        committing.store(true, Ordering::Relaxed);
        let committed = match key {
            Some(key) => session.commit_with_key(key, &written.to_bytes()).await,
            None => session.commit().await,
        };
        committing.store(false, Ordering::Relaxed);
        match committed {
            Ok(()) => Ok(AttemptOutcome::Executed(body)),
            Err(error) if is_collision(&error) => Err(Failure::Collision(collided())),
            Err(error) => Err(Failure::Refused(commit_failed(&error))),
        }
    }

    /// Returns the idempotency key of a request, if it has one.
    fn idempotency_key(
        &self,
        request: &Request,
        context: &RequestContext,
        inputs: &Inputs<'_>,
    ) -> Result<Option<IdempotencyKey>, Error> {
        let caller = &context.caller;
        let extension = match request.extensions.get(KEY_EXTENSION) {
            None => None,
            Some(Value::String(key)) => Some(key.as_str()),
            // Without its key it could run twice.
            Some(_) => {
                let message = format!("`extensions.{KEY_EXTENSION}` is a string; leave it out for none.");
                return Err(Error::new(Code::BadUserInput, message));
            }
        };
        let key = match (context.idempotency_key.as_deref(), extension) {
            (Some(header), Some(extension)) if header != extension => {
                let message =
                    format!("The Idempotency-Key and `extensions.{KEY_EXTENSION}` differ: give one key.");
                return Err(Error::new(Code::BadUserInput, message));
            }
            (header, extension) => header.or(extension),
        };
        let Some(key) = key else { return Ok(None) };
        let is_plain = key.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        if key.is_empty() || key.len() > LONGEST_KEY || !is_plain {
            let message =
                format!("An Idempotency-Key is one string of 1 to {LONGEST_KEY} visible characters.");
            return Err(Error::new(Code::BadUserInput, message));
        }
        let Some(sub) = caller.sub.as_deref() else {
            let message = "An Idempotency-Key belongs to somebody: send it with a token.";
            return Err(Error::new(Code::BadUserInput, message));
        };
        let mut hash = Sha256::new();
        write_text(&mut hash, &request.query);
        write_text(&mut hash, request.operation_name.as_deref().unwrap_or_default());
        inputs.feed(&mut hash);
        let fingerprint = hash.finalize().into();
        let retention = self.limits.idempotency_retention;
        // A caller with other rights has keys of their own.
        let owner = format!("{sub}\n{}", caller.identity());
        Ok(Some(IdempotencyKey { owner, key: key.to_owned(), fingerprint, retention }))
    }
}

/// The extension with the key of a request without headers of its own, over a WebSocket.
const KEY_EXTENSION: &str = "idempotencyKey";
const LONGEST_KEY: usize = 255;

fn claim_failed(error: &DatabaseError) -> Failure {
    if is_collision(error) {
        return Failure::Collision(collided());
    }
    Failure::Refused(match error {
        DatabaseError::StatementTimeout => Error::new(
            Code::Conflict,
            "The first request with this Idempotency-Key is still being carried out. Try again in a moment.",
        ),
        error => error.into(),
    })
}

/// Returns the error of a failed commit: Postgres refused it, or its outcome is unknown.
fn commit_failed(error: &DatabaseError) -> Error {
    match error {
        DatabaseError::Unavailable(reason) => {
            let error = outcome_unknown("The database was lost");
            error.caused(Level::ERROR, "the database was lost during a commit", reason)
        }
        error => error.into(),
    }
}

/// Returns the error of a mutation with an unknown outcome.
pub(super) fn outcome_unknown(what: &str) -> Error {
    let message = format!(
        "{what} while the request was being completed: nobody knows whether it was carried out. With an \
         Idempotency-Key it can be sent again safely."
    );
    Error { reason: Some(OUTCOME_UNKNOWN), ..Error::new(Code::Unavailable, message) }
}
