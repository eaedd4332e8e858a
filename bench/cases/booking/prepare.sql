-- Creates a practice of ten therapists with as many sessions as the portal has protocols.
DO $$
DECLARE
  practice CONSTANT uuid := 'be9c0001-0000-4000-8000-000000000000';
BEGIN
  IF EXISTS (SELECT FROM therapyflow.organizations WHERE id = practice) THEN
    RETURN;
  END IF;
  SET LOCAL session_replication_role = replica;
  INSERT INTO auth.users (email) VALUES ('therapist@bench.example') ON CONFLICT DO NOTHING;
  INSERT INTO therapyflow.organizations (id, name) VALUES (practice, 'Bench');
  INSERT INTO therapyflow.therapists (id, org_id, user_id, email, full_name)
    SELECT ('be9c0002-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid, practice,
      (SELECT id FROM auth.users WHERE number = 0 AND email = 'therapist@bench.example'),
      'therapist.' || number || '@bench.example', 'Therapist ' || number
    FROM generate_series(0, 9) AS number;
  INSERT INTO therapyflow.patients (id, org_id, assigned_therapist_id, full_name)
    SELECT ('be9c0003-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid, practice,
      ('be9c0002-0000-4000-8000-' || lpad((number % 10)::text, 12, '0'))::uuid, 'Patient ' || number
    FROM generate_series(0, 999) AS number;
  INSERT INTO therapyflow.sessions (id, org_id, therapist_id, patient_id, scheduled_at, status)
    SELECT ('be9c0004-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid, practice,
      ('be9c0002-0000-4000-8000-' || lpad((number % 10)::text, 12, '0'))::uuid,
      ('be9c0003-0000-4000-8000-' || lpad((number % 1000)::text, 12, '0'))::uuid,
      timestamptz '1900-01-01 UTC' + number / 10 * interval '1 hour', 'completed'
    FROM (SELECT row_number() OVER () - 1 AS number FROM log_clinical_records) AS protocol;
  INSERT INTO therapyflow.clinical_notes (org_id, session_id, therapist_id, note_type, content)
    SELECT org_id, id, therapist_id, 'progress', '{"text": "Well."}' FROM therapyflow.sessions WHERE org_id = practice;
END $$;
ANALYZE therapyflow.patients, therapyflow.sessions, therapyflow.clinical_notes
