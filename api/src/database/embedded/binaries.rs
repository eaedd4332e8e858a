//! Finds the server's programs.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::EmbeddedError;
use super::account::Account;

/// The oldest supported version.
pub(super) const MIN_MAJOR: u32 = 15;

/// Folders in which packagers keep one server per version: the path before the version and after it. The highest version comes
/// first.
const VERSIONED: [(&str, &str); 8] = [
    ("/usr/lib/postgresql/", "bin"),
    ("/usr/pgsql-", "bin"),
    ("/usr/lib/postgresql", "bin"),
    ("/usr/libexec/postgresql", ""),
    ("/opt/homebrew/opt/postgresql@", "bin"),
    ("/usr/local/opt/postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt/postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions/", "bin"),
];

/// The programs of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// Returns the programs for the existing cluster's version, or for any supported one; downloads them if none is installed.
    pub(super) async fn find(
        data_dir: &Path,
        existing: Option<u32>,
        account: Account,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, EmbeddedError> {
        let mut found = BTreeSet::new();
        for folder in candidates(std::env::var_os("PATH").as_deref(), data_dir).await {
            if let Some(binaries) = Self::probe(&folder, account).await {
                if existing.map_or(binaries.major >= MIN_MAJOR, |major| major == binaries.major) {
                    return Ok(binaries);
                }
                found.insert(binaries.major);
            }
        }
        let failure = if existing.is_some_and(|major| major < MIN_MAJOR) {
            String::new()
        } else {
            match download(data_dir, existing, account, progress).await {
                Ok(binaries) => return Ok(binaries),
                Err(failure) => failure,
            }
        };
        Err(missing(existing, &found, &failure, cluster_folder(data_dir)))
    }

    /// Returns the version of the server in this folder, run as the user that it will run as.
    pub(super) async fn probe(folder: &Path, account: Account) -> Option<Self> {
        // A link in PATH leads to the folder of the other programs too.
        let program = folder.join("postgres").canonicalize().ok()?;
        let folder = program.parent()?.to_owned();
        if !folder.join("initdb").is_file() || !account.can_enter(&folder) {
            return None;
        }
        let mut command = account.command(&program);
        command.arg("--version").stderr(Stdio::null());
        let output = tokio::process::Command::from(command).kill_on_drop(true).output();
        let output = tokio::time::timeout(Duration::from_secs(10), output).await.ok()?.ok()?;
        let major = major(std::str::from_utf8(&output.stdout).ok()?)?;
        Some(Self { folder, major })
    }
}

fn cluster_folder(data_dir: &Path) -> PathBuf {
    super::Layout::existing(data_dir).map_or_else(|_| data_dir.to_owned(), |layout| layout.data())
}

/// Returns the major version in a text such as `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn major(text: &str) -> Option<u32> {
    let version = text.strip_prefix("postgres (PostgreSQL) ")?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

/// Returns all folders that may contain a server, the most explicit choice first.
async fn candidates(path: Option<&OsStr>, data_dir: &Path) -> Vec<PathBuf> {
    // An empty part of it is the working directory, where anybody may have put a program.
    let path: Vec<_> =
        path.into_iter().flat_map(std::env::split_paths).filter(|it| it.is_absolute()).collect();
    let mut folders = path.clone();
    if let Some(pg_config) =
        path.iter().map(|folder| folder.join("pg_config")).find(|program| program.is_file())
    {
        let mut command = tokio::process::Command::new(pg_config);
        command.arg("--bindir").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        if let Ok(Ok(output)) = tokio::time::timeout(Duration::from_secs(10), command.output()).await
            && let Ok(folder) = String::from_utf8(output.stdout)
        {
            folders.push(PathBuf::from(folder.trim()));
        }
    }
    folders.extend(VERSIONED.iter().flat_map(|(before, after)| versioned(before, after)));
    #[cfg(feature = "download-postgres")]
    folders.extend(super::download::earlier(data_dir));
    #[cfg(not(feature = "download-postgres"))]
    let _ = data_dir;
    // A server can be found in several ways, including links.
    let mut seen = HashSet::new();
    folders.retain(|folder| {
        let program = folder.join("postgres").canonicalize().ok().filter(|program| program.is_file());
        program.is_some_and(|program| seen.insert(program))
    });
    folders
}

