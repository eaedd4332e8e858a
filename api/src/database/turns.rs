//! Turns at what is scarce: how many there are at a time, how many of them one caller has, and who comes next.
//!
//! Callers take turns in a round: one whose two hundred requests wait delays the first of another by no more than one who
//! has a single one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::auth::Share;

/// Gives turns out. Clones are the same.
#[derive(Clone)]
pub struct Turns(Arc<Mutex<Queue<oneshot::Sender<()>>>>);

/// A turn; it ends when this is dropped.
pub struct Turn {
    turns: Turns,
    of: Share,
}

/// There is no turn: too many requests of the same share wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTurn;

impl Turns {
    /// So many turns at a time, and so many of them for one share at most; of each share so many requests may wait.
    pub fn new(most: usize, each: usize, waiting: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue::new(most.max(1), each.max(1), waiting))))
    }

    /// The next turn of a share, as soon as there is one and the others have had theirs. Whoever stops waiting leaves no
    /// trace.
    pub async fn take(&self, of: Share) -> Result<Turn, NoTurn> {
        let (told, turn) = oneshot::channel();
        let number = {
            let mut queue = self.queue();
            if queue.take(of) {
                return Ok(self.turn(of));
            }
            queue.wait(of, told).ok_or(NoTurn)?
        };
        let mut place = Place { turns: self, of, number, is_over: false };
        // The sender is dropped with its place only.
        turn.await.map_err(|_| NoTurn)?;
        place.is_over = true;
        Ok(self.turn(of))
    }

    fn turn(&self, of: Share) -> Turn {
        Turn { turns: self.clone(), of }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<oneshot::Sender<()>>> {
        // A panic while the lock was held leaves a queue that is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        end(&mut self.turns.queue(), self.of);
    }
}

/// Ends a turn, and tells whose is the next.
fn end(queue: &mut Queue<oneshot::Sender<()>>, of: Share) {
    queue.end(of);
    while let Some(told) = queue.next() {
        // Whoever has given up meanwhile ends the turn as soon as this lock is free.
        let _ = told.send(());
    }
}

/// A place among those who wait.
struct Place<'a> {
    turns: &'a Turns,
    of: Share,
    number: u64,
    is_over: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut queue = self.turns.queue();
        if !queue.leave(self.of, self.number) {
            // The turn came and nobody was there to take it.
            end(&mut queue, self.of);
        }
    }
}

/// Who has turns and who waits, each waiter with a `W`.
struct Queue<W> {
    free: usize,
    each: usize,
    longest: usize,
    parties: HashMap<Share, Party<W>>,
    /// The shares that wait and may have one more turn, in their order. It is empty while a turn is free.
    round: VecDeque<Share>,
    last: u64,
}

/// What a share has.
struct Party<W> {
    turns: usize,
    waiting: VecDeque<(u64, W)>,
}

impl<W> Queue<W> {
    fn new(free: usize, each: usize, longest: usize) -> Self {
        Self { free, each, longest, parties: HashMap::new(), round: VecDeque::new(), last: 0 }
    }

    /// Takes a turn at once, if there is one.
    fn take(&mut self, of: Share) -> bool {
        let party = self.parties.entry(of).or_default();
        let is_free = self.free > 0 && party.turns < self.each;
        if is_free {
            party.turns += 1;
            self.free -= 1;
        }
        is_free
    }

    /// Takes a place among those who wait, and gives its number; `None`: too many wait.
    fn wait(&mut self, of: Share, waiter: W) -> Option<u64> {
        let party = self.parties.entry(of).or_default();
        if party.waiting.len() >= self.longest {
            self.tidy(of);
            return None;
        }
        self.last += 1;
        party.waiting.push_back((self.last, waiter));
        if party.waiting.len() == 1 && party.turns < self.each {
            self.round.push_back(of);
        }
        Some(self.last)
    }

    /// Gives a place up; `false`: it has become a turn.
    fn leave(&mut self, of: Share, number: u64) -> bool {
        let Some(party) = self.parties.get_mut(&of) else { return false };
        let Ok(at) = party.waiting.binary_search_by_key(&number, |(number, _)| *number) else {
            return false;
        };
        party.waiting.remove(at);
        if party.waiting.is_empty() {
            self.round.retain(|waiting| *waiting != of);
        }
        self.tidy(of);
        true
    }

    /// Ends a turn.
    fn end(&mut self, of: Share) {
        let Some(party) = self.parties.get_mut(&of) else { return };
        if party.turns == self.each && !party.waiting.is_empty() {
            self.round.push_back(of);
        }
        party.turns -= 1;
        self.free += 1;
        self.tidy(of);
    }

    /// Gives the next turn to whom it belongs.
    fn next(&mut self) -> Option<W> {
        if self.free == 0 {
            return None;
        }
        let of = self.round.pop_front()?;
        let party = self.parties.get_mut(&of)?;
        let (_, waiter) = party.waiting.pop_front()?;
        party.turns += 1;
        self.free -= 1;
        if party.turns < self.each && !party.waiting.is_empty() {
            self.round.push_back(of);
        }
        Some(waiter)
    }

    /// Forgets a share that has nothing and wants nothing.
    fn tidy(&mut self, of: Share) {
        if self.parties.get(&of).is_some_and(|party| party.turns == 0 && party.waiting.is_empty()) {
            self.parties.remove(&of);
        }
    }
}

impl<W> Default for Party<W> {
    fn default() -> Self {
        Self { turns: 0, waiting: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests;
