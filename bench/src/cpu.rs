//! Processor time of processes, from `/proc`. Where there is none (macOS), nothing is known.

use std::fs;
use std::ops::{Div, Sub};
use std::time::Duration;

/// Ticks of `/proc/<pid>/stat` in a second; Linux shows 100 to programs on every processor.
const TICKS: u64 = 100;

/// What is watched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    /// A process by itself.
    pub(crate) server: Option<u32>,
    /// A process and all that it started.
    pub(crate) postgres: Option<u32>,
}

/// Processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Of the server, in seconds.
    pub(crate) server: Option<f64>,
    /// Of Postgres, in seconds.
    pub(crate) postgres: Option<f64>,
}

impl Meter {
    /// The time spent so far.
    pub(crate) fn read(&self) -> Cpu {
        Cpu {
            server: self.server.and_then(|pid| Some(Stat::read(pid)?.own.as_secs_f64())),
            postgres: self.postgres.and_then(cluster),
        }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let difference = |now: Option<f64>, before: Option<f64>| Some(now? - before?);
        Self {
            server: difference(self.server, before.server),
            postgres: difference(self.postgres, before.postgres),
        }
    }
}

impl Div<f64> for Cpu {
    type Output = Self;

    fn div(self, by: f64) -> Self {
        Self { server: self.server.map(|time| time / by), postgres: self.postgres.map(|time| time / by) }
    }
}

/// The process that a process was started by: the postmaster of a backend.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    Stat::read(pid).map(|stat| stat.parent)
}

/// A process, its living children, and those that have ended.
fn cluster(pid: u32) -> Option<f64> {
    let postmaster = Stat::read(pid)?;
    let living: Duration = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Stat::read)
        .filter(|stat| stat.parent == pid)
        .map(|stat| stat.own)
        .sum();
    Some((postmaster.own + postmaster.ended + living).as_secs_f64())
}

struct Stat {
    parent: u32,
    own: Duration,
    ended: Duration,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // The second field is the program's name, in brackets, and may hold anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse().ok().map(|ticks: u64| Duration::from_millis(ticks * 1_000 / TICKS));
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            ended: ticks(13)? + ticks(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = Stat::parse("42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 30 10 20 0 1").unwrap();
        assert_eq!(stat.parent, 7);
        assert_eq!(stat.own, Duration::from_secs(2));
        assert_eq!(stat.ended, Duration::from_millis(400));
    }
}
