-- A refusal tells nothing of rows that the caller does not see.

-- Whoever names a therapist has to see that therapist: of one of another organization is said what is said of one that does
-- not exist, before the therapist's other sessions are looked at. Only staff come so far; everybody else is refused by policy.
-- Maintenance, which acts for no account, is held to the foreign keys alone.
CREATE FUNCTION therapyflow.see_session_therapist() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF therapyflow.staff_org_id() IS NOT NULL
    AND NOT EXISTS (SELECT FROM therapyflow.therapists WHERE id = NEW.therapist_id)
  THEN
    RAISE EXCEPTION 'There is no such therapist.' USING ERRCODE = 'foreign_key_violation',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'sessions_therapist_id_fkey';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION therapyflow.see_assigned_therapist() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF NEW.assigned_therapist_id IS NOT NULL
    AND therapyflow.staff_org_id() IS NOT NULL
    AND NOT EXISTS (SELECT FROM therapyflow.therapists WHERE id = NEW.assigned_therapist_id)
  THEN
    RAISE EXCEPTION 'There is no such therapist.' USING ERRCODE = 'foreign_key_violation',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'patients_assigned_therapist_id_fkey';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION therapyflow.see_session_therapist, therapyflow.see_assigned_therapist FROM PUBLIC;

CREATE TRIGGER see_therapist BEFORE INSERT OR UPDATE OF therapist_id ON therapyflow.sessions
  FOR EACH ROW EXECUTE FUNCTION therapyflow.see_session_therapist();
CREATE TRIGGER see_therapist BEFORE INSERT OR UPDATE OF assigned_therapist_id ON therapyflow.patients
  FOR EACH ROW EXECUTE FUNCTION therapyflow.see_assigned_therapist();

-- A patient chooses the names of requests, and sees the own consents only: the names are unique for each patient. Within the
-- organization they told patients of one another, and one could take those of another.
ALTER TABLE therapyflow.consent_records
  ADD CONSTRAINT consent_records_request_of_patient_key UNIQUE (org_id, patient_id, consent_request_id);
COMMENT ON CONSTRAINT consent_records_request_of_patient_key ON therapyflow.consent_records IS
  'The patient has a consent for this request already.';
ALTER TABLE therapyflow.consent_records DROP CONSTRAINT consent_records_org_id_consent_request_id_key;
COMMENT ON COLUMN therapyflow.consent_records.consent_request_id IS
  'Name of the request at the health information exchange; once for a patient.';
