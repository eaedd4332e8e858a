//! Creates the development secret, once per data folder, so that tokens stay valid after a restart.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::error::Attempting as _;
use super::{EmbeddedError, files};
use crate::random;

/// The number of random bytes; the secret is their hexadecimal text, so that it can be pasted into a variable.
const RANDOM_BYTES: usize = 32;

/// Returns the secret of a data folder, `None` if there is none yet.
pub(super) fn load(data_dir: &Path) -> Result<Option<Vec<u8>>, EmbeddedError> {
    let path = data_dir.join("secret");
    let secret = files::read(&path)?.map(|text| text.trim_ascii().to_vec());
    Ok(secret.filter(|secret| secret.len() >= RANDOM_BYTES))
}

/// Returns the secret of a data folder, which it creates if missing. Must be called under the lock.
pub(super) fn load_or_create(data_dir: &Path) -> Result<Vec<u8>, EmbeddedError> {
    let path = data_dir.join("secret");
    if let Some(secret) = load(data_dir)? {
        // A copy of the folder may have lost the mode.
        fs::set_permissions(&path, Permissions::from_mode(0o600)).attempting("set the mode of", &path)?;
        return Ok(secret);
    }
    let mut random = [0; RANDOM_BYTES];
    random::fill(&mut random).map_err(EmbeddedError::Randomness)?;
    let secret = random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    files::write(&path, format!("{secret}\n").as_bytes(), 0o600)?;
    Ok(secret.into_bytes())
}
