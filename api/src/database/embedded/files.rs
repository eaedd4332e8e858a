//! Creates folders and files with the owner and mode that they must have.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, lchown,
};
use std::path::Path;

use super::EmbeddedError;
use super::account::Account;
use super::error::Attempting as _;

/// Creates a folder with exactly this mode, whatever the umask, and its parents. An existing folder stays unchanged.
pub(super) fn make_folder(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    if let Some(parent) = path.parent()
        && !parent.exists()
    {
        make_folder(parent, 0o755)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)).attempting("set the mode of", path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error).attempting("create the folder", path),
    }
}

/// Ensures that a folder exists that only the account can enter. Anything else in its place is refused: in a folder that all
/// users share, another user may have put it there.
pub(super) fn make_private_folder(path: &Path, account: Account) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).attempting("create the folder", path),
    }
    // A link is not followed. From here on only its owner (and root) can replace the folder, also in /tmp, because of its sticky
    // bit.
    let metadata = path.symlink_metadata().attempting("inspect", path)?;
    let own = rustix::process::geteuid().as_raw();
    // The last six bits of the mode are those of the group and of all others.
    let is_safe = metadata.is_dir()
        && (metadata.uid() == account.uid || metadata.uid() == own)
        && metadata.mode().trailing_zeros() >= 6;
    if !is_safe {
        return Err(EmbeddedError::UnsafeSocketDir { path: path.to_owned() });
    }
    if metadata.uid() != account.uid {
        lchown(path, Some(account.uid), Some(account.gid)).attempting("change the owner of", path)?;
    }
    Ok(())
}

/// Writes a file in one step: readers see the old or the new content, never a part of it.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), EmbeddedError> {
    let draft = path.with_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).attempting("remove", &draft),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)
        .attempting("create", &draft)?;
    file.write_all(content).and_then(|()| file.sync_all()).attempting("write", &draft)?;
    fs::rename(&draft, path).attempting("write", path)
}

/// Returns a file's content; `None` if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, EmbeddedError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).attempting("read", path),
    }
}
