//! Reference tables that logical replication fills: the gateway's cache follows.

use std::time::Duration;

use praxis::graph::catalog::Catalog;
use praxis::systems;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::fixture::signed_in;
use crate::harness::{Postgres, connect, eventually};
use crate::standby::{app_at, clinician};

#[tokio::test]
async fn what_is_kept_of_every_reference_table_follows_what_replication_applies() {
    let source = Postgres::migrated("-c wal_level=logical").await;
    let target = Postgres::migrated("").await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let tables: Vec<&str> =
        catalog.tables().iter().filter(|it| it.is_reference).map(|it| it.sql_name.as_str()).collect();
    assert!(!tables.is_empty());

    let (writer, reader) = (connect(&source.url("postgres")).await, connect(&target.url("postgres")).await);
    writer.batch_execute(&format!("CREATE PUBLICATION refs FOR TABLE {}", tables.join(", "))).await.unwrap();
    let (person, _) = clinician(&reader).await;
    let subscribe = format!(
        "CREATE SUBSCRIPTION refs CONNECTION 'host={} user=postgres dbname=postgres' PUBLICATION refs
           WITH (copy_data = false)",
        source.folder()
    );
    reader.batch_execute(&subscribe).await.unwrap();

    // Each table notifies a listener.
    let (client, mut connection) = tokio_postgres::connect(&target.url("postgres"), NoTls).await.unwrap();
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(message) = message {
                let _ = sender.send(message.payload().to_owned());
            }
        }
    });
    client.batch_execute("LISTEN praxis_reference").await.unwrap();
    for table in catalog.tables().iter().filter(|it| it.is_reference) {
        let plain =
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0
            AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum DESC LIMIT 1";
        let column: String = writer.query_one(plain, &[&table.sql_name]).await.unwrap().get(0);
        let update = format!("UPDATE {} SET {column} = {column}", table.sql_name);
        assert!(writer.execute(&update, &[]).await.unwrap() > 0, "{} has no rows", table.sql_name);
        let name = format!("{}.{}", table.schema, table.name);
        loop {
            let told = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await;
            if told.unwrap_or_else(|_| panic!("{name} is not announced")).unwrap() == name {
                break;
            }
        }
    }

    // The gateway, which caches a table as long as no notification arrives, answers with the new rows.
    let app = app_at(&target.url("praxis_gateway"), |_| {}).await;
    let asker = signed_in(&app, &person);
    let name = async || {
        let answer = asker.ask("{ eventType(eventTypeId: 1) { eventName } }").await;
        answer.data()["eventType"]["eventName"].as_str().unwrap().to_owned()
    };
    listens(&reader, &name).await;
    for new in ["Unease", "Calm"] {
        let update = format!("UPDATE ref_event_types SET event_name = '{new}' WHERE event_type_id = 1");
        writer.batch_execute(&update).await.unwrap();
        eventually(new, async || name().await == new).await;
    }
    reader.batch_execute("DROP SUBSCRIPTION refs").await.unwrap();
}

/// Waits until the gateway caches: it then misses a change that is not announced.
async fn listens(owner: &tokio_postgres::Client, name: &impl AsyncFn() -> String) {
    let silently = async |name: &str| {
        let update = format!(
            "BEGIN; ALTER EVENT TRIGGER praxis_schema DISABLE;
             SET LOCAL session_replication_role = local; ALTER TABLE ref_event_types DISABLE TRIGGER USER;
             UPDATE ref_event_types SET event_name = '{name}' WHERE event_type_id = 1;
             ALTER TABLE ref_event_types ENABLE TRIGGER USER;
             ALTER TABLE ref_event_types ENABLE REPLICA TRIGGER announce_replicated;
             ALTER TABLE ref_event_types ENABLE REPLICA TRIGGER announce_replicated_truncate;
             ALTER EVENT TRIGGER praxis_schema ENABLE ALWAYS; COMMIT"
        );
        owner.batch_execute(&update).await.unwrap();
    };
    let mut number = 0;
    eventually("the gateway listens", async || {
        let kept = name().await;
        number += 1;
        silently(&format!("Unheard {number}")).await;
        // Longer than anything is cached without notifications.
        tokio::time::sleep(Duration::from_secs(6)).await;
        name().await == kept
    })
    .await;
}
