//! Starts a gateway on a free port with a database of its own, and callers that send requests.
//!
//! Each database is a clone of a template, which is migrated and filled once per run.

mod answer;
mod cluster;
mod dropped;
mod installed;
mod postgres;
mod relay;
mod shared;
mod socket;

use std::env;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use praxis::auth::AuthConfig;
use praxis::auth::development::{DevelopmentClaims, issue};
use praxis::database::DatabaseConfig;
use praxis::feed::Gateway;
use praxis::graph::Limits;
use praxis::http::HttpSettings;
use praxis::server::{Server, ServerConfig};
use praxis::systems;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

pub(crate) use answer::Answer;
pub(crate) use cluster::{Cluster, program, shell_in};
use dropped::drop_with_test;
pub(crate) use installed::{Installed, haproxy, pgbouncer};
pub(crate) use postgres::Postgres;
pub(crate) use relay::Relay;
pub(crate) use socket::Socket;

/// Secret of the tokens of all tests.
pub(crate) const SECRET: &[u8] = b"a secret for tests, of more than thirty-two bytes";

pub(crate) static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// The template of all other databases.
const TEMPLATE_NAME: &str = "template_praxis";

/// Returns the schemas that hold tables of all systems.
pub(crate) fn schemas() -> Vec<&'static str> {
    systems::ALL.iter().flat_map(|system| system.schemas).map(|schema| schema.name).collect()
}

/// A running gateway.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    pub(crate) database: String,
    is_shared: bool,
    http: reqwest::Client,
    /// The gateway, for its number of subscriptions, if it runs in the test process.
    gateway: Option<Gateway>,
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<JoinHandle<()>>,
}

impl App {
    /// Starts a gateway over the demo data, with default settings.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a gateway over the demo data, with changed settings.
    pub(crate) async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let database = clone_database().await;
        Self::over(&database, change).await
    }

    /// Starts a gateway over an existing database.
    pub(crate) async fn over(database: &str, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = config(database);
        change(&mut config);
        let server = Server::start(config).await.unwrap();
        let (address, gateway) = (server.address(), Some(server.gateway()));
        let (stop, stopping) = oneshot::channel();
        let stopped = tokio::spawn(async move {
            server
                .run(async {
                    let _ = stopping.await;
                })
                .await;
        });
        Self {
            address,
            database: database.to_owned(),
            is_shared: false,
            http: http_client(),
            gateway,
            stop: Some(stop),
            stopped: Some(stopped),
        }
    }

    /// Returns an app for a gateway that another process serves at this address.
    pub(crate) fn elsewhere(address: SocketAddr, database: &str, served: JoinHandle<()>) -> Self {
        Self {
            address,
            database: database.to_owned(),
            is_shared: false,
            http: http_client(),
            gateway: None,
            stop: None,
            stopped: Some(served),
        }
    }

    /// Returns a caller without a token.
    pub(crate) fn anonymous(&self) -> Actor<'_> {
        Actor { app: self, token: None }
    }

    /// Returns a demo user, by e-mail address.
    pub(crate) async fn user(&self, email: &str) -> Actor<'_> {
        Actor { app: self, token: Some(token(&self.user_id(email).await, email)) }
    }

    /// Returns the caller with this token.
    pub(crate) fn bearer(&self, token: &str) -> Actor<'_> {
        Actor { app: self, token: Some(token.to_owned()) }
    }

    /// Returns a clinician of the first site.
    pub(crate) async fn clinician_north(&self) -> Actor<'_> {
        self.user("clinician.north@praxis.example").await
    }

    /// Returns a clinician of another site.
    pub(crate) async fn clinician_south(&self) -> Actor<'_> {
        self.user("clinician.south@praxis.example").await
    }

    /// Returns the id of a demo user.
    pub(crate) async fn user_id(&self, email: &str) -> String {
        let row =
            self.owner().await.query_one("SELECT id::text FROM auth.users WHERE email = $1", &[&email]).await;
        row.unwrap().get(0)
    }

    /// Opens a connection as the superuser, whom no policy restricts.
    pub(crate) async fn owner(&self) -> Client {
        let owner = connect(&CLUSTER.url("postgres", &self.database)).await;
        if self.is_shared {
            owner.batch_execute("SET default_transaction_read_only = on").await.unwrap();
        }
        owner
    }

    /// Makes every statement on `sites` take this long, with an additional policy.
    pub(crate) async fn slow_down(&self, seconds: u32) {
        // Postgres evaluates the policy only if there is a row.
        let slow = format!(
            "CREATE POLICY slow ON sites AS RESTRICTIVE USING ((SELECT pg_sleep({seconds})) IS NOT NULL);
             INSERT INTO sites (site_name) VALUES ('Slow')"
        );
        self.owner().await.batch_execute(&slow).await.unwrap();
    }

    /// Sends requests of `N` users whose statements sleep, after [`slow_down`](Self::slow_down).
    ///
    /// While the gateway checks its changed database, it may hold the connection that a request waits for: a request that ended
    /// without one is sent again.
    pub(crate) async fn occupy<const N: usize>(&self) -> [JoinHandle<reqwest::Result<reqwest::Response>>; N] {
        let send = || {
            let request = http_client().post(self.url("/graphql")).bearer_auth(somebody_else());
            tokio::spawn(request.json(&json!({ "query": "{ sites { nodes { id } } }" })).send())
        };
        let mut requests = std::array::from_fn(|_| send());
        eventually("the statements run", async || {
            for request in requests.iter_mut().filter(|request| request.is_finished()) {
                *request = send();
            }
            usize::try_from(self.running().await) == Ok(N)
        })
        .await;
        requests
    }

    /// Returns how many subscriptions of the gateway have begun so far.
    pub(crate) fn subscriptions_begun(&self) -> u64 {
        self.gateway.as_ref().map(Gateway::subscriptions_begun).expect("a gateway within the tests")
    }

    /// Returns how many documents the gateway has read so far, without those that it had kept.
    pub(crate) fn documents_read(&self) -> u64 {
        self.gateway.as_ref().map(Gateway::documents_read).expect("a gateway within the tests")
    }

    /// Returns the number of the gateway's statements that are running.
    pub(crate) async fn running(&self) -> i64 {
        let row = self
            .owner()
            .await
            .query_one(
                "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND usename = 'praxis_gateway' AND wait_event = 'PgSleep'",
                &[],
            )
            .await;
        row.unwrap().get(0)
    }

    /// Forbids or allows connections to the app's database, and opens one to the server. Existing connections stay.
    pub(crate) async fn let_in(&self, everybody: bool) -> Client {
        let server = connect(&database_url("postgres", "postgres")).await;
        let allow = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {everybody}", self.database);
        server.batch_execute(&allow).await.unwrap();
        server
    }

    /// Returns the URL of the app's database for a user.
    pub(crate) fn database_url(&self, user: &str) -> String {
        CLUSTER.url(user, &self.database)
    }

    /// Returns a URL of the gateway.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns a plain HTTP client.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Stops the gateway and waits until it has ended.
    pub(crate) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(stopped) = self.stopped.take() {
            stopped.await.unwrap();
        }
    }
}

