//! The outbox is the queue of responses of a connection. It is bounded: a client that reads too slowly loses the connection, and
//! takes no more memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::budget::Reservation;
use crate::graph::{Body, Errors};

/// Bytes of an entry in addition to its text.
const OVERHEAD: usize = 64;
/// Bytes per connection that are not counted, and the step in which further bytes are reserved for the caller.
const UNCOUNTED: usize = 16 * 1024;
const COUNTED: usize = 64 * 1024;

/// Number of an operation on its connection.
pub type OperationId = u64;

/// An event to be sent over a connection.
#[derive(Clone, Debug)]
pub enum Event {
    /// Responses.
    Next(OperationId, Arc<[Delivery]>),
    /// The operation has ended with errors.
    Failed(OperationId, Errors),
    /// The operation has ended.
    Complete(OperationId),
}

/// A response of an operation.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Number of its change; 0 for none.
    pub change: i64,
    /// All changes of transactions before this one have been delivered.
    pub(super) horizon: u64,
    /// Cursor of its change; empty for none.
    pub cursor: Arc<str>,
    /// The response.
    pub response: Body,
}

impl Delivery {
    /// Returns the approximate bytes of memory of the response.
    pub(super) fn bytes(&self) -> usize {
        self.response.json.len() + OVERHEAD
    }
}

impl Event {
    /// Makes the event of an operation's only response.
    pub fn response(operation: OperationId, response: Body) -> Self {
        let delivery = Delivery { change: 0, horizon: 0, cursor: "".into(), response };
        Self::Next(operation, [delivery].into())
    }

    /// Returns the operation that it belongs to.
    pub fn operation(&self) -> OperationId {
        match self {
            Self::Next(operation, _) | Self::Failed(operation, _) | Self::Complete(operation) => *operation,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Next(_, deliveries) => deliveries.iter().map(Delivery::bytes).sum(),
            Self::Failed(_, errors) => errors.json.len() + OVERHEAD,
            Self::Complete(_) => OVERHEAD,
        }
    }
}

/// The sending end of the queue.
#[derive(Clone, Debug)]
pub struct Outbox {
    sender: mpsc::Sender<Event>,
    meter: Arc<Meter>,
}

/// The receiving end of the queue.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::Receiver<Event>,
    meter: Arc<Meter>,
    /// Bytes of the events that were taken last, and are being written.
    taken: usize,
}

#[derive(Debug)]
struct Meter {
    /// Bytes of waiting events.
    bytes: AtomicUsize,
    most: usize,
    overflowed: AtomicBool,
    overflow_notice: Notify,
    drained: Notify,
    /// Bytes of events that wait or are being written.
    kept: AtomicUsize,
    is_counted: AtomicBool,
    held: Mutex<Reservation>,
}

/// Creates both ends of the queue of a connection. `length`: the largest number of events; `bytes`: their largest size; `held`: the
/// memory that they count for.
pub fn outbox(length: usize, bytes: usize, held: Reservation) -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::channel(length.max(1));
    let meter = Arc::new(Meter {
        bytes: AtomicUsize::new(0),
        most: bytes,
        overflowed: AtomicBool::new(false),
        overflow_notice: Notify::new(),
        drained: Notify::new(),
        kept: AtomicUsize::new(0),
        is_counted: AtomicBool::new(false),
        held: Mutex::new(held),
    });
    (Outbox { sender, meter: Arc::clone(&meter) }, Inbox { receiver, meter, taken: 0 })
}

impl Outbox {
    /// Adds an event, or marks the connection as overflowed if there is no room.
    pub fn push(&self, event: Event) {
        let size = event.size();
        // A single event that is larger than the whole bound goes into an empty queue.
        let before = self.meter.bytes.fetch_add(size, Ordering::AcqRel);
        let is_full = before > 0 && before + size > self.meter.most;
        if is_full
            || !self.meter.keep(size)
            || matches!(self.sender.try_send(event), Err(mpsc::error::TrySendError::Full(_)))
        {
            self.meter.overflow();
        }
    }

    /// Counts the waiting bytes for another share from now on, when the caller of the connection is known.
    pub fn charge(&self, held: Reservation) {
        let mut old = self.meter.held.lock().unwrap_or_else(PoisonError::into_inner);
        *old = held;
    }

    /// Marks the connection as overflowed, so that it is closed.
    pub(super) fn overflow(&self) {
        self.meter.overflow();
    }

    /// Adds an event as soon as there is room, for responses that need not come faster than the client reads.
    pub async fn send(&self, event: Event) {
        let size = event.size();
        let Ok(place) = self.sender.reserve().await else { return };
        loop {
            let drained = self.meter.drained.notified();
            let waiting = self.meter.bytes.load(Ordering::Acquire);
            if waiting == 0 || waiting + size <= self.meter.most {
                break;
            }
            drained.await;
        }
        self.meter.bytes.fetch_add(size, Ordering::AcqRel);
        if !self.meter.keep(size) {
            self.meter.overflow();
        }
        place.send(event);
    }

