//! Deletes expired idempotency keys from time to time.

use std::time::Duration;

use crate::database::{DatabaseError, Parameter, Pool, Statement};

/// The interval between two clean-ups.
const EVERY: Duration = Duration::from_mins(10);
/// The statement that deletes some expired keys and returns their number; see the migration that creates the function.
const FORGET_KEYS: &str = "SELECT praxis.forget_idempotency_keys(make_interval(secs => $1))";

/// Deletes idempotency keys that are older than `retention`, for as long as it is polled.
pub async fn delete_old_keys(pool: Pool, retention: Duration) {
    loop {
        tokio::time::sleep(EVERY).await;
        while let Some(count) = forget(&pool, retention).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "could not delete old idempotency keys");
            None
        }) {
            tracing::debug!(count, "deleted old idempotency keys");
        }
    }
}

/// Deletes some keys; returns `None` when there are none left.
async fn forget(pool: &Pool, retention: Duration) -> Result<Option<i64>, DatabaseError> {
    let age = Parameter::from(retention.as_secs_f64());
    let rows = pool.query(&Statement { text: FORGET_KEYS.into(), parameters: vec![age] }).await?;
    let count = rows.first().and_then(|row| row.get::<i64>(0));
    Ok(count.filter(|count| *count > 0))
}
