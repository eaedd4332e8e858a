//! Chooses the user that the server runs as.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// Users to run the server as if root has started the gateway.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// The user that the server runs as: the gateway's own, or another one if that is root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// True if it is another user than the gateway's.
    pub(super) is_other: bool,
}

impl Account {
    /// Returns the user for the cluster in this folder, which may not exist yet. For root it is the owner of an existing cluster.
    pub(super) fn for_cluster(data: &Path) -> Result<Self, EmbeddedError> {
        let own = rustix::process::geteuid();
        let owner = data.symlink_metadata().ok();
        if !own.is_root() {
            let uid = own.as_raw();
            return match owner {
                Some(owner) if owner.uid() != uid => {
                    Err(EmbeddedError::OtherOwner { path: data.to_owned(), owner: owner.uid() })
                }
                _ => Ok(Self { uid, gid: rustix::process::getegid().as_raw(), is_other: false }),
            };
        }
        match owner {
            Some(owner) if owner.uid() != 0 => {
                Ok(Self { uid: owner.uid(), gid: owner.gid(), is_other: true })
            }
            _ => NAMES
                .iter()
                .find_map(uzers::get_user_by_name)
                .map(|user| Self { uid: user.uid(), gid: user.primary_group_id(), is_other: true })
                .ok_or(EmbeddedError::NoAccount),
        }
    }

    /// Returns a command that runs a program as this user: with an empty standard input, without `PG…` variables that would
    /// change its settings, in a working directory that everybody can enter, and in a process group of its own, so that Ctrl-C
    /// reaches only the gateway.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).current_dir("/").process_group(0);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if self.is_other {
            // The standard library also drops the supplementary groups of root.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Returns true if the user can enter this folder, by the permissions of all folders on the path.
    pub(super) fn can_enter(self, folder: &Path) -> bool {
        !self.is_other
            || folder.ancestors().all(|step| {
                let Ok(metadata) = step.metadata() else { return false };
                let needed = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                    (true, _) => 0o100,
                    (false, true) => 0o010,
                    (false, false) => 0o001,
                };
                metadata.mode() & needed != 0
            })
    }
}
