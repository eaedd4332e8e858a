//! Requests that can be sent again without being carried out twice.
//!
//! The key of a request is claimed in the transaction that carries the request out, and what it wrote is stored in it: both
//! last or neither does. Whoever claims the same key at the same moment waits for the first one's end. The table belongs to
//! the gateway; row-level security keeps it to the keys of the caller whose claims are set.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::{DatabaseError, Parameter, Session, Statement, StatementError};

/// Takes the key, also where the one that has it is too old to matter.
const CLAIM: &str = "INSERT INTO praxis.idempotency_keys AS known (owner, key, fingerprint) VALUES ($1, $2, $3) \
    ON CONFLICT (owner, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, answer = NULL, created_at = now() \
    WHERE known.created_at < now() - make_interval(secs => $4) RETURNING true";
const FIND: &str = "SELECT fingerprint, answer FROM praxis.idempotency_keys WHERE owner = $1 AND key = $2";
const STORE: &str = "UPDATE praxis.idempotency_keys SET answer = $3 WHERE owner = $1 AND key = $2";

/// A request that is to be carried out once.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// Whose request it is: the `sub` of the token, a line break, and what else makes an identity.
    pub owner: String,
    /// The key that the client chose.
    pub key: String,
    /// Tells requests apart.
    pub fingerprint: [u8; 32],
    /// How long it is kept.
    pub retention: Duration,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The request is to be carried out now.
    New,
    /// It was carried out before; this was kept of it.
    Done(Vec<u8>),
    /// The key belongs to another request.
    Taken,
}

impl IdempotencyKey {
    fn parameters(&self) -> Vec<Parameter> {
        let texts = [&self.owner, &self.key];
        texts.map(|text| Parameter::new(Type::TEXT, text.clone().into_bytes())).into()
    }
}

impl Session {
    /// Claims the key of the request that the session, not yet opened, is for.
    pub async fn claim(&mut self, key: &IdempotencyKey) -> Result<Claim, StatementError> {
        let fingerprint = Parameter::new(Type::BYTEA, key.fingerprint.to_vec());
        let age = Parameter::new(Type::FLOAT8, key.retention.as_secs_f64().to_be_bytes().to_vec());
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

    /// Commits what was written, and stores the answer `kept` under the key in the same transaction.
    pub async fn commit_with_key(&mut self, key: &IdempotencyKey, kept: &[u8]) -> Result<(), DatabaseError> {
        let kept = Parameter::new(Type::BYTEA, kept.to_vec());
        let store = Statement { text: STORE.into(), parameters: [key.parameters(), vec![kept]].concat() };
        self.commit_with(&[store]).await
    }
}
