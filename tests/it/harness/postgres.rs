//! A Postgres with settings of its own, or a standby of another one. It ends with the test process, however that ends: a shell
//! runs the server and reads from a pipe, which closes then.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::shell_in;
use super::{eventually, program};

/// A running server, whose database is `postgres`.
pub(crate) struct Postgres {
    folder: PathBuf,
    shell: Child,
}

impl Postgres {
    /// Starts a server with these settings, and applies the migrations.
    pub(crate) async fn migrated(settings: &str) -> Self {
        let postgres = Self::start(settings, None).await;
        migration::up(&postgres.url("postgres")).await.unwrap();
        postgres
    }

    /// Starts a hot standby of this server.
    pub(crate) async fn standby(&self) -> Self {
        Self::start("", Some(&self.folder)).await
    }

    async fn start(settings: &str, primary: Option<&Path>) -> Self {
        let folder = std::env::temp_dir().join(format!("praxis-it-{}", uuid::Uuid::new_v4()));
        let script = r#"
            if [ -n "$4" ]; then
              "$1" -h "$4" -U postgres -D "$3/data" -R -X stream -c fast || exit 1
            else
              "$1" -D "$3/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N || exit 1
            fi
            "$2" -D "$3/data" -k "$3" -c listen_addresses= -c fsync=off -c full_page_writes=off \
              -c synchronous_commit=off -c max_connections=100 $5 &
            read -r _
            kill -TERM $!
            kill -INT $!
            wait $!
            rm -rf "$3"
        "#;
        let begin = program(if primary.is_some() { "pg_basebackup" } else { "initdb" });
        let server = program("postgres");
        let primary = primary.unwrap_or(Path::new(""));
        let arguments: [&OsStr; 5] =
            [begin.as_ref(), server.as_ref(), folder.as_ref(), primary.as_ref(), settings.as_ref()];
        let mut postgres = Self { shell: shell_in(&folder, script, &arguments), folder };
        eventually("Postgres is ready", async || {
            let log = || fs::read_to_string(postgres.folder.join("log")).unwrap_or_default();
            assert!(postgres.shell.try_wait().unwrap().is_none(), "{}", log());
            postgres.server(Some("ready")).is_some()
        })
        .await;
        postgres
    }

    /// Returns the URL for a user.
    pub(crate) fn url(&self, user: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{folder}:5432/postgres")
    }

    /// Returns the folder of the server's socket.
    pub(crate) fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    /// Kills the server without a shutdown, for good.
    pub(crate) async fn kill(&self) {
        let server = Pid::from_raw(self.server(None).unwrap()).unwrap();
        kill_process(server, Signal::KILL).unwrap();
        let socket = self.folder.join(".s.PGSQL.5432");
        eventually("nobody answers", async || std::os::unix::net::UnixStream::connect(&socket).is_err())
            .await;
    }

    /// Returns the id of the server's process, if it has this status.
    fn server(&self, status: Option<&str>) -> Option<i32> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        let mut lines = file.lines();
        let server = lines.next()?.parse().ok()?;
        let now = lines.nth(6)?.trim();
        (status.is_none_or(|status| status == now)).then_some(server)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // If the wait fails, the shell still ends by itself.
        let _ = self.shell.wait();
    }
}
