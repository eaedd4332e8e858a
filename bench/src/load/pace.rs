//! Paces the requests of an open load.

use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// The times when requests are due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacer {
    start: Instant,
    interval: f64,
    requests: u64,
}

impl Pacer {
    /// Returns a pacer of this many requests per second, from `start` on.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of requests"
    )]
    pub(super) fn new(start: Instant, lasting: Duration, rate: f64) -> Self {
        let rate = rate.max(1.0);
        Self { start, interval: 1.0 / rate, requests: (lasting.as_secs_f64() * rate) as u64 }
    }

    /// Returns the number of requests.
    pub(super) fn requests(self) -> u64 {
        self.requests
    }

    /// Returns the time when a request is due, counted from 0.
    #[expect(clippy::cast_precision_loss, reason = "far fewer requests than a double counts")]
    pub(super) fn due(self, number: u64) -> Instant {
        self.start + Duration::from_secs_f64(number as f64 * self.interval)
    }

    /// Releases each request when it is due, on a thread of its own: the runtime's timers are only accurate to milliseconds. At
    /// the end each worker gets one more permit, which tells it to stop.
    pub(super) fn run(self, due: &Semaphore, workers: usize) {
        // The kernel extends pauses by up to this much, by default by 50 µs.
        #[cfg(target_os = "linux")]
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        for number in 0..self.requests {
            let pause = self.due(number).saturating_duration_since(Instant::now());
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
            due.add_permits(1);
        }
        due.add_permits(workers);
    }
}
