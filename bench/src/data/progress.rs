//! Reports the progress while rows are loaded.

use std::time::{Duration, Instant};

use crate::say;

/// The interval between two reports.
const EVERY: Duration = Duration::from_secs(2);

/// Rows loaded so far, from which the remaining time follows.
pub(super) struct Progress {
    begun: Instant,
    reported: Instant,
    rows: u64,
    of: u64,
    chunks: usize,
    of_chunks: usize,
}

impl Progress {
    /// Returns the progress of a load of this many rows in this many chunks.
    pub(super) fn new(rows: u64, chunks: usize) -> Self {
        let now = Instant::now();
        Self { begun: now, reported: now, rows: 0, of: rows, chunks: 0, of_chunks: chunks }
    }

    /// Counts a chunk that has been loaded.
    pub(super) fn add(&mut self, rows: u64) {
        self.rows += rows;
        self.chunks += 1;
        if self.reported.elapsed() >= EVERY || self.chunks == self.of_chunks {
            self.reported = Instant::now();
            say(&self.line(self.begun.elapsed()));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn line(&self, elapsed: Duration) -> String {
        let rate = self.rows as f64 / elapsed.as_secs_f64().max(0.001);
        let left = (self.of.saturating_sub(self.rows)) as f64 / rate.max(1.0);
        format!(
            "  {:>3} of {} sites, {:>6.2} of {:.2} million rows, {:>7.0} rows/s, {:>4.0} s left",
            self.chunks,
            self.of_chunks,
            self.rows as f64 / 1e6,
            self.of as f64 / 1e6,
            rate,
            left
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_estimated_from_the_finished_part() {
        let mut progress = Progress::new(4_000_000, 4);
        progress.rows = 1_000_000;
        progress.chunks = 1;
        let line = progress.line(Duration::from_secs(10));
        assert!(line.contains(" 100000 rows/s"), "{line}");
        assert!(line.contains("30 s left"), "{line}");
    }
}
