//! Keeps statements from an unsafe database.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::DatabaseError;

/// The longest wait of an answer for a check of the database. A check takes far less, unless the tables that it reads are locked.
const CHECKED_WITHIN: Duration = Duration::from_secs(3);
/// The time without notifications of schema changes during which answers wait. After it, periodic checks suffice.
const CHECKS_SUFFICE_AFTER: Duration = Duration::from_secs(30);

/// The gate that all users of a pool pass before the database. It is shut while the database does not protect its rows. While it
/// is unknown whether the database does, statements run, but their answers wait.
#[derive(Debug, Default)]
pub struct Gate {
    is_shut: AtomicBool,
    /// The number of possible changes of the schema so far.
    changes: AtomicU64,
    /// The number of possible changes that preceded the latest finished check.
    checked: AtomicU64,
    /// True while notifications of schema changes do not arrive: the schema may have changed since any check.
    lacks_notifications: AtomicBool,
    /// The time since which all checks have succeeded while notifications did not arrive.
    checks_succeed_since: Mutex<Option<Instant>>,
    change_recorded: Notify,
    check_recorded: Notify,
}

impl Gate {
    /// Refuses a statement while the gate is shut.
    pub fn ensure_open(&self) -> Result<(), DatabaseError> {
        if self.is_shut.load(Ordering::Acquire) { Err(DatabaseError::Unsafe) } else { Ok(()) }
    }

    /// Waits until all possible changes so far are checked. The result says whether rows that were read meanwhile may be sent, and
    /// writes committed.
    pub async fn pass(&self) -> Result<(), DatabaseError> {
        let changes = self.changes();
        let lacks_notifications = self.lacks_notifications.load(Ordering::Acquire);
        if lacks_notifications || self.checked.load(Ordering::Acquire) < changes {
            let checked = async {
                self.until(&self.check_recorded, || !self.lacks_notifications.load(Ordering::Acquire)).await;
                // Changes without a notification count as possible when notifications arrive again.
                let changes = if lacks_notifications { self.changes() } else { changes };
                self.until(&self.check_recorded, || self.checked.load(Ordering::Acquire) >= changes).await;
            };
            tokio::time::timeout(CHECKED_WITHIN, checked).await.map_err(|_| DatabaseError::Unverified)?;
        }
        self.ensure_open()
    }

    /// Records that the schema may have changed.
    pub fn record_change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.change_recorded.notify_waiters();
    }

    /// Records whether notifications of schema changes arrive; answers wait while they do not. Either way a change may have been
    /// missed.
    pub fn set_notified(&self, is_notified: bool) {
        self.record_change();
        self.lacks_notifications.store(!is_notified, Ordering::Release);
        *self.checks_succeed_since() = None;
        self.check_recorded.notify_waiters();
    }

    /// Records whether a check of the database succeeded, and when: enough successful checks make up for missing notifications.
    pub fn record_check(&self, succeeded: bool, now: Instant) {
        if !self.lacks_notifications.load(Ordering::Acquire) {
            return;
        }
        let mut since = self.checks_succeed_since();
        *since = succeeded.then(|| since.unwrap_or(now));
        if since.is_some_and(|since| now.duration_since(since) > CHECKS_SUFFICE_AFTER) {
            self.lacks_notifications.store(false, Ordering::Release);
            self.check_recorded.notify_waiters();
        }
    }

    fn checks_succeed_since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.checks_succeed_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of possible changes.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Waits for a possible change that is not checked.
    pub async fn unchecked_change(&self) {
        self.until(&self.change_recorded, || self.checked.load(Ordering::Acquire) < self.changes()).await;
    }

    /// Shuts or opens the gate; returns true if that changed it.
    pub fn set_shut(&self, is_shut: bool) -> bool {
        self.is_shut.swap(is_shut, Ordering::AcqRel) != is_shut
    }

    /// Marks the first `changes` possible changes as checked: those that preceded a check whose result is [set](Self::set_shut).
    pub fn mark_checked(&self, changes: u64) {
        self.checked.fetch_max(changes, Ordering::AcqRel);
        self.check_recorded.notify_waiters();
    }

    async fn until(&self, event: &Notify, holds: impl Fn() -> bool) {
        loop {
            let event = event.notified();
            if holds() {
                return;
            }
            event.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn an_answer_waits_for_a_check_that_began_after_the_last_change() {
        let gate = Gate::default();
        assert!(gate.pass().await.is_ok() && gate.unchecked_change().now_or_never().is_none());
        gate.record_change();
        let begun = gate.changes();
        gate.record_change();
        let mut answer = std::pin::pin!(gate.pass());
        assert!(answer.as_mut().now_or_never().is_none() && gate.unchecked_change().now_or_never().is_some());
        gate.mark_checked(begun);
        assert!(answer.as_mut().now_or_never().is_none() && gate.unchecked_change().now_or_never().is_some());
        let begun = gate.changes();
        // Later answers wait for the next check.
        gate.record_change();
        gate.mark_checked(begun);
        assert!(matches!(answer.now_or_never(), Some(Ok(()))));
        assert!(gate.pass().now_or_never().is_none());
    }

    #[tokio::test]
    async fn an_answer_is_refused_if_the_check_finds_the_database_unsafe() {
        let gate = Gate::default();
        gate.record_change();
        let mut answer = std::pin::pin!(gate.pass());
        assert!(answer.as_mut().now_or_never().is_none());
        assert!(gate.set_shut(true) && !gate.set_shut(true));
        gate.mark_checked(gate.changes());
        assert!(matches!(answer.await, Err(DatabaseError::Unsafe)));
        assert!(gate.set_shut(false) && gate.pass().await.is_ok());
    }

    #[tokio::test]
    async fn without_notifications_an_answer_waits_whatever_a_check_finds() {
        let gate = Gate::default();
        gate.set_notified(false);
        gate.mark_checked(gate.changes());
        let mut answer = std::pin::pin!(gate.pass());
        assert!(answer.as_mut().now_or_never().is_none());
        gate.set_notified(true);
        // Changes in the meantime have not been checked.
        assert!(answer.as_mut().now_or_never().is_none());
        gate.mark_checked(gate.changes());
        assert!(matches!(answer.now_or_never(), Some(Ok(()))));
    }

    #[tokio::test]
    async fn after_a_long_time_without_notifications_checks_suffice() {
        let gate = Gate::default();
        gate.set_notified(false);
        gate.mark_checked(gate.changes());
        // Nothing waits for a database that cannot be checked.
        let mut now = crate::clock::instant();
        for succeeded in [true, false, true, true] {
            gate.record_check(succeeded, now);
            now += CHECKS_SUFFICE_AFTER / 2 + Duration::from_secs(1);
        }
        assert!(gate.pass().now_or_never().is_none());
        gate.record_check(true, now);
        assert!(matches!(gate.pass().now_or_never(), Some(Ok(()))));
    }

    #[tokio::test]
    async fn an_answer_waits_no_longer_than_a_bound() {
        let gate = Gate::default();
        gate.record_change();
        assert!(matches!(gate.pass().await, Err(DatabaseError::Unverified)));
    }
}