/// Returns the folders `<before><version>/<after>`, the highest version first.
pub(super) fn versioned(before: &str, after: &str) -> Vec<PathBuf> {
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.split('.').next()?.parse().ok()?;
            Some((version, entry.path().join(after)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(feature = "download-postgres")]
async fn download(
    data_dir: &Path,
    existing: Option<u32>,
    account: Account,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Binaries, String> {
    let folder = super::download::fetch(data_dir, existing, progress).await?;
    let unfit = || format!("the Postgres server in {} does not run here", folder.display());
    Binaries::probe(&folder, account).await.ok_or_else(unfit)
}

#[cfg(not(feature = "download-postgres"))]
#[expect(clippy::unused_async, reason = "like the download that is left out of this build")]
async fn download(
    _: &Path,
    _: Option<u32>,
    _: Account,
    _: &(dyn Fn(&str) + Send + Sync),
) -> Result<Binaries, String> {
    Err(String::new())
}

fn missing(existing: Option<u32>, found: &BTreeSet<u32>, failure: &str, data: PathBuf) -> EmbeddedError {
    let mut reason = String::new();
    if !found.is_empty() {
        reason = format!(", only {} is", found.iter().map(u32::to_string).collect::<Vec<_>>().join(" and "));
    }
    if !failure.is_empty() {
        reason = format!("{reason}, and it could not be downloaded ({failure})");
    }
    let remedy = remedy(existing, &std::fs::read_to_string("/etc/os-release").unwrap_or_default());
    match existing {
        Some(data_version) => EmbeddedError::OtherVersion { data, data_version, reason, remedy },
        None => EmbeddedError::NoServer { reason, remedy },
    }
}

/// Returns the command that installs a server here, according to `/etc/os-release`.
fn remedy(version: Option<u32>, os_release: &str) -> String {
    let names: Vec<_> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|names| names.trim_matches('"').split(' '))
        .collect();
    let is = |name: &str| names.contains(&name);
    let numbered =
        |separator: &str| version.map_or_else(String::new, |version| format!("{separator}{version}"));
    let command = if cfg!(target_os = "macos") {
        format!("brew install postgresql@{}", version.unwrap_or(17))
    } else if is("debian") || is("ubuntu") {
        format!("sudo apt-get install postgresql{}", numbered("-"))
    } else if is("fedora") || is("rhel") {
        format!("sudo dnf install postgresql{}-server", numbered(""))
    } else if is("suse") || is("opensuse") {
        format!("sudo zypper install postgresql{}-server", numbered(""))
    } else if is("alpine") {
        format!("apk add postgresql{}", version.unwrap_or(17))
    } else if is("arch") {
        "sudo pacman -S postgresql".to_owned()
    } else {
        return format!("install a PostgreSQL{} server", numbered(" "));
    };
    format!("install one with `{command}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 17"), Some(17));
        for wrong in ["", "postgres", "PostgreSQL 15", "postgres (PostgreSQL) devel"] {
            assert_eq!(major(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_remedy_fits_the_machine() {
        if cfg!(target_os = "linux") {
            assert_eq!(
                remedy(None, "NAME=x\nID=debian\n"),
                "install one with `sudo apt-get install postgresql`"
            );
            assert_eq!(
                remedy(Some(16), "ID=mint\nID_LIKE=\"ubuntu debian\""),
                "install one with `sudo apt-get install postgresql-16`"
            );
            assert_eq!(
                remedy(None, "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\""),
                "install one with `sudo dnf install postgresql-server`"
            );
            assert_eq!(remedy(Some(16), ""), "install a PostgreSQL 16 server");
        }
    }

    #[test]
    fn the_highest_version_comes_first() {
        let root = std::env::temp_dir().join(format!("praxis-versions-{}", crate::random::id()));
        for name in ["pg-9.6", "pg-15", "pg-17", "pg-x", "other-18"] {
            std::fs::create_dir_all(root.join(name).join("bin")).unwrap();
        }
        let found = versioned(&format!("{}/pg-", root.display()), "bin");
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap()).collect();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(names, ["pg-17/bin", "pg-15/bin", "pg-9.6/bin"]);
    }

    #[test]
    fn an_error_about_missing_programs_is_one_line() {
        let none = missing(None, &[14].into(), "no network", "/d".into()).to_string();
        assert!(none.starts_with("no Postgres server (15 or newer) is installed, only 14 is, and it could not be downloaded (no network): install"), "{none}");
        assert!(none.ends_with("or set DATABASE_URL"), "{none}");
        let other = missing(Some(16), &[15].into(), "", "/d".into()).to_string();
        assert!(
            other.starts_with(
                "the data in /d was written by Postgres 16, which is not installed, only 15 is: install"
            ),
            "{other}"
        );
        assert!(!none.contains('\n') && !other.contains('\n'));
    }
}
