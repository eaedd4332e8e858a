//! Which changes have been told: enough to tell each once, in little memory, however long a transaction stays open.
//!
//! Postgres announces a transaction's changes together and in the order of their numbers. So of the transaction that is being
//! told its last number is enough, and of those before it a bit: whether it was told. The bits begin at the *horizon*, before
//! which everything has been told; it stands still while a transaction is open, and the bits grow by one for each transaction
//! that Postgres has begun since.

/// Transactions beyond the horizon that are remembered at most: 8 MiB of bits.
const MOST: u64 = 64 * 1024 * 1024;
const BITS: u64 = u64::BITS as u64;

/// The changes that have been told.
pub(super) struct Told {
    /// Everything before this transaction; `None`: nothing was ever heard.
    horizon: Option<u64>,
    /// The transactions that were told whole, from the horizon's word on.
    words: std::collections::VecDeque<u64>,
    /// The transaction that was told last, and the number up to which it was.
    last: Option<(u64, i64)>,
    /// A transaction up to which more was told than is remembered.
    forgotten: Option<u64>,
    most: u64,
}

impl Default for Told {
    fn default() -> Self {
        let words = std::collections::VecDeque::new();
        Self { horizon: None, words, last: None, forgotten: None, most: MOST }
    }
}

impl Told {
    /// Everything before this transaction has been told.
    pub(super) fn horizon(&self) -> Option<u64> {
        self.horizon
    }

    /// Whether all that was told is remembered.
    pub(super) fn is_certain(&self) -> bool {
        self.forgotten.is_none()
    }

    /// Whether a change has not been told.
    pub(super) fn is_new(&self, transaction: u64, number: i64) -> bool {
        match self.last {
            Some((last, up_to)) if last == transaction => number > up_to,
            _ => !self.has(transaction),
        }
    }

    /// Notes that a change is told, as Postgres announces it: behind those of its transaction that come before it, and when all
    /// of the transaction before it have come. `false`: it was told before.
    pub(super) fn tell(&mut self, transaction: u64, number: i64) -> bool {
        if !self.is_new(transaction, number) {
            return false;
        }
        match self.last.replace((transaction, number)) {
            Some((before, _)) if before != transaction => self.told_whole(before),
            _ => {}
        }
        true
    }

    /// Notes that a transaction was told, all of it.
    pub(super) fn told_whole(&mut self, transaction: u64) {
        let horizon = *self.horizon.get_or_insert(transaction);
        if transaction < horizon || self.forgotten.is_some_and(|up_to| transaction <= up_to) {
            return;
        }
        if transaction - horizon >= self.most {
            // Rather than grow it forgets; until the horizon has moved on, nothing is certain.
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

    /// Notes that all transactions were told that a snapshot sees: those before `ends_before`, but for some that are open.
    pub(super) fn told_snapshot(&mut self, horizon: u64, ends_before: u64, open: &[u64]) {
        self.last = None;
        self.reach(horizon);
        for transaction in horizon..ends_before.min(horizon.saturating_add(self.most)) {
            if !open.contains(&transaction) {
                self.told_whole(transaction);
            }
        }
        if ends_before.saturating_sub(horizon) > self.most {
            self.told_whole(ends_before);
        }
    }

    /// Notes that everything before this transaction has been told; `true`: that is news.
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

    /// Bytes that it takes beside itself.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    fn has(&self, transaction: u64) -> bool {
        let Some(horizon) = self.horizon else { return false };
        // Of what is forgotten it is better told twice than not at all.
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

    fn heard(horizon: u64) -> Told {
        let mut told = Told::default();
        assert!(told.reach(horizon));
        told
    }

    #[test]
    fn each_change_is_told_once() {
        let mut told = heard(100);
        assert!(told.tell(105, 1) && told.tell(105, 2) && !told.tell(105, 1) && !told.tell(105, 2));
        assert!(told.tell(103, 3), "another one that was open");
        assert!(!told.tell(105, 9), "it was told whole before the next one came");
        assert!(!told.tell(103, 3) && told.tell(103, 4));
        told.told_whole(104);
        assert!(!told.tell(104, 5) && !told.tell(99, 6));
        assert_eq!(told.horizon(), Some(100));
    }

    #[test]
    fn what_lies_before_the_horizon_is_given_up() {
        let mut told = heard(100);
        for transaction in 100..1_000 {
            assert!(told.tell(transaction, 1));
        }
        assert!(told.reach(900) && !told.reach(900) && !told.reach(100));
        for transaction in 0..1_000 {
            assert!(!told.tell(transaction, 1), "{transaction}");
        }
        assert!(told.tell(1_000, 1));
        assert!(told.reach(10_000_000) && !told.tell(1_001, 1) && told.tell(10_000_001, 1));
    }

    #[test]
    fn a_transaction_that_stays_open_costs_a_bit_for_each_one_after_it() {
        let mut told = heard(7);
        let mut number = 0;
        for transaction in 8..1_000_008 {
            for _ in 0..3 {
                number += 1;
                assert!(told.tell(transaction, number));
            }
        }
        assert!(told.bytes() <= 1_000_000 / 8 * 2, "{}", told.bytes());
        assert!(told.is_certain() && told.tell(7, number + 1), "the one that was open");
        assert!(!told.tell(500_000, 1));
    }

    #[test]
    fn what_is_too_much_to_remember_is_told_all_the_same_and_makes_it_uncertain() {
        let mut told = Told { most: 128, ..heard(100) };
        for transaction in 101..500 {
            assert!(told.tell(transaction, 1));
        }
        assert!(!told.is_certain() && told.tell(100, 1));
        assert!(told.bytes() <= 64);
        told.reach(450);
        assert!(!told.is_certain(), "some of those from there on are forgotten");
        told.reach(600);
        assert!(told.is_certain() && !told.tell(599, 1) && told.tell(600, 1));
    }

    #[test]
    fn a_snapshot_says_what_was_told() {
        let mut told = heard(100);
        assert!(told.tell(150, 1));
        told.told_snapshot(140, 160, &[140, 155]);
        for transaction in 90..170 {
            let is_new = [140, 155].contains(&transaction) || transaction >= 160;
            assert_eq!(told.tell(transaction, 1), is_new, "{transaction}");
        }
        assert!(told.is_certain());
        let mut told = Told { most: 128, ..heard(1) };
        told.told_snapshot(10, 1_000, &[10]);
        assert!(!told.is_certain());
    }
}
