//! Behind PgBouncer in transaction mode, where every transaction may run on another server connection: nobody sees the
//! rows of the one before, and nothing of a session outlives its transaction.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::{App, clone_database, connect, socket_folder, unprivileged_user};

/// Server connections that all callers share.
const SERVERS: usize = 4;

/// A PgBouncer in front of the tests' Postgres; it ends with this value.
struct PgBouncer {
    address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

impl PgBouncer {
    /// `None` where it is not installed.
    #[expect(clippy::print_stderr, reason = "who reads the tests' output should know what was left out")]
    async fn start(name: &str) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];
        let Some(program) = program.iter().find(|program| Path::new(program).exists()) else {
            eprintln!("skipped: pgbouncer is not installed; on Debian: apt-get install pgbouncer");
            return None;
        };
        let folder = PathBuf::from(format!("/tmp/praxis-it-pgbouncer-{}-{name}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        // A port that is free now; nobody else takes one so soon.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        fs::write(
            folder.join("pgbouncer.ini"),
            format!(
                "[databases]
                 * = host={postgres} port=5432 user=praxis_gateway
                 [pgbouncer]
                 listen_addr = 127.0.0.1
                 listen_port = {port}
                 unix_socket_dir =
                 auth_type = any
                 pool_mode = transaction
                 default_pool_size = {SERVERS}
                 max_client_conn = 500
                 server_reset_query =
                 ignore_startup_parameters = extra_float_digits",
                postgres = socket_folder().display(),
                port = address.port(),
            ),
        )
        .unwrap();
        let mut command = Command::new(program);
        command
            .arg(folder.join("pgbouncer.ini"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((uid, gid)) = unprivileged_user() {
            chown(&folder, Some(uid), Some(gid)).unwrap();
            command.uid(uid).gid(gid);
        }
        let pgbouncer = Self { address, folder, process: command.spawn().unwrap() };
        for _ in 0..100 {
            if TcpStream::connect(address).await.is_ok() {
                return Some(pgbouncer);
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("pgbouncer does not listen on {address}");
    }

    fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@{}/{database}?sslmode=disable", self.address)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A gateway whose connections all go through PgBouncer.
async fn app_behind(pgbouncer: &PgBouncer) -> App {
    let database = clone_database().await;
    let url = pgbouncer.url("praxis_gateway", &database);
    App::over(&database, |config| {
        config.database.url = url;
        // More than there are server connections, so that these change hands all the time.
        config.database.pool_size = 32;
        config.database.pool_timeout = Duration::from_secs(30);
        config.database.prepared_statements = false;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_callers_of_two_sites_never_see_one_anothers_rows() {
    let Some(pgbouncer) = PgBouncer::start("callers").await else { return };
    let app = app_behind(&pgbouncer).await;
    let owner = app.owner().await;
    let mut sites = Vec::new();
    for name in ["one", "other"] {
        let site = site(&owner, name).await;
        let record = protocol(&owner, site).await;
        sites.push((site, record));
    }
    let mut callers = Vec::new();
    for number in 0..200 {
        let person = person(&owner, &format!("caller {number}")).await;
        let (site, record) = sites[number % 2];
        join(&owner, &person, site, "clinician").await;
        callers.push((person, site.to_string(), record.to_string()));
    }
    let mut ids = Vec::new();
    for (person, _, record) in &callers[..2] {
        let answer =
            signed_in(&app, person).ask(&format!("{{ protocol(recordId: {record}) {{ id }} }}")).await;
        ids.push(answer.data()["protocol"]["id"].clone());
    }

    let query = "query($ids: [ID!]!) {
      userSites { nodes { userId siteId } }
      protocols { totalCount nodes { siteId recordId site { memberships { nodes { userId } } } } }
      nodes(ids: $ids) { ... on Protocol { recordId } }
    }";
    join_all(callers.iter().enumerate().map(async |(number, (person, site, record))| {
        let caller = signed_in(&app, person);
        for _ in 0..3 {
            let answer = caller.ask_with(query, &json!({ "ids": ids })).await;
            let data = answer.data();
            assert_eq!(data["userSites"]["nodes"], json!([{ "userId": person, "siteId": site }]));
            let memberships = json!({ "memberships": { "nodes": [{ "userId": person }] } });
            let mine = json!({ "siteId": site, "recordId": record, "site": memberships });
            assert_eq!(data["protocols"], json!({ "totalCount": 1, "nodes": [mine] }));
            let mut nodes = [Value::Null, Value::Null];
            nodes[number % 2] = json!({ "recordId": record });
            assert_eq!(data["nodes"], json!(nodes));
            // Between them, somebody who is nobody, and somebody whose request fails half-way.
            if number % 10 == 0 {
                let nobody =
                    app.anonymous().ask("{ userSites { totalCount } protocols { totalCount } }").await;
                assert_eq!(
                    *nobody.data(),
                    json!({ "userSites": { "totalCount": 0 }, "protocols": { "totalCount": 0 } })
                );
            }
        }
    }))
    .await;

    // The same server connections, asked by somebody else at once: nothing is left of any caller.
    let clients = join_all((0..SERVERS).map(|_| connect_as_gateway(&pgbouncer, &app))).await;
    for client in &clients {
        client.batch_execute("BEGIN").await.unwrap();
    }
    for client in &clients {
        let row = client
            .query_typed(
                "SELECT current_user::text, session_user::text, current_setting('statement_timeout'),
                   current_setting('default_transaction_read_only'),
                   coalesce(current_setting('request.jwt.claims', true), '')
                     || coalesce(current_setting('request.jwt.claim.sub', true), '')
                     || coalesce(current_setting('request.jwt.claim.role', true), '')
                     || coalesce(current_setting('app.user_id', true), ''),
                   (SELECT count(*) FROM pg_prepared_statements)",
                &[],
            )
            .await
            .unwrap()
            .remove(0);
        assert_eq!(row.get::<_, String>(0), "praxis_gateway");
        assert_eq!(row.get::<_, String>(1), "praxis_gateway");
        assert_eq!(row.get::<_, String>(2), "0");
        assert_eq!(row.get::<_, String>(3), "off");
        assert_eq!(row.get::<_, String>(4), "", "claims of an earlier caller");
        assert_eq!(row.get::<_, i64>(5), 0);
    }
}

async fn connect_as_gateway(pgbouncer: &PgBouncer, app: &App) -> tokio_postgres::Client {
    connect(&pgbouncer.url("praxis_gateway", &app.database)).await
}

#[tokio::test]
async fn a_change_of_a_reference_table_is_seen_although_no_notification_comes_through() {
    let Some(pgbouncer) = PgBouncer::start("reference").await else { return };
    let app = app_behind(&pgbouncer).await;
    let owner = app.owner().await;
    let person = person(&owner, "reader").await;
    let asker = signed_in(&app, &person);
    let name = async || {
        let answer = asker.ask("{ eventType(eventTypeId: 1) { eventName } }").await;
        answer.data()["eventType"]["eventName"].as_str().unwrap().to_owned()
    };
    assert_eq!(name().await, "Distress");
    // Time enough to have begun to listen.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(name().await, "Distress");

    owner
        .batch_execute("UPDATE ref_event_types SET event_name = 'Unease' WHERE event_type_id = 1")
        .await
        .unwrap();
    let changed = Instant::now();
    // Without notifications an answer is kept for five seconds.
    while name().await != "Unease" {
        assert!(changed.elapsed() < Duration::from_secs(8), "the old name stays");
        sleep(Duration::from_millis(100)).await;
    }
}
