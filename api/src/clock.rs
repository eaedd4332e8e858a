//! Provides the clocks. All code reads the time here, and clippy refuses any other way (`clippy.toml`): code that depends on the time is easy
//! to find, and tests can give it another clock.

#![expect(clippy::disallowed_methods, reason = "the clocks are read here")]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// A clock of the time of day, injected so that tests of expiry need not wait.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time of day.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        utc()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> DateTime<Utc> {
        (**self).now()
    }
}

/// Returns the machine's time of day.
pub(crate) fn utc() -> DateTime<Utc> {
    Utc::now()
}

/// Returns a moment of the clock that only goes forward, for durations and deadlines. It is tokio's, so that deadlines and
/// timers agree.
pub(crate) fn instant() -> Instant {
    Instant::now()
}
