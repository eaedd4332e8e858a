//! What the gateway forgets now and then.

use std::time::Duration;

use tokio_postgres::types::Type;

use crate::database::{DatabaseError, Parameter, Pool, Statement};

/// How often it looks.
const EVERY: Duration = Duration::from_mins(10);
/// Forgets some of what is older than that, and gives how many; see the migration that creates the function.
const FORGET_KEYS: &str = "SELECT praxis.forget_idempotency_keys(make_interval(secs => $1))";

/// Forgets idempotency keys that are older than `retention`, for as long as it is polled.
pub async fn keep_house(pool: Pool, retention: Duration) {
    loop {
        tokio::time::sleep(EVERY).await;
        while let Some(count) = forget(&pool, retention).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "could not forget old idempotency keys");
            None
        }) {
            tracing::debug!(count, "forgot old idempotency keys");
        }
    }
}

/// Forgets some keys; `None` when there are none left.
async fn forget(pool: &Pool, retention: Duration) -> Result<Option<i64>, DatabaseError> {
    let age = Parameter::new(Type::FLOAT8, retention.as_secs_f64().to_be_bytes().to_vec());
    let rows = pool.query(&Statement { text: FORGET_KEYS.into(), parameters: vec![age] }).await?;
    let count = rows.first().and_then(|row| row.bytes(0)).and_then(|bytes| bytes.try_into().ok());
    Ok(count.map(i64::from_be_bytes).filter(|count| *count > 0))
}
