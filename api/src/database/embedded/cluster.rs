//! Creates the cluster, and reads its version.

use std::fs;
use std::path::Path;

use super::account::Account;
use super::binaries::Binaries;
use super::error::Attempting as _;
use super::layout::Layout;
use super::{EmbeddedError, SUPERUSER, files};

/// The version from which on Postgres has a UTF-8 locale of its own.
const BUILTIN_LOCALE: u32 = 17;

/// Returns the major version of an existing cluster; `None` if there is none yet.
pub(super) fn version(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = data.join("PG_VERSION");
    let Some(text) = files::read(&path)? else { return Ok(None) };
    let version = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
    let unreadable = std::io::Error::from(std::io::ErrorKind::InvalidData);
    version.map(Some).ok_or(unreadable).attempting("parse", &path)
}

/// Creates the cluster in a temporary folder beside its place, so that an interruption leaves nothing that looks like one.
pub(super) async fn initialise(
    layout: &Layout,
    binaries: &Binaries,
    account: Account,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), EmbeddedError> {
    progress(&format!("Initialising a Postgres {} cluster in {} …", binaries.major, layout.home.display()));
    let draft = layout.home.join("data.new");
    let mut said = String::new();
    for locale in locales(binaries.major) {
        if draft.symlink_metadata().is_ok() {
            fs::remove_dir_all(&draft).attempting("remove", &draft)?;
        }
        files::make_private_folder(&draft, account)?;
        let initdb = binaries.folder.join("initdb");
        let mut command = account.command(&initdb);
        command
            .args(["--encoding=UTF8", "--auth-local=trust", "--auth-host=reject", "--no-instructions"])
            .arg(format!("--username={SUPERUSER}"))
            .args(*locale)
            .arg("-D")
            .arg(&draft);
        let output = tokio::process::Command::from(command).kill_on_drop(true).output().await;
        let output = output.attempting("run", &initdb)?;
        if output.status.success() {
            return fs::rename(&draft, layout.data()).attempting("create", &layout.data());
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    let _ = fs::remove_dir_all(&draft);
    Err(EmbeddedError::Initialise { output: said.trim().to_owned() })
}

/// Returns locale options, the best first: text in UTF-8, sorted by code point, the same on every machine, and with case
/// conversion of letters if possible.
fn locales(major: u32) -> &'static [&'static [&'static str]] {
    const WAYS: [&[&str]; 3] = [
        &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
        &["--locale=C.UTF-8"],
        &["--locale=C"],
    ];
    if major >= BUILTIN_LOCALE { &WAYS } else { WAYS.split_at(1).1 }
}
