//! Limits the connections with subscriptions, in total and for each caller.

use std::net::IpAddr;

use tokio::sync::watch;

use super::seats::{Busy, Full, Seat, Seats};
use crate::auth::{Caller, Share};
use crate::feed::ChangeFeed;

/// Largest number of `WebSockets` from one address before `connection_init`, which clients send at once. A newcomer replaces the
/// oldest.
const UNKNOWN: usize = 64;
/// The refusal of a server whose settings allow no connection to the caller.
pub(super) const NO_SUBSCRIPTIONS: &str = "This server accepts no connections for subscriptions";
/// One caller gets at most the number of places divided by this.
const SHARES: usize = 4;

/// The places for connections with subscriptions.
pub struct SubscriptionPlaces {
    seats: Seats,
    /// Largest number for one caller with a token; 0 if the settings allow none at all.
    each: usize,
    /// Places of connections without a token, shared by address.
    anonymous: Seats,
    most_anonymous: usize,
    stopping: watch::Receiver<bool>,
}

/// A place of a connection, which is free again when this is dropped.
pub(super) struct SubscriptionPlace {
    seat: Seat,
    /// The second place of a caller without a token.
    anonymous: Option<(Seat, Busy)>,
    /// Keeps the place from being given to a newcomer, once the caller is known.
    busy: Option<Busy>,
    stopping: watch::Receiver<bool>,
}

/// The reason why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All places are taken, or all of the same caller.
    Full,
    /// There are no places without a token.
    NeedsToken,
    /// The settings allow no subscriptions.
    Off,
}

impl From<Full> for NoPlace {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

impl SubscriptionPlaces {
    /// Creates the places that the settings allow. `stopping` becomes true when the server shuts down.
    pub fn new(feed: &ChangeFeed, stopping: watch::Receiver<bool>) -> Self {
        let settings = feed.settings();
        let most_anonymous = settings.anonymous_connections.min(settings.connections);
        let each = settings.connections_per_caller.unwrap_or(settings.connections.div_ceil(SHARES));
        Self {
            seats: Seats::new(settings.connections),
            each: each.min(settings.connections),
            anonymous: Seats::new(most_anonymous),
            most_anonymous,
            stopping,
        }
    }

    /// Takes a place for a connection whose caller is not known yet; it fails while the server shuts down.
    pub(super) fn enter(&self, address: IpAddr) -> Result<SubscriptionPlace, NoPlace> {
        if self.is_stopping() {
            return Err(NoPlace::Full);
        }
        if self.each == 0 && self.most_anonymous == 0 {
            return Err(NoPlace::Off);
        }
        let seat = self.seats.take(Share::of_address(address), UNKNOWN)?;
        Ok(SubscriptionPlace { seat, anonymous: None, busy: None, stopping: self.stopping.clone() })
    }

    /// Takes a place for a caller.
    pub(super) fn enter_as(&self, caller: &Caller, address: IpAddr) -> Result<SubscriptionPlace, NoPlace> {
        let mut place = self.enter(address)?;
        self.admit(&mut place, caller, address)?;
        Ok(place)
    }

    /// Gives a place to the caller of its connection.
    pub(super) fn admit(
        &self,
        place: &mut SubscriptionPlace,
        caller: &Caller,
        address: IpAddr,
    ) -> Result<(), NoPlace> {
        let (each, none) = if caller.is_anonymous() {
            (self.most_anonymous, NoPlace::NeedsToken)
        } else {
            (self.each, NoPlace::Off)
        };
        if each == 0 {
            return Err(none);
        }
        if caller.is_anonymous() {
            let seat = self.anonymous.take(Share::of_address(address), each)?;
            let busy = seat.owner().begin();
            place.anonymous = Some((seat, busy));
        }
        place.busy = Some(place.seat.owner().begin());
        place.seat.move_to(caller.share(), each)?;
        Ok(())
    }

    /// Returns true if the server has begun to shut down.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until all places are free.
    pub async fn all_closed(&self) {
        self.seats.all_free().await;
    }
}

impl SubscriptionPlace {
    /// Waits until the server begins to shut down.
    pub(super) fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // An error means that the server has ended.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// Waits until another connection gets the place.
    pub(super) async fn evicted(&self) {
        let anonymous = async {
            match &self.anonymous {
                Some((seat, _)) => seat.owner().evicted().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.seat.owner().evicted() => {}
            () = anonymous => {}
        }
    }
}