    /// Waits until the connection has overflowed.
    pub async fn overflowed(&self) {
        self.meter.overflowed().await;
    }
}

impl Inbox {
    /// Waits for events, takes at most `most`, and returns their number; 0 means that no more will come. Events taken before count as
    /// written.
    pub async fn take(&mut self, events: &mut Vec<Event>, most: usize) -> usize {
        self.meter.forget(std::mem::take(&mut self.taken));
        let from = events.len();
        let count = self.receiver.recv_many(events, most).await;
        self.taken = events[from..].iter().map(Event::size).sum();
        self.meter.bytes.fetch_sub(self.taken, Ordering::AcqRel);
        self.meter.drained.notify_waiters();
        count
    }

    /// Returns true if the connection has overflowed.
    pub fn has_overflowed(&self) -> bool {
        self.meter.overflowed.load(Ordering::Acquire)
    }

    /// Waits until the connection has overflowed.
    pub fn overflowed(&self) -> impl Future<Output = ()> + Send + use<> {
        let meter = Arc::clone(&self.meter);
        async move { meter.overflowed().await }
    }
}

impl Meter {
    /// Counts more bytes; returns false if the caller's memory is used up.
    fn keep(&self, bytes: usize) -> bool {
        let kept = self.kept.fetch_add(bytes, Ordering::AcqRel) + bytes;
        if kept <= UNCOUNTED {
            return true;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_counted.store(true, Ordering::Release);
        let lacks = kept.saturating_sub(held.bytes());
        held.grow(lacks.next_multiple_of(COUNTED)).is_ok()
    }

    /// Counts fewer bytes.
    fn forget(&self, bytes: usize) {
        let kept = self.kept.fetch_sub(bytes, Ordering::AcqRel) - bytes;
        if kept <= UNCOUNTED && self.is_counted.swap(false, Ordering::AcqRel) {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).shrink_to(0);
        }
    }

    fn overflow(&self) {
        self.overflowed.store(true, Ordering::Release);
        self.overflow_notice.notify_waiters();
    }

    async fn overflowed(&self) {
        loop {
            let overflow_notice = self.overflow_notice.notified();
            if self.overflowed.load(Ordering::Acquire) {
                return;
            }
            overflow_notice.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::auth::Share;
    use crate::budget::Budget;

    fn outbox(length: usize, bytes: usize) -> (Outbox, Inbox) {
        super::outbox(length, bytes, Budget::new(usize::MAX).open(Share::gateway()))
    }

    fn event(bytes: usize) -> Event {
        Event::response(1, Body::of_data(vec![b'x'; bytes]))
    }

    #[tokio::test]
    async fn taken_events_make_room() {
        let (outbox, mut inbox) = outbox(10, 1_000);
        for _ in 0..5 {
            outbox.push(event(900));
            let mut events = Vec::new();
            assert_eq!(inbox.take(&mut events, 10).await, 1);
        }
        assert!(!inbox.has_overflowed());
    }

    #[tokio::test]
    async fn too_many_bytes_or_events_give_the_connection_up() {
        for (count, size) in [(2, 600), (11, 0)] {
            let (outbox, inbox) = outbox(10, 1_000);
            for _ in 1..count {
                outbox.push(event(size));
            }
            assert!(!inbox.has_overflowed());
            outbox.push(event(size));
            assert!(inbox.overflowed().now_or_never().is_some());
        }
    }

    #[tokio::test]
    async fn waiting_and_written_events_count_as_memory() {
        let budget = Budget::new(4 * 1024 * 1024);
        let (outbox, mut inbox) = super::outbox(1_000, usize::MAX, budget.open(Share::gateway()));
        outbox.push(event(UNCOUNTED / 2));
        assert_eq!(budget.held(), 0);
        outbox.push(event(100_000));
        assert!(budget.held() >= 100_000 + UNCOUNTED / 2);
        let mut events = Vec::new();
        inbox.take(&mut events, 10).await;
        // They are written now.
        assert!(budget.held() >= 100_000);
        assert!(inbox.take(&mut events, 10).now_or_never().is_none());
        assert_eq!(budget.held(), 0);
        // No connection takes more than its caller may have, however much may wait for one.
        (0..11).for_each(|_| outbox.push(event(100_000)));
        assert!(inbox.has_overflowed() && budget.held() <= 1024 * 1024);
        drop((outbox, inbox));
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn a_requested_event_waits_for_room() {
        let (outbox, mut inbox) = outbox(10, 1_000);
        outbox.send(event(900)).await;
        let mut second = Box::pin(outbox.send(event(900)));
        assert!(second.as_mut().now_or_never().is_none());
        inbox.take(&mut Vec::new(), 10).await;
        assert!(second.now_or_never().is_some());
        assert!(!inbox.has_overflowed());
    }

    #[tokio::test]
    async fn a_single_large_event_goes_through() {
        let (outbox, inbox) = outbox(10, 1_000);
        outbox.push(event(5_000));
        assert!(!inbox.has_overflowed());
    }
}
