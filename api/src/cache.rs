//! Provides a cache with a limit in bytes.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// The bytes of an entry in addition to its key and value: its places in the table and in the order of use.
const ENTRY: usize = 128;
/// The divisor that gives the largest cacheable entry: a few larger ones would evict all others.
const LARGEST_PART: usize = 4;

/// A cache of values by their keys. Beyond the limit it evicts the least recently used ones.
pub(crate) struct Cache<K, V> {
    most: usize,
    entries: Mutex<Entries<K, V>>,
}

struct Entries<K, V> {
    by_key: LruCache<K, (V, usize)>,
    bytes: usize,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// Returns an empty cache with this limit in bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, entries: Mutex::new(Entries { by_key: LruCache::unbounded(), bytes: 0 }) }
    }

    /// Returns the value of a key.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries().by_key.get(key).map(|(value, _)| value.clone())
    }

    /// Stores a value that takes this many bytes, including its key.
    pub(crate) fn put(&self, key: K, value: V, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY);
        if bytes > self.most / LARGEST_PART {
            return;
        }
        let mut entries = self.entries();
        entries.bytes += bytes;
        if let Some((_, (_, freed))) = entries.by_key.push(key, (value, bytes)) {
            entries.bytes -= freed;
        }
        while entries.bytes > self.most
            && let Some((_, (_, freed))) = entries.by_key.pop_lru()
        {
            entries.bytes -= freed;
        }
    }

    /// Removes a key.
    pub(crate) fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut entries = self.entries();
        if let Some((_, freed)) = entries.by_key.pop(key) {
            entries.bytes -= freed;
        }
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        entries.by_key.clear();
        entries.bytes = 0;
    }

    fn entries(&self) -> MutexGuard<'_, Entries<K, V>> {
        // A panic while the lock was held may lose values, which is harmless.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(cache: &Cache<u32, u32>) -> Vec<u32> {
        (0..10).filter(|key| cache.entries().by_key.peek(key).is_some()).collect()
    }

    #[test]
    fn the_least_recently_used_entry_is_evicted_first() {
        let cache = Cache::new(5 * ENTRY);
        for key in 0..5 {
            cache.put(key, key, 0);
        }
        assert_eq!(cache.get(&0), Some(0));
        cache.put(5, 5, 0);
        assert_eq!(keys(&cache), [0, 2, 3, 4, 5]);
        assert_eq!(cache.entries().bytes, 5 * ENTRY);
    }

    #[test]
    fn bytes_count_and_not_entries() {
        let cache = Cache::new(40 * ENTRY);
        for key in 0..10 {
            cache.put(key, key, 9 * ENTRY);
        }
        assert_eq!(keys(&cache), [6, 7, 8, 9]);
        // A replaced entry counts its bytes once.
        cache.put(9, 9, 0);
        assert_eq!((keys(&cache).len(), cache.entries().bytes), (4, 31 * ENTRY));
        cache.remove(&9);
        assert_eq!((keys(&cache).len(), cache.entries().bytes), (3, 30 * ENTRY));
        cache.put(0, 0, 10 * ENTRY);
        assert_eq!(cache.get(&0), None, "it would take more than its part");
        cache.clear();
        assert_eq!((keys(&cache).len(), cache.entries().bytes), (0, 0));
    }
}
