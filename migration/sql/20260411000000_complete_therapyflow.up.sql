-- What two earlier migrations of both systems have made for TherapyFlow already, unless they ran for the portal alone: then
-- TherapyFlow was chosen later, and they do not run again.

CREATE INDEX IF NOT EXISTS idx_therapists_org_key ON therapyflow.therapists(org_id, id);
CREATE INDEX IF NOT EXISTS idx_patients_org_key ON therapyflow.patients(org_id, id);
CREATE INDEX IF NOT EXISTS idx_sessions_org_key ON therapyflow.sessions(org_id, id);
CREATE INDEX IF NOT EXISTS idx_sessions_therapist_key ON therapyflow.sessions(therapist_id, id);
CREATE INDEX IF NOT EXISTS idx_sessions_patient_key ON therapyflow.sessions(patient_id, id);
CREATE INDEX IF NOT EXISTS idx_clinical_notes_org_key ON therapyflow.clinical_notes(org_id, id);
CREATE INDEX IF NOT EXISTS idx_clinical_notes_therapist_key ON therapyflow.clinical_notes(therapist_id, id);
CREATE INDEX IF NOT EXISTS idx_session_recordings_org_key ON therapyflow.session_recordings(org_id, id);
CREATE INDEX IF NOT EXISTS idx_session_recordings_therapist_key ON therapyflow.session_recordings(therapist_id, id);
CREATE INDEX IF NOT EXISTS idx_wearable_data_org_key ON therapyflow.wearable_data(org_id, id);
CREATE INDEX IF NOT EXISTS idx_wearable_data_patient_key ON therapyflow.wearable_data(patient_id, id);
CREATE INDEX IF NOT EXISTS idx_consent_records_org_key ON therapyflow.consent_records(org_id, id);
CREATE INDEX IF NOT EXISTS idx_consent_records_patient_key ON therapyflow.consent_records(patient_id, id);
CREATE INDEX IF NOT EXISTS idx_audit_org_key ON therapyflow.audit_logs(org_id, id);
COMMENT ON INDEX therapyflow.idx_therapists_org_key IS 'TherapyflowQuery.therapists of the organization by key.';
COMMENT ON INDEX therapyflow.idx_patients_org_key IS 'TherapyflowQuery.patients of the organization by key.';
COMMENT ON INDEX therapyflow.idx_sessions_org_key IS 'TherapyflowQuery.sessions of the organization by key.';
COMMENT ON INDEX therapyflow.idx_sessions_therapist_key IS 'TherapyflowQuery.sessions of a therapist by key.';
COMMENT ON INDEX therapyflow.idx_sessions_patient_key IS 'TherapyflowQuery.sessions of a patient by key.';
COMMENT ON INDEX therapyflow.idx_clinical_notes_org_key IS 'TherapyflowQuery.clinicalNotes of the organization by key.';
COMMENT ON INDEX therapyflow.idx_clinical_notes_therapist_key IS 'TherapyflowQuery.clinicalNotes of a therapist by key.';
COMMENT ON INDEX therapyflow.idx_session_recordings_org_key IS 'TherapyflowQuery.sessionRecordings of the organization by key.';
COMMENT ON INDEX therapyflow.idx_session_recordings_therapist_key IS 'TherapyflowQuery.sessionRecordings of a therapist by key.';
COMMENT ON INDEX therapyflow.idx_wearable_data_org_key IS 'TherapyflowQuery.wearableSamples of the organization by key.';
COMMENT ON INDEX therapyflow.idx_wearable_data_patient_key IS 'TherapyflowQuery.wearableSamples of a patient by key.';
COMMENT ON INDEX therapyflow.idx_consent_records_org_key IS 'TherapyflowQuery.consentRecords of the organization by key.';
COMMENT ON INDEX therapyflow.idx_consent_records_patient_key IS 'TherapyflowQuery.consentRecords of a patient by key.';
COMMENT ON INDEX therapyflow.idx_audit_org_key IS 'TherapyflowQuery.auditLogs of the organization by key.';

-- The patients whose wearable data the caller may read, where they are few; nobody where they are many.
CREATE OR REPLACE FUNCTION therapyflow.few_readable_wearers() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  readable CONSTANT uuid[] := therapyflow.readable_wearers();
BEGIN
  RETURN CASE WHEN cardinality(readable) <= 50 THEN readable ELSE '{}' END;
END $$;

-- The caller's organization where they are many: then a page soon finds its rows among all of the organization.
CREATE OR REPLACE FUNCTION therapyflow.org_of_many_wearers() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF cardinality(therapyflow.readable_wearers()) > 50 THEN
    RETURN therapyflow.current_org_id();
  END IF;
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION therapyflow.few_readable_wearers, therapyflow.org_of_many_wearers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION therapyflow.few_readable_wearers, therapyflow.org_of_many_wearers TO anon, authenticated;
