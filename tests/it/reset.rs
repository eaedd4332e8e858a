//! Resets the demo while others use it.

use praxis::systems;
use praxis::systems::demo::{self, ResetError, Summary};
use serde_json::json;
use tokio_postgres::Client;

use crate::fixture::oracle;
use crate::harness::{App, eventually};

async fn reset(client: &mut Client) -> Result<Summary, ResetError> {
    let demos = systems::demos(&systems::ALL);
    demo::reset(client, &demos, &demos).await
}

#[tokio::test]
async fn a_reset_that_gives_way_to_somebody_else_is_tried_again() {
    let app = App::start().await;
    let (mut client, other) = (app.owner().await, app.owner().await);
    let patients = "SELECT count(*) AS n FROM therapyflow.patients";
    let before = oracle(&app, patients).await;
    // The other transaction locks a table that is emptied late, and then waits for one that is emptied early.
    other
        .batch_execute("SET deadlock_timeout = '60s'; BEGIN; SELECT FROM therapyflow.patients")
        .await
        .unwrap();
    let (done, ()) = tokio::join!(reset(&mut client), async {
        let waits = "SELECT count(*) AS n FROM pg_locks JOIN pg_class ON oid = relation WHERE relname = 'patients' AND NOT granted";
        eventually("the reset waits", async || oracle(&app, waits).await[0]["n"] != 0).await;
        other.batch_execute("SELECT FROM sites; COMMIT").await.unwrap();
    });
    done.unwrap();
    assert_eq!(oracle(&app, patients).await, before);
}

#[tokio::test]
async fn a_demo_that_others_refer_to_is_not_emptied() {
    let app = App::start().await;
    let mut client = app.owner().await;
    let refer = "CREATE TABLE branches (site_id bigint REFERENCES sites)";
    client.batch_execute(refer).await.unwrap();
    let refused = reset(&mut client).await.unwrap_err().to_string();
    assert_eq!(refused, "this is not a demo database: another table refers to its rows; nothing was deleted");
    assert_ne!(oracle(&app, "SELECT count(*) AS n FROM sites").await[0]["n"], json!(0));
}
