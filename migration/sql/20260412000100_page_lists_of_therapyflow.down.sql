DROP INDEX therapyflow.idx_wearable_data_patient_key;
CREATE INDEX idx_wearable_data_patient_key ON therapyflow.wearable_data(patient_id, id);
COMMENT ON INDEX therapyflow.idx_wearable_data_patient_key IS 'TherapyflowQuery.wearableSamples of a patient by key.';
DROP INDEX therapyflow.idx_wearable_data_org_key;
CREATE INDEX idx_wearable_data_org_key ON therapyflow.wearable_data(org_id, id);
COMMENT ON INDEX therapyflow.idx_wearable_data_org_key IS 'TherapyflowQuery.wearableSamples of the organization by key.';

DROP INDEX therapyflow.idx_sessions_patient_to_come;
DROP INDEX therapyflow.idx_sessions_therapist_to_come;
DROP INDEX therapyflow.idx_sessions_org_to_come;

CREATE OR REPLACE VIEW therapyflow.upcoming_sessions WITH (security_invoker = true) AS
SELECT s.*, t.full_name AS therapist_name, p.full_name AS patient_name
FROM therapyflow.sessions AS s
JOIN therapyflow.therapists AS t ON s.therapist_id = t.id
JOIN therapyflow.patients AS p ON s.patient_id = p.id
WHERE s.scheduled_at > now() AND s.status = 'scheduled';
