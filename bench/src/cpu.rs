//! Measures processor time of processes with `/proc`. Without it (macOS), nothing is known.

use std::fs;
use std::ops::{Div, Sub};
use std::time::Duration;

/// Ticks of `/proc/<pid>/stat` per second; Linux reports 100 on every processor.
const TICKS: u64 = 100;

/// The processes that are measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    /// A single process.
    pub(crate) server: Option<u32>,
    /// A process with all its children.
    pub(crate) postgres: Option<u32>,
}

/// Processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Time of the server, in seconds.
    pub(crate) server: Option<f64>,
    /// Time of Postgres, in seconds.
    pub(crate) postgres: Option<f64>,
    /// Time of all other processes of the machine except the bench, in seconds.
    pub(crate) others: Option<f64>,
}

impl Meter {
    /// Returns the time spent so far.
    pub(crate) fn read(&self) -> Cpu {
        let process = |pid| Some(Stat::read(pid)?.own.as_secs_f64());
        let server = self.server.and_then(process);
        let postgres = self.postgres.and_then(cluster);
        let bench = std::process::id();
        let own = if self.server == Some(bench) { Some(0.0) } else { process(bench) };
        let others = || Some(machine()? - server? - postgres? - own?);
        Cpu { server, postgres, others: others() }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let difference = |now: Option<f64>, before: Option<f64>| Some(now? - before?);
        Self {
            server: difference(self.server, before.server),
            postgres: difference(self.postgres, before.postgres),
            others: difference(self.others, before.others),
        }
    }
}

impl Div<f64> for Cpu {
    type Output = Self;

    fn div(self, by: f64) -> Self {
        let each = |time: Option<f64>| time.map(|time| time / by);
        Self { server: each(self.server), postgres: each(self.postgres), others: each(self.others) }
    }
}

/// Returns the parent of a process: the postmaster of a backend.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    Stat::read(pid).map(|stat| stat.parent)
}

/// Returns the time of a process, its living children, and its ended ones.
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

/// Returns the time of all processors so far, except idle time.
fn machine() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    // user, nice, system, idle, iowait, irq, softirq
    let fields: Vec<u64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(7)
        .filter_map(|field| field.parse().ok())
        .collect();
    let busy: u64 = [0, 1, 2, 5, 6].into_iter().filter_map(|field: usize| fields.get(field)).sum();
    Some(Duration::from_millis(busy * 1_000 / TICKS).as_secs_f64())
}

/// Returns the process of this machine that listens on a port.
pub(crate) fn listener(port: u16) -> Option<u32> {
    /// `TCP_LISTEN`
    const LISTENING: &str = "0A";
    let mut wanted = None;
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if let (Some(local), Some(&LISTENING), Some(inode)) =
                (fields.get(1), fields.get(3), fields.get(9))
                && local.ends_with(&format!(":{port:04X}"))
            {
                wanted = Some(format!("socket:[{inode}]"));
            }
        }
    }
    let wanted = wanted?;
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).find(|pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        files.is_ok_and(|files| {
            files
                .flatten()
                .any(|file| fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str()))
        })
    })
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
        // The second field is the program's name, in brackets, and may contain anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| {
            fields.get(at)?.parse().ok().map(|ticks: u64| Duration::from_millis(ticks * 1_000 / TICKS))
        };
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_server_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(super::listener(listener.local_addr().unwrap().port()), Some(std::process::id()));
    }

    #[test]
    fn a_name_may_hold_anything() {
        let stat = Stat::parse("42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 30 10 20 0 1").unwrap();
        assert_eq!(stat.parent, 7);
        assert_eq!(stat.own, Duration::from_secs(2));
        assert_eq!(stat.ended, Duration::from_millis(400));
    }
}
