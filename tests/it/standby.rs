//! A database that takes no writes: a standby, or one that was set to read only. Reads work; writes and subscriptions get an
//! error with the reason; both work again when the database becomes writable.

use std::time::Duration;

use praxis::server::ServerConfig;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::binary::secret;
use crate::commands::run;
use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::{Actor, App, Postgres, Socket, connect, eventually};

const LOG: &str = "mutation($of: BigInt!) { createSessionEvent(input: {
  protocolId: $of, eventTypeId: 1, eventTimestamp: \"2026-01-01T10:00:00Z\", notes: \"told\"
}) { sessionEvent { notes } } }";
const WATCH: &str =
    "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";

pub(crate) async fn ready(app: &App) -> (StatusCode, Value) {
    let answer = app.http().get(app.url("/health/ready")).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Asserts that a mutation is refused with the reason, with or without a key, and without a hint to try again soon.
pub(crate) async fn refuses_to_write(caller: &Actor<'_>, of: &Value) {
    for answer in [caller.ask_with(LOG, of).await, caller.ask_once("a-key", LOG, of).await] {
        assert_eq!(answer.code(), "UNAVAILABLE");
        assert_eq!(answer.error()["extensions"]["reason"], "READ_ONLY_DATABASE", "{:#}", answer.body);
        let message = answer.error()["message"].as_str().unwrap();
        assert!(!message.to_lowercase().contains("again"), "{message}");
        assert_eq!(
            (answer.status, answer.headers.get("retry-after")),
            (StatusCode::SERVICE_UNAVAILABLE, None)
        );
    }
}

/// Inserts a clinician of a site and a protocol of the site; returns both.
pub(crate) async fn clinician(owner: &tokio_postgres::Client) -> (String, Value) {
    let site = site(owner, "a site").await;
    let person = person(owner, "clinician").await;
    join(owner, &person, site, "clinician").await;
    (person, json!({ "of": protocol(owner, site).await.to_string() }))
}

/// Starts a gateway for a database that no other test uses.
pub(crate) async fn app_at(url: &str, change: impl FnOnce(&mut ServerConfig)) -> App {
    App::over("postgres", |config| {
        url.clone_into(&mut config.database.url);
        change(config);
    })
    .await
}

#[tokio::test]
async fn a_standby_reads_and_says_what_it_does_not_do_until_it_is_promoted() {
    let primary = Postgres::migrated("").await;
    let (person, of) = clinician(&connect(&primary.url("postgres")).await).await;
    let standby = primary.standby().await;
    let url = standby.url("praxis_gateway");
    let app = app_at(&url, |_| {}).await;
    let caller = signed_in(&app, &person);
    let query = "{ protocols { nodes { recordId } } eventType(eventTypeId: 1) { eventTypeId } }";

    assert_eq!(ready(&app).await, (StatusCode::OK, json!({ "status": "ready", "database": "standby" })));
    eventually("the protocol has come", async || {
        let answer = caller.ask(query).await;
        assert_eq!(answer.data()["eventType"]["eventTypeId"], "1");
        answer.data()["protocols"]["nodes"] == json!([{ "recordId": of["of"] }])
    })
    .await;
    refuses_to_write(&caller, &of).await;
    let mut socket = Socket::of(&app, &caller).await;
    let mut number = 0;
    eventually("a subscription is refused with the reason", async || {
        number += 1;
        socket.begin(&number.to_string(), WATCH, &of).await;
        let error = socket.error(&number.to_string()).await;
        assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{error}");
        error["extensions"]["reason"] == "READ_ONLY_DATABASE"
    })
    .await;
    let said = run(&["doctor", "--jwt-secret", secret(), "--database-url", &url]).await.good();
    assert!(said.contains("the database is a standby") && !said.contains("Nothing is wrong"), "{said}");
    // The primary's notifications arrive, before the standby can read the changes.
    let both = app_at(&url, |config| config.database.listen_url = Some(primary.url("praxis_gateway"))).await;
    let mut watching = Socket::of(&both, &signed_in(&both, &person)).await;
    watching.begin("1", WATCH, &of).await;
    assert_eq!(watching.error("1").await["extensions"]["code"], "UNAVAILABLE");

    connect(&standby.url("postgres")).await.execute("SELECT pg_promote()", &[]).await.unwrap();
    eventually("it is a primary", async || ready(&app).await.1["database"] == "primary").await;
    eventually("it writes", async || caller.ask_with(LOG, &of).await.body.get("errors").is_none()).await;
    // A subscription is refused until notifications arrive; one that waits for that receives later changes.
    eventually("subscriptions are served after the promotion", async || {
        let mut socket = Socket::of(&app, &caller).await;
        socket.subscribe("1", WATCH, &of).await;
        caller.ask_with(LOG, &of).await.data();
        match tokio::time::timeout(Duration::from_secs(4), socket.next()).await {
            Ok(message) if message["type"] == "next" => true,
            Ok(message) => {
                assert_eq!(message["payload"][0]["extensions"]["code"], "UNAVAILABLE", "{message}");
                false
            }
            Err(_) => false,
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_was_set_to_read_only_is_not_written_to_until_it_is_set_back() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (person, of) = clinician(&owner).await;
    let caller = signed_in(&app, &person);
    caller.ask_with(LOG, &of).await.data();

    let set = format!("ALTER DATABASE {} SET default_transaction_read_only = on", app.database);
    owner.batch_execute(&set).await.unwrap();
    let frozen = App::over(&app.database, |_| {}).await;
    let caller = signed_in(&frozen, &person);
    assert_eq!(ready(&frozen).await, (StatusCode::OK, json!({ "status": "ready", "database": "read only" })));
    caller.ask("{ protocols { nodes { recordId } } }").await.data();
    refuses_to_write(&caller, &of).await;
    let url = frozen.database_url("praxis_gateway");
    let said = run(&["doctor", "--jwt-secret", secret(), "--database-url", &url]).await.good();
    assert!(said.contains("set to read only") && !said.contains("Nothing is wrong"), "{said}");
    // Changes of others still arrive.
    let mut socket = Socket::of(&frozen, &caller).await;
    socket.subscribe("1", WATCH, &of).await;
    signed_in(&app, &person).ask_with(LOG, &of).await.data();
    assert_eq!(socket.data("1").await["sessionEventLogged"]["sessionEvent"]["notes"], "told");

    // As the superuser, whose transactions are read only by now as well.
    let reset = format!("ALTER DATABASE {} RESET default_transaction_read_only", app.database);
    owner.batch_execute(&reset).await.unwrap();
    eventually("it writes", async || caller.ask_with(LOG, &of).await.body.get("errors").is_none()).await;
}

#[tokio::test]
async fn a_query_that_had_to_give_way_to_what_a_standby_replays_can_be_sent_again() {
    let primary = Postgres::migrated("").await;
    let owner = connect(&primary.url("postgres")).await;
    let (person, _) = clinician(&owner).await;
    let slow = "CREATE POLICY slow ON sites AS RESTRICTIVE USING ((SELECT pg_sleep(60)) IS NOT NULL)";
    owner.batch_execute(slow).await.unwrap();
    let standby = primary.standby().await;
    let replica = connect(&standby.url("postgres")).await;
    for sql in ["ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()"] {
        replica.batch_execute(sql).await.unwrap();
    }
    let app = app_at(&standby.url("praxis_gateway"), |config| {
        config.database.statement_timeout = Duration::from_mins(1);
        config.http.request_timeout = Duration::from_mins(1);
    })
    .await;
    let caller = signed_in(&app, &person);
    let ask = caller.ask("{ sites { nodes { id } } }");
    let lock = async {
        eventually("the query runs", async || {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            replica.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 1
        })
        .await;
        owner.batch_execute("BEGIN; LOCK TABLE sites IN ACCESS EXCLUSIVE MODE; COMMIT").await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask, lock);
    assert_eq!(answer.code(), "UNAVAILABLE", "{:#}", answer.body);
    assert!(answer.error()["message"].as_str().unwrap().contains("again"), "{:#}", answer.body);
}
