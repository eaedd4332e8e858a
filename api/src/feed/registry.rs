//! Who watches what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::announcement::Announcement;
use super::group::{Group, GroupKey, Subscriber};
use crate::graph::{Error, Topic};

/// All groups, by who they are and by what they watch.
#[derive(Default)]
pub(super) struct Registry {
    groups: Mutex<Groups>,
    next: AtomicU64,
}

#[derive(Default)]
struct Groups {
    by_key: HashMap<GroupKey, Arc<Group>>,
    by_topic: HashMap<Topic, Vec<Arc<Group>>>,
}

/// A subscription that lasts as long as this is kept.
pub struct Watch {
    registry: Arc<Registry>,
    group: Arc<Group>,
    number: u64,
}

impl Registry {
    /// Adds a subscriber to the group of its key; where there is none, to a new one. `true`: it is new, and wants to be
    /// run.
    pub(super) fn join(
        self: &Arc<Self>,
        key: GroupKey,
        subscriber: Subscriber,
        make: impl FnOnce(GroupKey) -> Group,
    ) -> (Watch, bool) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut groups = self.groups();
        let known = groups.by_key.get(&key).map(Arc::clone);
        let is_new = known.is_none();
        let group = known.unwrap_or_else(|| groups.insert(make(key)));
        group.add(number, subscriber);
        (Watch { registry: Arc::clone(self), group, number }, is_new)
    }

    /// Gives changes to whoever watches them, all of them before anybody looks at the first.
    pub(super) fn dispatch(&self, changes: impl IntoIterator<Item = Announcement>) {
        let groups = self.groups();
        let mut told: HashMap<*const Group, &Arc<Group>> = HashMap::new();
        for change in changes {
            let change = Arc::new(change);
            for group in change.topics.iter().filter_map(|topic| groups.by_topic.get(topic)).flatten() {
                group.push(&change);
                told.insert(Arc::as_ptr(group), group);
            }
        }
        for group in told.into_values() {
            group.wake();
        }
    }

    /// Whether nobody watches anything.
    pub(super) fn is_empty(&self) -> bool {
        self.groups().by_key.is_empty()
    }

    /// Ends all subscriptions with an error.
    pub(super) fn end_all(&self, error: &Error) {
        let groups = std::mem::take(&mut *self.groups());
        for group in groups.by_key.into_values() {
            group.end(error);
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
        }
        let topic = group.subscription.topic();
        if let Some(watching) = self.by_topic.get_mut(topic) {
            watching.retain(|known| !Arc::ptr_eq(known, group));
            if watching.is_empty() {
                self.by_topic.remove(topic);
            }
        }
    }
}

impl Watch {
    pub(super) fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// Number of the subscriber in its group.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut groups = self.registry.groups();
        if self.group.remove(self.number) {
            groups.remove(&self.group);
        }
    }
}
