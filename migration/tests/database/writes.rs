//! Entities and grants agree on what clients may write. The rulebook (`lint.rs`) checks the policies and the comments of the
//! rules.

use entity::{Source, TableName, Visitor};
use sea_orm::EntityTrait;

use crate::cluster::migrated;

/// A line for each writable column, and for each table whose rows may be deleted.
#[derive(Default)]
struct Writes(Vec<String>);

impl Visitor for Writes {
    fn visit<E: EntityTrait>(&mut self, _: E, table: TableName, source: &'static Source) {
        let writes = source.writes;
        self.0.extend(writes.insert.iter().map(|column| format!("{table} INSERT {column}")));
        self.0.extend(writes.update.iter().map(|column| format!("{table} UPDATE {column}")));
        self.0.extend(writes.delete.then(|| format!("{table} DELETE")));
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

fn said() -> Vec<String> {
    let mut said = Writes::default();
    crate::systems::visit(&mut said);
    entity_auth::visit(&mut said);
    sorted(said.0)
}

/// Returns a query for what a role may write, column by column.
fn granted(role: &str) -> String {
    let schemas = crate::entities::schemas();
    format!(
        "SELECT format('%s.%s %s %s', nspname, relname, privilege, attname)
         FROM pg_class JOIN pg_namespace AS s ON s.oid = relnamespace AND nspname IN ({schemas})
         JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped,
           unnest(ARRAY['INSERT', 'UPDATE']) AS privilege
         WHERE relkind IN ('r', 'p', 'v') AND has_column_privilege('{role}', pg_class.oid, attnum, privilege)
         UNION ALL SELECT format('%s.%s DELETE', nspname, relname)
         FROM pg_class JOIN pg_namespace AS s ON s.oid = relnamespace AND nspname IN ({schemas})
         WHERE relkind IN ('r', 'p', 'v') AND has_table_privilege('{role}', pg_class.oid, 'DELETE')"
    )
}

#[tokio::test]
async fn the_entities_say_what_is_granted() {
    let mut session = migrated().await.connect().await;
    let granted_to_clients = sorted(session.rows(granted("authenticated")).await);
    assert_eq!(granted_to_clients, said());
    assert_eq!(session.rows(granted("anon")).await, Vec::<String>::new());
}

#[tokio::test]
async fn only_the_gateway_asks_for_the_words_of_a_rule() {
    let database = migrated().await;
    let words = "SELECT words FROM praxis.describe_constraint('public', 'integration_scores', 'valid_integration_score')";
    let mut gateway = database.connect_as("praxis_gateway").await;
    assert_eq!(gateway.one(words).await, "A score lies between 0 and 100.");
    assert_eq!(gateway.one(words.replace("valid_", "unknown_")).await, "");
    gateway.become_client("authenticated", None).await;
    let error = gateway.run(words).await.unwrap_err();
    assert!(error.contains("permission denied"), "{error}");
}

#[tokio::test]
async fn who_made_a_row_is_kept_by_the_database() {
    let database = migrated().await;
    let mut owner = database.connect().await;
    owner.run(crate::access::DATA).await.unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    for insert in [
        "INSERT INTO log_clinical_records (site_id) VALUES (1)",
        "INSERT INTO session_events (protocol_id, event_type_id) VALUES (1, 1)",
        "INSERT INTO integration_homework (protocol_id, due_date) VALUES (1, CURRENT_DATE + 7)",
    ] {
        let maker = client.one(format!("{insert} RETURNING created_by::text")).await;
        assert_eq!(maker, crate::access::CLINICIAN, "{insert}");
    }
    client.run("ROLLBACK").await.unwrap();
    let error = {
        client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
        client.run("INSERT INTO session_events (protocol_id, created_by) VALUES (1, NULL)").await.unwrap_err()
    };
    assert!(error.contains("permission denied"), "{error}");

    // Maintenance acts for no account, and its own values stay.
    let given = format!(
        "INSERT INTO log_clinical_records (site_id, created_by) VALUES (1, '{}') RETURNING created_by::text",
        crate::access::CLINICIAN
    );
    assert_eq!(owner.one(given).await, crate::access::CLINICIAN);
    let nobody = "INSERT INTO log_clinical_records (site_id) VALUES (1) RETURNING created_by::text";
    assert_eq!(owner.one(nobody).await, "");
}

#[tokio::test]
async fn a_client_who_moves_a_session_moves_the_days_of_its_scores() {
    let database = migrated().await;
    database.connect().await.run(crate::access::DATA).await.unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    client
        .run("UPDATE log_clinical_records SET session_date = '2026-01-01' WHERE record_id = 1")
        .await
        .unwrap();
    let days = "SELECT days_post_dose::text FROM integration_scores WHERE protocol_id = 1";
    assert_eq!(client.one(days).await, "19");
}
