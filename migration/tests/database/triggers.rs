//! The columns and rows that triggers maintain.

use crate::{
    access::DATA,
    cluster::{Session, migrated},
};

async fn filled() -> Session {
    let mut session = migrated().await.connect().await;
    session.run(DATA).await.unwrap();
    session
}

#[tokio::test]
async fn the_site_of_a_row_is_that_of_its_protocol_whatever_is_sent() {
    let mut session = filled().await;
    for table in ["session_events", "integration_homework", "integration_scores", "assessment_responses"] {
        let sites = format!("SELECT site_id::text FROM {table} WHERE protocol_id <= 4 ORDER BY protocol_id");
        session.run(format!("UPDATE {table} SET site_id = 3")).await.unwrap();
        assert_eq!(session.rows(&sites).await, ["1", "1", "2", "3"], "{table}");
        session.run("UPDATE log_clinical_records SET site_id = 2 WHERE record_id = 1").await.unwrap();
        assert_eq!(session.rows(&sites).await, ["2", "1", "2", "3"], "{table} follows its protocol");
        session.run("UPDATE log_clinical_records SET site_id = 1 WHERE record_id = 1").await.unwrap();
        session.run(format!("UPDATE {table} SET protocol_id = 3 WHERE protocol_id = 1")).await.unwrap();
        assert_eq!(session.rows(&sites).await, ["1", "2", "2", "3"], "{table} moved to another protocol");
    }
}

#[tokio::test]
async fn what_hangs_on_a_protocol_goes_with_it() {
    let mut session = filled().await;
    // By the brief, a protocol with answers cannot be deleted.
    assert!(session.run("DELETE FROM log_clinical_records WHERE record_id = 1").await.is_err());
    session.run("DELETE FROM assessment_responses WHERE protocol_id = 1").await.unwrap();
    session.run("DELETE FROM log_clinical_records WHERE record_id = 1").await.unwrap();
    for table in ["session_events", "integration_homework", "integration_scores"] {
        assert_eq!(
            session.one(format!("SELECT count(*)::text FROM {table} WHERE protocol_id = 1")).await,
            "0"
        );
    }
}

#[tokio::test]
async fn days_after_the_dose_are_counted_from_the_session() {
    let mut session = filled().await;
    let days =
        "SELECT days_post_dose::text FROM integration_scores WHERE protocol_id <= 4 ORDER BY protocol_id";
    assert_eq!(session.rows(days).await, ["10", "9", "8", "7"]);
    session.run("UPDATE integration_scores SET days_post_dose = 99").await.unwrap();
    assert_eq!(session.rows(days).await, ["10", "9", "8", "7"]);
    session
        .run("UPDATE log_clinical_records SET session_date = '2026-01-01' WHERE record_id = 1")
        .await
        .unwrap();
    session
        .run("UPDATE integration_scores SET measured_at = '2026-01-22T01:00:00+02' WHERE protocol_id = 2")
        .await
        .unwrap();
    assert_eq!(session.rows(days).await, ["19", "10", "8", "7"]);
}

#[tokio::test]
async fn the_time_of_the_last_change_is_kept() {
    let mut session = filled().await;
    for table in ["sites", "log_clinical_records", "ref_medications", "practitioner_profiles"] {
        session.run(format!("UPDATE {table} SET updated_at = '2000-01-01'")).await.unwrap();
        let old =
            format!("SELECT count(*)::text FROM {table} WHERE updated_at < now() - interval '1 minute'");
        assert_eq!(session.one(old).await, "0", "{table}");
    }
}

#[tokio::test]
async fn every_reference_table_announces_its_changes() {
    let mut session = filled().await;
    let silent =
        "SELECT relname::text FROM pg_class WHERE relname LIKE 'ref\\_%' AND relkind = 'r' AND NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgfoid = 'praxis.announce_reference'::regproc
          AND tgtype = 4 + 8 + 16 + 32)";
    assert_eq!(session.rows(silent).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_gateways_hear_of_fires_in_every_mode_and_what_keeps_rows_right_where_they_come_from() {
    let mut session = filled().await;
    // A replicated row was computed where it was written first; a gateway beside it needs the notification all the same.
    let modes = "SELECT DISTINCT concat_ws(' ', CASE
          WHEN tgname LIKE 'announce\\_replicated%' THEN 'replicated references'
          WHEN tgfoid = 'praxis.announce_reference'::regproc THEN 'references'
          WHEN tgfoid IN ('praxis.announce_changes'::regproc, 'praxis.announce_truncation'::regproc) THEN 'feeds'
          ELSE 'rows' END, tgenabled)
        FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1";
    assert_eq!(session.rows(modes).await, ["feeds A", "references O", "replicated references R", "rows O"]);
    let schema = "SELECT evtenabled::text FROM pg_event_trigger WHERE evtname = 'praxis_schema'";
    assert_eq!(session.rows(schema).await, ["A"]);
}

#[tokio::test]
async fn every_reference_table_announces_what_replication_applies() {
    let mut session = filled().await;
    // Row triggers, and one for TRUNCATE, that fire for replication alone: 'R'.
    let silent = "SELECT relname::text FROM pg_class WHERE relname LIKE 'ref\\_%' AND relkind = 'r' AND (
        SELECT array_agg(tgtype ORDER BY tgtype) FROM pg_trigger
         WHERE tgrelid = pg_class.oid AND tgfoid = 'praxis.announce_reference'::regproc AND tgenabled = 'R'
        ) IS DISTINCT FROM ARRAY[1 + 4 + 8 + 16, 32]::int2[]";
    assert_eq!(session.rows(silent).await, Vec::<String>::new());
}
