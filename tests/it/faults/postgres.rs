//! A Postgres with durable commits, which restarts whenever it is killed.
//!
//! It ends with the test process, however that ends: a shell runs the server and reads from a pipe, which closes then.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{eventually, program, shell_in};

/// A running server.
pub(super) struct Postgres {
    folder: PathBuf,
    shell: Child,
    /// The id of the process that was killed last. Its pid file stays until the next one starts.
    killed: AtomicI32,
}

impl Postgres {
    /// Starts a server in a new folder.
    pub(super) fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("praxis-faults-{}", uuid::Uuid::new_v4()));
        // A killed server can restart once its last process has noticed.
        let script = r#"
            "$1" -D "$3/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 || exit 1
            (while :; do "$2" -D "$3/data" -k "$3" -c listen_addresses= -c max_connections=50; sleep 0.05; done) &
            read -r _
            kill -KILL $!
            server=$(head -n 1 "$3/data/postmaster.pid")
            kill -INT "$server"
            while kill -0 "$server"; do sleep 0.05; done
            rm -rf "$3"
        "#;
        let arguments = [program("initdb"), program("postgres"), folder.clone()];
        Self { shell: shell_in(&folder, script, &arguments), folder, killed: AtomicI32::new(0) }
    }

    /// Returns the URL of its database for a user.
    pub(super) fn url(&self, user: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{folder}:5432/postgres")
    }

    /// Kills the server without a shutdown, after it has restarted from the last time.
    pub(super) async fn kill(&self) {
        eventually("Postgres is back and is killed again", async || {
            let Some(server) = self.ready().filter(|server| *server != self.killed.load(Ordering::Relaxed))
            else {
                return false;
            };
            self.killed.store(server, Ordering::Relaxed);
            kill_process(Pid::from_raw(server).unwrap(), Signal::KILL).is_ok()
        })
        .await;
    }

    /// Returns the id of the server's process, if it reports that it accepts connections.
    fn ready(&self) -> Option<i32> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        let mut lines = file.lines();
        let server = lines.next()?.parse().ok()?;
        lines.nth(6).filter(|status| status.trim() == "ready").map(|_| server)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // If the wait fails, the shell still ends by itself.
        let _ = self.shell.wait();
    }
}
