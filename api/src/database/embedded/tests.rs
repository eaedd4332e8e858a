//! Tests with real servers in folders of their own. Some need root, because Postgres then needs another user; run by an ordinary
//! user they do nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use tokio_postgres::NoTls;

use super::*;
use crate::clock;
use crate::random;

/// The variable that names the folder for the inner tests.
const FOLDER: &str = "PRAXIS_TEST_FOLDER";

/// A folder of one test, removed with all of its files.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self::named("")
    }

    fn named(name: &str) -> Self {
        let id = random::id().simple().to_string();
        let folder = Self(Path::new("/tmp").join(format!("px-{}{name}", id.get(..8).unwrap())));
        fs::create_dir(&folder.0).unwrap();
        fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn data_dir(&self) -> PathBuf {
        self.0.join(".praxis")
    }

    fn config(&self) -> EmbeddedConfig {
        EmbeddedConfig { data_dir: self.data_dir() }
    }

    fn data(&self) -> PathBuf {
        self.layout().data()
    }

    fn layout(&self) -> Layout {
        Layout::existing(&self.data_dir()).unwrap()
    }

    async fn start(&self) -> Embedded {
        self.try_start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_start(&self) -> Result<Embedded, EmbeddedError> {
        Embedded::start(self.config(), &|_| {}).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Ok(layout) = Layout::existing(&self.data_dir()) {
            if layout.home_is_elsewhere() {
                let _ = fs::remove_dir_all(&layout.home);
            }
            if !layout.socket_dir().starts_with(&layout.home) {
                let _ = fs::remove_dir_all(layout.socket_dir());
            }
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn write_note(server: &Embedded, text: &str) {
    let client = client(&server.superuser_url()).await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS note (text text)").await.unwrap();
    client.execute("INSERT INTO note VALUES ($1)", &[&text]).await.unwrap();
}

async fn notes(server: &Embedded) -> Vec<String> {
    let client = client(&server.superuser_url()).await;
    client.query("SELECT text FROM note", &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn show(client: &tokio_postgres::Client, setting: &str) -> String {
    client.query_one(&format!("SHOW {setting}"), &[]).await.unwrap().get(0)
}

/// Returns the number of processes that use the cluster.
fn processes(data: &Path) -> usize {
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    entries
        .flatten()
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .count()
}

/// Runs one of the ignored tests below in a process of its own.
fn inner(test: &str, folder: &Folder, change: impl FnOnce(&mut Command)) -> Child {
    // A copy: another user may not be able to enter the folder in which this program was built.
    let program = folder.0.join("tests");
    if !program.exists() {
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    }
    let mut command = Command::new(program);
    command.args(["--exact", &format!("database::embedded::tests::{test}"), "--ignored", "--nocapture"]);
    command.env(FOLDER, &folder.0).stdin(Stdio::null());
    change(&mut command);
    command.spawn().unwrap()
}

fn inner_folder() -> Folder {
    Folder(std::env::var_os(FOLDER).unwrap().into())
}

#[test]
fn a_server_can_be_started_and_held_in_any_task() {
    fn is_send_and_sync<T: Send + Sync>() {}
    fn is_send<T: Send>(_: T) {}
    is_send_and_sync::<Embedded>();
    is_send(Embedded::start(EmbeddedConfig::default(), &|_| {}));
}

#[tokio::test]
async fn data_and_secret_outlive_a_restart() {
    let folder = Folder::new();
    let steps = Mutex::new(Vec::new());
    let progress = |step: &str| steps.lock().unwrap().push(step.to_owned());
    let server = Embedded::start(folder.config(), &progress).await.unwrap();
    assert!(steps.lock().unwrap()[0].starts_with("Initialising a Postgres "), "{steps:?}");
    write_note(&server, "kept").await;
    let secret = server.secret().to_vec();
    assert_eq!(secret.len(), 64);
    assert_eq!(fs::metadata(folder.data_dir().join("secret")).unwrap().mode() & 0o777, 0o600);
    assert!(processes(&folder.data()) > 0);
    server.stop().await.unwrap();
    assert_eq!(processes(&folder.data()), 0);

    steps.lock().unwrap().clear();
    let server = Embedded::start(folder.config(), &progress).await.unwrap();
    assert_eq!(*steps.lock().unwrap(), [format!("Starting Postgres {} …", server.version())]);
    assert_eq!(notes(&server).await, ["kept"]);
    assert_eq!(server.secret(), secret);
    drop(server);
    assert_eq!(processes(&folder.data()), 0);
}

#[tokio::test]
async fn the_address_suits_both_drivers_and_any_path() {
    let folder = Folder::named(" ü%,'@?#&");
    let server = folder.start().await;
    let plain = client(&server.superuser_url()).await;
    plain.batch_execute("CREATE ROLE \"a gateway/@\" LOGIN").await.unwrap();
    let url = server.url_for("a gateway/@");
    let theirs = client(&url).await;
    let user: String = theirs.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    let sea = Database::connect(url).await.unwrap();
    let query = Statement::from_string(
        DbBackend::Postgres,
        "SELECT current_user::text AS name, current_database()::text AS db",
    );
    let row = sea.query_one_raw(query).await.unwrap().unwrap();
    let (name, db): (String, String) = (row.try_get("", "name").unwrap(), row.try_get("", "db").unwrap());
    assert_eq!((user.as_str(), name.as_str(), db.as_str()), ("a gateway/@", "a gateway/@", "praxis"));
    sea.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_is_set_up_for_one_machine() {
    let folder = Folder::new();
    let server = folder.start().await;
    let client = client(&server.superuser_url()).await;
    for (setting, value) in [
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("fsync", "on"),
        ("max_connections", "100"),
        ("shared_buffers", "128MB"),
        ("timezone", "UTC"),
    ] {
        assert_eq!(show(&client, setting).await, value, "{setting}");
    }
    let lower: String = client.query_one("SELECT lower('ÄÉ')", &[]).await.unwrap().get(0);
    assert_eq!(lower, "äé");
    let socket_dir = fs::metadata(folder.layout().socket_dir()).unwrap();
    assert_eq!(socket_dir.mode() & 0o777, 0o700);
    if is_root() {
        let owner = fs::metadata(folder.data()).unwrap().uid();
        assert!(owner != 0 && socket_dir.uid() == owner);
        assert_eq!(fs::metadata(format!("/proc/{}", server.pid())).unwrap().uid(), owner);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_says_that_one_runs() {
    let folder = Folder::new();
    let server = folder.start().await;
    let error = folder.try_start().await.unwrap_err();
    assert!(
        matches!(error, EmbeddedError::Running { pid: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    assert!(error.to_string().contains("is in use by a running gateway (process"), "{error}");
    write_note(&server, "undisturbed").await;
    server.stop().await.unwrap();
    folder.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn another_process_can_attach_to_a_running_server() {
    let folder = Folder::new();
    assert!(matches!(attach(&folder.data_dir()), Err(EmbeddedError::NoDataDir { .. })));
    let server = folder.start().await;
    let attached = attach(&folder.data_dir()).unwrap();
    assert_eq!(attached.secret(), server.secret());
    assert_eq!(attached.superuser_url(), server.superuser_url());
    assert_eq!(attached.url_for("a"), server.url_for("a"));
    assert!(attached.is_running());
    server.stop().await.unwrap();
    assert!(!attached.is_running());
}

#[tokio::test]
async fn a_server_whose_gateway_was_killed_is_taken_over() {
    let folder = Folder::new();
    let mut gateway = inner("hold_a_server", &folder, |command| {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    });
    let ready = folder.0.join("ready");
    let start = clock::instant();
    while !ready.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "the other gateway does not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let error = folder.try_start().await.unwrap_err();
    assert!(matches!(error, EmbeddedError::Running { pid: Some(pid), .. } if pid == gateway.id()), "{error}");

    gateway.kill().unwrap();
    gateway.wait().unwrap();
    assert!(processes(&folder.data()) > 0, "the server went with the gateway");
    let steps = Mutex::new(Vec::new());
    let server =
        Embedded::start(folder.config(), &|step| steps.lock().unwrap().push(step.to_owned())).await.unwrap();
    assert!(steps.lock().unwrap()[0].contains("that an earlier run left behind"), "{steps:?}");
    assert_eq!(notes(&server).await, ["from the other gateway"]);
    server.stop().await.unwrap();
    assert_eq!(processes(&folder.data()), 0);
}

#[tokio::test]
#[ignore = "run by a test above in a process of its own"]
async fn hold_a_server() {
    let folder = inner_folder();
    let server = folder.start().await;
    write_note(&server, "from the other gateway").await;
    fs::write(folder.0.join("ready"), "").unwrap();
    tokio::time::sleep(Duration::from_mins(2)).await;
    drop(server);
}

#[tokio::test]
async fn a_server_that_was_killed_starts_again() {
    let folder = Folder::new();
    let server = folder.start().await;
    write_note(&server, "survives").await;
    // An open connection keeps a child of the server alive for a moment.
    let _client = client(&server.superuser_url()).await;
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(server.pid().try_into().unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    server.stop().await.unwrap();
    assert!(folder.data().join("postmaster.pid").exists());
    let server = folder.start().await;
    assert_eq!(notes(&server).await, ["survives"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stale_process_id_that_is_somebody_else_is_no_obstacle() {
    let folder = Folder::new();
    let server = folder.start().await;
    let pid_file = folder.data().join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    let owner = fs::metadata(&pid_file).unwrap();
    write_note(&server, "kept").await;
    server.stop().await.unwrap();

    // A process of the server's user that is no server: Postgres itself would not start beside it.
    let mut command = Command::new("sleep");
    command.arg("60").current_dir("/");
    if is_root() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let mut stranger = command.spawn().unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", stranger.id())).unwrap();
    std::os::unix::fs::chown(&pid_file, Some(owner.uid()), Some(owner.gid())).unwrap();

    let server = folder.start().await;
    assert_eq!(notes(&server).await, ["kept"]);
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_initialisation_is_begun_anew() {
    let folder = Folder::new();
    let half = folder.data_dir().join("postgres/data.new");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    fs::set_permissions(folder.data_dir(), Permissions::from_mode(0o755)).unwrap();
    folder.start().await.stop().await.unwrap();
    assert!(!half.exists());
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let folder = Folder::new();
    folder.start().await.stop().await.unwrap();
    fs::write(folder.data().join("postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let start = clock::instant();
    let error = folder.try_start().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20));
    let text = error.to_string();
    assert!(matches!(error, EmbeddedError::Start { .. }), "{text}");
    assert!(text.contains("no_such_setting") && text.contains("postgres.log"), "{text}");
}

#[tokio::test]
async fn data_of_another_version_is_left_alone() {
    let folder = Folder::new();
    folder.start().await.stop().await.unwrap();
    fs::write(folder.data().join("PG_VERSION"), "9\n").unwrap();
    let error = folder.try_start().await.unwrap_err();
    assert!(matches!(error, EmbeddedError::OtherVersion { data_version: 9, .. }), "{error}");
    assert!(error.to_string().contains("was written by Postgres 9, which is not installed"), "{error}");
}

async fn assert_unsafe_socket_dir(folder: &Folder) {
    let error = folder.try_start().await.unwrap_err();
    assert!(matches!(error, EmbeddedError::UnsafeSocketDir { .. }), "{error}");
}

#[tokio::test]
async fn a_long_path_gets_its_socket_elsewhere() {
    let folder = Folder::named(&"x".repeat(100));
    let server = folder.start().await;
    let socket_dir = folder.layout().socket_dir();
    assert!(socket_dir.starts_with("/tmp/"), "{}", socket_dir.display());
    assert_eq!(fs::metadata(&socket_dir).unwrap().mode() & 0o777, 0o700);
    write_note(&server, "kept").await;
    server.stop().await.unwrap();

    // A folder of another user, or a link to it, gets no socket.
    fs::remove_dir_all(&socket_dir).unwrap();
    let theirs = folder.0.join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::set_permissions(&theirs, Permissions::from_mode(0o700)).unwrap();
    symlink(&theirs, &socket_dir).unwrap();
    assert_unsafe_socket_dir(&folder).await;
    fs::remove_file(&socket_dir).unwrap();
    fs::create_dir(&socket_dir).unwrap();
    fs::set_permissions(&socket_dir, Permissions::from_mode(0o755)).unwrap();
    assert_unsafe_socket_dir(&folder).await;
    if is_root() {
        fs::set_permissions(&socket_dir, Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::chown(&socket_dir, Some(12345), None).unwrap();
        assert_unsafe_socket_dir(&folder).await;
    }
    fs::remove_dir_all(&socket_dir).unwrap();
    folder.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn in_a_folder_that_only_root_can_enter_the_cluster_lives_elsewhere() {
    if !is_root() {
        return;
    }
    let folder = Folder::new();
    fs::set_permissions(&folder.0, Permissions::from_mode(0o700)).unwrap();
    let server = folder.start().await;
    let home = folder.layout().home;
    assert!(home.starts_with("/var/lib/praxis/"), "{}", home.display());
    write_note(&server, "kept").await;
    assert_eq!(attach(&folder.data_dir()).unwrap().superuser_url(), server.superuser_url());
    assert!(matches!(folder.try_start().await, Err(EmbeddedError::Running { .. })));
    server.stop().await.unwrap();

    let server = folder.start().await;
    assert_eq!(notes(&server).await, ["kept"]);
    server.stop().await.unwrap();

    // A removed data folder calls for a new database; the old one is renamed.
    fs::remove_dir_all(folder.data_dir()).unwrap();
    let server = folder.start().await;
    let client = client(&server.superuser_url()).await;
    assert!(client.query("SELECT FROM note", &[]).await.is_err());
    server.stop().await.unwrap();
    let old = home.with_extension("old-1");
    assert!(old.join("data/PG_VERSION").exists());
    fs::remove_dir_all(old).unwrap();
}

#[test]
fn an_ordinary_user_has_a_server_too() {
    if !is_root() {
        return;
    }
    let folder = Folder::new();
    let uid = 65534;
    std::os::unix::fs::chown(&folder.0, Some(uid), None).unwrap();
    let status = inner("start_as_an_ordinary_user", &folder, |command| {
        command.uid(uid).env_remove("HOME").current_dir("/");
    })
    .wait()
    .unwrap();
    assert!(status.success());
    assert_eq!(fs::metadata(folder.data()).unwrap().uid(), uid);

    // Root takes the role of the data's owner, and never runs the server as root.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(folder.start());
    assert_eq!(fs::metadata(format!("/proc/{}", server.pid())).unwrap().uid(), uid);
    assert_eq!(runtime.block_on(notes(&server)), ["from an ordinary user"]);
    runtime.block_on(server.stop()).unwrap();

    // Another user gets a clear error.
    std::os::unix::fs::chown(folder.data_dir(), Some(12345), None).unwrap();
    let status = inner("start_in_the_folder_of_another", &folder, |command| {
        command.uid(uid).env_remove("HOME").current_dir("/");
    })
    .wait()
    .unwrap();
    assert!(status.success());
}

#[tokio::test]
#[ignore = "run by a test above in a process of its own"]
async fn start_as_an_ordinary_user() {
    let folder = inner_folder();
    assert!(!is_root());
    let server = folder.start().await;
    write_note(&server, "from an ordinary user").await;
    assert_eq!(folder.layout().home, folder.data_dir().join("postgres"));
    assert_eq!(fs::metadata(folder.data_dir()).unwrap().mode() & 0o777, 0o700);
    server.stop().await.unwrap();
    assert_eq!(processes(&folder.data()), 0);
    // The next test needs the folder.
    std::mem::forget(folder);
}

#[tokio::test]
#[ignore = "run by a test above in a process of its own"]
async fn start_in_the_folder_of_another() {
    let folder = inner_folder();
    let error = folder.try_start().await.unwrap_err();
    assert!(matches!(error, EmbeddedError::OtherOwner { owner: 12345, .. }), "{error}");
    std::mem::forget(folder);
}
