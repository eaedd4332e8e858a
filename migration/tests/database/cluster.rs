//! Databases on a temporary Postgres.

use std::io::Write as _;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::dropped::drop_with_test;
pub(crate) use crate::server::{Cluster, program};

static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn next() -> usize {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

impl Cluster {
    pub(crate) async fn database(&'static self) -> Database {
        self.database_of("postgres").await
    }

    pub(crate) async fn database_of(&'static self, owner: &str) -> Database {
        let name = format!("test_{}", next());
        let url = self.url("postgres", "postgres");
        let mut server = PgConnection::connect(&url).await;
        // A server that has just started listens before it accepts logins.
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
        drop_with_test(self, &name);
        Database { cluster: self, name }
    }
}

/// Creates an empty database on the shared server.
pub(crate) async fn database() -> Database {
    SHARED.database().await
}

/// Creates a migrated database on the shared server.
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

    /// Returns the schema as SQL.
    pub(crate) fn dump(&self) -> String {
        let output = Command::new(program("pg_dump"))
            .args(["--schema-only", "-U", "postgres", "-h"])
            .arg(self.cluster.folder())
            .arg(&self.name)
            .output()
            .unwrap();
        std::io::stderr().write_all(&output.stderr).unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        // Newer versions guard the text with a random word.
        text.lines().filter(|it| !it.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) struct Session(pub(crate) PgConnection);

impl Session {
    /// Runs statements.
    pub(crate) async fn run(&mut self, statements: impl Into<String>) -> Result<u64, String> {
        sqlx::raw_sql(AssertSqlSafe(statements.into()))
            .execute(&mut self.0)
            .await
            .map(|it| it.rows_affected())
            .map_err(|it| it.to_string())
    }

    /// Runs a statement that the database must refuse, and returns the SQLSTATE and the message.
    pub(crate) async fn refused(&mut self, statement: impl Into<String>) -> (String, String) {
        let statement = statement.into();
        let refused = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut self.0).await;
        let error = refused.expect_err(&statement);
        let error = error.as_database_error().unwrap_or_else(|| panic!("{error}: {statement}"));
        (error.code().unwrap_or_default().into_owned(), error.message().to_owned())
    }

    /// Waits until another session of the database waits for a lock.
    pub(crate) async fn until_somebody_waits(&mut self) {
        let waiting = "SELECT count(*)::text FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            if self.one(waiting).await != "0" {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("nobody waits");
    }

    /// Returns the first column of a query's rows, which is text.
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
