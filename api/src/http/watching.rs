//! The connections over which subscriptions are told: how many there are, and when they have to end.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::auth::Caller;
use crate::feed::Feeds;

/// Counts the connections that watch.
pub struct Watching {
    places: Arc<Semaphore>,
    most: u32,
    stopping: watch::Receiver<bool>,
}

/// A place among them; it is free again when this is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    stopping: watch::Receiver<bool>,
}

impl Watching {
    /// Places for as many connections as the settings allow; `stopping` becomes true when the server ends.
    pub fn new(feeds: &Feeds, stopping: watch::Receiver<bool>) -> Self {
        let most = feeds.settings().connections.min(Semaphore::MAX_PERMITS);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Self { places: Arc::new(Semaphore::new(most as usize)), most, stopping }
    }

    /// A place, if there is one and the server goes on.
    pub(super) fn enter(&self) -> Option<Place> {
        if self.is_stopping() {
            return None;
        }
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit, stopping: self.stopping.clone() })
    }

    /// Whether the server has begun to end.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until nobody watches any more.
    pub async fn all_closed(&self) {
        // The semaphore is never closed.
        let _ = self.places.acquire_many(self.most).await;
    }
}

/// When a caller's token expires, and with it the connection.
pub(super) fn expiry(caller: &Caller) -> Option<Instant> {
    let left = (caller.expires_at? - Utc::now()).to_std().unwrap_or_default();
    // One that cannot be counted does not come.
    Instant::now().checked_add(left)
}

impl Place {
    /// Waits until the server begins to end.
    pub(super) async fn stopping(&mut self) {
        // An error means that the server has ended.
        let _ = self.stopping.wait_for(|stopping| *stopping).await;
    }
}
