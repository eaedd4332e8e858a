//! One request, one transaction: the caller's role and claims are set in it, and nothing of them outlives it.
//!
//! A session is opened by the first statement that needs it. Opening, and all statements that do not wait for one
//! another, travel in one round trip: each is sent when its future is first polled, and Postgres answers in order.

use std::fmt::Write as _;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use deadpool_postgres::Object;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::OnceCell;
use tokio_postgres::types::{ToSql, Type};

use super::pool::Pool;
use super::{DatabaseError, Row, Statement};
use crate::auth::Caller;

/// A connection remembers this many prepared statements; then it starts anew, so that a stream of ever new queries
/// cannot fill the memory of gateway and server.
const MOST_PREPARED: usize = 500;

/// One snapshot for the whole request; Postgres itself refuses to write.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A transaction that is opened when it is first needed.
pub struct Session {
    pool: Pool,
    caller: Arc<Caller>,
    open: OnceCell<Open>,
    /// What failed first; the statements that were sent along with it fail for that reason only.
    failure: OnceLock<DatabaseError>,
    statements: AtomicU32,
    round_trips: AtomicU32,
    in_flight: AtomicU32,
}

/// What a session has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Statements, without the one that opens the session.
    pub statements: u32,
    /// Times that the session waited for Postgres; the opening travels with the first.
    pub round_trips: u32,
}

struct Open {
    connection: Arc<Lease>,
    /// The answer to the opening statement. It arrives before any other answer does.
    begun: Shared<BoxFuture<'static, Result<(), Arc<tokio_postgres::Error>>>>,
}

impl Session {
    /// A session of a caller, not yet opened.
    pub fn new(pool: Pool, caller: Arc<Caller>) -> Self {
        Self {
            pool,
            caller,
            open: OnceCell::new(),
            failure: OnceLock::new(),
            statements: AtomicU32::new(0),
            round_trips: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// What the session has cost so far.
    pub fn counts(&self) -> SessionCounts {
        SessionCounts {
            statements: self.statements.load(Ordering::Relaxed),
            round_trips: self.round_trips.load(Ordering::Relaxed),
        }
    }

    /// Runs a statement under the caller's role and claims. Statements that run at the same time share a round trip.
    pub async fn query(&self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let open = self.open.get_or_try_init(|| self.begin()).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) == 0 {
            self.round_trips.fetch_add(1, Ordering::Relaxed);
        }
        let result = self.send(&open.connection, statement).await;
        // Without its opening the transaction has neither role nor claims: whatever came back is not the caller's.
        open.begun.clone().await.map_err(|error| reopened(&error))?;
        let result = result.map_err(DatabaseError::from);
        // A connection that Postgres is about to close does not look closed yet. It counts as in flight for good, so
        // that it does not go back to the pool.
        if !matches!(result, Err(DatabaseError::Unavailable(_))) {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        match result {
            Ok(rows) => Ok(rows.into_iter().map(Row::from).collect()),
            Err(error) => Err(self.cause(error).await),
        }
    }

    /// The failure that the caller should hear of.
    async fn cause(&self, error: DatabaseError) -> DatabaseError {
        /// The first failure has arrived before this one; the task that awaits it only has to run.
        const TURNS: usize = 64;
        if !error.is_consequence() {
            return self.failure.get_or_init(|| error).clone();
        }
        for _ in 0..TURNS {
            if let Some(first) = self.failure.get() {
                return first.clone();
            }
            tokio::task::yield_now().await;
        }
        error
    }

    async fn begin(&self) -> Result<Open, DatabaseError> {
        let object = Some(self.pool.get().await?);
        let connection = Arc::new(Lease { object, pool: self.pool.clone(), clean: AtomicBool::new(false) });
        if connection.statement_cache.size() > MOST_PREPARED {
            connection.statement_cache.clear();
        }
        let sender = Arc::clone(&connection);
        let opening = opening(&self.caller, &self.pool);
        let begun = async move { sender.batch_execute(&opening).await.map_err(Arc::new) }.boxed().shared();
        // Polling once sends it; the answer is awaited together with that of the first statement.
        let _ = begun.clone().now_or_never();
        Ok(Open { connection, begun })
    }

    async fn send(
        &self,
        connection: &Object,
        statement: &Statement,
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        if self.pool.prepared_statements {
            let prepared = connection.prepare_cached(&statement.text).await?;
            let parameters: Vec<&(dyn ToSql + Sync)> =
                statement.parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
            connection.query(&prepared, &parameters).await
        } else {
            let parameters: Vec<(&(dyn ToSql + Sync), Type)> = statement
                .parameters
                .iter()
                .map(|parameter| (parameter as &(dyn ToSql + Sync), parameter.ty.clone()))
                .collect();
            connection.query_typed(&statement.text, &parameters).await
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(open) = self.open.get() else { return };
        if open.begun.peek().is_some() && *self.in_flight.get_mut() == 0 {
            // Sent, not awaited: the next session's opening travels behind it on the same connection.
            let _ = open.connection.batch_execute("ROLLBACK").now_or_never();
            open.connection.clean.store(true, Ordering::Release);
        }
    }
}

/// A connection lent by the pool. It goes back only if its transaction has been ended; whoever held it last.
struct Lease {
    object: Option<Object>,
    pool: Pool,
    clean: AtomicBool,
}

impl Deref for Lease {
    type Target = Object;

    fn deref(&self) -> &Object {
        // Taken by `drop` alone, after which nobody can ask.
        self.object.as_ref().unwrap_or_else(|| unreachable!("a lease without a connection"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && !*self.clean.get_mut()
        {
            self.pool.abandon(object);
        }
    }
}

fn reopened(error: &tokio_postgres::Error) -> DatabaseError {
    match error.as_db_error() {
        Some(database) => DatabaseError::Unavailable(format!("the session could not be opened: {database}")),
        None => DatabaseError::Unavailable(super::error::describe(error)),
    }
}

/// The statement that opens a session: transaction, limits, role and claims, in one message. Everything is local to the
/// transaction, also behind a pooler.
fn opening(caller: &Caller, pool: &Pool) -> String {
    let mut sql = String::with_capacity(512);
    // Writing to a String cannot fail.
    let _ = write!(
        sql,
        "{BEGIN};SELECT set_config('statement_timeout','{}',true)",
        pool.statement_timeout.as_millis().max(1)
    );
    let sub = caller.sub.as_deref().unwrap_or_default();
    for (setting, value) in [
        ("request.jwt.claims", caller.claims.to_string().as_str()),
        ("request.jwt.claim.sub", sub),
        ("request.jwt.claim.role", caller.role.as_str()),
        ("app.user_id", sub),
        // Last: from here on the statement itself runs with the caller's rights.
        ("role", caller.role.as_str()),
    ] {
        let _ = write!(sql, ",set_config('{setting}',{},true)", literal(value));
    }
    sql
}

/// A string literal that means the same under every setting of `standard_conforming_strings`.
fn literal(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 4);
    quoted.push_str(" E'");
    for letter in value.chars() {
        if matches!(letter, '\'' | '\\') {
            quoted.push(letter);
        }
        quoted.push(letter);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal("a'b"), " E'a''b'");
        assert_eq!(literal(r"a\'; DROP TABLE x; --"), r" E'a\\''; DROP TABLE x; --'");
    }
}
