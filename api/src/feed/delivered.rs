//! Records which changes were delivered, so that each is delivered once. It takes little memory, however long a transaction stays
//! open.
//!
//! Postgres sends a transaction's notifications together, in the order of the changes' numbers. So the last number is enough for the
//! current transaction, and a bit for each one before it: whether its changes were delivered. The bits begin at the *horizon*, before
//! which all changes were delivered; it stands still while a transaction is open, and the bits grow by one for each transaction that
//! Postgres has begun since.

/// Largest number of transactions beyond the horizon that are remembered: 8 MiB of bits.
const MOST: u64 = 64 * 1024 * 1024;
const BITS: u64 = u64::BITS as u64;

/// The changes that have been delivered.
pub(super) struct Delivered {
    /// All changes of transactions before this one were delivered; `None` before the first notification.
    horizon: Option<u64>,
    /// Bits of the transactions whose changes were all delivered, from the horizon's word on.
    words: std::collections::VecDeque<u64>,
    /// The transaction of the last delivered change, and the number of that change.
    last: Option<(u64, i64)>,
    /// A transaction up to which more changes were delivered than are remembered.
    forgotten: Option<u64>,
    most: u64,
}

impl Default for Delivered {
    fn default() -> Self {
        let words = std::collections::VecDeque::new();
        Self { horizon: None, words, last: None, forgotten: None, most: MOST }
    }
}

impl Delivered {
    /// Returns the transaction before which all changes were delivered.
    pub(super) fn horizon(&self) -> Option<u64> {
        self.horizon
    }

    /// Returns true if all delivered changes are remembered.
    pub(super) fn is_certain(&self) -> bool {
        self.forgotten.is_none()
    }

    /// Returns true if a change has not been delivered.
    pub(super) fn is_new(&self, transaction: u64, number: i64) -> bool {
        match self.last {
            Some((last, up_to)) if last == transaction => number > up_to,
            _ => !self.has(transaction),
        }
    }

    /// Records that a change is delivered, in the order of Postgres's notifications: by number within its transaction, and after all
    /// changes of the transaction before. Returns false if it was delivered before.
    pub(super) fn deliver(&mut self, transaction: u64, number: i64) -> bool {
        if !self.is_new(transaction, number) {
            return false;
        }
        match self.last.replace((transaction, number)) {
            Some((before, _)) if before != transaction => self.note_transaction(before),
            _ => {}
        }
        true
    }

    /// Records that all changes of a transaction were delivered.
    pub(super) fn note_transaction(&mut self, transaction: u64) {
        let horizon = *self.horizon.get_or_insert(transaction);
        if transaction < horizon || self.forgotten.is_some_and(|up_to| transaction <= up_to) {
            return;
        }
        if transaction - horizon >= self.most {
            // It forgets instead of growing; until the horizon has moved on, nothing is certain.
            self.words = std::collections::VecDeque::new();
            self.forgotten = Some(transaction);
            return;
        }
        let word = self.word_of(transaction);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (transaction % BITS);
    }

    /// Records that the changes of all transactions in a snapshot were delivered: those before `ends_before` except the `open` ones.
    pub(super) fn note_snapshot(&mut self, horizon: u64, ends_before: u64, open: &[u64]) {
        self.last = None;
        self.reach(horizon);
        for transaction in horizon..ends_before.min(horizon.saturating_add(self.most)) {
            if !open.contains(&transaction) {
                self.note_transaction(transaction);
            }
        }
        if ends_before.saturating_sub(horizon) > self.most {
            self.note_transaction(ends_before);
        }
    }

    /// Records that all changes of transactions before this one were delivered; returns true if the horizon has moved.
    pub(super) fn reach(&mut self, horizon: u64) -> bool {
        let before = self.horizon.unwrap_or(horizon);
        if self.horizon.is_some_and(|known| horizon <= known) {
            return false;
        }
        let gone = usize::try_from(horizon / BITS - before / BITS).unwrap_or(usize::MAX);
        self.words.drain(..gone.min(self.words.len()));
        self.horizon = Some(horizon);
        self.forgotten = self.forgotten.filter(|up_to| *up_to >= horizon);
        true
    }

