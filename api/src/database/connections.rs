//! Holds the pooled connections of one purpose, and closes those that a network may have dropped.
//!
//! A network can drop connections without a word: the gateway learns nothing, and a statement on such a connection is never answered. So
//! every exchange has a limit, a connection that was idle is asked before it is used, and one that does not answer raises the
//! suspicion that the others are lost too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{self, BuildError, Metrics, QueueMode, RecycleError, RecycleResult, Timeouts};
use postgres_wire::{Abandoned, Address, BatchError, Connection, Mode, Query, Row, WireError};

use super::DatabaseError;
use super::turns::{Turn, Turns};
use crate::auth::Share;
use crate::clock;

/// The time after which the answer to a question that takes a server no time is late.
const LATE: Duration = Duration::from_secs(1);

/// Connections of one purpose, and the turns for them.
#[derive(Clone)]
pub(super) struct Connections {
    pool: managed::Pool<Manager>,
    turns: Turns,
    suspicion: Arc<Suspicion>,
    /// The longest wait for a turn.
    timeout: Duration,
}

impl Connections {
    /// Creates a pool of at most `size` connections, which are opened when they are first needed. `each`: the largest number for one
    /// share; `waiting`: the longest queue of one share.
    pub(super) fn new(
        manager: Manager,
        size: usize,
        each: usize,
        waiting: usize,
        timeout: Duration,
    ) -> Result<Self, BuildError> {
        let suspicion = Arc::clone(&manager.suspicion);
        let pool = managed::Pool::builder(manager)
            .max_size(size)
            // The connection that was used last has its statements prepared and its server's memory warm.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            // Opening a connection and asking an idle one have limits of their own: an address with several hosts needs the time of each.
            .timeouts(Timeouts { wait: Some(timeout), create: None, recycle: None })
            .build()?;
        Ok(Self { pool, turns: Turns::new(size, each, waiting), suspicion, timeout })
    }

    /// Returns the largest number of connections.
    pub(super) fn most(&self) -> usize {
        self.pool.status().max_size
    }

    /// Waits for the share's turn, and returns a connection that has answered a moment ago.
    pub(super) async fn get(&self, of: Share) -> Result<PooledConnection, DatabaseError> {
        let turn = tokio::time::timeout(self.timeout, self.turns.take(of))
            .await
            .map_err(|_| DatabaseError::Busy)??;
        // There is a connection for each turn, but for one that tells the server's mode for a moment. So the waits here are mostly for
        // asking a connection and for opening one.
        let connection = self.pool.get().await?;
        Ok(self.pooled(connection, Some(turn)))
    }

    /// Returns a connection without a turn, or [`DatabaseError::Busy`] if all are in use.
    pub(super) async fn get_free(&self) -> Result<PooledConnection, DatabaseError> {
        let at_once = Timeouts { wait: Some(Duration::ZERO), ..self.pool.timeouts() };
        Ok(self.pooled(self.pool.timeout_get(&at_once).await?, None))
    }

    fn pooled(&self, connection: managed::Object<Manager>, turn: Option<Turn>) -> PooledConnection {
        let suspicion = Arc::clone(&self.suspicion);
        PooledConnection { connection: Some(connection), turn, suspicion, finishes_within: Duration::ZERO }
    }

