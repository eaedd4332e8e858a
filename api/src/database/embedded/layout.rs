//! Chooses the paths of the embedded server's files, also for root and for long paths.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::error::Attempting as _;
use super::lock::Lock;
use super::{DATABASE, EmbeddedError, PORT, files, leftover};

/// The longest path of a unix socket that every system supports (macOS has 104 bytes with the final NUL, Linux 108).
const MAX_SOCKET_PATH: usize = 103;

/// Homes of clusters whose data folder the server's user cannot enter.
const SHARED_HOMES: &str = "/var/lib/praxis";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    data_dir: PathBuf,
    /// The folder with the cluster, its socket and its log.
    pub(super) home: PathBuf,
}

/// Ensures that the data folder exists, and returns its canonical path.
pub(super) fn open_data_dir(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let own = rustix::process::geteuid();
    let data_dir = &std::path::absolute(data_dir).attempting("find", data_dir)?;
    // The server's user must be able to enter root's folder; the secret in it has a mode of its own.
    files::make_folder(data_dir, if own.is_root() { 0o755 } else { 0o700 })?;
    let data_dir = data_dir.canonicalize().attempting("find", data_dir)?;
    let owner = data_dir.metadata().attempting("inspect", &data_dir)?.uid();
    if !own.is_root() && owner != own.as_raw() {
        return Err(EmbeddedError::OtherOwner { path: data_dir, owner });
    }
    Ok(data_dir)
}

/// Chooses the home and the server's user, and creates the home. Must be called under the lock.
pub(super) async fn choose(
    data_dir: &Path,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<(Layout, Account), EmbeddedError> {
    let layout = Layout::existing(data_dir)?;
    let account = Account::for_cluster(&layout.data())?;
    let is_new = !layout.data().exists();
    if !is_new || layout.home_is_elsewhere() || account.can_enter(data_dir) {
        // Root keeps the home itself: the server's user owns only what it writes.
        files::make_folder(&layout.home, if account.is_other { 0o755 } else { 0o700 })?;
        return Ok((layout, account));
    }

    let home = Path::new(SHARED_HOMES).join(hash(data_dir));
    if home.exists() {
        rename_orphan(&home, progress).await?;
    }
    files::make_folder(&home, 0o755)?;
    files::write(&location(data_dir), home.as_os_str().as_bytes(), 0o644)?;
    Ok((Layout { data_dir: data_dir.to_owned(), home }, account))
}

/// Renames a home whose data folder was removed: nobody needs its data any more, but only the user may delete it.
async fn rename_orphan(home: &Path, progress: &(dyn Fn(&str) + Send + Sync)) -> Result<(), EmbeddedError> {
    let _lock = Lock::take(home)?;
    leftover::stop(&home.join("data"), progress).await?;
    let old = (1..u32::MAX).map(|n| home.with_extension(format!("old-{n}"))).find(|old| !old.exists());
    if let Some(old) = old {
        fs::rename(home, &old).attempting("rename", home)?;
        progress(&format!("The data folder was removed; its cluster was kept as {}", old.display()));
    }
    Ok(())
}

fn location(data_dir: &Path) -> PathBuf {
    data_dir.join("location")
}

fn hash(path: &Path) -> String {
    Sha256::digest(path.as_os_str().as_bytes()).iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Layout {
    /// Returns the recorded layout of a data folder (a canonical path), otherwise the default one.
    pub(super) fn existing(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let recorded = files::read(&location(data_dir))?
            .map(|text| PathBuf::from(OsString::from_vec(text.trim_ascii().to_vec())))
            // No other path is ever recorded, so no other is accepted.
            .filter(|home| home.parent() == Some(Path::new(SHARED_HOMES)));
        let home = recorded.unwrap_or_else(|| data_dir.join("postgres"));
        Ok(Self { data_dir: data_dir.to_owned(), home })
    }

    pub(super) fn home_is_elsewhere(&self) -> bool {
        !self.home.starts_with(&self.data_dir)
    }

    /// Returns the cluster's folder, `PGDATA`.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Returns the path of the server's log, in a folder that only the server's user can enter.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("log").join("postgres.log")
    }

    /// Returns the path where an earlier version kept the log.
    pub(super) fn old_log(&self) -> PathBuf {
        self.home.join("postgres.log")
    }

    /// Returns the folder of the socket: in the home, or under /tmp if the path would be too long or cannot be written in a
    /// setting.
    pub(super) fn socket_dir(&self) -> PathBuf {
        let near = self.home.join("socket");
        let fits = near.join(socket_name()).as_os_str().len() <= MAX_SOCKET_PATH;
        let is_plain = near.to_str().is_some_and(|path| !path.contains('"'));
        if fits && is_plain { near } else { format!("/tmp/praxis-{}", hash(&self.home)).into() }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.socket_dir().join(socket_name())
    }

    /// Creates the folder of the socket, and removes the files of a server that has ended. Its lock file contains a process id
    /// that another process may have by now; the data folder's lock ensures that no server is running.
    pub(super) fn prepare_socket_dir(&self, account: Account) -> Result<(), EmbeddedError> {
        let folder = self.socket_dir();
        files::make_private_folder(&folder, account)?;
        for name in [socket_name(), format!("{}.lock", socket_name())] {
            let path = folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).attempting("remove", &path);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the URL of the database for a user. Both sqlx and tokio-postgres take a percent-encoded folder as host for a unix
    /// socket.
    pub(super) fn url(&self, user: &str) -> String {
        let folder = self.socket_dir();
        let (user, folder) = (percent_encode(user.as_bytes()), percent_encode(folder.as_os_str().as_bytes()));
        format!("postgres://{user}@{folder}:{PORT}/{DATABASE}")
    }
}

fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
