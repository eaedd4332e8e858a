//! A group holds the subscribers with the same subscription and the same rights. The gateway reads changed rows once for all of them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::change::RowChange;
use super::outbox::{Delivery, Event, OperationId, Outbox};
use super::reader::Reader;
use crate::auth::{Caller, Identity};
use crate::budget::{Budget, Reservation};
use crate::graph::{Code, Error, Errors, Subscription};

/// Largest number of changes that may wait for a group.
const LONGEST_QUEUE: usize = 10_000;
/// Largest number of batches that may wait for a subscriber that is still receiving missed changes.
const LONGEST_HELD: usize = 10_000;
/// Pause between two deliveries for each subscriber, so that changes which arrive meanwhile are sent in one write.
const PAUSE_PER_SUBSCRIBER: Duration = Duration::from_micros(20);
/// The longest of these pauses. The first change after a quiet time does not wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The rights and the subscription that the subscribers of a group share.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    identity: Identity,
    subscription: [u8; 32],
}

/// Subscribers with the same rights and the same subscription.
pub(super) struct Group {
    pub(super) key: GroupKey,
    pub(super) subscription: Subscription,
    pub(super) caller: Arc<Caller>,
    budget: Budget,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    queue: VecDeque<Arc<RowChange>>,
    /// Memory that the queue holds.
    held: Reservation,
    subscribers: HashMap<u64, Subscriber>,
    /// True if more changes came than may wait.
    has_overflowed: bool,
    has_ended: bool,
}

/// A subscriber of a group.
pub(super) struct Subscriber {
    outbox: Outbox,
    operation: OperationId,
    /// True if it receives missed changes first.
    resumes: bool,
    /// Deliveries that came while the subscriber received missed changes; `None` afterwards.
    held: Option<(Vec<Arc<[Delivery]>>, Reservation)>,
    /// The missed changes that it has received, which may be delivered again.
    received: Option<ReceivedChanges>,
}

/// The changes that a resuming subscriber has received from the stored ones; the group may deliver them again.
#[derive(Debug)]
pub(super) struct ReceivedChanges {
    /// Numbers of the changes.
    changes: HashSet<i64>,
    held: Reservation,
    /// The newest of the changes' transactions.
    newest: u64,
}

impl ReceivedChanges {
    /// Adds changes; returns false if the caller's memory is used up.
    pub(super) fn add(&mut self, changes: &[Arc<RowChange>]) -> bool {
        /// Bytes of a number in a set.
        const EACH: usize = 16;
        self.changes.extend(changes.iter().map(|change| change.number));
        self.newest = changes.iter().map(|change| change.transaction).fold(self.newest, u64::max);
        self.held.grow(changes.len() * EACH).is_ok()
    }

    /// Returns the number of changes.
    pub(super) fn count(&self) -> usize {
        self.changes.len()
    }
}

impl GroupKey {
    pub(super) fn new(caller: &Caller, subscription: &Subscription) -> Self {
        Self { identity: caller.identity(), subscription: subscription.fingerprint() }
    }
}

impl Group {
    pub(super) fn new(
        key: GroupKey,
        subscription: Subscription,
        caller: Arc<Caller>,
        budget: Budget,
    ) -> Self {
        let state = State {
            queue: VecDeque::new(),
            held: budget.open(caller.share()),
            subscribers: HashMap::new(),
            has_overflowed: false,
            has_ended: false,
        };
        Self { key, subscription, caller, budget, state: Mutex::new(state), wake: Notify::new() }
    }

    fn hold(&self) -> Reservation {
        self.budget.open(self.caller.share())
    }

    /// Creates an empty set of received changes, whose memory counts as the caller's.
    pub(super) fn received_changes(&self) -> ReceivedChanges {
        ReceivedChanges { changes: HashSet::new(), held: self.hold(), newest: 0 }
    }

    pub(super) fn add(&self, number: u64, mut subscriber: Subscriber) {
        subscriber.held = subscriber.resumes.then(|| (Vec::new(), self.hold()));
        self.state().subscribers.insert(number, subscriber);
    }

    /// Removes a subscriber; returns true if it was the last one.
    pub(super) fn remove(&self, number: u64) -> bool {
        let mut state = self.state();
        state.subscribers.remove(&number);
        let is_empty = state.subscribers.is_empty();
        state.has_ended |= is_empty;
        drop(state);
        if is_empty {
            self.wake.notify_one();
        }
        is_empty
    }

