//! Stores idempotency keys, so that a request that is sent again runs only once.
//!
//! The transaction of a request claims its key, and stores its answer with it: both are committed or neither. A concurrent claim
//! of the same key waits for the first one's end. The table belongs to the gateway; row-level security limits it to the keys of
//! the caller whose claims are set.

use std::time::Duration;

use super::{DatabaseError, Parameter, Session, Statement, StatementError};

/// The statement that claims a key, also if its present entry has expired.
const CLAIM: &str = "INSERT INTO praxis.idempotency_keys AS known (owner, key, fingerprint) VALUES ($1, $2, $3) \
    ON CONFLICT (owner, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, answer = NULL, created_at = now() \
    WHERE known.created_at < now() - make_interval(secs => $4) RETURNING true";
const FIND: &str = "SELECT fingerprint, answer FROM praxis.idempotency_keys WHERE owner = $1 AND key = $2";
const STORE: &str = "UPDATE praxis.idempotency_keys SET answer = $3 WHERE owner = $1 AND key = $2";

/// A request that must run only once.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The owner of the key: the `sub` of the token, a line break, and the rest of the identity.
    pub owner: String,
    /// The key that the client chose.
    pub key: String,
    /// The fingerprint that tells requests apart.
    pub fingerprint: [u8; 32],
    /// The retention of the answer.
    pub retention: Duration,
}

/// The result of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The request is new and has to run.
    New,
    /// The request has run before; this is the stored answer.
    Done(Vec<u8>),
    /// The key belongs to another request.
    Taken,
}

impl IdempotencyKey {
    fn parameters(&self) -> Vec<Parameter> {
        let texts = [&self.owner, &self.key];
        texts.map(|text| Parameter::from(text.clone())).into()
    }
}

impl Session {
    /// Claims the key of the request that the session serves, which must not be open yet.
    pub async fn claim(&mut self, key: &IdempotencyKey) -> Result<Claim, StatementError> {
        let fingerprint = Parameter::from(&key.fingerprint[..]);
        let age = Parameter::from(key.retention.as_secs_f64());
        let claim =
            Statement { text: CLAIM.into(), parameters: [key.parameters(), vec![fingerprint, age]].concat() };
        let find = Statement { text: FIND.into(), parameters: key.parameters() };
        let answers = self.open_with(&[claim, find]).await?;
        let row = |at: usize| answers.get(at).and_then(|rows| rows.first());
        if row(0).is_some() {
            return Ok(Claim::New);
        }
        let known = row(1).filter(|row| row.bytes(0) == Some(&key.fingerprint));
        Ok(known.map_or(Claim::Taken, |row| Claim::Done(row.bytes(1).unwrap_or_default().to_vec())))
    }

    /// Commits the writes, and stores the answer `kept` with the key in the same transaction.
    pub async fn commit_with_key(&mut self, key: &IdempotencyKey, kept: &[u8]) -> Result<(), DatabaseError> {
        let kept = Parameter::from(kept);
        let store = Statement { text: STORE.into(), parameters: [key.parameters(), vec![kept]].concat() };
        self.commit_with(&[store]).await
    }
}
