//! Starts, watches and stops the server process.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::NoTls;

use super::account::Account;
use super::binaries::Binaries;
use super::error::Attempting as _;
use super::layout::Layout;
use super::{DATABASE, EmbeddedError, PORT, SUPERUSER, files};
use crate::clock;

/// The timeout of the start. After a crash the server first replays its log.
const START_TIMEOUT: Duration = Duration::from_mins(2);
/// The interval between two attempts to connect.
const START_INTERVAL: Duration = Duration::from_millis(40);
/// The signals that stop the server, with their timeouts: fast (connections end, data is written), immediate (as in a crash, with
/// a replay at the next start), killed.
const STOPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(10)),
    (Signal::QUIT, Duration::from_secs(5)),
    (Signal::KILL, Duration::from_secs(5)),
];
/// The interval between two checks whether it has stopped.
const STOP_INTERVAL: Duration = Duration::from_millis(20);
/// The interval between two checks whether it still runs.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);
/// A larger log is renamed at the next start, and replaces the previous one.
const MAX_LOG_BYTES: u64 = 16 * 1024 * 1024;
/// The number of lines of the log in an error.
const LOG_LINES: usize = 12;

/// A running server, which stops when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

impl Server {
    /// Starts the server, waits until it answers, and creates the database if it is missing.
    pub(super) async fn start(
        layout: &Layout,
        binaries: &Binaries,
        account: Account,
    ) -> Result<Self, EmbeddedError> {
        let (log, log_start) = open_log(layout)?;
        let program = binaries.folder.join("postgres");
        let mut command = account.command(&program);
        command.arg("-D").arg(layout.data());
        for setting in settings(&layout.socket_dir()) {
            command.arg("-c").arg(setting);
        }
        let output = log.try_clone().attempting("open", &layout.log())?;
        let child = command.stdout(Stdio::from(output)).stderr(Stdio::from(log)).spawn();
        let mut server = Self { child: child.attempting("run", &program)? };

        let failed = |reason: String| EmbeddedError::Start {
            reason,
            path: layout.log(),
            log: last_lines(&layout.log(), log_start),
        };
        let start = clock::instant();
        let client = loop {
            if let Some(status) = server.exited() {
                return Err(failed(format!("it ended with {status}")));
            }
            match connect(&layout.socket_dir()).await {
                Ok(client) => break client,
                Err(error) if start.elapsed() > START_TIMEOUT => return Err(failed(error.to_string())),
                Err(_) => tokio::time::sleep(START_INTERVAL).await,
            }
        };
        let exists = "SELECT FROM pg_database WHERE datname = $1";
        if client.query_opt(exists, &[&DATABASE]).await?.is_none() {
            client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
        }
        Ok(server)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the server ends by itself.
    pub(super) async fn ended(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    }

    /// Stops the server and waits until it has ended.
    pub(super) async fn stop(&mut self) -> Result<(), EmbeddedError> {
        for (signal, patience) in STOPS {
            self.signal(signal);
            let start = clock::instant();
            while start.elapsed() < patience {
                if self.exited().is_some() {
                    return Ok(());
                }
                tokio::time::sleep(STOP_INTERVAL).await;
            }
        }
        Err(EmbeddedError::Stop { pid: self.pid() })
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends a signal. The process id belongs to the server until its end is observed.
    fn signal(&mut self, signal: Signal) {
        if self.exited().is_none()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            if signal != Signal::INT {
                tracing::warn!(?signal, "Postgres takes long to stop");
            }
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for (signal, patience) in STOPS {
            self.signal(signal);
            let start = clock::instant();
            while start.elapsed() < patience {
                if self.exited().is_some() {
                    return;
                }
                std::thread::sleep(STOP_INTERVAL);
            }
        }
    }
}

/// Returns settings that override the cluster's own files, as command-line options.
fn settings(socket_dir: &Path) -> Vec<OsString> {
    // The setting is a list of folders, so that a folder with a comma or a space is quoted.
    let mut sockets = OsString::from("unix_socket_directories=\"");
    sockets.push(socket_dir);
    sockets.push("\"");
    let plain = [
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        "unix_socket_permissions=0700".to_owned(),
        "max_connections=100".to_owned(),
        "shared_buffers=128MB".to_owned(),
        "fsync=on".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "cluster_name=praxis".to_owned(),
        // An error is reported to the client. The log contains the server's own actions, and no statement and no value.
        "log_min_messages=log".to_owned(),
        "log_min_error_statement=panic".to_owned(),
        "log_error_verbosity=terse".to_owned(),
        "log_statement=none".to_owned(),
        "log_min_duration_statement=-1".to_owned(),
        "log_min_duration_sample=-1".to_owned(),
        "log_transaction_sample_rate=0".to_owned(),
        "log_parameter_max_length=0".to_owned(),
        "log_parameter_max_length_on_error=0".to_owned(),
    ];
    let mut settings: Vec<_> = plain.into_iter().map(OsString::from).collect();
    settings.push(sockets);
    settings
}

async fn connect(socket_dir: &Path) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::Config::new()
        .host_path(socket_dir)
        .port(PORT)
        .user(SUPERUSER)
        .dbname("postgres")
        .application_name("praxis start")
        .connect_timeout(Duration::from_secs(5))
        .connect(NoTls)
        .await?;
    // The task ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

/// Opens the log, and returns the position where this run's part begins. No other user can read it.
fn open_log(layout: &Layout) -> Result<(File, u64), EmbeddedError> {
    let (path, old) = (&layout.log(), &layout.old_log());
    if let Some(folder) = path.parent() {
        files::make_folder(folder, 0o700)?;
    }
    if old.exists() {
        fs::rename(old, path).attempting("rename", old)?;
    }
    if path.metadata().is_ok_and(|metadata| metadata.len() > MAX_LOG_BYTES) {
        fs::rename(path, path.with_extension("log.old")).attempting("rename", path)?;
    }
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(path).attempting("open", path)?;
    log.set_permissions(Permissions::from_mode(0o600)).attempting("set the mode of", path)?;
    let start = log.metadata().attempting("inspect", path)?.len();
    Ok((log, start))
}

fn last_lines(path: &Path, start: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(MAX_LOG_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n")
}
