//! The gate, which keeps statements from an unsafe database.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::DatabaseError;

/// The longest wait of an answer for a check of the database. A check takes far less, unless the tables that it reads are locked.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);
/// How long the database counts as unverified without notifications of changes of its schema, though it can be checked. After
/// that the checks suffice.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// The gate that all users of a pool pass before the database. It is closed while the database does not protect its rows. While
/// that is unverified, statements run, but their answers wait.
#[derive(Debug, Default)]
pub struct Gate {
    is_shut: AtomicBool,
    /// The number of possible changes of the schema so far.
    doubts: AtomicU64,
    /// The number of possible changes that preceded the latest finished check.
    settled: AtomicU64,
    /// True while notifications of changes of the schema do not arrive: the database may differ from any check's result.
    is_unheard: AtomicBool,
    /// The time since which checks have succeeded without notifications.
    looked_since: Mutex<Option<Instant>>,
    has_doubt: Notify,
    has_settled: Notify,
}

impl Gate {
    /// Refuses a statement while the gate is closed.
    pub fn check(&self) -> Result<(), DatabaseError> {
        if self.is_shut.load(Ordering::Acquire) { Err(DatabaseError::Unsafe) } else { Ok(()) }
    }

    /// Waits until all possible changes so far are checked, and returns whether rows read meanwhile may be sent and writes
    /// committed.
    pub async fn pass(&self) -> Result<(), DatabaseError> {
        let doubts = self.doubts();
        let is_unheard = self.is_unheard.load(Ordering::Acquire);
        if is_unheard || self.settled.load(Ordering::Acquire) < doubts {
            let settled = async {
                self.until(&self.has_settled, || !self.is_unheard.load(Ordering::Acquire)).await;
                // Changes without a notification count as possible when notifications arrive again.
                let doubts = if is_unheard { self.doubts() } else { doubts };
                self.until(&self.has_settled, || self.settled.load(Ordering::Acquire) >= doubts).await;
            };
            tokio::time::timeout(SETTLED_WITHIN, settled).await.map_err(|_| DatabaseError::InDoubt)?;
        }
        self.check()
    }

    /// Records that the schema may have changed.
    pub fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::AcqRel);
        self.has_doubt.notify_waiters();
    }

    /// Begins or ends a time without notifications of changes of the schema, in which answers wait. Either way a change may have
    /// been missed.
    pub fn set_heard(&self, is_heard: bool) {
        self.doubt();
        self.is_unheard.store(!is_heard, Ordering::Release);
        *self.looked_since() = None;
        self.has_settled.notify_waiters();
    }

    /// Records whether the database could be checked, at this time.
    pub fn set_looked(&self, is_looked: bool, now: Instant) {
        if !self.is_unheard.load(Ordering::Acquire) {
            return;
        }
        let mut since = self.looked_since();
        *since = is_looked.then(|| since.unwrap_or(now));
        if since.is_some_and(|since| now.duration_since(since) > HEARD_WITHIN) {
            self.is_unheard.store(false, Ordering::Release);
            self.has_settled.notify_waiters();
        }
    }

    fn looked_since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.looked_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of possible changes.
    pub fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::Acquire)
    }

    /// Waits for a possible change that is not checked.
    pub async fn doubted(&self) {
        self.until(&self.has_doubt, || self.settled.load(Ordering::Acquire) < self.doubts()).await;
    }

    /// Closes or opens the gate; returns true if that changed it.
    pub fn set_shut(&self, is_shut: bool) -> bool {
        self.is_shut.swap(is_shut, Ordering::AcqRel) != is_shut
    }

    /// Marks possible changes as checked: those that preceded a check whose result is [set](Self::set_shut).
    pub fn settle(&self, doubts: u64) {
        self.settled.fetch_max(doubts, Ordering::AcqRel);
        self.has_settled.notify_waiters();
    }

    async fn until(&self, told: &Notify, holds: impl Fn() -> bool) {
        loop {
            let told = told.notified();
            if holds() {
                return;
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn an_answer_waits_for_a_look_that_began_after_the_last_doubt() {
        let gate = Gate::default();
        assert!(gate.pass().await.is_ok() && gate.doubted().now_or_never().is_none());
        gate.doubt();
        let begun = gate.doubts();
        gate.doubt();
        let mut answer = std::pin::pin!(gate.pass());
        assert!(answer.as_mut().now_or_never().is_none() && gate.doubted().now_or_never().is_some());
        gate.settle(begun);
        assert!(answer.as_mut().now_or_never().is_none() && gate.doubted().now_or_never().is_some());
        let begun = gate.doubts();
        // Later answers wait for the next check.
        gate.doubt();
        gate.settle(begun);
        assert!(matches!(answer.now_or_never(), Some(Ok(()))));
        assert!(gate.pass().now_or_never().is_none());
    }

    #[tokio::test]
    async fn an_answer_is_kept_back_where_the_look_finds_something() {
        let gate = Gate::default();
        gate.doubt();
        let mut answer = std::pin::pin!(gate.pass());
        assert!(answer.as_mut().now_or_never().is_none());
        assert!(gate.set_shut(true) && !gate.set_shut(true));
        gate.settle(gate.doubts());
        assert!(matches!(answer.await, Err(DatabaseError::Unsafe)));
        assert!(gate.set_shut(false) && gate.pass().await.is_ok());
    }

    #[tokio::test]
    async fn while_nothing_is_heard_an_answer_waits_whatever_a_look_finds() {
        let gate = Gate::default();
        gate.set_heard(false);
        gate.settle(gate.doubts());
        let mut answer = std::pin::pin!(gate.pass());
        assert!(answer.as_mut().now_or_never().is_none());
        gate.set_heard(true);
        // Changes in the meantime have not been checked.
        assert!(answer.as_mut().now_or_never().is_none());
        gate.settle(gate.doubts());
        assert!(matches!(answer.now_or_never(), Some(Ok(()))));
    }

    #[tokio::test]
    async fn where_nothing_is_heard_for_long_looking_has_to_do() {
        let gate = Gate::default();
        gate.set_heard(false);
        gate.settle(gate.doubts());
        // Nothing waits for a database that cannot be checked.
        let mut now = crate::clock::instant();
        for is_looked in [true, false, true, true] {
            gate.set_looked(is_looked, now);
            now += HEARD_WITHIN / 2 + Duration::from_secs(1);
        }
        assert!(gate.pass().now_or_never().is_none());
        gate.set_looked(true, now);
        assert!(matches!(gate.pass().now_or_never(), Some(Ok(()))));
    }

    #[tokio::test]
    async fn an_answer_waits_for_a_while_only() {
        let gate = Gate::default();
        gate.doubt();
        assert!(matches!(gate.pass().await, Err(DatabaseError::InDoubt)));
    }
}
