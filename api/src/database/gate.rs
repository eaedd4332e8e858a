//! Whether anything may be asked of the database at all.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::DatabaseError;

/// How long an answer waits for a doubt to be settled. A look takes far less, unless somebody has locked what it reads.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);
/// How long the database is in doubt where nothing is heard of its schema, though it can be looked at. Then looking has to do.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// A gate before the database that everybody who shares a pool comes through. It is shut while the database does not
/// protect its rows. While that is in doubt, nobody has to wait with a question, but with the answer.
#[derive(Debug, Default)]
pub struct Gate {
    is_shut: AtomicBool,
    /// Times that somebody has said that the schema may have changed.
    doubts: AtomicU64,
    /// Those that had been said when a look began that has ended.
    settled: AtomicU64,
    /// Whether changes of the schema are not heard of for the moment: whatever a look finds, it may be otherwise by now.
    is_unheard: AtomicBool,
    /// Since when it is looked at without that.
    looked_since: Mutex<Option<Instant>>,
    has_doubt: Notify,
    has_settled: Notify,
}

impl Gate {
    /// Refuses a question while the gate is shut.
    pub fn check(&self) -> Result<(), DatabaseError> {
        if self.is_shut.load(Ordering::Acquire) { Err(DatabaseError::Unsafe) } else { Ok(()) }
    }

    /// Waits until what was doubted so far is settled, and says whether what was read meanwhile may be told and what was written
    /// may stay.
    pub async fn pass(&self) -> Result<(), DatabaseError> {
        let doubts = self.doubts();
        let is_unheard = self.is_unheard.load(Ordering::Acquire);
        if is_unheard || self.settled.load(Ordering::Acquire) < doubts {
            let settled = async {
                self.until(&self.has_settled, || !self.is_unheard.load(Ordering::Acquire)).await;
                // What has changed unheard is doubted when something is heard again.
                let doubts = if is_unheard { self.doubts() } else { doubts };
                self.until(&self.has_settled, || self.settled.load(Ordering::Acquire) >= doubts).await;
            };
            tokio::time::timeout(SETTLED_WITHIN, settled).await.map_err(|_| DatabaseError::InDoubt)?;
        }
        self.check()
    }

    /// Says that the schema may have changed.
    pub fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::AcqRel);
        self.has_doubt.notify_waiters();
    }

    /// Begins or ends a time in which changes of the schema go unheard and answers wait. Either way something may have been missed.
    pub fn set_heard(&self, is_heard: bool) {
        self.doubt();
        self.is_unheard.store(!is_heard, Ordering::Release);
        *self.looked_since() = None;
        self.has_settled.notify_waiters();
    }

    /// Notes whether the database could be looked at, at this moment.
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

    /// How often that was said.
    pub fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::Acquire)
    }

    /// Waits until there is a doubt that is not settled.
    pub async fn doubted(&self) {
        self.until(&self.has_doubt, || self.settled.load(Ordering::Acquire) < self.doubts()).await;
    }

    /// Shuts or opens it; gives whether it was the other way before.
    pub fn set_shut(&self, is_shut: bool) -> bool {
        self.is_shut.swap(is_shut, Ordering::AcqRel) != is_shut
    }

    /// Settles so many doubts: those that there were when a look began whose outcome is [set](Self::set_shut).
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
        // What comes after it waits for the next look.
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
        // What has changed meanwhile has not been looked at.
        assert!(answer.as_mut().now_or_never().is_none());
        gate.settle(gate.doubts());
        assert!(matches!(answer.now_or_never(), Some(Ok(()))));
    }

    #[tokio::test]
    async fn where_nothing_is_heard_for_long_looking_has_to_do() {
        let gate = Gate::default();
        gate.set_heard(false);
        gate.settle(gate.doubts());
        // A database that cannot be looked at is not waited for.
        let mut now = Instant::now();
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
