-- Lists of TherapyFlow whose pages read all that the caller may see. Decision 40.

-- The sessions to come. Postgres cannot tell how many of a caller's rows are still to come, and that therapist and patient are seen
-- as well; it expects fewer than a page, and then reads and sorts them all. So each name is told to be one of several, which it is
-- not, and "after now" is compared together with the key: not even the last of all keys is after itself. What is seen is the same:
-- whoever does not see one of the two does not see the session here.
CREATE OR REPLACE VIEW therapyflow.upcoming_sessions WITH (security_invoker = true) AS
SELECT
  s.id,
  s.org_id,
  s.therapist_id,
  s.patient_id,
  s.scheduled_at,
  s.status,
  s.duration_minutes,
  s.started_at,
  s.created_at,
  s.updated_at,
  t.full_name AS therapist_name,
  p.full_name AS patient_name
FROM therapyflow.sessions AS s
CROSS JOIN LATERAL unnest(
  (SELECT array_agg(full_name) FROM therapyflow.therapists WHERE therapists.id = s.therapist_id)) AS t(full_name)
CROSS JOIN LATERAL unnest(
  (SELECT array_agg(full_name) FROM therapyflow.patients WHERE patients.id = s.patient_id)) AS p(full_name)
WHERE (s.scheduled_at, s.id) > (now(), 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) AND s.status = 'scheduled';

CREATE INDEX idx_sessions_org_to_come ON therapyflow.sessions(org_id, id) WHERE status = 'scheduled';
CREATE INDEX idx_sessions_therapist_to_come ON therapyflow.sessions(therapist_id, id) WHERE status = 'scheduled';
CREATE INDEX idx_sessions_patient_to_come ON therapyflow.sessions(patient_id, id) WHERE status = 'scheduled';
COMMENT ON INDEX therapyflow.idx_sessions_org_to_come IS 'TherapyflowQuery.upcomingSessions of the organization by key.';
COMMENT ON INDEX therapyflow.idx_sessions_therapist_to_come IS 'TherapyflowQuery.upcomingSessions of a therapist by key.';
COMMENT ON INDEX therapyflow.idx_sessions_patient_to_come IS 'TherapyflowQuery.upcomingSessions of a patient by key.';

-- Samples of those who consent lie among those of all others. Both indexes have what the policy asks of a row, so that only the
-- rows of the page are read themselves.
DROP INDEX therapyflow.idx_wearable_data_org_key;
CREATE INDEX idx_wearable_data_org_key ON therapyflow.wearable_data(org_id, id) INCLUDE (patient_id);
COMMENT ON INDEX therapyflow.idx_wearable_data_org_key IS
  'TherapyflowQuery.wearableSamples of the organization by key, with the patients who may consent.';
DROP INDEX therapyflow.idx_wearable_data_patient_key;
CREATE INDEX idx_wearable_data_patient_key ON therapyflow.wearable_data(patient_id, id) INCLUDE (org_id);
COMMENT ON INDEX therapyflow.idx_wearable_data_patient_key IS
  'TherapyflowQuery.wearableSamples of a patient by key, a page of each who consents.';
