//! Writes the audit log of the demo data, from the rows and the time of each event.

use tokio_postgres::{Error, Transaction};

/// Tables whose changes are logged.
const AUDITED: [&str; 8] = [
    "organizations",
    "therapists",
    "patients",
    "sessions",
    "clinical_notes",
    "session_recordings",
    "wearable_data",
    "consent_records",
];

/// Stops the log of inserts until [`resume`] or the end of a transaction that fails.
pub(super) async fn pause(transaction: &Transaction<'_>) -> Result<(), Error> {
    switch(transaction, "DISABLE").await
}

/// Logs the inserted rows, and resumes the log.
pub(super) async fn resume(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute(INSERT).await?;
    switch(transaction, "ENABLE").await
}

async fn switch(transaction: &Transaction<'_>, how: &str) -> Result<(), Error> {
    let each = AUDITED.map(|table| format!("ALTER TABLE therapyflow.{table} {how} TRIGGER audit_insert;"));
    transaction.batch_execute(&each.concat()).await
}

/// The column values of a row when it was inserted; later changes of the row are logged separately.
const INSERT: &str = "\
WITH history AS (
  SELECT 'organizations' AS table_name, it.id, it.id AS org_id, NULL::uuid AS user_id, to_jsonb(it) AS after,
    '{}'::jsonb AS at_first, it.created_at, NULL::timestamptz AS changed_at
  FROM therapyflow.organizations it
  UNION ALL
  SELECT 'therapists', it.id, it.org_id, NULL, to_jsonb(it), '{}', it.created_at, NULL FROM therapyflow.therapists it
  UNION ALL
  SELECT 'patients', it.id, it.org_id, therapist.user_id, to_jsonb(it), '{}', it.created_at, NULL
  FROM therapyflow.patients it JOIN therapyflow.therapists therapist ON therapist.id = it.assigned_therapist_id
  UNION ALL
  SELECT 'sessions', it.id, it.org_id, therapist.user_id, to_jsonb(it),
    jsonb_build_object('status', 'scheduled', 'started_at', NULL, 'updated_at', it.created_at), it.created_at,
    CASE WHEN it.status <> 'scheduled' THEN coalesce(it.started_at, it.scheduled_at - interval '1 day') END
  FROM therapyflow.sessions it JOIN therapyflow.therapists therapist ON therapist.id = it.therapist_id
  UNION ALL
  SELECT 'clinical_notes', it.id, it.org_id, therapist.user_id, to_jsonb(it),
    jsonb_build_object('approved_by_therapist', false, 'approved_by', NULL, 'approved_at', NULL,
      'updated_at', it.created_at),
    it.created_at, it.approved_at
  FROM therapyflow.clinical_notes it JOIN therapyflow.therapists therapist ON therapist.id = it.therapist_id
  UNION ALL
  SELECT 'session_recordings', it.id, it.org_id, therapist.user_id, to_jsonb(it), '{}', it.created_at, NULL
  FROM therapyflow.session_recordings it JOIN therapyflow.therapists therapist ON therapist.id = it.therapist_id
  UNION ALL
  SELECT 'wearable_data', it.id, it.org_id, patient.user_id, to_jsonb(it), '{}', it.synced_at, NULL
  FROM therapyflow.wearable_data it JOIN therapyflow.patients patient ON patient.id = it.patient_id
  UNION ALL
  SELECT 'consent_records', it.id, it.org_id, patient.user_id, to_jsonb(it),
    jsonb_build_object('status', 'REQUESTED', 'granted_at', NULL, 'revoked_at', NULL, 'updated_at', it.created_at),
    it.created_at, coalesce(it.revoked_at, it.granted_at)
  FROM therapyflow.consent_records it JOIN therapyflow.patients patient ON patient.id = it.patient_id
)
INSERT INTO therapyflow.audit_logs (
  id, org_id, user_id, action, table_name, record_id, old_data, new_data, created_at)
SELECT md5(table_name || id || 'CREATE')::uuid, org_id, user_id, 'CREATE', table_name, id, NULL, after || at_first, created_at
FROM history WHERE id::text LIKE '7f1000%'
UNION ALL
SELECT md5(table_name || id || 'UPDATE')::uuid, org_id, user_id, 'UPDATE', table_name, id, after || at_first, after, changed_at
FROM history WHERE changed_at IS NOT NULL AND id::text LIKE '7f1000%'";
