//! Limits the number of seats in total and for each share, and gives the seat of an idle owner to a newcomer.
//!
//! If a share, or the whole, is full, an idle owner loses the seat, the longest idle first. If nobody is idle, the share with the
//! most seats loses its newest one to a share with fewer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::auth::Share;

/// A limited number of seats. Clones share them.
#[derive(Clone)]
pub(super) struct Seats(Arc<Room>);

struct Room {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    taken: usize,
    last: u64,
    /// Seats with the oldest first.
    by_share: HashMap<Share, Vec<Arc<Owner>>>,
}

/// A seat, which is free again when this is dropped.
pub(super) struct Seat {
    seats: Seats,
    of: Share,
    owner: Arc<Owner>,
}

/// The owner of a seat.
pub(super) struct Owner {
    number: u64,
    /// Number of things that the owner is doing; 0 if it is idle.
    busy: AtomicUsize,
    /// Number of things that the owner has begun.
    begun: AtomicU64,
    became_idle: Notify,
    evicted: watch::Sender<bool>,
}

/// Keeps the owner of a seat busy until this is dropped.
pub(super) struct Busy(Arc<Owner>);

/// The error of a share that gets no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Seats {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Room { most, state: Mutex::default(), freed: Notify::new() }))
    }

    /// Takes a seat for a share. `each`: the largest number of seats of the share.
    pub(super) fn take(&self, of: Share, each: usize) -> Result<Seat, Full> {
        let mut state = self.state();
        state.last += 1;
        let owner = Arc::new(Owner {
            number: state.last,
            busy: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            became_idle: Notify::new(),
            evicted: watch::Sender::new(false),
        });
        state.admit(of, each, self.0.most, Arc::clone(&owner))?;
        drop(state);
        Ok(Seat { seats: self.clone(), of, owner })
    }

    /// Takes the seat of an idle owner; returns false if nobody is idle.
    pub(super) fn evict_idle_owner(&self) -> bool {
        let mut state = self.state();
        state.largest_share().is_some_and(|of| state.evict_idle(of))
    }

    /// Waits until every seat is free.
    pub(super) async fn all_free(&self) {
        loop {
            let freed = self.0.freed.notified();
            if self.state().taken == 0 {
                return;
            }
            freed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves seats that add up.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self, of: Share, each: usize, most: usize, owner: Arc<Owner>) -> Result<(), Full> {
        let own = self.by_share.get(&of).map_or(0, Vec::len);
        if each == 0 || (own >= each && !self.evict_idle(of)) {
            return Err(Full);
        }
        if self.taken >= most {
            self.make_room(of)?;
        }
        self.taken += 1;
        let owners = self.by_share.entry(of).or_default();
        let at = owners.partition_point(|known| known.number < owner.number);
        owners.insert(at, owner);
        Ok(())
    }

    /// Frees a seat for a share when all seats are taken.
    fn make_room(&mut self, of: Share) -> Result<(), Full> {
        let largest_share = self.largest_share().ok_or(Full)?;
        if self.evict_idle(largest_share) {
            return Ok(());
        }
        let count = |share: &Share| self.by_share.get(share).map_or(0, Vec::len);
        if count(&of) + 1 >= count(&largest_share) {
            return Err(Full);
        }
        let newest = self.by_share.get(&largest_share).and_then(|owners| owners.last()).ok_or(Full)?;
        let number = newest.number;
        self.remove(largest_share, number, true);
        Ok(())
    }

    /// Returns the share with the most seats.
    fn largest_share(&self) -> Option<Share> {
        self.by_share.iter().max_by_key(|(_, owners)| owners.len()).map(|(share, _)| *share)
    }

    /// Takes an idle seat of a share: one whose owner has never begun anything, else the oldest.
    fn evict_idle(&mut self, of: Share) -> bool {
        let Some(owners) = self.by_share.get(&of) else { return false };
        let idle = |owner: &&Arc<Owner>| owner.busy.load(Ordering::Acquire) == 0;
        let never = owners.iter().find(|it| it.begun.load(Ordering::Acquire) == 0 && idle(it));
        let Some(owner) = never.or_else(|| owners.iter().find(idle)) else { return false };
        let number = owner.number;
        self.remove(of, number, true);
        true
    }

    fn remove(&mut self, of: Share, number: u64, tell: bool) -> bool {
        let Some(owners) = self.by_share.get_mut(&of) else { return false };
        let Ok(at) = owners.binary_search_by_key(&number, |owner| owner.number) else { return false };
        let owner = owners.remove(at);
        if owners.is_empty() {
            self.by_share.remove(&of);
        }
        self.taken -= 1;
        if tell {
            owner.evicted.send_replace(true);
        }
        true
    }
}

impl Seat {
    /// Moves the seat to another share, or fails if that has `each` seats already.
    pub(super) fn move_to(&mut self, of: Share, each: usize) -> Result<(), Full> {
        let mut state = self.seats.state();
        if !state.remove(self.of, self.owner.number, false) {
            return Err(Full);
        }
        self.of = of;
        state.admit(of, each, self.seats.0.most, Arc::clone(&self.owner))
    }

