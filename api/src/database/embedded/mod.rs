//! Runs the embedded Postgres server, for a start without any database.
//!
//! The server listens only on a unix socket, in a folder that no other user can enter, and is stopped with the gateway; its data
//! stays. The module finds, initialises, starts and stops a server. It must not know the content of the database: roles, tables
//! and data are created by migrations. Unix only.
//!
//! Paths:
//!
//! | path | what |
//! |---|---|
//! | `<data_dir>/lock` | locked while a gateway uses the folder; holds its process id |
//! | `<data_dir>/secret` | the development secret of tokens, mode 0600 |
//! | `<data_dir>/postgres/` | the home of the cluster: `data/`, `socket/`, `log/postgres.log` |
//! | `<data_dir>/location` | the path of the home, if it is not in `data_dir` |
//!
//! Postgres refuses to run as root. Started by root, the server runs as the owner of existing data, otherwise as `postgres`,
//! otherwise as `nobody`; if that user cannot enter `data_dir`, the home is `/var/lib/praxis/<hash of data_dir>/`.

mod account;
mod binaries;
mod cluster;
#[cfg(feature = "download-postgres")]
mod download;
mod error;
mod files;
mod layout;
mod leftover;
mod lock;
mod secret;
mod server;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::EmbeddedError;

use account::Account;
use binaries::Binaries;
use layout::Layout;
use lock::Lock;
use server::Server;

use crate::clock;

/// The server's superuser.
const SUPERUSER: &str = "postgres";
/// The database that [`Embedded::start`] creates.
const DATABASE: &str = "praxis";
/// The port, which is only part of the socket's name.
const PORT: u16 = 5432;

/// The number of unexpected ends …
const MAX_CRASHES: usize = 5;
/// … within this time after which the server is not started again.
const CRASHES_WITHIN: Duration = Duration::from_mins(1);

/// The location of the embedded server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// The folder for data, secret and lock; created if missing.
    pub data_dir: PathBuf,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self { data_dir: PathBuf::from(".praxis") }
    }
}

/// A running server. [`Self::stop`] stops it; dropping it stops it too, blocking for as long as that takes.
#[derive(Debug)]
pub struct Embedded {
    // Dropped in this order: the server first, then the locks.
    server: Server,
    layout: Layout,
    secret: Vec<u8>,
    binaries: Binaries,
    account: Account,
    _locks: Vec<Lock>,
}

impl Embedded {
    /// Starts the server in `config.data_dir`, with a new cluster and database `praxis` the first time. Slow steps are reported
    /// to `progress`.
    ///
    /// Fails with [`EmbeddedError::Running`] while another gateway, or this one, uses the folder.
    pub async fn start(
        config: EmbeddedConfig,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, EmbeddedError> {
        let data_dir = layout::open_data_dir(&config.data_dir)?;
        let mut locks = vec![Lock::take(&data_dir)?];
        let secret = secret::load_or_create(&data_dir)?;

        let (layout, account) = layout::choose(&data_dir, progress).await?;
        if layout.home_is_elsewhere() {
            locks.push(Lock::take(&layout.home)?);
        }
        leftover::stop(&layout.data(), progress).await?;

        let existing = cluster::version(&layout.data())?;
        let binaries = Binaries::find(&data_dir, existing, account, progress).await?;
        if existing.is_none() {
            cluster::initialise(&layout, &binaries, account, progress).await?;
        }
        layout.prepare_socket_dir(account)?;

        progress(&format!("Starting Postgres {} …", binaries.major));
        let server = Server::start(&layout, &binaries, account).await?;
        Ok(Self { server, layout, secret, binaries, account, _locks: locks })
    }

    /// Returns the URL of database `praxis` for the superuser, over the unix socket. It works with sqlx (sea-orm) and
    /// tokio-postgres.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.url_for(SUPERUSER)
    }

    /// Returns the URL of database `praxis` for this user, who needs no password but must exist and may log in.
    #[must_use]
    pub fn url_for(&self, user: &str) -> String {
        self.layout.url(user)
    }

    /// Returns the secret of development tokens: 64 printable characters, created once from 32 random bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Returns the server's major version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.binaries.major
    }

    /// Returns the server's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Returns the path of the server's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.layout.log()
    }

    /// Restarts the server whenever it ends, for as long as this is polled; returns why that no longer helps.
    pub async fn keep_running(&mut self, progress: &(dyn Fn(&str) + Send + Sync)) -> EmbeddedError {
        let mut crashes = Vec::new();
        loop {
            let status = self.server.ended().await;
            crashes.push(clock::instant());
            crashes.retain(|crash| crash.elapsed() < CRASHES_WITHIN);
            if crashes.len() >= MAX_CRASHES {
                return EmbeddedError::Crashes { times: crashes.len(), status, path: self.layout.log() };
            }
            progress(&format!("Postgres has ended ({status}); starting it again …"));
            if let Err(error) = self.start_again(progress).await {
                return error;
            }
        }
    }

    async fn start_again(&mut self, progress: &(dyn Fn(&str) + Send + Sync)) -> Result<(), EmbeddedError> {
        // The children of a killed server have to notice before another one may use the data.
        leftover::stop(&self.layout.data(), progress).await?;
        self.server = Server::start(&self.layout, &self.binaries, self.account).await?;
        Ok(())
    }

    /// Stops the server: connections end, and data is written. Waits until it has ended.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.server.stop().await
    }
}

/// The secret and URLs of a data folder that another process may be using.
#[derive(Debug)]
pub struct Attached {
    layout: Layout,
    secret: Vec<u8>,
}

/// Reads an existing data folder, for `praxis token` beside a running server. Starts nothing.
pub fn attach(data_dir: &Path) -> Result<Attached, EmbeddedError> {
    let missing = || EmbeddedError::NoDataDir { data_dir: data_dir.to_owned() };
    let data_dir = data_dir.canonicalize().map_err(|_| missing())?;
    let secret = secret::load(&data_dir)?.ok_or_else(missing)?;
    Ok(Attached { layout: Layout::existing(&data_dir)?, secret })
}

impl Attached {
    /// Returns the URL like [`Embedded::superuser_url`].
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.url_for(SUPERUSER)
    }

    /// Returns the URL like [`Embedded::url_for`].
    #[must_use]
    pub fn url_for(&self, user: &str) -> String {
        self.layout.url(user)
    }

    /// Returns the secret like [`Embedded::secret`].
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Returns true if a server answers on the socket.
    #[must_use]
    pub fn is_running(&self) -> bool {
        std::os::unix::net::UnixStream::connect(self.layout.socket()).is_ok()
    }
}