    /// Closes all connections.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// A connection of a pool. When it is dropped, it returns to the pool if it can be used again at once; otherwise its statement is
/// cancelled and it is closed.
pub(super) struct PooledConnection {
    /// `None` once it is closed.
    connection: Option<managed::Object<Manager>>,
    /// Ends after the connection has returned to the pool.
    turn: Option<Turn>,
    suspicion: Arc<Suspicion>,
    /// The time that an unfinished batch may still take when this is dropped.
    pub(super) finishes_within: Duration,
}

impl PooledConnection {
    /// Runs a batch of statements; see [`Connection::run`].
    pub(super) async fn run(
        &mut self,
        queries: &[Query<'_>],
        within: Duration,
    ) -> Result<Vec<Vec<Row>>, BatchError> {
        match &mut self.connection {
            Some(connection) => connection.run(queries, within).await,
            None => Err(BatchError { at: 0, error: WireError::Closed }),
        }
    }

    /// Asks the server for its mode.
    pub(super) async fn mode(&mut self, within: Duration) -> Result<Mode, BatchError> {
        match &mut self.connection {
            Some(connection) => connection.mode(within).await,
            None => Err(BatchError { at: 0, error: WireError::Closed }),
        }
    }

    /// Rolls the open transaction back without waiting; see [`Connection::roll_back`].
    pub(super) fn roll_back(&mut self) -> bool {
        self.connection.as_mut().is_some_and(|connection| connection.roll_back())
    }

    /// Returns the time since the connection was opened.
    pub(super) fn age(&self) -> Duration {
        self.connection.as_ref().map_or(Duration::ZERO, |it| managed::Object::metrics(it).age())
    }

    /// Closes the connection, which then does not return to the pool.
    pub(super) fn close(mut self) {
        drop(self.connection.take().map(managed::Object::take));
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // If a rollback can be sent at once, it is not awaited: the next batch travels after it.
        if connection.is_busy() || !connection.roll_back() {
            let suspicion = Arc::clone(&self.suspicion);
            abandon(managed::Object::take(connection), self.turn.take(), suspicion, self.finishes_within);
        }
    }
}

/// Cancels the statement of a connection and closes it, since nobody waits for the statement any longer. The cancellation may arrive late,
/// so the connection is not used again. `time`: the time that the statement may take to finish before that.
fn abandon(mut connection: Connection, turn: Option<Turn>, suspicion: Arc<Suspicion>, time: Duration) {
    let since = clock::instant().into_std();
    tokio::spawn(async move {
        if !connection.finished(time).await {
            match connection.abandon().await {
                Abandoned::Stopped => {}
                // A pooler may be slow, and its other connections serve as before.
                Abandoned::Hidden => {
                    tracing::warn!("a statement behind a pooler ignored its cancellation, and may still run");
                }
                Abandoned::Ended => {
                    tracing::warn!("a statement ignored its cancellation; its process was ended");
                }
                Abandoned::Lost => suspicion.raise(since),
                Abandoned::Running(error) => {
                    let error = error.map(tracing::field::display);
                    tracing::error!(error, "a statement ignores its cancellation and the end of its process");
                    suspicion.raise(since);
                }
            }
        }
        // Until then the connection works for this share.
        drop(turn);
    });
}

/// The suspicion that the network has dropped connections. All pools of one address share it.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// Connections that were last taken from their pool before this moment are not used again.
    since: Mutex<Option<Instant>>,
}

impl Suspicion {
    /// Raises the suspicion: a connection has not answered a question that was sent at this moment.
    fn raise(&self, asked: Instant) {
        tracing::warn!("a connection to the database was lost without a word; idle ones are closed too");
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = (*since).max(Some(asked));
    }

    /// Returns true if a connection that was last taken at this moment may be lost.
    fn concerns(&self, taken: Instant) -> bool {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|since| taken < since)
    }
}

/// A question whether a connection still answers. It raises the suspicion if it ends without an answer, also because nobody waits for one
/// any longer.
struct Question<'a> {
    asked: Instant,
    suspicion: Option<&'a Suspicion>,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        let is_late = clock::instant().into_std().duration_since(self.asked) >= LATE;
        if let Some(suspicion) = self.suspicion.filter(|_| is_late) {
            suspicion.raise(self.asked);
        }
    }
}

/// Opens the pool's connections, and checks those that are used again.
#[derive(Clone)]
pub(super) struct Manager {
    pub(super) address: Address,
    /// The largest age of a connection that is used again.
    pub(super) lifetime: Option<Duration>,
    pub(super) prepared_statements: Option<bool>,
    pub(super) suspicion: Arc<Suspicion>,
    /// The time after its last use from which a connection is asked whether it still answers, which takes a round trip.
    pub(super) asked_after: Duration,
    /// The longest wait for the answer.
    pub(super) reacts_within: Duration,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = WireError;

    async fn create(&self) -> Result<Connection, WireError> {
        let mut connection = self.address.connect().await?;
        connection.keep_statements(self.prepared_statements);
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<WireError> {
        let is_old = self.lifetime.is_some_and(|lifetime| metrics.age() >= lifetime);
        let taken = metrics.recycled.unwrap_or(metrics.created);
        if is_old || self.suspicion.concerns(taken) || !connection.is_usable() {
            return Err(RecycleError::Backend(WireError::Closed));
        }
        let asked = clock::instant().into_std();
        if asked.duration_since(taken) < self.asked_after {
            return Ok(());
        }
        // A pooler answers once it has a server's connection, for which it may make its clients wait.
        let suspicion = (!connection.is_behind_pooler()).then_some(&*self.suspicion);
        let mut question = Question { asked, suspicion };
        let answer = connection.run(&[], self.reacts_within).await;
        if !matches!(answer, Err(BatchError { error: WireError::Silent, .. })) {
            question.suspicion = None;
        }
        answer.map(drop).map_err(|failed| RecycleError::Backend(failed.error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_was_taken_after_the_question_is_not_suspected() {
        let suspicion = Suspicion::default();
        let early = clock::instant().into_std();
        assert!(!suspicion.concerns(early));
        let asked = early + Duration::from_secs(1);
        suspicion.raise(asked);
        assert!(suspicion.concerns(early) && !suspicion.concerns(asked));
        // An older question that remains unanswered lifts no suspicion.
        suspicion.raise(early);
        assert!(suspicion.concerns(early) && !suspicion.concerns(asked));
    }
}
