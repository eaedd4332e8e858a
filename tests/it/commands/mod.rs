//! Tests of the command line, with the compiled binary.

mod addresses;
mod demo;
mod doctor;
mod lint;
mod migrate;
mod own_postgres;
mod privileges;
mod refresh;
mod schema;
mod serve;
mod systems;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::binary::{over, praxis, secret};

/// The output of a command that has ended.
pub(crate) struct Said {
    status: ExitStatus,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert!(self.status.success(), "{}{}", self.out, self.err);
        self.out
    }

    /// Returns all output of a command that must have failed without a panic.
    #[track_caller]
    pub(crate) fn bad(self) -> String {
        let text = self.out + &self.err;
        assert!(matches!(self.status.code(), Some(1 | 2)), "{:?}: {text}", self.status);
        text
    }
}

pub(crate) async fn run(arguments: &[&str]) -> Said {
    let mut command = praxis();
    command.args(arguments).stdin(Stdio::null());
    said(command).await
}

async fn said(mut command: Command) -> Said {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Said {
        status: output.status,
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `praxis serve` over a database, with valid settings followed by these.
async fn serve(url: &str, more: &[&str]) -> Said {
    run(&[&["serve"], &over(url)[..], more].concat()).await
}

async fn migrate(url: &str, direction: &[&str]) -> Said {
    run(&[&["migrate", "--database-url", url], direction].concat()).await
}

async fn doctor(url: &str) -> Said {
    run(&["doctor", "--jwt-secret", secret(), "--database-url", url]).await
}

const NEW_USER: &str = "INSERT INTO auth.users (id, email)
    VALUES ('0b2f7b39-4d6c-4a55-8a3e-3f1f5a1f7f00', 'new@praxis.example')";

/// The path of a new folder, which is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("praxis-commands-{}", uuid::Uuid::new_v4())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let elsewhere = std::fs::read_to_string(self.0.join("location")).unwrap_or_default();
        // The folder may not exist.
        let _ = std::fs::remove_dir_all(&self.0);
        if Path::new(elsewhere.trim()).starts_with("/var/lib/praxis") {
            let _ = std::fs::remove_dir_all(elsewhere.trim());
        }
    }
}