    /// Returns the bytes of its heap memory.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    fn has(&self, transaction: u64) -> bool {
        let Some(horizon) = self.horizon else { return false };
        // A forgotten change is rather delivered twice than not at all.
        transaction < horizon
            || self.words.get(self.word_of(transaction)).is_some_and(|it| it >> (transaction % BITS) & 1 == 1)
    }

    fn word_of(&self, transaction: u64) -> usize {
        let first = self.horizon.unwrap_or_default() / BITS;
        usize::try_from((transaction / BITS).saturating_sub(first)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_horizon(horizon: u64) -> Delivered {
        let mut delivered = Delivered::default();
        assert!(delivered.reach(horizon));
        delivered
    }

    #[test]
    fn each_change_is_delivered_once() {
        let mut delivered = with_horizon(100);
        assert!(
            delivered.deliver(105, 1)
                && delivered.deliver(105, 2)
                && !delivered.deliver(105, 1)
                && !delivered.deliver(105, 2)
        );
        assert!(delivered.deliver(103, 3), "another one that was open");
        assert!(!delivered.deliver(105, 9), "it was delivered whole before the next one came");
        assert!(!delivered.deliver(103, 3) && delivered.deliver(103, 4));
        delivered.note_transaction(104);
        assert!(!delivered.deliver(104, 5) && !delivered.deliver(99, 6));
        assert_eq!(delivered.horizon(), Some(100));
    }

    #[test]
    fn bits_before_the_horizon_are_dropped() {
        let mut delivered = with_horizon(100);
        for transaction in 100..1_000 {
            assert!(delivered.deliver(transaction, 1));
        }
        assert!(delivered.reach(900) && !delivered.reach(900) && !delivered.reach(100));
        for transaction in 0..1_000 {
            assert!(!delivered.deliver(transaction, 1), "{transaction}");
        }
        assert!(delivered.deliver(1_000, 1));
        assert!(
            delivered.reach(10_000_000) && !delivered.deliver(1_001, 1) && delivered.deliver(10_000_001, 1)
        );
    }

    #[test]
    fn a_transaction_that_stays_open_costs_a_bit_for_each_one_after_it() {
        let mut delivered = with_horizon(7);
        let mut number = 0;
        for transaction in 8..1_000_008 {
            for _ in 0..3 {
                number += 1;
                assert!(delivered.deliver(transaction, number));
            }
        }
        assert!(delivered.bytes() <= 1_000_000 / 8 * 2, "{}", delivered.bytes());
        assert!(delivered.is_certain() && delivered.deliver(7, number + 1), "the one that was open");
        assert!(!delivered.deliver(500_000, 1));
    }

    #[test]
    fn changes_beyond_the_memory_are_delivered_and_make_the_set_uncertain() {
        let mut delivered = Delivered { most: 128, ..with_horizon(100) };
        for transaction in 101..500 {
            assert!(delivered.deliver(transaction, 1));
        }
        assert!(!delivered.is_certain() && delivered.deliver(100, 1));
        assert!(delivered.bytes() <= 64);
        delivered.reach(450);
        assert!(!delivered.is_certain(), "some of those from there on are forgotten");
        delivered.reach(600);
        assert!(delivered.is_certain() && !delivered.deliver(599, 1) && delivered.deliver(600, 1));
    }

    #[test]
    fn a_snapshot_notes_its_transactions() {
        let mut delivered = with_horizon(100);
        assert!(delivered.deliver(150, 1));
        delivered.note_snapshot(140, 160, &[140, 155]);
        for transaction in 90..170 {
            let is_new = [140, 155].contains(&transaction) || transaction >= 160;
            assert_eq!(delivered.deliver(transaction, 1), is_new, "{transaction}");
        }
        assert!(delivered.is_certain());
        let mut delivered = Delivered { most: 128, ..with_horizon(1) };
        delivered.note_snapshot(10, 1_000, &[10]);
        assert!(!delivered.is_certain());
    }
}
