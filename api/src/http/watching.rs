//! The connections over which subscriptions are told: how many there are, whose, and when they have to end.

use std::net::IpAddr;

use tokio::sync::watch;

use super::seats::{Busy, Full, Seat, Seats};
use crate::auth::{Caller, Share};
use crate::feed::ChangeFeed;

/// `WebSockets` from one address that have not yet said who they are. The oldest goes when another comes: a client says it at
/// once.
const UNKNOWN: usize = 64;
/// A caller has this part of the places at most.
const SHARES: usize = 4;

/// Counts the connections that watch.
pub struct Watching {
    seats: Seats,
    each: usize,
    /// Those without a token have places among themselves, shared by address.
    anonymous: Seats,
    most_anonymous: usize,
    stopping: watch::Receiver<bool>,
}

/// A place among them; it is free again when this is dropped.
pub(super) struct Place {
    seat: Seat,
    /// Of a caller without a token.
    anonymous: Option<(Seat, Busy)>,
    /// Whoever is known keeps the place.
    busy: Option<Busy>,
    stopping: watch::Receiver<bool>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// There are too many, or too many of the same caller.
    Full,
    /// There are none without a token.
    NeedsToken,
}

impl From<Full> for NoPlace {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

impl Watching {
    /// Places for as many connections as the settings allow; `stopping` becomes true when the server ends.
    pub fn new(feed: &ChangeFeed, stopping: watch::Receiver<bool>) -> Self {
        let settings = feed.settings();
        let most_anonymous = settings.anonymous_connections;
        Self {
            seats: Seats::new(settings.connections),
            each: settings.connections_per_caller.unwrap_or(settings.connections.div_ceil(SHARES)),
            anonymous: Seats::new(most_anonymous),
            most_anonymous,
            stopping,
        }
    }

    /// A place for a connection from an address that has not said who it is, if there is one and the server goes on.
    pub(super) fn enter(&self, address: IpAddr) -> Result<Place, NoPlace> {
        if self.is_stopping() {
            return Err(NoPlace::Full);
        }
        let seat = self.seats.take(Share::of_address(address), UNKNOWN)?;
        Ok(Place { seat, anonymous: None, busy: None, stopping: self.stopping.clone() })
    }

    /// A place for a caller.
    pub(super) fn enter_as(&self, caller: &Caller, address: IpAddr) -> Result<Place, NoPlace> {
        let mut place = self.enter(address)?;
        self.admit(&mut place, caller, address)?;
        Ok(place)
    }

    /// Makes a place that of a caller, who has said who it is.
    pub(super) fn admit(&self, place: &mut Place, caller: &Caller, address: IpAddr) -> Result<(), NoPlace> {
        let each = if caller.is_anonymous() { self.most_anonymous } else { self.each };
        if each == 0 {
            return Err(NoPlace::NeedsToken);
        }
        if caller.is_anonymous() {
            let seat = self.anonymous.take(Share::of_address(address), each)?;
            let busy = seat.sitter().begin();
            place.anonymous = Some((seat, busy));
        }
        place.busy = Some(place.seat.sitter().begin());
        place.seat.move_to(caller.share(), each)?;
        Ok(())
    }

    /// Whether the server has begun to end.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until nobody watches any more.
    pub async fn all_closed(&self) {
        self.seats.emptied().await;
    }
}

impl Place {
    /// Waits until the server begins to end.
    pub(super) fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // An error means that the server has ended.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// Waits until the place is given to somebody else.
    pub(super) async fn gone(&self) {
        let anonymous = async {
            match &self.anonymous {
                Some((seat, _)) => seat.sitter().gone().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.seat.sitter().gone() => {}
            () = anonymous => {}
        }
    }
}
