DROP VIEW therapyflow.upcoming_sessions;
DROP TABLE
  therapyflow.audit_logs,
  therapyflow.consent_records,
  therapyflow.wearable_data,
  therapyflow.session_recordings,
  therapyflow.clinical_notes,
  therapyflow.sessions,
  therapyflow.patients,
  therapyflow.therapists,
  therapyflow.organizations;
DROP FUNCTION therapyflow.update_updated_at_column;
DROP SCHEMA therapyflow;
