//! The audit log of TherapyFlow records every change of every table, permanently.

use crate::isolation::{DATA, account, client, filled};

const NOTE: &str = "50000000-0000-4000-8000-000000000001";

#[tokio::test]
async fn every_table_writes_its_changes_down() {
    let silent = "SELECT relname::text FROM pg_class
        WHERE relnamespace = 'therapyflow'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'audit_logs'
          AND (SELECT count(*) FROM pg_trigger
            WHERE tgrelid = pg_class.oid AND tgfoid = 'therapyflow.audit_changes'::regproc) < 3";
    let (_database, mut owner) = filled().await;
    assert_eq!(owner.rows(silent).await, Vec::<String>::new());
    // One entry for each row that `DATA` has.
    let created = "SELECT string_agg(table_name || count, ' ' ORDER BY table_name) FROM (
        SELECT table_name, count(*) FROM therapyflow.audit_logs WHERE action = 'CREATE' GROUP BY table_name) AS each";
    assert_eq!(
        owner.one(created).await,
        "clinical_notes5 consent_records6 organizations2 patients4 session_recordings5 sessions5 therapists5 wearable_data4"
    );
    assert!(DATA.contains("INSERT INTO therapyflow.organizations"));
}

#[tokio::test]
async fn an_entry_tells_who_did_what_with_before_and_after() {
    let (database, mut owner) = filled().await;
    let mut a = client(&database, "a").await;
    a.run(format!(
        "UPDATE therapyflow.clinical_notes SET content = '{{\"text\": \"Better.\"}}' WHERE id = '{NOTE}'"
    ))
    .await
    .unwrap();
    a.run("UPDATE therapyflow.sessions SET duration_minutes = 45").await.unwrap();
    a.run(format!("DELETE FROM therapyflow.clinical_notes WHERE id = '{NOTE}'")).await.unwrap();
    a.run("COMMIT").await.unwrap();
    let entries = format!(
        "SELECT concat_ws(' ', action, user_id, old_data #>> '{{content, text}}', '→', new_data #>> '{{content, text}}')
         FROM therapyflow.audit_logs WHERE record_id = '{NOTE}' AND action <> 'CREATE' ORDER BY action DESC"
    );
    let a = account("a");
    assert_eq!(
        owner.rows(&entries).await,
        [format!("UPDATE {a} Well. → Better."), format!("DELETE {a} Better. →")]
    );
    let sessions = "SELECT string_agg(concat_ws(' ', right(record_id::text, 1), right(org_id::text, 1),
          old_data -> 'duration_minutes', new_data -> 'duration_minutes'), ', ' ORDER BY record_id)
        FROM therapyflow.audit_logs WHERE table_name = 'sessions' AND action = 'UPDATE'";
    assert_eq!(owner.one(sessions).await, "1 1 50 45, 2 1 50 45", "each row of a statement");
    // A change without an account is logged without one; one that is rolled back is not logged.
    let count = "SELECT count(*)::text FROM therapyflow.audit_logs";
    let before = owner.one(count).await;
    owner.run("BEGIN; DELETE FROM therapyflow.consent_records; ROLLBACK").await.unwrap();
    owner.run("UPDATE therapyflow.wearable_data SET source = source").await.unwrap();
    assert_eq!(owner.one(count).await, before);
    owner.run("UPDATE therapyflow.wearable_data SET source = 'apple_healthkit'").await.unwrap();
    let nobody =
        "SELECT count(*)::text FROM therapyflow.audit_logs WHERE action = 'UPDATE' AND user_id IS NULL";
    assert_eq!(owner.one(nobody).await, "4");
}

#[tokio::test]
async fn the_log_never_changes_and_outlives_the_organization() {
    let (database, mut owner) = filled().await;
    for statement in [
        "UPDATE therapyflow.audit_logs SET user_id = NULL",
        "DELETE FROM therapyflow.audit_logs",
        "TRUNCATE therapyflow.audit_logs",
    ] {
        let refusal = owner.refused(statement).await;
        assert_eq!(refusal, ("PR403".into(), "The audit log never changes.".into()), "{statement}");
    }
    assert_eq!(owner.refused("TRUNCATE therapyflow.wearable_data").await.0, "PR403");
    for digit in ["a", "d", "e"] {
        for statement in [
            "UPDATE therapyflow.audit_logs SET user_id = NULL",
            "DELETE FROM therapyflow.audit_logs",
            "INSERT INTO therapyflow.audit_logs (org_id, action, table_name, record_id)
               VALUES (gen_random_uuid(), 'READ', 'patients', gen_random_uuid())",
        ] {
            let mut session = client(&database, digit).await;
            assert_eq!(session.refused(statement).await.0, "42501", "{statement} by {digit}");
        }
    }

    let first = "org_id = '10000000-0000-4000-8000-000000000001'";
    let count = format!("SELECT count(*)::text FROM therapyflow.audit_logs WHERE {first}");
    let before: usize = owner.one(&count).await.parse().unwrap();
    owner
        .run("DELETE FROM therapyflow.organizations WHERE id = '10000000-0000-4000-8000-000000000001'")
        .await
        .unwrap();
    let gone = format!(
        "SELECT string_agg(table_name || count, ' ' ORDER BY table_name) FROM (
           SELECT table_name, count(*) FROM therapyflow.audit_logs WHERE {first} AND action = 'DELETE' GROUP BY table_name
         ) AS each"
    );
    assert_eq!(
        owner.one(gone).await,
        "clinical_notes4 consent_records5 organizations1 patients3 session_recordings4 sessions4 therapists4 wearable_data3"
    );
    assert!(owner.one(&count).await.parse::<usize>().unwrap() >= before + 28);
}
