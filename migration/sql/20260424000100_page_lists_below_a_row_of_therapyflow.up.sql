-- Lists below a row of TherapyFlow in the order of their keys (parent-key-index), and in the order of time: an index by a row's foreign
-- key and a time serves both directions only if both columns ascend. Decision 52.
-- Indexes that replace none are built first, since they block no readers; then the largest table, since dropping an index blocks
-- its readers until the end of the migration.

CREATE INDEX idx_clinical_notes_session_key ON therapyflow.clinical_notes(session_id, id);
COMMENT ON INDEX therapyflow.idx_clinical_notes_session_key IS 'TherapyflowSession.clinicalNotes by key.';
CREATE INDEX idx_session_recordings_session_key ON therapyflow.session_recordings(session_id, id);
COMMENT ON INDEX therapyflow.idx_session_recordings_session_key IS 'TherapyflowSession.recordings by key.';

DROP INDEX therapyflow.idx_wearable_patient_time;
CREATE INDEX idx_wearable_patient_time ON therapyflow.wearable_data(patient_id, recorded_at);
COMMENT ON INDEX therapyflow.idx_wearable_patient_time IS
  'TherapyflowPatient.wearableSamples in order of time; the policy of the table.';
DROP INDEX therapyflow.idx_patients_therapist;
CREATE INDEX idx_patients_therapist ON therapyflow.patients(assigned_therapist_id, id);
COMMENT ON INDEX therapyflow.idx_patients_therapist IS 'TherapyflowTherapist.patients by key.';
DROP INDEX therapyflow.idx_clinical_notes_approved_by;
CREATE INDEX idx_clinical_notes_approved_by ON therapyflow.clinical_notes(approved_by, id);
COMMENT ON INDEX therapyflow.idx_clinical_notes_approved_by IS 'TherapyflowTherapist.approvedNotes by key; deleting a therapist.';
DROP INDEX therapyflow.idx_sessions_therapist_date;
CREATE INDEX idx_sessions_therapist_date ON therapyflow.sessions(therapist_id, scheduled_at);
COMMENT ON INDEX therapyflow.idx_sessions_therapist_date IS
  'A therapist''s calendar: TherapyflowTherapist.sessions in order of time; the policy of the table.';
DROP INDEX therapyflow.idx_sessions_patient_date;
CREATE INDEX idx_sessions_patient_date ON therapyflow.sessions(patient_id, scheduled_at);
COMMENT ON INDEX therapyflow.idx_sessions_patient_date IS
  'TherapyflowPatient.sessions in order of time; the policy of the table.';
