//! What can go wrong with the embedded server, and the remedy.

use std::io;
use std::path::PathBuf;

/// Why the embedded server does not start or stop. Each message says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another gateway uses the data folder.
    #[error(
        "{} is in use by a running gateway{}: stop that one first, or give this one another --data-dir",
        data_dir.display(), pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
    )]
    Running {
        /// Its process id, if it could be read.
        pid: Option<u32>,
        /// The folder.
        data_dir: PathBuf,
    },
    /// No server is installed, and none could be downloaded.
    #[error(
        "no Postgres server ({} or newer) is installed{reason}: {remedy}, or set DATABASE_URL",
        super::binaries::MIN_MAJOR
    )]
    NoServer {
        /// Why the download did not help, with a separator before it; empty if there was none.
        reason: String,
        /// How to install one on this machine.
        remedy: String,
    },
    /// The data was written by another major version than any at hand.
    #[error(
        "the data in {} is of Postgres {data_version}, which is not installed{reason}: {remedy}, or move the folder away to start afresh",
        data.display()
    )]
    OtherVersion {
        /// The cluster.
        data: PathBuf,
        /// Its major version.
        data_version: u32,
        /// Which versions there are instead, and why the download did not help.
        reason: String,
        /// How to install that version.
        remedy: String,
    },
    /// The data belongs to another user.
    #[error("{} belongs to another user (id {owner}): start the gateway as that user or give it another --data-dir", path.display())]
    OtherOwner {
        /// What.
        path: PathBuf,
        /// Whose.
        owner: u32,
    },
    /// The folder for the socket cannot be trusted.
    #[error("{} is not a folder of the server's user alone, so no socket goes there: remove it, or give another --data-dir", path.display())]
    UnsafeSocketDir {
        /// The folder.
        path: PathBuf,
    },
    /// Root needs another user for the server.
    #[error(
        "Postgres does not run as root, and there is neither a user `postgres` nor `nobody` to run it as: start the gateway as an ordinary user"
    )]
    NoAccount,
    /// There is nothing to attach to.
    #[error("there is no embedded database in {}: `praxis serve` makes one", data_dir.display())]
    NoDataDir {
        /// The folder.
        data_dir: PathBuf,
    },
    /// `initdb` failed.
    #[error("initialising the Postgres cluster failed:\n{output}")]
    Initialise {
        /// What it said.
        output: String,
    },
    /// The server ended, or did not answer in time.
    #[error("Postgres did not start ({reason}); the end of {}:\n{log}", path.display())]
    Start {
        /// What happened.
        reason: String,
        /// Where it logs to.
        path: PathBuf,
        /// Its last lines.
        log: String,
    },
    /// The server dies again and again.
    #[error("Postgres has ended {times} times within a minute (the last time with {status}); {} may say why", path.display())]
    Dies {
        /// How often.
        times: usize,
        /// How the last time.
        status: std::process::ExitStatus,
        /// Where it logs to.
        path: PathBuf,
    },
    /// A server of an earlier run does not end.
    #[error("a Postgres server of an earlier run does not stop (process {pid}): end it and start again")]
    Leftover {
        /// Its process id.
        pid: i32,
    },
    /// The server could not be stopped.
    #[error("Postgres (process {pid}) could not be stopped")]
    Stop {
        /// Its process id.
        pid: u32,
    },
    /// A statement failed while the database was made.
    #[error("making the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// A file or a process could not be had.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// No randomness.
    #[error("the system gives no random bytes for the development secret: {0}")]
    Randomness(getrandom::Error),
}

/// Says what was tried when something failed.
pub(super) trait Trying<T> {
    fn trying(self, action: &'static str, path: &std::path::Path) -> Result<T, EmbeddedError>;
}

impl<T> Trying<T> for io::Result<T> {
    fn trying(self, action: &'static str, path: &std::path::Path) -> Result<T, EmbeddedError> {
        self.map_err(|source| EmbeddedError::Io { action, path: path.to_owned(), source })
    }
}