/// Returns the settings of the tests for a database.
pub(crate) fn config(database: &str) -> ServerConfig {
    let database = DatabaseConfig {
        pool_size: 8,
        connection_lifetime: connection_lifetime(),
        ..DatabaseConfig::new(CLUSTER.url("praxis_gateway", database))
    };
    ServerConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        // The demo allows it; other databases do not by default.
        limits: Limits { anonymous_introspection: true, ..Limits::default() },
        http: HttpSettings { server_timing: true, ..HttpSettings::default() },
        ..ServerConfig::new(database, AuthConfig::with_secret(SECRET))
    }
}

/// A caller of the gateway.
#[derive(Clone)]
pub(crate) struct Actor<'a> {
    app: &'a App,
    pub(crate) token: Option<String>,
}

impl<'a> Actor<'a> {
    /// Returns the caller with this token, or without one.
    pub(crate) fn of(app: &'a App, token: Option<String>) -> Self {
        Self { app, token }
    }
}

impl Actor<'_> {
    /// Sends a query.
    pub(crate) async fn ask(&self, query: &str) -> Answer {
        self.ask_with(query, &json!({})).await
    }

    /// Sends a query with variables.
    pub(crate) async fn ask_with(&self, query: &str, variables: &Value) -> Answer {
        Answer::read(self.request(query, variables).send().await.unwrap()).await
    }

    /// Sends one operation of a document.
    pub(crate) async fn run(&self, document: &str, operation: &str, variables: &Value) -> Answer {
        let body = json!({ "query": document, "operationName": operation, "variables": variables });
        Answer::read(self.request(document, variables).json(&body).send().await.unwrap()).await
    }

    /// Sends a mutation with an idempotency key.
    pub(crate) async fn ask_once(&self, key: &str, query: &str, variables: &Value) -> Answer {
        let request = self.request(query, variables).header("idempotency-key", key);
        Answer::read(request.send().await.unwrap()).await
    }

    fn request(&self, query: &str, variables: &Value) -> reqwest::RequestBuilder {
        let mut request = self.app.http.post(self.app.url("/graphql"));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.json(&json!({ "query": query, "variables": variables }))
    }
}

