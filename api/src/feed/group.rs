//! Subscribers who ask the same with the same rights. Changed rows are read once for all of them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::change::Announcement;
use super::change_feed::Feeds;
use super::cursor::Cursor;
use super::history;
use super::outbox::{Delivery, Event, OperationId, Outbox};
use crate::auth::{Caller, Identity};
use crate::budget::{Budget, Held};
use crate::database::Statement;
use crate::graph::catalog::ChangeOperation;
use crate::graph::{Change, Code, Engine, Error, Subscription, Untold, one};
use crate::supervise::caught;

/// Changes that may wait for a group.
const LONGEST_QUEUE: usize = 10_000;
/// Batches that may wait for a subscriber that is still told what it has missed.
const LONGEST_HELD: usize = 10_000;
/// Pauses before a read that failed is tried again.
const RETRY_AFTER: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];
/// Pause between two deliveries for each subscriber, so that what comes meanwhile goes out with one write …
const PAUSE_PER_SUBSCRIBER: Duration = Duration::from_micros(20);
/// … and the longest of these pauses. The first change after a quiet time does not wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// What makes subscribers equal: their rights and what they ask.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    identity: Identity,
    subscription: [u8; 32],
}

/// Subscribers who are equal.
pub(super) struct Group {
    pub(super) key: GroupKey,
    pub(super) subscription: Subscription,
    pub(super) caller: Arc<Caller>,
    budget: Budget,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    queue: VecDeque<Arc<Announcement>>,
    /// The bytes of the queue.
    held: Held,
    subscribers: HashMap<u64, Subscriber>,
    /// More has changed than may wait.
    has_overflowed: bool,
    has_ended: bool,
}

/// Somebody who watches.
pub(super) struct Subscriber {
    outbox: Outbox,
    operation: OperationId,
    /// Whether it is told first what it has missed.
    resumes: bool,
    /// What has come while the subscriber is told what it has missed; `None`: that is over.
    held: Option<(Vec<Arc<[Delivery]>>, Held)>,
    /// What it has been told of that.
    known: Option<Known>,
}

/// Changes that a subscriber was told from Postgres's memory, and that may come once more.
#[derive(Debug)]
pub(super) struct Known {
    /// Their numbers.
    changes: HashSet<i64>,
    held: Held,
    /// The newest of their transactions.
    newest: u64,
}

impl Known {
    /// Notes more changes; `false`: there is no room for them.
    pub(super) fn add(&mut self, changes: &[Arc<Announcement>]) -> bool {
        /// Bytes of a number in a set.
        const EACH: usize = 16;
        self.changes.extend(changes.iter().map(|change| change.number));
        self.newest = changes.iter().map(|change| change.transaction).fold(self.newest, u64::max);
        self.held.grow(changes.len() * EACH).is_ok()
    }

    /// How many there are.
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

    fn hold(&self) -> Held {
        self.budget.open(self.caller.share())
    }

    /// Room for what a subscriber is told from Postgres's memory.
    pub(super) fn known(&self) -> Known {
        Known { changes: HashSet::new(), held: self.hold(), newest: 0 }
    }

    pub(super) fn add(&self, number: u64, mut subscriber: Subscriber) {
        subscriber.held = subscriber.resumes.then(|| (Vec::new(), self.hold()));
        self.state().subscribers.insert(number, subscriber);
    }

    /// Removes a subscriber; whether it was the last.
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

