//! Limits the concurrent use of a scarce resource with turns: in total, and for each share.
//!
//! Shares take turns round-robin: one with two hundred waiting requests delays the first of another no more than one with a
//! single request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::auth::Share;

/// A queue that assigns turns. Clones share the same queue.
#[derive(Clone)]
pub struct Turns(Arc<Mutex<Queue<oneshot::Sender<()>>>>);

/// A turn, which ends when this is dropped.
pub struct Turn {
    turns: Turns,
    of: Share,
}

/// The error if no turn is available because too many requests of the same share are waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTurn;

impl Turns {
    /// Returns a queue with this many turns at a time, this many for one share, and this many waiting requests of each share.
    pub fn new(most: usize, each: usize, waiting: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue::new(most.max(1), each.max(1), waiting))))
    }

    /// Waits for the next turn of a share, after the others have had theirs. A cancelled call leaves no trace.
    pub async fn take(&self, of: Share) -> Result<Turn, NoTurn> {
        let (notify, turn) = oneshot::channel();
        let number = {
            let mut queue = self.queue();
            if queue.take(of) {
                return Ok(self.turn(of));
            }
            queue.wait(of, notify).ok_or(NoTurn)?
        };
        let mut place = Place { turns: self, of, number, is_over: false };
        // The sender is dropped only with its place.
        turn.await.map_err(|_| NoTurn)?;
        place.is_over = true;
        Ok(self.turn(of))
    }

    fn turn(&self, of: Share) -> Turn {
        Turn { turns: self.clone(), of }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<oneshot::Sender<()>>> {
        // A panic while the lock was held leaves a consistent queue.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        end(&mut self.turns.queue(), self.of);
    }
}

/// Ends a turn, and notifies the owner of the next.
fn end(queue: &mut Queue<oneshot::Sender<()>>, of: Share) {
    queue.end(of);
    while let Some(notify) = queue.next() {
        // A cancelled waiter ends the turn as soon as this lock is free.
        let _ = notify.send(());
    }
}

/// A place in the queue.
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
            // The turn was assigned, but the waiter was cancelled.
            end(&mut queue, self.of);
        }
    }
}

/// The state of the queue: free turns, and the turns and waiters of each share. A waiter is notified with its `W`.
struct Queue<W> {
    free: usize,
    each: usize,
    longest: usize,
    shares: HashMap<Share, ShareState<W>>,
    /// The waiting shares that may have one more turn, in their order. It is empty while a turn is free.
    round: VecDeque<Share>,
    last: u64,
}

/// The turns and waiters of a share.
struct ShareState<W> {
    turns: usize,
    waiting: VecDeque<(u64, W)>,
}

impl<W> Queue<W> {
    fn new(free: usize, each: usize, longest: usize) -> Self {
        Self { free, each, longest, shares: HashMap::new(), round: VecDeque::new(), last: 0 }
    }

    /// Takes a turn at once, if there is one.
    fn take(&mut self, of: Share) -> bool {
        let state = self.shares.entry(of).or_default();
        let is_free = self.free > 0 && state.turns < self.each;
        if is_free {
            state.turns += 1;
            self.free -= 1;
        }
        is_free
    }

    /// Takes a place in the queue, and returns its number; `None` if too many are waiting.
    fn wait(&mut self, of: Share, waiter: W) -> Option<u64> {
        let state = self.shares.entry(of).or_default();
        if state.waiting.len() >= self.longest {
            self.tidy(of);
            return None;
        }
        self.last += 1;
        state.waiting.push_back((self.last, waiter));
        if state.waiting.len() == 1 && state.turns < self.each {
            self.round.push_back(of);
        }
        Some(self.last)
    }

    /// Leaves the queue; returns `false` if the place has become a turn.
    fn leave(&mut self, of: Share, number: u64) -> bool {
        let Some(state) = self.shares.get_mut(&of) else { return false };
        let Ok(at) = state.waiting.binary_search_by_key(&number, |(number, _)| *number) else {
            return false;
        };
        state.waiting.remove(at);
        if state.waiting.is_empty() {
            self.round.retain(|waiting| *waiting != of);
        }
        self.tidy(of);
        true
    }

    /// Ends a turn.
    fn end(&mut self, of: Share) {
        let Some(state) = self.shares.get_mut(&of) else { return };
        if state.turns == self.each && !state.waiting.is_empty() {
            self.round.push_back(of);
        }
        state.turns -= 1;
        self.free += 1;
        self.tidy(of);
    }

    /// Assigns the next turn.
    fn next(&mut self) -> Option<W> {
        if self.free == 0 {
            return None;
        }
        let of = self.round.pop_front()?;
        let state = self.shares.get_mut(&of)?;
        let (_, waiter) = state.waiting.pop_front()?;
        state.turns += 1;
        self.free -= 1;
        if state.turns < self.each && !state.waiting.is_empty() {
            self.round.push_back(of);
        }
        Some(waiter)
    }

    /// Removes a share without turns and waiters.
    fn tidy(&mut self, of: Share) {
        if self.shares.get(&of).is_some_and(|state| state.turns == 0 && state.waiting.is_empty()) {
            self.shares.remove(&of);
        }
    }
}

impl<W> Default for ShareState<W> {
    fn default() -> Self {
        Self { turns: 0, waiting: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests;
