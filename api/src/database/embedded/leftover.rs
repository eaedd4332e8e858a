//! Stops a server that an earlier run left behind, because the gateway was killed.
//!
//! A process id alone proves nothing: after a restart of the machine or container another process may have it. A process belongs
//! to the cluster only if it was started with the cluster's folder or works in it.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{EmbeddedError, files};
use crate::clock;

/// The timeout of a fast shutdown. An immediate shutdown follows it.
const FAST: Duration = Duration::from_secs(10);
/// The timeout of an immediate shutdown.
const IMMEDIATE: Duration = Duration::from_secs(10);
/// The time for the children of a killed server to notice.
const CHILDREN: Duration = Duration::from_secs(5);

/// Stops a remaining server of this cluster. Must be called under the lock. A stale `postmaster.pid` is left to Postgres, which
/// handles it, unless another process has its process id: that would keep Postgres from starting.
pub(super) async fn stop(data: &Path, progress: &(dyn Fn(&str) + Send + Sync)) -> Result<(), EmbeddedError> {
    let pid_file = data.join("postmaster.pid");
    let Some(text) = files::read(&pid_file)? else { return Ok(()) };
    let Some(pid) = first_line_number(&text).and_then(Pid::from_raw) else { return Ok(()) };

    if is_server(pid, data) {
        let number = pid.as_raw_nonzero().get();
        progress(&format!(
            "Stopping the Postgres server that an earlier run left behind (process {number}) …"
        ));
        let is_gone = || !is_server(pid, data);
        let _ = kill_process(pid, Signal::INT);
        if !wait_until(FAST, is_gone).await {
            let _ = kill_process(pid, Signal::QUIT);
            if !wait_until(IMMEDIATE, is_gone).await {
                return Err(EmbeddedError::Leftover { pid: number });
            }
        }
    }

    let is_quiet = || processes_in(data).is_some_and(|pids| pids.is_empty());
    if processes_in(data).is_none() {
        return Ok(());
    }
    if !wait_until(CHILDREN, is_quiet).await {
        for pid in processes_in(data).unwrap_or_default() {
            let _ = kill_process(pid, Signal::QUIT);
        }
        if !wait_until(IMMEDIATE, is_quiet).await {
            let pid = processes_in(data).and_then(|pids| pids.first().copied()).unwrap_or(pid);
            return Err(EmbeddedError::Leftover { pid: pid.as_raw_nonzero().get() });
        }
    }
    if test_kill_process(pid).is_ok() && pid_file.exists() {
        tracing::info!("removing a stale postmaster.pid whose process id now belongs to another process");
        let _ = fs::remove_file(&pid_file);
    }
    Ok(())
}

fn first_line_number(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.lines().next()?.trim().parse().ok()
}

async fn wait_until(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let start = clock::instant();
    loop {
        if is_so() {
            return true;
        }
        if start.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns true if this process is the server of this cluster, by the arguments that it was started with.
#[cfg(target_os = "linux")]
fn is_server(pid: Pid, data: &Path) -> bool {
    let arguments = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let mut arguments = arguments.split(|byte| *byte == 0);
    arguments.next().is_some_and(|program| program.ends_with(b"postgres"))
        && arguments.any(|argument| argument == data.as_os_str().as_bytes())
}

/// Returns true if this process is the server of this cluster, by the arguments that it was started with.
#[cfg(not(target_os = "linux"))]
fn is_server(pid: Pid, data: &Path) -> bool {
    let listed = std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.as_raw_nonzero().to_string()])
        .output();
    let data = data.as_os_str().as_bytes();
    listed.is_ok_and(|listed| {
        let command = listed.stdout;
        command.windows(8).any(|part| part == b"postgres")
            && command.windows(data.len()).any(|part| part == data)
    })
}

/// Returns the processes that work in the cluster's folder, as the server and all its children do; `None` if the system does not
/// tell.
fn processes_in(data: &Path) -> Option<Vec<Pid>> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let entries = fs::read_dir("/proc").ok()?;
    let pids = entries.flatten().filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        (fs::read_link(entry.path().join("cwd")).ok()? == data).then_some(pid)
    });
    Some(pids.collect())
}
