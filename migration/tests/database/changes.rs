//! The change feed: which changes are recorded and notified, who may read them, and how long they are kept.

use crate::access::DATA;
use crate::cluster::{Database, Session, migrated};

/// A change as a line: operation, table, key, foreign keys.
const CHANGES: &str =
    "SELECT concat_ws(' ', operation, table_name, row_key, row_references) FROM praxis.changes
    ORDER BY change_id";

async fn filled() -> (Database, Session) {
    let database = migrated().await;
    let mut session = database.connect().await;
    session.run(DATA).await.unwrap();
    session.run("DELETE FROM praxis.changes").await.unwrap();
    (database, session)
}

#[tokio::test]
async fn every_table_that_a_client_can_write_announces_its_changes() {
    let silent = "SELECT t.oid::regclass::text FROM pg_class AS t
        WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('praxis'::regnamespace, 'auth'::regnamespace)
          AND (has_any_column_privilege('authenticated', t.oid, 'INSERT, UPDATE')
            OR has_table_privilege('authenticated', t.oid, 'DELETE'))
          AND (SELECT count(*) FROM pg_trigger
            WHERE tgrelid = t.oid AND tgfoid = 'praxis.announce_changes'::regproc) < 3 ORDER BY 1";
    let (_, mut session) = filled().await;
    assert_eq!(session.rows(silent).await, Vec::<String>::new());
    session.run("CREATE TABLE mute (id int); GRANT INSERT ON mute TO authenticated").await.unwrap();
    assert_eq!(session.rows(silent).await, ["mute"], "the test would see one");
}

#[tokio::test]
async fn the_triggers_know_the_keys_of_their_tables() {
    let (_, mut session) = filled().await;
    // The triggers are those that `praxis.announce` would create today.
    let triggers = "SELECT concat(pg_get_triggerdef(oid), tgenabled) FROM pg_trigger
        WHERE tgfoid = 'praxis.announce_changes'::regproc ORDER BY 1";
    let before = session.rows(triggers).await;
    assert!(before.len() >= 66);
    let again = "SELECT praxis.announce(tgrelid)::text FROM pg_trigger
        WHERE tgfoid = 'praxis.announce_changes'::regproc AND tgname = 'announce_insert'";
    session.rows(again).await;
    assert_eq!(session.rows(triggers).await, before);
}

#[tokio::test]
async fn a_change_names_the_row_and_where_it_belongs() {
    let (_, mut session) = filled().await;
    session.run("INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES (1, 1, now(), 'secret')").await.unwrap();
    session
        .run("UPDATE supervision_circles SET circle_name = circle_name || '!' WHERE circle_id = 1")
        .await
        .unwrap();
    session.run("UPDATE supervision_circles SET circle_name = circle_name").await.unwrap();
    session.run("DELETE FROM circle_members WHERE circle_id = 2").await.unwrap();
    let event = session.one("SELECT max(event_id)::text FROM session_events").await;
    assert_eq!(
        session.rows(CHANGES).await,
        [
            format!(
                r#"insert public.session_events [{event}] {{"site_id": 1, "created_by": null, "protocol_id": 1, "event_type_id": 1}}"#
            ),
            "update public.supervision_circles [1] {}".into(),
            r#"delete public.circle_members [2, 3] {"circle_id": 2, "profile_id": 3}"#.into(),
        ]
    );
}

#[tokio::test]
async fn what_a_statement_changes_stands_in_its_order_and_in_one_transaction() {
    let (_, mut session) = filled().await;
    session
        .run(
            "BEGIN;
             INSERT INTO supervision_circles (circle_name) SELECT n::text FROM generate_series(1, 500) AS n;
             UPDATE supervision_circles SET max_members = 5 WHERE circle_id = 1;
             COMMIT",
        )
        .await
        .unwrap();
    let transactions = "SELECT count(DISTINCT transaction_id)::text FROM praxis.changes";
    assert_eq!(session.one(transactions).await, "1");
    let disorder = "SELECT count(*)::text FROM (
        SELECT (row_key->>0)::bigint AS id, lag((row_key->>0)::bigint) OVER (ORDER BY change_id) AS before
        FROM praxis.changes WHERE operation = 'insert') AS pairs WHERE id < before";
    assert_eq!(session.one(disorder).await, "0");
    assert_eq!(session.one("SELECT count(*)::text FROM praxis.changes").await, "501");
}

