COMMENT ON COLUMN therapyflow.consent_records.consent_request_id IS
  'Name of the request at the health information exchange; once in an organization.';
ALTER TABLE therapyflow.consent_records
  ADD CONSTRAINT consent_records_org_id_consent_request_id_key UNIQUE (org_id, consent_request_id);
COMMENT ON CONSTRAINT consent_records_org_id_consent_request_id_key ON therapyflow.consent_records IS
  'Your organization has a consent for this request already.';
ALTER TABLE therapyflow.consent_records DROP CONSTRAINT consent_records_request_of_patient_key;

DROP TRIGGER see_therapist ON therapyflow.patients;
DROP TRIGGER see_therapist ON therapyflow.sessions;
DROP FUNCTION therapyflow.see_assigned_therapist();
DROP FUNCTION therapyflow.see_session_therapist();