    /// Takes note of a change; the group looks at it when it is woken.
    pub(super) fn push(&self, change: &Arc<Announcement>) {
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
            // It ends, and what waits is of no use.
            state.has_overflowed = true;
            state.queue = VecDeque::new();
            state.held.shrink_to(0);
        }
    }

    /// Has the group look at what it was given.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends all subscriptions with an error.
    pub(super) fn end(&self, error: &Error) {
        let errors = one(error.clone());
        let mut state = self.state();
        state.has_ended = true;
        for subscriber in std::mem::take(&mut state.subscribers).into_values() {
            subscriber.outbox.push(Event::Failed(subscriber.operation, errors.clone()));
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Reads and delivers until the last subscriber has gone; if it cannot go on, none is left waiting.
    pub(super) async fn run_whole(self: Arc<Self>, feeds: Arc<Feeds>) {
        if caught("group of subscribers", Arc::clone(&self).run(Arc::clone(&feeds))).await.is_none() {
            feeds.registry().end(&self, &Error::internal(&"a group of subscribers has panicked"));
        }
    }

    async fn run(self: Arc<Self>, feeds: Arc<Feeds>) {
        let mut changes = Vec::new();
        self.wait(&mut changes).await;
        while !self.has_ended() {
            match self.read(&feeds, &changes).await {
                Ok(deliveries) => self.deliver(deliveries).await,
                Err(error) => return feeds.registry().end(&self, &error),
            }
            if self.state().has_overflowed {
                let message =
                    "More has changed at once than can be told. Load the data anew and subscribe again.";
                return feeds.registry().end(&self, &Error::new(Code::Gone, message));
            }
            self.wait(&mut changes).await;
        }
    }

    /// Waits for changes and takes those that are read together.
    async fn wait(&self, changes: &mut Vec<Arc<Announcement>>) {
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

    /// What is told of changes, as far as anything is.
    pub(super) async fn read(
        &self,
        feeds: &Feeds,
        changes: &[Arc<Announcement>],
    ) -> Result<Vec<Delivery>, Error> {
        let changes = merged(changes);
        let mut delivered = Vec::with_capacity(changes.len());
        let mut parts = vec![changes.as_slice()];
        while let Some(part) = parts.pop() {
            let asked: Vec<Change> =
                part.iter().map(|(change, operation)| told(change, *operation)).collect();
            let recall = self.recall(part);
            let responses = match self.tell(feeds, &asked, recall.as_ref()).await {
                Ok(responses) => responses,
                // What is wrong with one row keeps no other from being told.
                Err(untold) if untold.is_of_rows() && part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                    continue;
                }
                Err(untold) => return Err(untold.error().clone()),
            };
            let told = part.iter().zip(asked).zip(responses);
            delivered.extend(told.filter_map(|(((change, _), asked), response)| {
                let cursor = asked.cursor.into();
                let (change, horizon) = (change.number, change.horizon);
                Some(Delivery { change, horizon, cursor, response: response? })
            }));
        }
        Ok(delivered)
    }

    /// What is told of each of some changes. A read that fails for lack of the database is tried again.
    async fn tell(
        &self,
        feeds: &Feeds,
        changes: &[Change],
        recall: Option<&Statement>,
    ) -> Result<Vec<Option<Bytes>>, Untold> {
        let mut pauses = RETRY_AFTER.into_iter();
        loop {
            let permit = feeds.permit(&self.caller).await;
            let told = self.tell_once(feeds.engine(), changes, recall).await;
            drop(permit);
            match (told, pauses.next()) {
                (Err(untold), Some(pause))
                    if matches!(untold.error().code, Code::Unavailable | Code::Timeout) =>
                {
                    tokio::time::sleep(pause).await;
                }
                (told, _) => return told,
            }
        }
    }

    async fn tell_once(
        &self,
        engine: &Engine,
        changes: &[Change],
        recall: Option<&Statement>,
    ) -> Result<Vec<Option<Bytes>>, Untold> {
        let (subscription, caller) = (&self.subscription, &self.caller);
        match (engine.tell(subscription, caller, changes, recall).await, changes) {
            (Ok(told), _) => Ok(told.responses),
            (Err(untold), [change]) if untold.is_of_rows() => {
                Ok(vec![engine.tell_why(subscription, caller, change, recall, &untold).await?])
            }
            (Err(untold), _) => Err(untold),
        }
    }

    /// Brings to mind what the rows were before these changes, where it matters.
    fn recall(&self, changes: &[(&Announcement, ChangeOperation)]) -> Option<Statement> {
        let recalled = changes.iter().filter(|(_, operation)| self.subscription.recalls(*operation));
        let places: Vec<_> = recalled.map(|(change, _)| (change.transaction, change.number)).collect();
        (!places.is_empty()).then(|| history::recall(&places))
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

    /// Lets a subscriber that has been told what it had missed have what came meanwhile, without what it knows already.
    pub(super) fn release(&self, number: u64, known: Known) {
        let mut state = self.state();
        let Some(subscriber) = state.subscribers.get_mut(&number) else { return };
        subscriber.known = Some(known);
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
        Self { outbox, operation, resumes, held: None, known: None }
    }

    fn take(&mut self, deliveries: &Arc<[Delivery]>) {
        if let Some((waiting, held)) = &mut self.held {
            let bytes = deliveries.iter().map(Delivery::bytes).sum();
            if waiting.len() < LONGEST_HELD && held.grow(bytes).is_ok() {
                waiting.push(Arc::clone(deliveries));
            } else {
                // It would miss something, and so is better given up.
                self.outbox.overflow();
            }
            return;
        }
        if let Some(known) = self.known.take() {
            let new: Vec<Delivery> =
                deliveries.iter().filter(|it| !known.changes.contains(&it.change)).cloned().collect();
            if deliveries.iter().all(|delivery| delivery.horizon <= known.newest) {
                self.known = Some(known);
            }
            if !new.is_empty() {
                self.outbox.push(Event::Next(self.operation, new.into()));
            }
            return;
        }
        self.outbox.push(Event::Next(self.operation, Arc::clone(deliveries)));
    }
}

/// Several changes of a row within a transaction are one for everybody else: triggers often write what was just written.
fn merged(changes: &[Arc<Announcement>]) -> Vec<(&Announcement, ChangeOperation)> {
    use ChangeOperation::{Delete, Insert, Update};
    let mut merged: Vec<Option<(&Announcement, ChangeOperation)>> = Vec::with_capacity(changes.len());
    let mut places: HashMap<(u64, &[Vec<u8>]), usize> = HashMap::with_capacity(changes.len());
    for change in changes {
        let place = places.insert((change.transaction, &change.key), merged.len());
        let before = place.and_then(|place| merged[place].take());
        merged.push(match (before.map(|(_, operation)| operation), change.operation) {
            // It was never there for anybody else.
            (Some(Insert), Delete) => None,
            (Some(Insert), _) => Some((change, Insert)),
            // It was there before, and is again.
            (Some(Delete), Insert) => Some((change, Update)),
            (_, operation) => Some((change, operation)),
        });
    }
    merged.into_iter().flatten().collect()
}

fn told(change: &Announcement, operation: ChangeOperation) -> Change {
    let cursor = Cursor { horizon: change.horizon, transaction: change.transaction, change: change.number };
    Change {
        number: change.number,
        operation,
        key: change.key.clone(),
        changed_at: change.changed_at,
        cursor: cursor.write(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: i64, transaction: u64, key: u8, operation: ChangeOperation) -> Arc<Announcement> {
        Arc::new(Announcement {
            number,
            transaction,
            horizon: 1,
            changed_at: 0,
            operation,
            key: vec![vec![key]],
            topics: Vec::new(),
        })
    }

    #[test]
    fn changes_of_a_row_in_a_transaction_are_one() {
        use ChangeOperation::{Delete, Insert, Update};
        let changes = [
            change(1, 1, 1, Insert),
            change(2, 1, 2, Insert),
            change(3, 1, 1, Update),
            change(4, 1, 2, Delete),
            change(5, 2, 1, Update),
            change(6, 2, 1, Update),
            change(7, 3, 1, Update),
            change(8, 3, 1, Delete),
            change(9, 4, 1, Delete),
            change(10, 4, 1, Insert),
        ];
        let merged: Vec<_> = merged(&changes).iter().map(|(it, operation)| (it.number, *operation)).collect();
        assert_eq!(merged, [(3, Insert), (6, Update), (8, Delete), (10, Update)]);
    }
}
