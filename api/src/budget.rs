//! Limits the memory that requests make the gateway hold, in bytes: in total, and for each share.
//!
//! Memory whose size clients determine (bodies, rows, answers, queues) is reserved before it is used, or as it grows, and
//! released when it is dropped. No request waits for memory: a waiting one would hold some.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use crate::auth::Share;

/// The bytes that a share may hold even if others hold everything, up to a quarter more than everything: ordinary requests are
/// answered under any load.
const FLOOR: usize = 512 * 1024;
/// The divisor of the whole that gives a share.
const SHARES: usize = 4;

/// A limited number of bytes. Clones share the same budget.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Ledger>);

#[derive(Debug)]
struct Ledger {
    total: usize,
    each: usize,
    held: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    total: usize,
    by_share: HashMap<Share, usize>,
}

/// The reasons why bytes cannot be reserved.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BudgetExceeded {
    /// A share may never hold this much.
    #[error("This takes more memory than one caller may use. Ask for less, or in several requests.")]
    TooMuch,
    /// The share, or the gateway, holds too much at present.
    #[error("Too much is in progress. Read your pending answers, and try again in a moment.")]
    AtTheMoment,
}

/// A reservation of bytes for a share, which ends when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    of: Share,
    bytes: usize,
}

impl Budget {
    /// Returns a budget of this many bytes in total, of which each share may hold a quarter.
    pub fn new(total: usize) -> Self {
        let each = (total / SHARES).max(FLOOR);
        Self(Arc::new(Ledger { total, each, held: Mutex::default() }))
    }

    /// Reserves bytes for a share.
    pub fn reserve(&self, of: Share, bytes: usize) -> Result<Reservation, BudgetExceeded> {
        let mut held = self.open(of);
        held.grow(bytes).map(|()| held)
    }

    /// Returns an empty reservation.
    pub fn open(&self, of: Share) -> Reservation {
        Reservation { budget: self.clone(), of, bytes: 0 }
    }

    /// Returns the number of reserved bytes.
    pub fn held(&self) -> usize {
        self.accounts().total
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        // A panic while the lock was held leaves consistent accounts.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Refuses bytes that the share could never hold in addition to these.
    pub fn admit(&self, bytes: usize) -> Result<(), BudgetExceeded> {
        if self.bytes.saturating_add(bytes) > self.budget.0.each {
            Err(BudgetExceeded::TooMuch)
        } else {
            Ok(())
        }
    }

    /// Reserves more bytes, or fails without a change.
    pub fn grow(&mut self, bytes: usize) -> Result<(), BudgetExceeded> {
        if bytes == 0 {
            return Ok(());
        }
        self.admit(bytes)?;
        let Ledger { total, each, .. } = *self.budget.0;
        let mut accounts = self.budget.accounts();
        let own = accounts.by_share.get(&self.of).copied().unwrap_or_default() + bytes;
        let most = if own > FLOOR { total } else { total.saturating_add(total / SHARES) };
        if own > each || accounts.total + bytes > most {
            return Err(BudgetExceeded::AtTheMoment);
        }
        accounts.total += bytes;
        accounts.by_share.insert(self.of, own);
        self.bytes += bytes;
        Ok(())
    }

    /// Releases the bytes beyond this many.
    pub fn shrink_to(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        if back == 0 {
            return;
        }
        self.bytes -= back;
        let mut accounts = self.budget.accounts();
        accounts.total -= back;
        if let Some(own) = accounts.by_share.get_mut(&self.of) {
            *own -= back;
            if *own == 0 {
                accounts.by_share.remove(&self.of);
            }
        }
    }

    /// Returns the number of reserved bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MB: usize = 1024 * 1024;

    fn person(number: u8) -> Share {
        Share::of_address(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)))
    }

    #[test]
    fn a_share_is_a_quarter_and_a_dropped_reservation_is_released() {
        let budget = Budget::new(8 * MB);
        assert_eq!(budget.reserve(person(1), 2 * MB + 1).err(), Some(BudgetExceeded::TooMuch));
        assert_eq!(budget.open(person(1)).admit(2 * MB + 1), Err(BudgetExceeded::TooMuch));
        assert_eq!(budget.open(person(1)).admit(2 * MB), Ok(()));
        let one = budget.reserve(person(1), MB).unwrap();
        assert_eq!(budget.reserve(person(1), MB + 1).err(), Some(BudgetExceeded::AtTheMoment));
        assert!(budget.reserve(person(2), 2 * MB).is_ok());
        drop(one);
        assert!(budget.reserve(person(1), 2 * MB).is_ok());
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn ordinary_requests_find_room_when_all_memory_is_reserved() {
        let budget = Budget::new(8 * MB);
        let all: Vec<_> = (0..4).map(|number| budget.reserve(person(number), 2 * MB).unwrap()).collect();
        assert_eq!(budget.reserve(person(9), FLOOR + 1).err(), Some(BudgetExceeded::AtTheMoment));
        assert!(budget.reserve(person(9), FLOOR).is_ok());
        drop(all);
        assert_eq!(budget.held(), 0);
    }

    proptest! {
        #[test]
        fn accounts_add_up(steps in vec((0_u8..6, 0_usize..3 * MB, any::<bool>()), 0..100)) {
            let budget = Budget::new(8 * MB);
            let mut held: Vec<Reservation> = Vec::new();
            for (number, bytes, grows) in steps {
                match held.iter_mut().find(|it| it.of == person(number)) {
                    Some(held) if grows => drop(held.grow(bytes)),
                    Some(held) => held.shrink_to(bytes),
                    None => held.extend(budget.reserve(person(number), bytes).ok()),
                }
                prop_assert_eq!(budget.held(), held.iter().map(Reservation::bytes).sum::<usize>());
                prop_assert!(held.iter().all(|it| it.bytes() <= 2 * MB));
                prop_assert!(budget.held() <= 10 * MB);
            }
            held.clear();
            prop_assert!(budget.held() == 0 && budget.accounts().by_share.is_empty());
        }
    }
}
