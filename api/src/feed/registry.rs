//! The registry holds the groups of subscribers, by their keys and by the topics that they watch.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::change::RowChange;
use super::group::{Group, GroupKey, Subscriber};
use super::{Bound, FeedSettings};
use crate::auth::Share;
use crate::budget::Budget;
use crate::graph::catalog::TableId;
use crate::graph::{Code, Error, Topic};

/// The groups of all subscriptions. It limits their number in total and for each caller.
pub(super) struct Registry {
    groups: Mutex<Groups>,
    next: AtomicU64,
    subscriptions: Bound,
    most_groups: Bound,
    /// Memory for changes and deliveries that wait.
    budget: Budget,
}

#[derive(Default)]
struct Groups {
    by_key: HashMap<GroupKey, Arc<Group>>,
    by_topic: HashMap<Topic, Vec<Arc<Group>>>,
    subscriptions: usize,
    /// The counts of each caller with subscriptions.
    by_caller: HashMap<Share, CallerCounts>,
}

/// The numbers of subscriptions and groups of one caller.
#[derive(Default)]
struct CallerCounts {
    subscriptions: usize,
    groups: usize,
}

/// A running subscription, which ends when this is dropped.
pub struct ActiveSubscription {
    registry: Arc<Registry>,
    group: Arc<Group>,
    number: u64,
}

impl Registry {
    pub(super) fn new(settings: &FeedSettings) -> Self {
        Self {
            groups: Mutex::default(),
            next: AtomicU64::new(0),
            subscriptions: settings.subscriptions,
            most_groups: settings.groups,
            budget: Budget::new(settings.waiting_bytes),
        }
    }

    /// Adds a subscriber to the group of its key, or to a new one; `true` means that the group is new, and has to be run. It fails if
    /// this caller, or all callers together, have as many subscriptions or groups as they may.
    pub(super) fn join(
        self: &Arc<Self>,
        key: GroupKey,
        subscriber: Subscriber,
        share: Share,
        make: impl FnOnce(GroupKey, Budget) -> Group,
    ) -> Result<(ActiveSubscription, bool), Error> {
        let mut groups = self.groups();
        let known = groups.by_key.get(&key).map(Arc::clone);
        let is_new = known.is_none();
        let own = groups.by_caller.get(&share).map_or((0, 0), |own| (own.subscriptions, own.groups));
        fits(self.subscriptions, own.0, groups.subscriptions, "subscriptions")?;
        if is_new {
            fits(self.most_groups, own.1, groups.by_key.len(), "different subscriptions")?;
        }
        groups.subscriptions += 1;
        let own = groups.by_caller.entry(share).or_default();
        own.subscriptions += 1;
        own.groups += usize::from(is_new);
        let group = known.unwrap_or_else(|| groups.insert(make(key, self.budget.clone())));
        // Others join only when this lock is given back.
        let number = self.next.load(Ordering::Acquire);
        group.add(number, subscriber);
        self.next.store(number + 1, Ordering::Release);
        Ok((ActiveSubscription { registry: Arc::clone(self), group, number }, is_new))
    }

    /// Returns how many subscriptions have joined so far, including those that have ended.
    pub(super) fn joined(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Queues changes for the groups that watch them, and then wakes these groups.
    pub(super) fn dispatch(&self, changes: impl IntoIterator<Item = RowChange>) {
        let groups = self.groups();
        let mut woken: HashMap<*const Group, &Arc<Group>> = HashMap::new();
        for change in changes {
            let change = Arc::new(change);
            for group in change.topics.iter().filter_map(|topic| groups.by_topic.get(topic)).flatten() {
                group.push(&change);
                woken.insert(Arc::as_ptr(group), group);
            }
        }
        for group in woken.into_values() {
            group.wake();
        }
    }

    /// Returns the tables that a group watches.
    pub(super) fn tables(&self) -> BTreeSet<TableId> {
        self.groups().by_topic.keys().map(Topic::table).collect()
    }

    /// Returns true if there is no group.
    pub(super) fn is_empty(&self) -> bool {
        self.groups().by_key.is_empty()
    }

    /// Ends all subscriptions with an error.
    pub(super) fn end_all(&self, error: &Error) {
        let ended: Vec<_> = {
            let mut groups = self.groups();
            groups.by_topic.clear();
            groups.by_caller.values_mut().for_each(|own| own.groups = 0);
            groups.by_key.drain().map(|(_, group)| group).collect()
        };
        for group in ended {
            group.end(error);
        }
    }

    /// Ends the subscriptions to a table's rows with an error.
    pub(super) fn end_of(&self, table: TableId, error: &Error) {
        let ended: Vec<_> = {
            let groups = self.groups();
            let of_table = groups.by_topic.iter().filter(|(topic, _)| topic.table() == table);
            of_table.flat_map(|(_, groups)| groups).cloned().collect()
        };
        for group in ended {
            self.end(&group, error);
        }
    }

    /// Ends the subscriptions of a group with an error.
    pub(super) fn end(&self, group: &Arc<Group>, error: &Error) {
        self.groups().remove(group);
        group.end(error);
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        // A panic while the lock was held leaves groups that are whole.
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Groups {
    fn insert(&mut self, group: Group) -> Arc<Group> {
        let group = Arc::new(group);
        self.by_key.insert(group.key, Arc::clone(&group));
        let topic = group.subscription.topic().clone();
        self.by_topic.entry(topic).or_default().push(Arc::clone(&group));
        group
    }

    fn remove(&mut self, group: &Arc<Group>) {
        // Another group may have taken its place.
        if self.by_key.get(&group.key).is_some_and(|known| Arc::ptr_eq(known, group)) {
            self.by_key.remove(&group.key);
            if let Some(own) = self.by_caller.get_mut(&group.caller.share()) {
                own.groups -= 1;
            }
        }
        let topic = group.subscription.topic();
        if let Some(watching) = self.by_topic.get_mut(topic) {
            watching.retain(|known| !Arc::ptr_eq(known, group));
            if watching.is_empty() {
                self.by_topic.remove(topic);
            }
        }
    }

    /// Records that a subscription of a caller has ended.
    fn leave(&mut self, share: Share) {
        self.subscriptions -= 1;
        if let Some(own) = self.by_caller.get_mut(&share) {
            own.subscriptions -= 1;
            if own.subscriptions == 0 {
                self.by_caller.remove(&share);
            }
        }
    }
}

/// Checks that one more subscription or group may be added.
fn fits(bound: Bound, own: usize, all: usize, what: &str) -> Result<(), Error> {
    let message = if own >= bound.each {
        format!("A caller has at most {} {what} at a time.", bound.each)
    } else if all >= bound.all {
        format!("The server has at most {} {what} at a time. Try again later.", bound.all)
    } else {
        return Ok(());
    };
    Err(Error::new(Code::LimitExceeded, message))
}

impl ActiveSubscription {
    pub(super) fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// Returns the number of the subscriber in its group.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for ActiveSubscription {
    fn drop(&mut self) {
        let mut groups = self.registry.groups();
        if self.group.remove(self.number) {
            groups.remove(&self.group);
        }
        groups.leave(self.group.caller.share());
    }
}
