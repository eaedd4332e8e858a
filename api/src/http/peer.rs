//! A peer is the client of a connection: it has an address, requests, and bytes that are not yet a message.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderName};

use super::seats::{Busy, Owner};
use crate::auth::{Caller, Share};
use crate::budget::{BudgetExceeded, Reservation};

/// Bytes of an incomplete message of a WebSocket that are not counted.
const UNCOUNTED: usize = 16 * 1024;

/// The client of a connection. Each request carries it.
#[derive(Clone)]
pub(super) struct Peer {
    address: IpAddr,
    owner: Arc<Owner>,
    progress: Arc<Progress>,
    unread: Arc<Mutex<Option<Unread>>>,
}

/// The state of a client's requests.
#[derive(Default)]
struct Progress {
    /// Number of requests whose headers are complete.
    requests: AtomicU64,
    /// Number of these requests that have no answer yet.
    unanswered: AtomicUsize,
    /// True until the body of the current request has been read to its end.
    has_unread_body: AtomicBool,
    /// True if the connection has become a WebSocket.
    is_upgraded: AtomicBool,
}

/// A request that has no answer until this is dropped.
pub(super) struct Unanswered(Arc<Progress>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The bytes that have arrived and are not a complete message yet.
struct Unread {
    bytes: usize,
    held: Reservation,
}

impl Peer {
    pub(super) fn new(address: SocketAddr, owner: Arc<Owner>) -> Self {
        Self { address: address.ip(), owner, progress: Arc::default(), unread: Arc::default() }
    }

    /// Returns the address that a request comes from: that in the header of a proxy, if one is configured, or that of the connection.
    pub(super) fn address(&self, headers: &HeaderMap, named_by: Option<&HeaderName>) -> IpAddr {
        let named = named_by.and_then(|name| headers.get_all(name).iter().next_back());
        // The last of a list is the one that was added by the server that stands right before the gateway.
        let last = named.and_then(|value| value.to_str().ok()).and_then(|text| text.rsplit(',').next());
        last.and_then(|text| text.trim().parse().ok()).unwrap_or(self.address)
    }

    /// Marks the client as busy until the returned value is dropped.
    pub(super) fn begin(&self) -> Busy {
        self.owner.begin()
    }

    /// Records that the headers of a request are complete; the request counts as unanswered until the returned value is dropped.
    pub(super) fn begin_request(&self) -> Unanswered {
        self.progress.unanswered.fetch_add(1, Ordering::AcqRel);
        self.progress.requests.fetch_add(1, Ordering::AcqRel);
        Unanswered(Arc::clone(&self.progress))
    }

    /// Returns the number of requests so far whose headers were complete.
    pub(super) fn requests(&self) -> u64 {
        self.progress.requests.load(Ordering::Acquire)
    }

    /// Returns true if the client waits for the gateway: a request has no answer, or the client is busy.
    pub(super) fn is_served(&self) -> bool {
        self.progress.unanswered.load(Ordering::Acquire) > 0 || self.owner.is_busy()
    }

    /// Records whether the body of the current request has yet to be read to its end.
    pub(super) fn set_unread_body(&self, is_unread: bool) {
        self.progress.has_unread_body.store(is_unread, Ordering::Release);
    }

    /// Returns true if the body of the current request has not been read to its end.
    pub(super) fn has_unread_body(&self) -> bool {
        self.progress.has_unread_body.load(Ordering::Acquire)
    }

    /// Records that the connection has become a WebSocket.
    pub(super) fn upgrade(&self) {
        self.progress.is_upgraded.store(true, Ordering::Release);
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.progress.is_upgraded.load(Ordering::Acquire)
    }

    /// Waits until the client is idle: all answers are written.
    pub(super) async fn idle(&self) {
        self.owner.idle().await;
    }

    /// Waits until the seat is given to another connection.
    pub(super) async fn evicted(&self) {
        self.owner.evicted().await;
    }

    /// Begins to count the bytes that have arrived and are not read yet.
    pub(super) fn count(&self, held: Reservation) {
        *self.unread() = Some(Unread { bytes: 0, held });
    }

    /// Counts bytes that have arrived; it fails if the caller's memory is used up.
    pub(super) fn received(&self, bytes: usize) -> Result<(), BudgetExceeded> {
        let mut unread = self.unread();
        let Some(unread) = &mut *unread else { return Ok(()) };
        unread.bytes += bytes;
        let wanted = if unread.bytes > UNCOUNTED { unread.bytes } else { 0 };
        unread.held.grow(wanted.saturating_sub(unread.held.bytes()))
    }

    /// Records that all bytes so far were read as messages.
    pub(super) fn read(&self) {
        if let Some(unread) = &mut *self.unread() {
            unread.bytes = 0;
            unread.held.shrink_to(0);
        }
    }

    fn unread(&self) -> MutexGuard<'_, Option<Unread>> {
        // A panic while the lock was held leaves a count that is only too high.
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the share that a request's memory and places count for: the caller's, or that of the address without a token.
pub(super) fn share(caller: &Caller, address: IpAddr) -> Share {
    if caller.is_anonymous() { Share::of_address(address) } else { caller.share() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::seats::Seats;

    #[test]
    fn a_header_names_the_address_only_where_it_is_set() {
        let connected: SocketAddr = "10.0.0.1:5000".parse().unwrap();
        let seat = Seats::new(1).take(Share::of_address(connected.ip()), 1).unwrap();
        let peer = Peer::new(connected, Arc::clone(seat.owner()));
        let name = HeaderName::from_static("x-forwarded-for");
        let mut headers = HeaderMap::new();
        let address = |headers: &HeaderMap, name| peer.address(headers, name).to_string();
        assert_eq!(address(&headers, Some(&name)), "10.0.0.1");
        // What the client wrote there comes before what the proxy adds.
        headers.append(&name, "192.0.2.1".parse().unwrap());
        headers.append(&name, "192.0.2.2, 198.51.100.7".parse().unwrap());
        assert_eq!(address(&headers, Some(&name)), "198.51.100.7");
        assert_eq!(address(&headers, None), "10.0.0.1");
        headers.append(&name, "unknown".parse().unwrap());
        assert_eq!(address(&headers, Some(&name)), "10.0.0.1");
    }
}