#[tokio::test]
async fn only_the_gateway_itself_reads_changes_and_nobody_writes_them() {
    let (database, _) = filled().await;
    let mut gateway = database.connect_as("praxis_gateway").await;
    assert_eq!(gateway.one("SELECT count(*)::text FROM praxis.changes").await, "0");
    assert_eq!(gateway.one("SELECT up_to::text FROM praxis.changes_forgotten").await, "0");
    for statement in [
        "INSERT INTO praxis.changes (table_name, operation, row_key, row_references) VALUES ('a', 'insert', '[]', '{}')",
        "DELETE FROM praxis.changes",
        "UPDATE praxis.changes_forgotten SET up_to = '9'",
        "SELECT praxis.announce('session_events')",
    ] {
        assert!(gateway.run(statement).await.unwrap_err().contains("permission denied"), "{statement}");
    }
    for role in ["anon", "authenticated"] {
        let mut client = database.connect_as("praxis_gateway").await;
        client.become_client(role, None).await;
        for statement in ["SELECT FROM praxis.changes", "SELECT praxis.forget_changes('0')"] {
            client.run("SAVEPOINT before").await.unwrap();
            assert!(client.run(statement).await.unwrap_err().contains("permission denied"), "{statement}");
            client.run("ROLLBACK TO before").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_client_that_writes_is_announced() {
    let (database, mut owner) = filled().await;
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    client
        .run("INSERT INTO session_events (protocol_id, event_type_id, event_timestamp) VALUES (1, 1, now()); COMMIT")
        .await
        .unwrap();
    assert_eq!(owner.one("SELECT count(*)::text FROM praxis.changes").await, "1");
}

#[tokio::test]
async fn who_loads_rows_that_nobody_watches_can_keep_silent() {
    let (_, mut session) = filled().await;
    let add = "INSERT INTO supervision_circles (circle_name) VALUES ('a')";
    session.run(format!("BEGIN; SET LOCAL praxis.announce = off; {add}; COMMIT")).await.unwrap();
    assert_eq!(session.rows(CHANGES).await, Vec::<String>::new());
    session.run(add).await.unwrap();
    assert_eq!(session.rows(CHANGES).await.len(), 1);
}

#[tokio::test]
async fn what_is_old_is_forgotten_a_few_at_a_time_and_remembered_to_be() {
    let (database, mut session) = filled().await;
    for _ in 0..3 {
        session.run("INSERT INTO supervision_circles (circle_name) VALUES ('a'), ('b')").await.unwrap();
    }
    session.run("UPDATE praxis.changes SET changed_at = now() - interval '2 hours' WHERE change_id <> (SELECT max(change_id) FROM praxis.changes)").await.unwrap();
    let newest_old = session
        .one("SELECT transaction_id::text FROM praxis.changes WHERE changed_at < now() - interval '1 hour' ORDER BY change_id DESC LIMIT 1")
        .await;
    let mut gateway = database.connect_as("praxis_gateway").await;
    let forget = "SELECT praxis.forget_changes('1 hour', 4)::text";
    assert_eq!(gateway.one(forget).await, "4");
    // While another session runs it, it does nothing.
    session.run("BEGIN; SELECT pg_advisory_xact_lock(hashtext('praxis.forget_changes'))").await.unwrap();
    assert_eq!(gateway.one(forget).await, "0");
    session.run("ROLLBACK").await.unwrap();
    assert_eq!(gateway.one(forget).await, "1");
    assert_eq!(gateway.one(forget).await, "0");
    assert_eq!(gateway.one("SELECT count(*)::text FROM praxis.changes").await, "1");
    assert_eq!(gateway.one("SELECT up_to::text FROM praxis.changes_forgotten").await, newest_old);
}

#[tokio::test]
async fn clients_reach_no_table_of_the_schema_whose_functions_policies_call() {
    let (_, mut session) = filled().await;
    let tables = "SELECT r.oid::regclass::text FROM pg_class AS r, unnest(ARRAY['anon', 'authenticated', 'public']) AS client
        WHERE relnamespace = 'praxis'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND CASE relkind WHEN 'S' THEN has_sequence_privilege(client, r.oid, 'USAGE, SELECT, UPDATE')
            ELSE has_any_column_privilege(client, r.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
              OR has_table_privilege(client, r.oid, 'DELETE, TRUNCATE, TRIGGER') END";
    assert_eq!(session.rows(tables).await, Vec::<String>::new());
}
