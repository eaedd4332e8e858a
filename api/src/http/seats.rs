//! Seats: a limited number in total and for each share, of which an idle one is given to a newcomer.
//!
//! If a share, or the whole, is full, an idle owner loses the seat, the longest idle first. If nobody is idle, the share with the most
//! seats loses its newest one to a share with fewer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::auth::Share;

/// All seats of a kind. Clones share them.
#[derive(Clone)]
pub(super) struct Seats(Arc<Room>);

struct Room {
    most: usize,
    state: Mutex<State>,
    emptied: Notify,
}

#[derive(Default)]
struct State {
    taken: usize,
    last: u64,
    /// Seats with the oldest first.
    by_share: HashMap<Share, Vec<Arc<Sitter>>>,
}

/// A seat, which is free again when this is dropped.
pub(super) struct Seat {
    seats: Seats,
    of: Share,
    sitter: Arc<Sitter>,
}

/// The owner of a seat.
pub(super) struct Sitter {
    number: u64,
    /// Number of things that the owner is doing; 0 if it is idle.
    busy: AtomicUsize,
    /// Number of things that the owner has begun.
    begun: AtomicU64,
    rested: Notify,
    gone: watch::Sender<bool>,
}

/// Keeps the owner of a seat busy until this is dropped.
pub(super) struct Busy(Arc<Sitter>);

/// The error that there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Seats {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Room { most, state: Mutex::default(), emptied: Notify::new() }))
    }

    /// Takes a seat for a share. `each`: the largest number of seats of the share.
    pub(super) fn take(&self, of: Share, each: usize) -> Result<Seat, Full> {
        let mut state = self.state();
        state.last += 1;
        let sitter = Arc::new(Sitter {
            number: state.last,
            busy: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            rested: Notify::new(),
            gone: watch::Sender::new(false),
        });
        state.admit(of, each, self.0.most, Arc::clone(&sitter))?;
        drop(state);
        Ok(Seat { seats: self.clone(), of, sitter })
    }

    /// Takes the seat of an idle owner; returns false if nobody is idle.
    pub(super) fn thin_out(&self) -> bool {
        let mut state = self.state();
        state.greediest().is_some_and(|of| state.rouse(of))
    }

    /// Waits until every seat is free.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.0.emptied.notified();
            if self.state().taken == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves seats that add up.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self, of: Share, each: usize, most: usize, sitter: Arc<Sitter>) -> Result<(), Full> {
        let own = self.by_share.get(&of).map_or(0, Vec::len);
        if each == 0 || (own >= each && !self.rouse(of)) {
            return Err(Full);
        }
        if self.taken >= most {
            self.make_room(of)?;
        }
        self.taken += 1;
        let sitters = self.by_share.entry(of).or_default();
        let at = sitters.partition_point(|known| known.number < sitter.number);
        sitters.insert(at, sitter);
        Ok(())
    }

    /// Makes room for one of a share where everything is taken.
    fn make_room(&mut self, of: Share) -> Result<(), Full> {
        let greediest = self.greediest().ok_or(Full)?;
        if self.rouse(greediest) {
            return Ok(());
        }
        let count = |share: &Share| self.by_share.get(share).map_or(0, Vec::len);
        if count(&of) + 1 >= count(&greediest) {
            return Err(Full);
        }
        let newest = self.by_share.get(&greediest).and_then(|sitters| sitters.last()).ok_or(Full)?;
        let number = newest.number;
        self.remove(greediest, number, true);
        Ok(())
    }

    /// Returns the share with the most seats.
    fn greediest(&self) -> Option<Share> {
        self.by_share.iter().max_by_key(|(_, sitters)| sitters.len()).map(|(share, _)| *share)
    }

    /// Takes an idle seat of a share: one whose owner has never begun anything, else the oldest.
    fn rouse(&mut self, of: Share) -> bool {
        let Some(sitters) = self.by_share.get(&of) else { return false };
        let idle = |sitter: &&Arc<Sitter>| sitter.busy.load(Ordering::Acquire) == 0;
        let never = sitters.iter().find(|it| it.begun.load(Ordering::Acquire) == 0 && idle(it));
        let Some(sitter) = never.or_else(|| sitters.iter().find(idle)) else { return false };
        let number = sitter.number;
        self.remove(of, number, true);
        true
    }

    fn remove(&mut self, of: Share, number: u64, tell: bool) -> bool {
        let Some(sitters) = self.by_share.get_mut(&of) else { return false };
        let Ok(at) = sitters.binary_search_by_key(&number, |sitter| sitter.number) else { return false };
        let sitter = sitters.remove(at);
        if sitters.is_empty() {
            self.by_share.remove(&of);
        }
        self.taken -= 1;
        if tell {
            sitter.gone.send_replace(true);
        }
        true
    }
}

impl Seat {
    /// Moves the seat to another share, or fails if that has `each` seats already.
    pub(super) fn move_to(&mut self, of: Share, each: usize) -> Result<(), Full> {
        let mut state = self.seats.state();
        if !state.remove(self.of, self.sitter.number, false) {
            return Err(Full);
        }
        self.of = of;
        state.admit(of, each, self.seats.0.most, Arc::clone(&self.sitter))
    }

