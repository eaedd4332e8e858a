//! A cache that counts bytes.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// What an entry takes beside its key and value: its places in the table and in the order of use.
const ENTRY: usize = 128;
/// An entry that would take a larger part is not kept: few such would push out all others.
const LARGEST_PART: usize = 4;

/// Values by their keys, as many as fit; those that were not asked for longest go first.
pub(crate) struct Cache<K, V> {
    most: usize,
    kept: Mutex<Kept<K, V>>,
}

struct Kept<K, V> {
    entries: LruCache<K, (V, usize)>,
    bytes: usize,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// An empty cache of so many bytes at most.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::new(Kept { entries: LruCache::unbounded(), bytes: 0 }) }
    }

    /// The value of a key.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.kept().entries.get(key).map(|(value, _)| value.clone())
    }

    /// Keeps a value that takes so many bytes, its key among them.
    pub(crate) fn put(&self, key: K, value: V, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY);
        if bytes > self.most / LARGEST_PART {
            return;
        }
        let mut kept = self.kept();
        kept.bytes += bytes;
        if let Some((_, (_, freed))) = kept.entries.push(key, (value, bytes)) {
            kept.bytes -= freed;
        }
        while kept.bytes > self.most
            && let Some((_, (_, freed))) = kept.entries.pop_lru()
        {
            kept.bytes -= freed;
        }
    }

    /// Forgets a key.
    pub(crate) fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut kept = self.kept();
        if let Some((_, freed)) = kept.entries.pop(key) {
            kept.bytes -= freed;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut kept = self.kept();
        kept.entries.clear();
        kept.bytes = 0;
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        // A panic while the lock was held leaves values, which are right to have or to lack.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(cache: &Cache<u32, u32>) -> Vec<u32> {
        (0..10).filter(|key| cache.kept().entries.peek(key).is_some()).collect()
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let cache = Cache::new(5 * ENTRY);
        for key in 0..5 {
            cache.put(key, key, 0);
        }
        assert_eq!(cache.get(&0), Some(0));
        cache.put(5, 5, 0);
        assert_eq!(kept(&cache), [0, 2, 3, 4, 5]);
        assert_eq!(cache.kept().bytes, 5 * ENTRY);
    }

    #[test]
    fn bytes_count_and_not_entries() {
        let cache = Cache::new(40 * ENTRY);
        for key in 0..10 {
            cache.put(key, key, 9 * ENTRY);
        }
        assert_eq!(kept(&cache), [6, 7, 8, 9]);
        // In place of itself it takes its bytes once.
        cache.put(9, 9, 0);
        assert_eq!((kept(&cache).len(), cache.kept().bytes), (4, 31 * ENTRY));
        cache.remove(&9);
        assert_eq!((kept(&cache).len(), cache.kept().bytes), (3, 30 * ENTRY));
        cache.put(0, 0, 10 * ENTRY);
        assert_eq!(cache.get(&0), None, "it would take more than its part");
        cache.clear();
        assert_eq!((kept(&cache).len(), cache.kept().bytes), (0, 0));
    }
}
