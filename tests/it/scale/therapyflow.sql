-- Twenty organizations with those that are there, of ten therapists each; as many patients as protocols of the portal, with
-- sessions, a note and a recording of each, what their devices record, consents, and what the audit log tells of that.
INSERT INTO therapyflow.organizations (name)
  SELECT 'Practice ' || number FROM generate_series(1, 20 - (SELECT count(*) FROM therapyflow.organizations)) AS number;
INSERT INTO therapyflow.therapists (org_id, email, full_name)
  SELECT id, 'therapist.' || number || '@scale.example', 'Therapist ' || number
  FROM therapyflow.organizations CROSS JOIN generate_series(1, 10) AS number;
CREATE TEMPORARY TABLE seat AS
  SELECT id AS therapist_id, org_id, row_number() OVER (ORDER BY org_id, id) - 1 AS place, count(*) OVER () AS seats
  FROM therapyflow.therapists;
CREATE TEMPORARY TABLE patient AS
  SELECT gen_random_uuid() AS id, therapist_id, org_id, number, number / seats AS hour
  FROM generate_series(1, current_setting('fill.protocols')::int) AS number JOIN seat ON place = number % seats;
INSERT INTO therapyflow.patients (id, org_id, assigned_therapist_id, full_name)
  SELECT id, org_id, therapist_id, 'Patient ' || number FROM patient;
CREATE TEMPORARY TABLE session AS
  SELECT gen_random_uuid() AS id, patient.id AS patient_id, therapist_id, org_id, number,
    timestamptz '2024-01-01 UTC' + (2 * hour + half) * interval '1 hour' AS scheduled_at
  FROM patient CROSS JOIN generate_series(0, 1) AS half;
INSERT INTO therapyflow.sessions (id, org_id, therapist_id, patient_id, scheduled_at, status)
  SELECT id, org_id, therapist_id, patient_id, scheduled_at, 'completed' FROM session ORDER BY scheduled_at;
INSERT INTO therapyflow.clinical_notes (org_id, session_id, therapist_id, note_type, content)
  SELECT org_id, id, therapist_id, 'progress', '{"text": "Well."}' FROM session ORDER BY scheduled_at;
INSERT INTO therapyflow.session_recordings (org_id, session_id, therapist_id, file_path)
  SELECT org_id, id, therapist_id, 'recording.mp3' FROM session ORDER BY scheduled_at;
INSERT INTO therapyflow.wearable_data (org_id, patient_id, data_type, metrics, recorded_at)
  SELECT org_id, patient_id, 'steps', '{"count": 1}', scheduled_at + step * interval '1 hour'
  FROM session CROSS JOIN generate_series(1, 2) AS step ORDER BY scheduled_at;
INSERT INTO therapyflow.consent_records (org_id, patient_id, purpose, status, granted_at)
  SELECT org_id, id, purpose, 'GRANTED', now() FROM patient CROSS JOIN (VALUES ('care_management'), ('research')) AS asked(purpose);
INSERT INTO therapyflow.audit_logs (org_id, action, table_name, record_id, new_data, created_at)
  SELECT org_id, 'CREATE', 'sessions', id, '{}', scheduled_at FROM session ORDER BY scheduled_at;
