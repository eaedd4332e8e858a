//! Defines the errors of the embedded server, with remedies.

use std::io;
use std::path::PathBuf;

/// The reasons why the embedded server does not start or stop. Messages name a remedy if there is one.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another gateway uses the data folder.
    #[error(
        "{} is in use by a running gateway{}: stop that one first, or give this one another --data-dir",
        data_dir.display(), pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
    )]
    Running {
        /// The gateway's process id, if it could be read.
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
        /// The reason why the download failed, with a separator before it; empty without a download.
        reason: String,
        /// The command that installs one on this machine.
        remedy: String,
    },
    /// The data was written by another major version than any installed one.
    #[error(
        "the data in {} was written by Postgres {data_version}, which is not installed{reason}: {remedy}, or move the folder away to start afresh",
        data.display()
    )]
    OtherVersion {
        /// The cluster's folder.
        data: PathBuf,
        /// The data's major version.
        data_version: u32,
        /// The versions that are installed, and the reason why the download failed.
        reason: String,
        /// The command that installs that version.
        remedy: String,
    },
    /// The data belongs to another user.
    #[error("{} belongs to another user (id {owner}): start the gateway as that user or give it another --data-dir", path.display())]
    OtherOwner {
        /// The path of the data.
        path: PathBuf,
        /// The owner's user id.
        owner: u32,
    },
    /// The folder for the socket cannot be trusted.
    #[error("{} can be used by others than the server's user, so no socket is put there: remove it, or give another --data-dir", path.display())]
    UnsafeSocketDir {
        /// The folder.
        path: PathBuf,
    },
    /// Root needs another user for the server.
    #[error(
        "Postgres does not run as root, and there is neither a user `postgres` nor `nobody` to run it as: start the gateway as an ordinary user"
    )]
    NoAccount,
    /// There is no data folder to attach to.
    #[error("there is no embedded database in {}: `praxis serve` creates one", data_dir.display())]
    NoDataDir {
        /// The folder.
        data_dir: PathBuf,
    },
    /// `initdb` failed.
    #[error("initialising the Postgres cluster failed:\n{output}")]
    Initialise {
        /// The output of `initdb`.
        output: String,
    },
    /// The server ended, or did not answer in time.
    #[error("Postgres did not start ({reason}); the end of {}:\n{log}", path.display())]
    Start {
        /// The reason.
        reason: String,
        /// The path of the server's log.
        path: PathBuf,
        /// The last lines of the log.
        log: String,
    },
    /// The server ends unexpectedly again and again.
    #[error("Postgres has ended {times} times within a minute (the last time with {status}); {} may say why", path.display())]
    Crashes {
        /// The number of times.
        times: usize,
        /// The last exit status.
        status: std::process::ExitStatus,
        /// The path of the server's log.
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
    /// A statement failed while the database was created.
    #[error("creating the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// A file or process operation failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempted operation.
        action: &'static str,
        /// The path of the operation.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error("the system returns no random bytes for the development secret: {0}")]
    Randomness(getrandom::Error),
}

/// Adds the attempted operation to an error.
pub(super) trait Attempting<T> {
    fn attempting(self, action: &'static str, path: &std::path::Path) -> Result<T, EmbeddedError>;
}

impl<T> Attempting<T> for io::Result<T> {
    fn attempting(self, action: &'static str, path: &std::path::Path) -> Result<T, EmbeddedError> {
        self.map_err(|source| EmbeddedError::Io { action, path: path.to_owned(), source })
    }
}
