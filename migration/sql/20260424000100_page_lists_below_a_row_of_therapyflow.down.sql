DROP INDEX therapyflow.idx_patients_therapist;
CREATE INDEX idx_patients_therapist ON therapyflow.patients(assigned_therapist_id);
COMMENT ON INDEX therapyflow.idx_patients_therapist IS 'Patients of a therapist.';
DROP INDEX therapyflow.idx_clinical_notes_approved_by;
CREATE INDEX idx_clinical_notes_approved_by ON therapyflow.clinical_notes(approved_by);
COMMENT ON INDEX therapyflow.idx_clinical_notes_approved_by IS 'Notes that a therapist has approved; deleting a therapist.';
DROP INDEX therapyflow.idx_clinical_notes_session_key;
DROP INDEX therapyflow.idx_session_recordings_session_key;

DROP INDEX therapyflow.idx_sessions_therapist_date;
CREATE INDEX idx_sessions_therapist_date ON therapyflow.sessions(therapist_id, scheduled_at DESC);
COMMENT ON INDEX therapyflow.idx_sessions_therapist_date IS 'A therapist''s calendar; the policy of the table.';
DROP INDEX therapyflow.idx_sessions_patient_date;
CREATE INDEX idx_sessions_patient_date ON therapyflow.sessions(patient_id, scheduled_at DESC);
COMMENT ON INDEX therapyflow.idx_sessions_patient_date IS 'Sessions of a patient, the latest first; the policy of the table.';
DROP INDEX therapyflow.idx_wearable_patient_time;
CREATE INDEX idx_wearable_patient_time ON therapyflow.wearable_data(patient_id, recorded_at DESC);
COMMENT ON INDEX therapyflow.idx_wearable_patient_time IS
  'What a patient''s devices recorded, the latest first; the policy of the table.';
