//! Database URLs with several hosts: the first matching server is found, even if others do not answer.

use std::time::Duration;

use praxis::database::{DatabaseConfig, Mode, Pool};
use serde_json::json;
use tokio::net::TcpListener;

use crate::binary::{Served, over, secret};
use crate::commands::run;
use crate::fixture::signed_in;
use crate::harness::{
    App, Postgres, clone_database, connect, eventually, one_connection, socket_folder, somebody,
};
use crate::standby::{app_at, clinician, ready, refuses_to_write};

/// Returns the kind of server that is found among some hosts.
async fn found(hosts: &str, attributes: &str) -> Result<Mode, String> {
    let url = format!(
        "postgres://praxis_gateway@/postgres?host={hosts}&target_session_attrs={attributes}&connect_timeout=2"
    );
    let config = DatabaseConfig { pool_timeout: Duration::from_secs(20), ..one_connection(url) };
    Pool::new(&config).unwrap().mode().await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_server_that_is_wanted_is_found_before_and_after_a_failover() {
    let primary = Postgres::migrated("").await;
    let (person, of) = clinician(&connect(&primary.url("postgres")).await).await;
    let standby = primary.standby().await;
    let (p, s) = (primary.folder(), standby.folder());
    let both = [format!("/nowhere,{s},{p}"), format!("{p},/nowhere,{s}")];
    for hosts in &both {
        for (attributes, expected) in [
            ("any", if hosts.starts_with(p) { Mode::Primary } else { Mode::Standby }),
            ("read-write", Mode::Primary),
            ("read-only", Mode::Standby),
            ("primary", Mode::Primary),
            ("standby", Mode::Standby),
            ("prefer-standby", Mode::Standby),
        ] {
            assert_eq!(found(hosts, attributes).await, Ok(expected), "{attributes} of {hosts}");
        }
    }
    assert_eq!(found(p, "prefer-standby").await, Ok(Mode::Primary));
    let none = found(p, "standby").await.unwrap_err();
    assert!(none.contains("the server is a primary"), "{none}");
    let none = found(&format!("{s},/nowhere"), "primary").await.unwrap_err();
    assert!(none.contains("the server is a standby") && none.contains("/nowhere"), "{none}");
    // A server that was set to read only is neither writable nor a standby.
    let owner = connect(&primary.url("postgres")).await;
    let set = "ALTER ROLE praxis_gateway SET default_transaction_read_only";
    owner.batch_execute(&format!("{set} = on")).await.unwrap();
    assert_eq!(found(p, "read-only").await, Ok(Mode::ReadOnly));
    assert_eq!(found(p, "primary").await, Ok(Mode::ReadOnly));
    assert!(found(p, "read-write").await.is_err());
    owner.batch_execute("ALTER ROLE praxis_gateway RESET default_transaction_read_only").await.unwrap();

    // The commands, with their checks at the start, and the gateway through a failover.
    let wanted = |user: &str| {
        format!("postgres://{user}@/postgres?host=/nowhere,{s},{p}&target_session_attrs=read-write")
    };
    let url = wanted("praxis_gateway");
    run(&["doctor", "--jwt-secret", secret(), "--database-url", &url]).await.good();
    for direction in ["up", "status"] {
        run(&["migrate", "--database-url", &wanted("postgres"), direction]).await.good();
    }
    let arguments = over(&url);
    Served::start(&arguments).await.ask(None, "{ __typename }").await.data();
    let app = app_at(&url, |_| {}).await;
    let caller = signed_in(&app, &person);
    let log = "mutation($of: BigInt!) { createSessionEvent(input: {
      protocolId: $of, eventTypeId: 1, eventTimestamp: \"2026-01-01T10:00:00Z\" }) { sessionEvent { eventId } } }";
    caller.ask_with(log, &of).await.data();
    let reader = app_at(&url.replace("read-write", "prefer-standby"), |_| {}).await;
    assert_eq!(ready(&reader).await.1["database"], "standby");
    refuses_to_write(&signed_in(&reader, &person), &of).await;

    primary.kill().await;
    eventually("nothing is written without a primary", async || {
        caller.ask_with(log, &of).await.body.get("errors").is_some()
    })
    .await;
    let said = run(&["migrate", "--database-url", &wanted("postgres"), "up"]).await.bad();
    assert!(said.contains("the server is a standby"), "{said}");
    connect(&standby.url("postgres")).await.execute("SELECT pg_promote()", &[]).await.unwrap();
    eventually("the other one writes", async || caller.ask_with(log, &of).await.body.get("errors").is_none())
        .await;
    assert_eq!(ready(&app).await.1["database"], "primary");
}

#[tokio::test]
async fn a_host_that_takes_connections_and_says_nothing_does_not_keep_from_the_next() {
    let database = clone_database().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let folder = socket_folder().display();
    let url = format!("postgres://praxis_gateway@/{database}?host=127.0.0.1,{folder}&port={port},5432");
    let pool = Pool::new(&one_connection(url)).unwrap();
    assert_eq!(pool.mode().await.unwrap(), Mode::Primary);
}

#[tokio::test]
async fn a_cancellation_goes_to_the_host_of_the_connection() {
    let database = clone_database().await;
    let folder = socket_folder().display().to_string();
    let url = format!("postgres://praxis_gateway@/{database}?host=/nowhere,{folder}");
    let app = App::over(&database, |config| config.database.url = url).await;
    app.slow_down(60).await;
    let request = app.http().post(app.url("/graphql")).bearer_auth(somebody());
    let slow = tokio::spawn(request.json(&json!({ "query": "{ sites { nodes { id } } }" })).send());
    eventually("it runs", async || app.running().await == 1).await;
    slow.abort();
    eventually("it is cancelled", async || app.running().await == 0).await;
}
