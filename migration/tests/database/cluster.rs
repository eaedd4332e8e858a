//! A throwaway Postgres. It ends with the test process, however that ends: a shell holds the server and reads from a
//! pipe that closes then.

use std::{
    env,
    fs::{self, File},
    io::Write as _,
    os::unix::{fs::chown, net::UnixStream, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection, Row as _};

pub(crate) struct Cluster {
    folder: PathBuf,
    _shell: Child,
}

static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn next() -> usize {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A program of Postgres's, on the path or where the system keeps it.
fn program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|it| it.path().join("bin")));
    }
    folders.into_iter().map(|it| it.join(name)).find(|it| it.exists()).expect("Postgres is not installed")
}

/// Postgres refuses to run as root: then it runs as another user.
fn user() -> Option<(u32, u32)> {
    let id = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let account = |name: &str| {
        let fields: Vec<_> = accounts.lines().map(|it| it.split(':').collect::<Vec<_>>()).collect();
        let fields = fields.into_iter().find(|it| it[0] == name)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    Some(account("postgres").or_else(|| account("nobody")).expect("an account other than root"))
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = PathBuf::from(format!("/tmp/praxis-migration-{}-{}", std::process::id(), next()));
        fs::create_dir(&folder).unwrap();
        let user = user();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        // TERM ends a server that is only starting, INT one that waits for its clients.
        let script = r#"
            "$1" -D "$3/data" -U postgres -A trust -E UTF8 --no-locale -N || exit 1
            "$2" -D "$3/data" -k "$3" -c listen_addresses= -c fsync=off -c full_page_writes=off \
              -c synchronous_commit=off -c max_connections=200 &
            read -r _
            kill -TERM $!
            kill -INT $!
            wait $!
            rm -rf "$3"
        "#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(program("initdb")).arg(program("postgres")).arg(&folder);
        let log = || File::create(folder.join("log")).unwrap();
        shell.current_dir(&folder).stdin(Stdio::piped()).stdout(log()).stderr(log());
        if let Some((uid, gid)) = user {
            shell.uid(uid).gid(gid);
        }
        let cluster = Self { _shell: shell.spawn().unwrap(), folder };
        for _ in 0..600 {
            if UnixStream::connect(cluster.folder.join(".s.PGSQL.5432")).is_ok() {
                return cluster;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{}", fs::read_to_string(cluster.folder.join("log")).unwrap_or_default());
    }

    fn url(&self, user: &str, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{folder}:5432/{database}")
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) async fn database(&'static self) -> Database {
        self.database_of("postgres").await
    }

    pub(crate) async fn database_of(&'static self, owner: &str) -> Database {
        let name = format!("test_{}", next());
        let url = self.url("postgres", "postgres");
        let mut server = PgConnection::connect(&url).await;
        // A server that has just started listens before it accepts.
        for _ in 0..100 {
            if server.is_ok() {
                break;
            }
            sleep(Duration::from_millis(50));
            server = PgConnection::connect(&url).await;
        }
        let mut server = server.unwrap();
        let create = format!("CREATE DATABASE {name} OWNER {owner}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut server).await.unwrap();
        Database { cluster: self, name }
    }
}

/// An empty database of the shared server.
pub(crate) async fn database() -> Database {
    SHARED.database().await
}

/// A migrated database of the shared server.
pub(crate) async fn migrated() -> Database {
    let database = database().await;
    migration::up(&database.url()).await.unwrap();
    database
}

pub(crate) struct Database {
    pub(crate) cluster: &'static Cluster,
    pub(crate) name: String,
}

impl Database {
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub(crate) fn url_of(&self, user: &str) -> String {
        self.cluster.url(user, &self.name)
    }

    pub(crate) async fn connect(&self) -> Session {
        self.connect_as("postgres").await
    }

    pub(crate) async fn connect_as(&self, user: &str) -> Session {
        Session(PgConnection::connect(&self.url_of(user)).await.unwrap())
    }

    /// The catalog as SQL.
    pub(crate) fn dump(&self) -> String {
        let output = Command::new(program("pg_dump"))
            .args(["--schema-only", "-U", "postgres", "-h"])
            .arg(&self.cluster.folder)
            .arg(&self.name)
            .output()
            .unwrap();
        std::io::stderr().write_all(&output.stderr).unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        // Newer versions guard the text by a random word.
        text.lines().filter(|it| !it.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) struct Session(PgConnection);

impl Session {
    /// Runs statements.
    pub(crate) async fn run(&mut self, statements: impl Into<String>) -> Result<u64, String> {
        sqlx::raw_sql(AssertSqlSafe(statements.into()))
            .execute(&mut self.0)
            .await
            .map(|it| it.rows_affected())
            .map_err(|it| it.to_string())
    }

    /// The first column of a query's rows, which is text.
    pub(crate) async fn rows(&mut self, query: impl Into<String>) -> Vec<String> {
        let query = query.into();
        sqlx::query(AssertSqlSafe(query.clone()))
            .fetch_all(&mut self.0)
            .await
            .unwrap_or_else(|error| panic!("{error}: {query}"))
            .into_iter()
            .map(|it| it.try_get::<Option<String>, _>(0).unwrap().unwrap_or_default())
            .collect()
    }

    pub(crate) async fn one(&mut self, query: impl Into<String>) -> String {
        self.rows(query).await.remove(0)
    }

    /// Begins a transaction with the rights of a client.
    pub(crate) async fn become_client(&mut self, role: &str, user: Option<&str>) {
        let sub = user.map(|it| format!(r#","sub":"{it}""#)).unwrap_or_default();
        self.run(format!(
            r#"BEGIN; SET LOCAL ROLE {role}; SET LOCAL request.jwt.claims = '{{"role":"{role}"{sub}}}'"#
        ))
        .await
        .unwrap();
    }
}
