//! Runs the gateway as a separate process, so that its processor time is measured separately.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::load::{HttpConnection, Url};

/// The longest time that the gateway may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running gateway, which stops when dropped.
pub(crate) struct Gateway {
    child: Child,
    /// The URL of its endpoint.
    pub(crate) url: Url,
}

impl Gateway {
    /// Starts `praxis serve` over a database.
    pub(crate) async fn start(database_url: &str, secret: &[u8], pool: usize) -> Result<Self, Failure> {
        Self::start_with(database_url, secret, pool, &[]).await
    }

    /// Starts `praxis serve` with further settings.
    pub(crate) async fn start_with(
        database_url: &str,
        secret: &[u8],
        pool: usize,
        settings: &[&str],
    ) -> Result<Self, Failure> {
        // A port that is free now; the gateway reports its own choice only in a log for people.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new(program()?)
            .args(["serve", "--log", "warn", "--server-timing", "true", "--graphiql", "false"])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--pool-size", &pool.to_string()])
            .args(settings)
            // Not as flags, which every user of the machine can read.
            .env("DATABASE_URL", database_url)
            .env("PRAXIS_JWT_SECRET", std::str::from_utf8(secret)?)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let url: Url = format!("http://127.0.0.1:{port}/graphql").parse()?;
        let mut gateway = Self { child, url };
        let begun = Instant::now();
        while HttpConnection::open(&gateway.url, [].into()).await.is_err() {
            if let Some(status) = gateway.child.try_wait()? {
                return Err(format!("the gateway ended with {status}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err("the gateway does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(gateway)
    }

    /// Returns the id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let begun = Instant::now();
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        while begun.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
    }
}

/// Returns the path of the gateway of the same profile, which is in the bench's folder.
fn program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?.with_file_name("praxis");
    if program.exists() {
        return Ok(program);
    }
    // The folder is named after the profile, but for that of `dev`.
    let folder = program.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let profile = if folder == "debug" { "dev" } else { &*folder };
    Err(format!("{} is missing; run: cargo build --profile {profile} -p praxis", program.display()).into())
}
