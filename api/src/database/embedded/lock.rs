//! Locks a data folder, so that only one gateway uses it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::EmbeddedError;
use super::error::Attempting as _;

/// The lock, held until it is dropped; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough while a process that is being started has a copy of it.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Takes the lock of a folder and records the process id.
    pub(super) fn take(folder: &Path) -> Result<Self, EmbeddedError> {
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(&path)
            .attempting("open", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(EmbeddedError::Running { pid, data_dir: folder.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(error).attempting("lock", &path),
        }
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()))
            .attempting("write", &path)?;
        Ok(Self(file))
    }
}