    /// Returns the owner of the seat.
    pub(super) fn sitter(&self) -> &Arc<Sitter> {
        &self.sitter
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.state();
        state.remove(self.of, self.sitter.number, false);
        if state.taken == 0 {
            self.seats.0.emptied.notify_waiters();
        }
    }
}

impl Sitter {
    /// Marks the owner as busy until the returned value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        self.begun.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }

    /// Returns whether the owner is busy.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) > 0
    }

    /// Waits until nothing is under way.
    pub(super) async fn rested(&self) {
        while self.is_busy() {
            let rested = self.rested.notified();
            if self.is_busy() {
                rested.await;
            }
        }
    }

    /// Waits until the seat is given to somebody else.
    pub(super) async fn gone(&self) {
        let mut gone = self.gone.subscribe();
        // The sender is this one's own.
        let _ = gone.wait_for(|gone| *gone).await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.rested.notify_waiters();
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

    fn has_gone(seat: &Seat) -> bool {
        seat.sitter().gone().now_or_never().is_some()
    }

    #[test]
    fn whoever_is_idle_goes_first_and_whoever_never_began_before_them() {
        let seats = Seats::new(3);
        let asked = seats.take(from(1), 3).unwrap();
        drop(asked.sitter().begin());
        let silent = seats.take(from(1), 3).unwrap();
        let working = seats.take(from(1), 3).unwrap();
        let work = working.sitter().begin();
        let fourth = seats.take(from(2), 3).unwrap();
        assert!(has_gone(&silent) && !has_gone(&asked) && !has_gone(&working));
        let _fifth = seats.take(from(2), 3).unwrap();
        assert!(has_gone(&asked) && !has_gone(&working) && !has_gone(&fourth));
        drop(work);
    }

    #[test]
    fn where_nobody_is_idle_the_greediest_gives_its_newest() {
        let seats = Seats::new(4);
        let many: Vec<_> = (0..4).map(|_| seats.take(from(1), 4).unwrap()).collect();
        let work: Vec<_> = many.iter().map(|seat| seat.sitter().begin()).collect();
        assert_eq!(seats.take(from(1), 4).err(), Some(Full));
        let other = seats.take(from(2), 4).unwrap();
        let _busy = other.sitter().begin();
        assert_eq!(many.iter().map(has_gone).collect::<Vec<_>>(), [false, false, false, true]);
        let second = seats.take(from(2), 4).unwrap();
        let _too = second.sitter().begin();
        // Two and two: nobody has more than the others any more.
        assert_eq!(seats.take(from(2), 4).err(), Some(Full));
        drop((many, work, other, second));
        assert!(seats.emptied().now_or_never().is_some());
    }

    #[test]
    fn a_share_has_its_bound_also_for_who_comes_from_another() {
        let seats = Seats::new(10);
        assert_eq!(seats.take(from(1), 0).err(), Some(Full));
        let mut first = seats.take(from(1), 1).unwrap();
        let _work = first.sitter().begin();
        assert_eq!(seats.take(from(1), 1).err(), Some(Full));
        let mut second = seats.take(from(2), 5).unwrap();
        let _more = second.sitter().begin();
        assert_eq!(second.move_to(from(1), 1), Err(Full));
        assert_eq!(first.move_to(from(3), 1), Ok(()));
        assert!(seats.take(from(1), 1).is_ok());
    }

    proptest! {
        #[test]
        fn seats_add_up_and_no_share_loses_to_a_greedier_one(
            most in 1_usize..6, steps in vec((0_u8..4, any::<bool>(), any::<bool>()), 0..100)
        ) {
            let seats = Seats::new(most);
            let mut taken: Vec<(Share, Seat, Option<Busy>)> = Vec::new();
            for (number, works, leaves) in steps {
                taken.retain(|(_, seat, _)| !has_gone(seat));
                if leaves && !taken.is_empty() {
                    taken.remove(usize::from(number) % taken.len());
                    continue;
                }
                let count = |share: Share| taken.iter().filter(|(of, _, _)| *of == share).count();
                let own = count(from(number));
                let greediest = (0..4).map(|number| count(from(number))).max().unwrap_or_default();
                let has_idle = taken.iter().any(|(of, _, busy)| count(*of) == greediest && busy.is_none());
                match seats.take(from(number), most) {
                    Ok(seat) => {
                        let busy = works.then(|| seat.sitter().begin());
                        taken.push((from(number), seat, busy));
                    }
                    Err(Full) => prop_assert!(taken.len() == most && own + 1 >= greediest && !(has_idle && own == greediest && (0..4).filter(|number| count(from(*number)) == greediest).count() == 1)),
                }
                taken.retain(|(_, seat, _)| !has_gone(seat));
                prop_assert!(taken.len() <= most && seats.state().taken == taken.len());
            }
            drop(taken);
            prop_assert!(seats.state().by_share.is_empty() && seats.state().taken == 0);
        }
    }
}
