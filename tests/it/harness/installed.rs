//! Starts programs between the gateway and Postgres, from the system's packages.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::net::TcpStream;

use super::cluster::run_in;
use super::eventually;

/// A running program that listens on a port; it stops when dropped.
pub(crate) struct Installed {
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

impl Installed {
    /// Starts a program with a configuration made from its address. Returns `None` if it is not installed; where all tests must
    /// run (`CI=true`), that fails.
    pub(crate) async fn start(
        name: &str,
        arguments: &[&str],
        configuration: impl FnOnce(SocketAddr) -> String,
    ) -> Option<Self> {
        let program = find(name)?;
        let folder = std::env::temp_dir().join(format!("praxis-it-{name}-{}", uuid::Uuid::new_v4()));
        // A port that is free now; no other process takes one so soon.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let file = folder.join("configuration");
        let mut command = Command::new(program);
        command.args(arguments).arg(&file).stdin(Stdio::null());
        run_in(&folder, &mut command);
        fs::write(&file, configuration(address)).unwrap();
        let mut installed = Self { address, folder, process: command.spawn().unwrap() };
        eventually(name, async || {
            let log = || fs::read_to_string(installed.folder.join("log")).unwrap_or_default();
            assert!(installed.process.try_wait().unwrap().is_none(), "{name} has ended: {}", log());
            TcpStream::connect(address).await.is_ok()
        })
        .await;
        Some(installed)
    }

    /// Returns the URL of a database behind the program.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@{}/{database}?sslmode=disable", self.address)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns the path of a program, if it is installed.
#[expect(clippy::print_stderr, reason = "who reads the tests' output should know what was left out")]
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let found =
        std::env::split_paths(&path).chain(usual).map(|folder| folder.join(name)).find(|it| it.exists());
    if found.is_none() {
        let missing = format!("{name} is not installed; on Debian: apt-get install {name}");
        assert!(std::env::var_os("CI").is_none_or(|it| it != *"true"), "{missing}");
        eprintln!("skipped: {missing}");
    }
    found
}

/// Starts a PgBouncer in transaction mode for the Postgres with its socket in this folder.
pub(crate) async fn pgbouncer(postgres: &Path, servers: usize) -> Option<Installed> {
    let configuration = |address: SocketAddr| {
        format!(
            "[databases]
             * = host={postgres} port=5432 user=praxis_gateway
             [pgbouncer]
             listen_addr = 127.0.0.1
             listen_port = {port}
             unix_socket_dir =
             auth_type = any
             pool_mode = transaction
             default_pool_size = {servers}
             max_client_conn = 500
             server_reset_query =
             ignore_startup_parameters = extra_float_digits",
            postgres = postgres.display(),
            port = address.port(),
        )
    };
    Installed::start("pgbouncer", &[], configuration).await
}

/// Starts an `HAProxy` for the Postgres servers with their sockets in these folders; it uses the first that answers.
pub(crate) async fn haproxy(postgres: &[&str]) -> Option<Installed> {
    let configuration = |address: SocketAddr| {
        let servers = postgres.iter().enumerate().map(|(at, folder)| {
            let backup = if at > 0 { "backup" } else { "" };
            format!("  server s{at} unix@{folder}/.s.PGSQL.5432 check inter 200 fall 1 rise 1 on-marked-down shutdown-sessions {backup}\n")
        });
        format!(
            "global\n  maxconn 500\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
             listen postgres\n  bind {address}\n  option tcp-check\n{}",
            servers.collect::<String>()
        )
    };
    Installed::start("haproxy", &["-db", "-f"], configuration).await
}
