//! A temporary Postgres, for these tests and those of the migrations. It ends with the test process, however that ends: a shell
//! runs the server and reads from a pipe, which closes then.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// A running server.
pub(crate) struct Cluster {
    folder: PathBuf,
    _shell: Child,
}

impl Cluster {
    /// Starts a server in a new folder.
    pub(crate) fn start() -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            remove_what_was_left();
        }
        let folder = home().join(format!("praxis-test-{}-{number}", std::process::id()));
        // TERM stops a server that is still starting, INT one that waits for its clients.
        let script = r#"
            "$1" -D "$3/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N || exit 1
            "$2" -D "$3/data" -k "$3" -c listen_addresses= -c fsync=off -c full_page_writes=off \
              -c synchronous_commit=off -c jit=off -c max_connections=300 -c log_line_prefix='%d ' &
            read -r _
            kill -TERM $!
            kill -INT $!
            wait $!
            rm -rf "$3"
        "#;
        let arguments = [program("initdb"), program("postgres"), folder.clone()];
        let cluster = Self { _shell: shell_in(&folder, script, &arguments), folder };
        for _ in 0..600 {
            if UnixStream::connect(cluster.folder.join(".s.PGSQL.5432")).is_ok() {
                return cluster;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{}", fs::read_to_string(cluster.folder.join("log")).unwrap_or_default());
    }

    /// Returns the URL of a database for a user.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{folder}:5432/{database}")
    }

    /// Returns the folder of the server's socket.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The folder of the servers' folders in memory, and the one on the disk.
const IN_MEMORY: &str = "/dev/shm";
const ON_DISK: &str = "/tmp";

/// Returns the folder of the servers' folders: the one in memory if there is plenty of it, since a database has thousands of files, which
/// are created there in a tenth of the time.
fn home() -> &'static Path {
    /// Room and free memory, in KiB.
    const PLENTY: u64 = 10 << 20;
    static HOME: LazyLock<&Path> = LazyLock::new(|| {
        let room = Command::new("df").args(["--output=avail", "-k", IN_MEMORY]).output();
        let room =
            room.ok().and_then(|it| String::from_utf8_lossy(&it.stdout).lines().last()?.trim().parse().ok());
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let free = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
        let free = free.and_then(|it| it.trim().trim_end_matches("kB").trim().parse().ok());
        // Where there is no such folder, there is no room either.
        let is_plenty = room.min(free).is_some_and(|least: u64| least >= PLENTY);
        Path::new(if is_plenty { IN_MEMORY } else { ON_DISK })
    });
    *HOME
}

/// Removes the folders of test processes that were killed together with their shells, wherever those had them.
fn remove_what_was_left() {
    for folder in [IN_MEMORY, ON_DISK].into_iter().flat_map(fs::read_dir).flatten().flatten() {
        let name = folder.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix("praxis-test-")?.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Another test process may be removing it too.
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

/// Returns the path of a program of Postgres, from PATH or the system's folder.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{name} is not installed; on Debian: apt-get install postgresql"))
}

/// Runs a shell script in a folder, like [`run_in`]. It can read from a pipe that closes when the test process ends, however that
/// ends.
pub(crate) fn shell_in(folder: &Path, script: &str, arguments: &[impl AsRef<OsStr>]) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).args(arguments).stdin(Stdio::piped());
    run_in(folder, &mut shell);
    shell.spawn().unwrap()
}

/// Runs a program in a folder, which it creates, as a user who may run Postgres. The output goes to the file `log` there.
pub(crate) fn run_in(folder: &Path, program: &mut Command) {
    fs::create_dir(folder).unwrap();
    // Both append: otherwise one would overwrite the other.
    let log = || File::options().create(true).append(true).open(folder.join("log")).unwrap();
    // The other user may have no access to the current folder of the tests.
    program.current_dir(folder).stdout(log()).stderr(log());
    if let Some((uid, gid)) = unprivileged_user() {
        chown(folder, Some(uid), Some(gid)).unwrap();
        program.uid(uid).gid(gid);
    }
}

/// Returns another user to run Postgres as if this is root, which Postgres refuses.
fn unprivileged_user() -> Option<(u32, u32)> {
    (uzers::get_effective_uid() == 0).then(|| {
        let user = uzers::get_user_by_name("postgres").or_else(|| uzers::get_user_by_name("nobody"));
        let user = user.expect("an account other than root");
        (user.uid(), user.primary_group_id())
    })
}
