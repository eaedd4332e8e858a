//! The gateway behind PgBouncer in transaction mode, in which every transaction may use another server connection: no caller sees
//! another's rows, and no session state outlives its transaction.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::binary::{Served, secret};
use crate::commands::run;
use crate::fixture::{clinician, join, person, protocol, signed_in, site};
use crate::harness::{
    App, Installed, Socket, clone_database, connect, database_url, eventually, pgbouncer, socket_folder,
};

/// Server connections that all callers share.
const SERVERS: usize = 4;

/// Starts a PgBouncer in front of the tests' Postgres; `None` if it is not installed.
async fn start() -> Option<Installed> {
    pgbouncer(socket_folder(), SERVERS).await
}

/// Starts a gateway whose connections all go through PgBouncer, except one that listens if it has an address.
async fn app_behind(pgbouncer: &Installed, listens: bool) -> App {
    app_keeping(pgbouncer, listens, None).await
}

/// Starts the same, with prepared statements on, off or chosen by the gateway.
async fn app_keeping(pgbouncer: &Installed, listens: bool, prepared_statements: Option<bool>) -> App {
    let database = clone_database().await;
    let url = pgbouncer.url("praxis_gateway", &database);
    let listen_url = listens.then(|| database_url("praxis_gateway", &database));
    App::over(&database, |config| {
        config.database.url = url;
        config.database.listen_url = listen_url;
        // More than the server connections, so that these change hands all the time.
        config.database.pool_size = 32;
        config.database.pool_timeout = Duration::from_secs(30);
        config.database.prepared_statements = prepared_statements;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_callers_of_two_sites_never_see_one_anothers_rows() {
    let Some(pgbouncer) = start().await else { return };
    let app = app_behind(&pgbouncer, false).await;
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
            // In between, an anonymous caller, and one whose request fails half-way.
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

    // The same server connections, used by another client at once: no session state of a caller is left.
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

async fn connect_as_gateway(pgbouncer: &Installed, app: &App) -> tokio_postgres::Client {
    connect(&pgbouncer.url("praxis_gateway", &app.database)).await
}

#[tokio::test]
async fn a_change_of_a_reference_table_is_seen_although_no_notification_comes_through() {
    let Some(pgbouncer) = start().await else { return };
    let app = app_behind(&pgbouncer, false).await;
    let owner = app.owner().await;
    let person = person(&owner, "reader").await;
    let asker = signed_in(&app, &person);
    let name = async || {
        let answer = asker.ask("{ eventType(eventTypeId: 1) { eventName } }").await;
        answer.data()["eventType"]["eventName"].as_str().unwrap().to_owned()
    };
    assert_eq!(name().await, "Distress");
    // Time enough to begin to listen.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(name().await, "Distress");

    owner
        .batch_execute("UPDATE ref_event_types SET event_name = 'Unease' WHERE event_type_id = 1")
        .await
        .unwrap();
    let changed = Instant::now();
    // Without notifications a reference row is cached for five seconds.
    while name().await != "Unease" {
        assert!(changed.elapsed() < Duration::from_secs(8), "the old name stays");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_gateway_starts_again_and_again_and_the_doctor_finds_what_is_missing() {
    let Some(pgbouncer) = start().await else { return };
    let database = clone_database().await;
    let url = pgbouncer.url("praxis_gateway", &database);
    let direct = database_url("praxis_gateway", &database);
    let plain = ["--jwt-secret", secret(), "--database-url", &url];
    let listening = [&plain[..], &["--listen-url", &direct]].concat();
    for more in [&[][..], &["--prepared-statements", "false"]].into_iter().cycle().take(4) {
        let (plain, listening) = ([&plain[..], more].concat(), [&listening[..], more].concat());
        let served = Served::start(&[&["--listen", "127.0.0.1:0"], &plain[..]].concat()).await;
        served.ask(None, "{ __typename }").await.data();
        drop(served);
        let said = run(&[&["doctor"], &listening[..]].concat()).await.good();
        assert!(said.contains("Nothing is wrong"), "{said}");
    }
    let said = run(&[&["doctor"], &plain[..]].concat()).await.bad();
    assert!(said.contains("does not receive a test notification") && said.contains("--listen-url"), "{said}");
}

/// No caller gets the result of a different statement with the same name on another connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_are_kept_against_the_poolers_will_are_told_of_and_never_mistaken() {
    let Some(pgbouncer) = start().await else { return };
    let app = app_keeping(&pgbouncer, true, Some(true)).await;
    let url = pgbouncer.url("praxis_gateway", &app.database);
    let direct = database_url("praxis_gateway", &app.database);
    let listening = ["doctor", "--jwt-secret", secret(), "--database-url", &url, "--listen-url", &direct];
    let said = run(&[&listening[..], &["--prepared-statements", "true"]].concat()).await.bad();
    assert!(said.contains("the pooler before the database does not keep prepared statements"), "{said}");
    assert!(said.contains("→ leave out --prepared-statements true") && said.contains("1 problem"), "{said}");
    let said = run(&listening).await.good();
    assert!(said.contains("a pooler is before the database: statements are not kept"), "{said}");
    let said = run(&["doctor", "--jwt-secret", secret(), "--database-url", &direct]).await.good();
    assert!(!said.contains("a pooler is before"), "{said}");

    let owner = app.owner().await;
    let (mine, site) = clinician(&app, &owner, "keeps").await;
    let record = protocol(&owner, site).await.to_string();
    // Each sends statements of its own, in its own order.
    let fields = ["recordId", "siteId", "recordId siteId", "siteId recordId", "site { siteId }"];
    let ask = async |number: usize| {
        let fields = fields[number % fields.len()];
        let answer = mine.ask(&format!("{{ protocols {{ totalCount nodes {{ {fields} }} }} }}")).await;
        if answer.body.get("errors").is_some() {
            assert_eq!(answer.code(), "UNAVAILABLE", "{:#}", answer.body);
            return;
        }
        let [node] = answer.nodes("protocols").as_slice() else { panic!("{:#}", answer.body) };
        let site = site.to_string();
        let is_site = |value: &Value| *value == site;
        assert!(node["recordId"].is_null() || node["recordId"] == record, "{node}");
        assert!(node["siteId"].is_null() || is_site(&node["siteId"]), "{node}");
        assert!(node["site"].is_null() || is_site(&node["site"]["siteId"]), "{node}");
    };
    for _ in 0..4 {
        join_all((0..64).map(|number| ask(number * 7 + number / 5))).await;
    }
}

#[tokio::test]
async fn subscriptions_are_told_where_listening_goes_past_it() {
    let Some(pgbouncer) = start().await else { return };
    let app = app_behind(&pgbouncer, true).await;
    let owner = app.owner().await;
    let (mine, site) = clinician(&app, &owner, "watcher").await;
    let record = protocol(&owner, site).await;
    let watch =
        "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";
    let mut socket = Socket::of(&app, &mine).await;
    socket.subscribe("1", watch, &json!({ "of": record.to_string() })).await;
    let log = "mutation($of: BigInt!) { createSessionEvent(input: {
      protocolId: $of, eventTypeId: 1, eventTimestamp: \"2026-01-01T10:00:00Z\", notes: \"told\"
    }) { sessionEvent { notes } } }";
    mine.ask_with(log, &json!({ "of": record.to_string() })).await.data();
    assert_eq!(socket.data("1").await["sessionEventLogged"]["sessionEvent"]["notes"], "told");
}

#[tokio::test]
async fn a_subscription_that_nothing_would_be_told_of_is_refused_with_the_reason() {
    let Some(pgbouncer) = start().await else { return };
    let app = app_behind(&pgbouncer, false).await;
    let owner = app.owner().await;
    let (mine, _) = clinician(&app, &owner, "watcher").await;
    let mut socket = Socket::of(&app, &mine).await;
    let mut number = 0;
    eventually("the gateway knows why", async || {
        number += 1;
        let id = number.to_string();
        socket.begin(&id, "subscription { sessionEventsChanged { operation } }", &json!({})).await;
        let error = socket.error(&id).await;
        assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{error}");
        error["extensions"]["reason"] == "NOTIFICATIONS_UNAVAILABLE"
    })
    .await;
}

/// Clients that disconnect during a statement, and writes that fail, over a few server connections that two identities share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancellations_and_failing_writes_disturb_nobody_else() {
    const ROUNDS: usize = 40;
    let Some(pgbouncer) = start().await else { return };
    let app = app_behind(&pgbouncer, true).await;
    let owner = app.owner().await;
    let mut callers = Vec::new();
    for name in ["one", "other"] {
        let (caller, site) = clinician(&app, &owner, name).await;
        let record = protocol(&owner, site).await;
        callers.push((caller, record.to_string(), site.to_string()));
    }
    // Every client disconnects before such a statement has ended.
    app.slow_down(5).await;
    let slow = "{ sites { nodes { id } } }";
    let fails = "mutation($of: BigInt!) { createSessionEvent(input: {
      protocolId: $of, eventTypeId: 999999, eventTimestamp: \"2026-01-01T10:00:00Z\" }) { sessionEvent { eventId } } }";
    let reads = "{ userSites { nodes { siteId } } protocols { nodes { recordId siteId } } }";
    join_all((0..32).map(async |worker| {
        let (caller, record, site) = &callers[worker % 2];
        for round in 0..ROUNDS {
            match (worker / 2 + round) % 3 {
                0 => {
                    // The client disconnects, each time after another delay.
                    let patience = Duration::from_millis(5 + (worker * 7 + round * 13) as u64 % 60);
                    let _ = tokio::time::timeout(patience, caller.ask(slow)).await;
                }
                1 => {
                    let answer = caller.ask_with(fails, &json!({ "of": record })).await;
                    // A late cancellation may have hit another caller's statement: PgBouncer itself confuses them.
                    assert!(
                        ["BAD_USER_INPUT", "UNAVAILABLE", "TIMEOUT"].contains(&answer.code()),
                        "{:#}",
                        answer.body
                    );
                }
                _ => {
                    let answer = caller.ask(reads).await;
                    if answer.body.get("errors").is_some() {
                        assert!(["UNAVAILABLE", "TIMEOUT"].contains(&answer.code()), "{:#}", answer.body);
                        continue;
                    }
                    let data = answer.data();
                    assert_eq!(data["userSites"]["nodes"], json!([{ "siteId": site }]));
                    assert_eq!(data["protocols"]["nodes"], json!([{ "recordId": record, "siteId": site }]));
                }
            }
        }
    }))
    .await;
    // No effect remains: each caller gets their own rows.
    for (caller, record, site) in &callers {
        for _ in 0..SERVERS * 4 {
            let answer = caller.ask(reads).await;
            assert_eq!(answer.data()["protocols"]["nodes"], json!([{ "recordId": record, "siteId": site }]));
        }
    }
    let written =
        owner.query_one("SELECT count(*) FROM session_events WHERE event_type_id = 999999", &[]).await;
    assert_eq!(written.unwrap().get::<_, i64>(0), 0);
}