    /// Adds a change to the queue; the group reads it when it is woken.
    pub(super) fn push(&self, change: &Arc<RowChange>) {
        if !self.subscription.concerns(change.operation) {
            return;
        }
        let mut state = self.state();
        if state.has_overflowed {
            return;
        }
        if state.queue.len() < LONGEST_QUEUE && state.held.grow(change.bytes()).is_ok() {
            state.queue.push_back(Arc::clone(change));
        } else {
            // The subscriptions end, and the queue is of no use.
            state.has_overflowed = true;
            state.queue = VecDeque::new();
            state.held.shrink_to(0);
        }
    }

    /// Wakes the group to read its queue.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends all subscriptions with an error.
    pub(super) fn end(&self, error: &Error) {
        let errors = Errors::one(error.clone());
        let mut state = self.state();
        state.has_ended = true;
        for subscriber in std::mem::take(&mut state.subscribers).into_values() {
            subscriber.outbox.push(Event::Failed(subscriber.operation, errors.clone()));
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Reads and delivers changes until the last subscriber has left. The error says why it cannot continue.
    pub(super) async fn run(&self, reader: &Reader) -> Result<(), Error> {
        let mut changes = Vec::new();
        self.wait(&mut changes).await;
        while !self.has_ended() {
            let deliveries = reader.read(&self.subscription, &self.caller, &changes).await?;
            self.deliver(deliveries).await;
            if self.state().has_overflowed {
                let message = "More rows have changed at once than can be sent. Load the data anew and subscribe again.";
                return Err(Error::new(Code::Gone, message));
            }
            self.wait(&mut changes).await;
        }
        Ok(())
    }

    /// Waits for changes, and takes as many as one read may take.
    async fn wait(&self, changes: &mut Vec<Arc<RowChange>>) {
        changes.clear();
        loop {
            {
                let mut state = self.state();
                if state.has_ended {
                    return;
                }
                if !state.queue.is_empty() {
                    let count = self.subscription.batch().min(state.queue.len());
                    changes.extend(state.queue.drain(..count));
                    let taken = changes.iter().map(|change| change.bytes()).sum();
                    let left = state.held.bytes().saturating_sub(taken);
                    state.held.shrink_to(left);
                    return;
                }
                if state.has_overflowed {
                    return;
                }
            }
            self.wake.notified().await;
        }
    }

    async fn deliver(&self, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let deliveries: Arc<[Delivery]> = deliveries.into();
        let count = {
            let mut state = self.state();
            for subscriber in state.subscribers.values_mut() {
                subscriber.take(&deliveries);
            }
            state.subscribers.len()
        };
        let pause = PAUSE_PER_SUBSCRIBER * u32::try_from(count).unwrap_or(u32::MAX);
        if pause > Duration::from_millis(1) {
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        }
    }

    /// Sends a subscriber the deliveries held back while it received missed changes, except changes in `received`.
    pub(super) fn release(&self, number: u64, received: ReceivedChanges) {
        let mut state = self.state();
        let Some(subscriber) = state.subscribers.get_mut(&number) else { return };
        subscriber.received = Some(received);
        let Some((deliveries, _held)) = subscriber.held.take() else { return };
        for deliveries in deliveries {
            subscriber.take(&deliveries);
        }
    }

    fn has_ended(&self) -> bool {
        self.state().has_ended
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves a state that is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    pub(super) fn new(outbox: Outbox, operation: OperationId, resumes: bool) -> Self {
        Self { outbox, operation, resumes, held: None, received: None }
    }

    fn take(&mut self, deliveries: &Arc<[Delivery]>) {
        if let Some((waiting, held)) = &mut self.held {
            let bytes = deliveries.iter().map(Delivery::bytes).sum();
            if waiting.len() < LONGEST_HELD && held.grow(bytes).is_ok() {
                waiting.push(Arc::clone(deliveries));
            } else {
                // Its connection is closed, because it would miss a change.
                self.outbox.overflow();
            }
            return;
        }
        if let Some(received) = self.received.take() {
            let new: Vec<Delivery> =
                deliveries.iter().filter(|it| !received.changes.contains(&it.change)).cloned().collect();
            if deliveries.iter().all(|delivery| delivery.horizon <= received.newest) {
                self.received = Some(received);
            }
            if !new.is_empty() {
                self.outbox.push(Event::Next(self.operation, new.into()));
            }
            return;
        }
        self.outbox.push(Event::Next(self.operation, Arc::clone(deliveries)));
    }
}