    /// Returns the owner of the seat.
    pub(super) fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.state();
        state.remove(self.of, self.owner.number, false);
        if state.taken == 0 {
            self.seats.0.freed.notify_waiters();
        }
    }
}

impl Owner {
    /// Marks the owner as busy until the returned value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        self.begun.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }

    /// Returns true if the owner is busy.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) > 0
    }

    /// Waits until the owner is idle.
    pub(super) async fn idle(&self) {
        while self.is_busy() {
            let became_idle = self.became_idle.notified();
            if self.is_busy() {
                became_idle.await;
            }
        }
    }

    /// Waits until the seat is given to another owner.
    pub(super) async fn evicted(&self) {
        let mut evicted = self.evicted.subscribe();
        // The sender lives as long as `self`.
        let _ = evicted.wait_for(|evicted| *evicted).await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.became_idle.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures_util::FutureExt as _;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn from(number: u8) -> Share {
        Share::of_address(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)))
    }

    fn is_evicted(seat: &Seat) -> bool {
        seat.owner().evicted().now_or_never().is_some()
    }

    #[test]
    fn idle_owners_lose_their_seats_first_and_those_that_never_began_before_others() {
        let seats = Seats::new(3);
        let asked = seats.take(from(1), 3).unwrap();
        drop(asked.owner().begin());
        let silent = seats.take(from(1), 3).unwrap();
        let working = seats.take(from(1), 3).unwrap();
        let work = working.owner().begin();
        let fourth = seats.take(from(2), 3).unwrap();
        assert!(is_evicted(&silent) && !is_evicted(&asked) && !is_evicted(&working));
        let _fifth = seats.take(from(2), 3).unwrap();
        assert!(is_evicted(&asked) && !is_evicted(&working) && !is_evicted(&fourth));
        drop(work);
    }

    #[test]
    fn without_idle_owners_the_largest_share_loses_its_newest_seat() {
        let seats = Seats::new(4);
        let many: Vec<_> = (0..4).map(|_| seats.take(from(1), 4).unwrap()).collect();
        let work: Vec<_> = many.iter().map(|seat| seat.owner().begin()).collect();
        assert_eq!(seats.take(from(1), 4).err(), Some(Full));
        let other = seats.take(from(2), 4).unwrap();
        let _busy = other.owner().begin();
        assert_eq!(many.iter().map(is_evicted).collect::<Vec<_>>(), [false, false, false, true]);
        let second = seats.take(from(2), 4).unwrap();
        let _too = second.owner().begin();
        // Two and two: nobody has more than the others any more.
        assert_eq!(seats.take(from(2), 4).err(), Some(Full));
        drop((many, work, other, second));
        assert!(seats.all_free().now_or_never().is_some());
    }

    #[test]
    fn the_bound_of_a_share_also_holds_for_seats_moved_to_it() {
        let seats = Seats::new(10);
        assert_eq!(seats.take(from(1), 0).err(), Some(Full));
        let mut first = seats.take(from(1), 1).unwrap();
        let _work = first.owner().begin();
        assert_eq!(seats.take(from(1), 1).err(), Some(Full));
        let mut second = seats.take(from(2), 5).unwrap();
        let _more = second.owner().begin();
        assert_eq!(second.move_to(from(1), 1), Err(Full));
        assert_eq!(first.move_to(from(3), 1), Ok(()));
        assert!(seats.take(from(1), 1).is_ok());
    }

    proptest! {
        #[test]
        fn seats_add_up_and_no_share_loses_a_seat_to_a_larger_one(
            most in 1_usize..6, steps in vec((0_u8..4, any::<bool>(), any::<bool>()), 0..100)
        ) {
            let seats = Seats::new(most);
            let mut taken: Vec<(Share, Seat, Option<Busy>)> = Vec::new();
            for (number, works, leaves) in steps {
                taken.retain(|(_, seat, _)| !is_evicted(seat));
                if leaves && !taken.is_empty() {
                    taken.remove(usize::from(number) % taken.len());
                    continue;
                }
                let count = |share: Share| taken.iter().filter(|(of, _, _)| *of == share).count();
                let own = count(from(number));
                let largest = (0..4).map(|number| count(from(number))).max().unwrap_or_default();
                let has_idle = taken.iter().any(|(of, _, busy)| count(*of) == largest && busy.is_none());
                match seats.take(from(number), most) {
                    Ok(seat) => {
                        let busy = works.then(|| seat.owner().begin());
                        taken.push((from(number), seat, busy));
                    }
                    Err(Full) => prop_assert!(taken.len() == most && own + 1 >= largest && !(has_idle && own == largest && (0..4).filter(|number| count(from(*number)) == largest).count() == 1)),
                }
                taken.retain(|(_, seat, _)| !is_evicted(seat));
                prop_assert!(taken.len() <= most && seats.state().taken == taken.len());
            }
            drop(taken);
            prop_assert!(seats.state().by_share.is_empty() && seats.state().taken == 0);
        }
    }
}
