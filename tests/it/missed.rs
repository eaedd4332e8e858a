//! Missed changes are read page by page, at a cost that does not depend on their number.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fixture::{clinician, protocol};
use crate::harness::{App, Socket, clone_database, connect, database_url};
use crate::scale::{self, Cost, costs, plans};

const LOGGED: &str =
    "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";
/// Changes of a transaction, and the size of a page.
const EACH: u32 = 500;
const PAGE: u32 = 2_000;

/// Returns the cost of catching up with this many changes: finding the first, and reading a page.
async fn catching_up(changes: u32) -> [Cost; 2] {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let settings = [scale::ANALYZE.as_slice(), &[("plan_cache_mode", "force_generic_plan")]].concat();
    scale::explain(&owner, &settings).await;
    let app = App::over(&database, |_| {}).await;
    let (actor, site) = clinician(&app, &owner, "missed").await;
    let record = protocol(&owner, site).await;
    // These changes are already delivered.
    fill(&owner, PAGE).await;
    owner.batch_execute("VACUUM ANALYZE praxis.changes").await.unwrap();
    let mut socket = Socket::of(&app, &actor).await;
    socket.subscribe("1", LOGGED, &json!({ "of": record.to_string() })).await;
    log(&owner, record, "before").await;
    assert_eq!(note(&mut socket).await, "before");

    fill(&owner, changes).await;
    owner.batch_execute("VACUUM ANALYZE praxis.changes").await.unwrap();
    let plans = plans(&owner, async {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        owner.query_one(kill, &[]).await.unwrap();
        log(&owner, record, "after").await;
        assert_eq!(note(&mut socket).await, "after");
    })
    .await;
    let of = |statement: &str| {
        let plans: Vec<Value> = plans
            .iter()
            .filter(|plan| {
                let text = plan["Query Text"].as_str().unwrap();
                text.contains("praxis.changes") && text.contains(statement)
            })
            .cloned()
            .collect();
        assert!(!plans.is_empty(), "{statement}");
        // The most expensive execution of the same statement.
        plans.iter().fold(Cost::default(), |mut most, plan| {
            for cost in costs(std::slice::from_ref(plan), &BTreeSet::new()).into_values() {
                most.or_more(cost);
            }
            most
        })
    };
    [of("min(change_id"), of("table_name = $4")]
}

/// Records changes of another protocol's events, some in each transaction, with changes of other tables between them.
async fn fill(owner: &tokio_postgres::Client, changes: u32) {
    for _ in 0..changes / EACH {
        let sql = format!(
            "INSERT INTO praxis.changes (table_name, operation, row_key, row_references)
             SELECT table_name, 'update', jsonb_build_array(n), '{{\"protocol_id\": 1}}'
             FROM generate_series(1, {EACH}) AS n,
               unnest(ARRAY['public.session_events', 'public.integration_scores']) AS t(table_name)"
        );
        owner.batch_execute(&sql).await.unwrap();
    }
}

async fn log(owner: &tokio_postgres::Client, protocol: i64, note: &str) {
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES ($1, 1, now(), $2)";
    owner.execute(sql, &[&protocol, &note]).await.unwrap();
}

async fn note(socket: &mut Socket) -> String {
    let told = socket.data("1").await;
    told["sessionEventLogged"]["sessionEvent"]["notes"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_of_what_was_missed_costs_the_same_however_much_there_is() {
    let [_, few] = catching_up(10_000).await;
    let [begin, many] = catching_up(40_000).await;
    for page in [&few, &many] {
        assert!(page.rows <= u64::from(PAGE + PAGE / 10), "{page:?}");
    }
    assert!(many.pages <= few.pages + few.pages / 4, "{} and {} pages", few.pages, many.pages);
    // The first missed change is searched once, by the index alone.
    assert!(begin.pages <= 80_000 / 50, "{begin:?}");
}
