//! The gateway behind `HAProxy`, which forwards bytes to the first server that answers.

use serde_json::json;

use crate::fixture::signed_in;
use crate::harness::{Postgres, Socket, connect, eventually, haproxy};
use crate::standby::{app_at, clinician, ready, refuses_to_write};

const LOG: &str = "mutation($of: BigInt!) { createSessionEvent(input: {
  protocolId: $of, eventTypeId: 1, eventTimestamp: \"2026-01-01T10:00:00Z\", notes: \"told\"
}) { sessionEvent { notes } } }";
const WATCH: &str =
    "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";

#[tokio::test]
async fn everything_works_before_a_primary_and_goes_on_with_the_standby_that_takes_its_place() {
    let primary = Postgres::migrated("").await;
    let (person, of) = clinician(&connect(&primary.url("postgres")).await).await;
    let standby = primary.standby().await;
    let Some(to_primary) = haproxy(&[primary.folder(), standby.folder()]).await else { return };
    let Some(to_standby) = haproxy(&[standby.folder()]).await else { return };

    let reader = app_at(&to_standby.url("praxis_gateway", "postgres"), |_| {}).await;
    assert_eq!(ready(&reader).await.1, json!({ "status": "ready", "database": "standby" }));
    signed_in(&reader, &person).ask("{ protocols { totalCount } }").await.data();
    refuses_to_write(&signed_in(&reader, &person), &of).await;

    let app = app_at(&to_primary.url("praxis_gateway", "postgres"), |_| {}).await;
    assert_eq!(ready(&app).await.1, json!({ "status": "ready", "database": "primary" }));
    let caller = signed_in(&app, &person);
    let mut socket = Socket::of(&app, &caller).await;
    socket.subscribe("1", WATCH, &of).await;
    caller.ask_with(LOG, &of).await.data();
    assert_eq!(socket.data("1").await["sessionEventLogged"]["sessionEvent"]["notes"], "told");
    // The write was acknowledged, so it must exist; it does once the standby has it.
    let replica = connect(&standby.url("postgres")).await;
    eventually("the standby has it", async || {
        let row = replica.query_one("SELECT count(*) FROM session_events", &[]).await.unwrap();
        row.get::<_, i64>(0) == 1
    })
    .await;

    primary.kill().await;
    eventually("behind the same address is the standby", async || {
        ready(&app).await.1["database"] == "standby"
    })
    .await;
    refuses_to_write(&caller, &of).await;
    caller.ask("{ protocols { totalCount } }").await.data();
    replica.execute("SELECT pg_promote()", &[]).await.unwrap();
    eventually("it writes", async || caller.ask_with(LOG, &of).await.body.get("errors").is_none()).await;
    assert_eq!(ready(&app).await.1["database"], "primary");
    // The subscription that was open the whole time receives it as well.
    assert_eq!(socket.data("1").await["sessionEventLogged"]["sessionEvent"]["notes"], "told");
}