/// Returns a plain HTTP client with connections of its own.
pub(crate) fn http_client() -> reqwest::Client {
    // reqwest sets up TLS even for plain HTTP, with the process's provider; a second installation is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The machine's certificates take longer to read than most tests to run.
    reqwest::Client::builder().tls_certs_only([]).build().unwrap()
}

/// Sends a request as bytes over a new connection, for requests that no HTTP client sends; returns the answer as text.
pub(crate) async fn raw(address: SocketAddr, request: &str) -> String {
    use std::io::{Read as _, Write as _};
    let request = request.to_owned();
    let talk = move || {
        let mut connection = std::net::TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..6_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within two minutes: {what}");
}

/// Returns how long the gateway uses a connection: `PRAXIS_TEST_CONNECTIONS=fresh` gives each session a new one, which has no
/// prepared statements yet.
fn connection_lifetime() -> Option<Duration> {
    match env::var("PRAXIS_TEST_CONNECTIONS").as_deref() {
        Ok("fresh") => Some(Duration::ZERO),
        Ok("used" | "") | Err(_) => None,
        Ok(other) => panic!("PRAXIS_TEST_CONNECTIONS is `fresh` or `used`, and not `{other}`"),
    }
}

/// Returns true if each session of the gateways has a new connection.
pub(crate) fn connections_are_fresh() -> bool {
    connection_lifetime().is_some()
}

/// Returns the settings of a pool of one connection to this address.
pub(crate) fn one_connection(url: String) -> DatabaseConfig {
    DatabaseConfig { pool_size: 1, ..DatabaseConfig::new(url) }
}

/// Returns the token of a signed-in user without rows.
pub(crate) fn somebody() -> String {
    token("5e0cbe5f-6d1c-4f3c-9d59-0d8f3c2d6f11", "somebody@praxis.example")
}

/// Returns such a token, for another user each time.
pub(crate) fn somebody_else() -> String {
    token(&uuid::Uuid::new_v4().to_string(), "somebody.else@praxis.example")
}

/// Returns the token of a signed-in user.
pub(crate) fn token(id: &str, email: &str) -> String {
    issue(SECRET, &DevelopmentClaims::new(id, email), chrono::Utc::now()).unwrap()
}

/// Returns the folder of the server's socket.
pub(crate) fn socket_folder() -> &'static std::path::Path {
    CLUSTER.folder()
}

/// Creates a database with the demo data.
pub(crate) async fn clone_database() -> String {
    TEMPLATE.get_or_init(make_template).await;
    create_database(&format!("TEMPLATE {TEMPLATE_NAME}")).await
}

/// Creates a copy of a database to which nobody is connected.
pub(crate) async fn copy_of(database: &str) -> String {
    create_database(&format!("TEMPLATE {database}")).await
}

/// Creates an empty database.
pub(crate) async fn empty_database() -> String {
    create_database("").await
}

/// Returns the URL of a database for a user.
pub(crate) fn database_url(user: &str, database: &str) -> String {
    CLUSTER.url(user, database)
}

async fn create_database(how: &str) -> String {
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let server = connect(&CLUSTER.url("postgres", "postgres")).await;
    server.batch_execute(&format!("CREATE DATABASE {name} {how} STRATEGY file_copy")).await.unwrap();
    drop_with_test(&CLUSTER, &name);
    name
}

async fn make_template() {
    let server = connect(&CLUSTER.url("postgres", "postgres")).await;
    server.batch_execute(&format!("CREATE DATABASE {TEMPLATE_NAME}")).await.unwrap();
    let url = CLUSTER.url("postgres", TEMPLATE_NAME);
    migration::up(&url).await.unwrap();
    let mut owner = connect(&url).await;
    systems::demo::seed(&mut owner, &systems::demos(&systems::ALL)).await.unwrap();
    owner.batch_execute("VACUUM ANALYZE").await.unwrap();
}

/// Opens a connection to an address.
pub(crate) async fn connect(url: &str) -> Client {
    // A server that has just started listens before it accepts logins, and one that was killed recovers first.
    for _ in 0..1_200 {
        if let Ok((client, connection)) = tokio_postgres::connect(url, NoTls).await {
            tokio::spawn(connection);
            return client;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("cannot connect to the database");
}
