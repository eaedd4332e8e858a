-- Who sees and writes what of TherapyFlow. Every policy compares the organization on the row with that of the caller, which is
-- found once for the statement, so that an index can serve it.
--
-- The functions read therapists and patients with their owner's rights: under their own policies they would ask themselves.
-- PL/pgSQL keeps the plan of a query for the session. Somebody who works for one organization and is a patient of another
-- counts as staff.

-- The organization of the caller, whether staff or patient.
CREATE FUNCTION therapyflow.current_org_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN coalesce(
    (SELECT org_id FROM therapyflow.therapists WHERE user_id = caller),
    (SELECT org_id FROM therapyflow.patients WHERE user_id = caller));
END $$;

-- The organization that the caller works for, or NULL.
CREATE FUNCTION therapyflow.staff_org_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN (SELECT org_id FROM therapyflow.therapists WHERE user_id = caller);
END $$;

-- The organization that the caller administers or owns, or NULL.
CREATE FUNCTION therapyflow.administered_org_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN (SELECT org_id FROM therapyflow.therapists WHERE user_id = caller AND role IN ('admin', 'owner'));
END $$;

-- The caller as a therapist, or NULL.
CREATE FUNCTION therapyflow.current_therapist_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN (SELECT id FROM therapyflow.therapists WHERE user_id = caller);
END $$;

-- The caller as a patient, or NULL.
CREATE FUNCTION therapyflow.current_patient_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN (SELECT id FROM therapyflow.patients WHERE user_id = caller);
END $$;

-- The patients whose wearable data the caller may read: oneself, and for staff whoever of their organization consents to it
-- now.
CREATE FUNCTION therapyflow.readable_wearers() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  own CONSTANT uuid := therapyflow.current_patient_id();
  org CONSTANT uuid := therapyflow.staff_org_id();
BEGIN
  RETURN ARRAY(
    SELECT patient_id FROM therapyflow.consent_records
    WHERE org_id = org AND purpose = 'care_management' AND status = 'GRANTED'
      AND (expires_at IS NULL OR expires_at > now())
    UNION
    SELECT own WHERE own IS NOT NULL
  );
END $$;

REVOKE ALL ON FUNCTION
  therapyflow.current_org_id, therapyflow.staff_org_id, therapyflow.administered_org_id, therapyflow.current_therapist_id,
  therapyflow.current_patient_id, therapyflow.readable_wearers
FROM PUBLIC;
GRANT USAGE ON SCHEMA therapyflow TO anon, authenticated;
GRANT EXECUTE ON FUNCTION
  therapyflow.current_org_id, therapyflow.staff_org_id, therapyflow.administered_org_id, therapyflow.current_therapist_id,
  therapyflow.current_patient_id, therapyflow.readable_wearers
TO anon, authenticated;

-- The organization of a row is that of its parent, whatever the client sends. These read the parent with the caller's rights:
-- of one that the caller does not see there is no organization, and the row is refused.
CREATE FUNCTION therapyflow.keep_org_of_patient() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.org_id := (SELECT org_id FROM therapyflow.patients WHERE id = NEW.patient_id);
  RETURN NEW;
END $$;

CREATE FUNCTION therapyflow.keep_org_of_session() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  SELECT org_id, therapist_id INTO NEW.org_id, NEW.therapist_id FROM therapyflow.sessions WHERE id = NEW.session_id;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION therapyflow.keep_org_of_patient, therapyflow.keep_org_of_session FROM PUBLIC;

CREATE TRIGGER keep_org BEFORE INSERT OR UPDATE OF patient_id, org_id ON therapyflow.sessions
  FOR EACH ROW EXECUTE FUNCTION therapyflow.keep_org_of_patient();
CREATE TRIGGER keep_org BEFORE INSERT OR UPDATE OF patient_id, org_id ON therapyflow.wearable_data
  FOR EACH ROW EXECUTE FUNCTION therapyflow.keep_org_of_patient();
CREATE TRIGGER keep_org BEFORE INSERT OR UPDATE OF patient_id, org_id ON therapyflow.consent_records
  FOR EACH ROW EXECUTE FUNCTION therapyflow.keep_org_of_patient();
CREATE TRIGGER keep_org BEFORE INSERT OR UPDATE OF session_id, org_id, therapist_id ON therapyflow.clinical_notes
  FOR EACH ROW EXECUTE FUNCTION therapyflow.keep_org_of_session();
CREATE TRIGGER keep_org BEFORE INSERT OR UPDATE OF session_id, org_id, therapist_id ON therapyflow.session_recordings
  FOR EACH ROW EXECUTE FUNCTION therapyflow.keep_org_of_session();

-- Who is not asked says so by leaving it out.
ALTER TABLE therapyflow.therapists ALTER COLUMN org_id SET DEFAULT therapyflow.administered_org_id();
ALTER TABLE therapyflow.patients ALTER COLUMN org_id SET DEFAULT therapyflow.staff_org_id();
ALTER TABLE therapyflow.sessions ALTER COLUMN therapist_id SET DEFAULT therapyflow.current_therapist_id();
ALTER TABLE therapyflow.wearable_data ALTER COLUMN patient_id SET DEFAULT therapyflow.current_patient_id();
ALTER TABLE therapyflow.consent_records ALTER COLUMN patient_id SET DEFAULT therapyflow.current_patient_id();

-- Only an owner makes administrators and owners.
CREATE FUNCTION therapyflow.check_role() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  IF caller IS NULL
    OR TG_OP = 'INSERT' AND NEW.role = 'therapist'
    OR TG_OP = 'UPDATE' AND NEW.role IS NOT DISTINCT FROM OLD.role
    OR EXISTS (
      SELECT FROM therapyflow.therapists WHERE user_id = caller AND role = 'owner' AND org_id = NEW.org_id)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'Only an owner of the organization decides who administers it.' USING
    ERRCODE = 'PR403', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'role', CONSTRAINT = 'role_given_by_owner';
END $$;
REVOKE ALL ON FUNCTION therapyflow.check_role FROM PUBLIC;
CREATE TRIGGER check_role BEFORE INSERT OR UPDATE OF role ON therapyflow.therapists
  FOR EACH ROW EXECUTE FUNCTION therapyflow.check_role();

-- Organizations: staff read their own, administrators change it.
CREATE POLICY organizations_read ON therapyflow.organizations
  FOR SELECT
  USING (id = (SELECT therapyflow.staff_org_id()));

CREATE POLICY organizations_update ON therapyflow.organizations
  FOR UPDATE
  USING (id = (SELECT therapyflow.administered_org_id()));

-- Therapists: colleagues read; administrators add and change; everybody changes oneself.
CREATE POLICY therapists_read ON therapyflow.therapists
  FOR SELECT
  USING (org_id = (SELECT therapyflow.staff_org_id()));

CREATE POLICY therapists_insert ON therapyflow.therapists
  FOR INSERT
  WITH CHECK (org_id = (SELECT therapyflow.administered_org_id()));

CREATE POLICY therapists_update ON therapyflow.therapists
  FOR UPDATE
  USING (
    org_id = (SELECT therapyflow.administered_org_id())
    OR id = (SELECT therapyflow.current_therapist_id())
  );

-- Patients: staff read those of their organization, and a patient reads oneself. Staff add patients; administrators change
-- them all, a therapist those who are assigned to them, also by handing them over.
CREATE POLICY patients_read ON therapyflow.patients
  FOR SELECT
  USING (
    org_id = (SELECT therapyflow.current_org_id())
    AND (org_id = (SELECT therapyflow.staff_org_id()) OR id = (SELECT therapyflow.current_patient_id()))
  );

CREATE POLICY patients_insert ON therapyflow.patients
  FOR INSERT
  WITH CHECK (org_id = (SELECT therapyflow.staff_org_id()));

CREATE POLICY patients_update ON therapyflow.patients
  FOR UPDATE
  USING (
    org_id = (SELECT therapyflow.administered_org_id())
    OR assigned_therapist_id = (SELECT therapyflow.current_therapist_id())
  )
  WITH CHECK (org_id = (SELECT therapyflow.staff_org_id()));

-- Sessions: a therapist and a patient read their own, administrators all of the organization; the first and the last write.
-- The organization stands before the alternatives, so that an index gives its sessions in order; each alternative has an
-- index of its own for whoever has few of many.
CREATE POLICY sessions_read ON therapyflow.sessions
  FOR SELECT
  USING (
    org_id = (SELECT therapyflow.current_org_id())
    AND (
      therapist_id = (SELECT therapyflow.current_therapist_id())
      OR org_id = (SELECT therapyflow.administered_org_id())
      OR patient_id = (SELECT therapyflow.current_patient_id())
    )
  );

CREATE POLICY sessions_insert ON therapyflow.sessions
  FOR INSERT
  WITH CHECK (
    org_id = (SELECT therapyflow.staff_org_id())
    AND (
      therapist_id = (SELECT therapyflow.current_therapist_id())
      OR org_id = (SELECT therapyflow.administered_org_id())
    )
  );

CREATE POLICY sessions_update ON therapyflow.sessions
  FOR UPDATE
  USING (
    org_id = (SELECT therapyflow.staff_org_id())
    AND (
      therapist_id = (SELECT therapyflow.current_therapist_id())
      OR org_id = (SELECT therapyflow.administered_org_id())
    )
  );

-- Notes and recordings: the session's therapist reads and writes, administrators read.
CREATE POLICY clinical_notes_read ON therapyflow.clinical_notes
  FOR SELECT
  USING (
    org_id = (SELECT therapyflow.staff_org_id())
    AND (
      therapist_id = (SELECT therapyflow.current_therapist_id())
      OR org_id = (SELECT therapyflow.administered_org_id())
    )
  );

CREATE POLICY clinical_notes_insert ON therapyflow.clinical_notes
  FOR INSERT
  WITH CHECK (therapist_id = (SELECT therapyflow.current_therapist_id()));

CREATE POLICY clinical_notes_update ON therapyflow.clinical_notes
  FOR UPDATE
  USING (therapist_id = (SELECT therapyflow.current_therapist_id()));

CREATE POLICY clinical_notes_delete ON therapyflow.clinical_notes
  FOR DELETE
  USING (therapist_id = (SELECT therapyflow.current_therapist_id()));

CREATE POLICY session_recordings_read ON therapyflow.session_recordings
  FOR SELECT
  USING (
    org_id = (SELECT therapyflow.staff_org_id())
    AND (
      therapist_id = (SELECT therapyflow.current_therapist_id())
      OR org_id = (SELECT therapyflow.administered_org_id())
    )
  );

CREATE POLICY session_recordings_insert ON therapyflow.session_recordings
  FOR INSERT
  WITH CHECK (therapist_id = (SELECT therapyflow.current_therapist_id()));

CREATE POLICY session_recordings_update ON therapyflow.session_recordings
  FOR UPDATE
  USING (therapist_id = (SELECT therapyflow.current_therapist_id()));

CREATE POLICY session_recordings_delete ON therapyflow.session_recordings
  FOR DELETE
  USING (therapist_id = (SELECT therapyflow.current_therapist_id()));

-- Wearable data: a patient reads and sends one's own; staff read it while the patient consents.
CREATE POLICY wearable_data_read ON therapyflow.wearable_data
  FOR SELECT
  USING (
    org_id = (SELECT therapyflow.current_org_id())
    AND patient_id = ANY ((SELECT therapyflow.readable_wearers())::uuid[])
  );

CREATE POLICY wearable_data_insert ON therapyflow.wearable_data
  FOR INSERT
  WITH CHECK (patient_id = (SELECT therapyflow.current_patient_id()));

-- Consents: a patient reads and decides one's own; staff read those of their organization and ask for them.
CREATE POLICY consent_records_read ON therapyflow.consent_records
  FOR SELECT
  USING (
    org_id = (SELECT therapyflow.current_org_id())
    AND (org_id = (SELECT therapyflow.staff_org_id()) OR patient_id = (SELECT therapyflow.current_patient_id()))
  );

CREATE POLICY consent_records_insert ON therapyflow.consent_records
  FOR INSERT
  WITH CHECK (
    org_id = (SELECT therapyflow.staff_org_id())
    OR patient_id = (SELECT therapyflow.current_patient_id())
  );

CREATE POLICY consent_records_update ON therapyflow.consent_records
  FOR UPDATE
  USING (patient_id = (SELECT therapyflow.current_patient_id()));

-- The audit log: administrators read that of their organization. Nobody writes it.
CREATE POLICY audit_logs_read ON therapyflow.audit_logs
  FOR SELECT
  USING (org_id = (SELECT therapyflow.administered_org_id()));

-- What is not the caller's is empty, not forbidden. Writing is granted column by column.
GRANT SELECT ON
  therapyflow.organizations,
  therapyflow.therapists,
  therapyflow.patients,
  therapyflow.sessions,
  therapyflow.clinical_notes,
  therapyflow.session_recordings,
  therapyflow.wearable_data,
  therapyflow.consent_records,
  therapyflow.audit_logs,
  therapyflow.upcoming_sessions
TO anon, authenticated;
GRANT DELETE ON therapyflow.clinical_notes, therapyflow.session_recordings TO authenticated;
SELECT
  praxis.grant_columns('therapyflow.organizations', '{}', '{name, settings}'),
  praxis.grant_columns('therapyflow.therapists',
    '{email, full_name, role, license_number, specialization}',
    '{email, full_name, role, license_number, specialization}'),
  praxis.grant_columns('therapyflow.patients',
    '{assigned_therapist_id, full_name, phone, abha_id, demographics}',
    '{assigned_therapist_id, full_name, phone, abha_id, demographics}'),
  praxis.grant_columns('therapyflow.sessions',
    '{therapist_id, patient_id, scheduled_at, duration_minutes}', '{scheduled_at, duration_minutes, status}'),
  praxis.grant_columns('therapyflow.clinical_notes',
    '{session_id, note_type, content, ai_generated_summary}',
    '{note_type, content, ai_generated_summary, approved_by_therapist}'),
  praxis.grant_columns('therapyflow.session_recordings',
    '{session_id, file_path, duration_seconds, file_size_bytes, transcript, transcript_segments, language}',
    '{file_path, duration_seconds, file_size_bytes, transcript, transcript_segments, language}'),
  praxis.grant_columns('therapyflow.wearable_data', '{patient_id, data_type, metrics, recorded_at, source}', '{}'),
  praxis.grant_columns('therapyflow.consent_records',
    '{patient_id, consent_request_id, purpose, hi_types, date_range, expires_at}', '{status, expires_at}');

SELECT
  praxis.announce('therapyflow.organizations'),
  praxis.announce('therapyflow.therapists'),
  praxis.announce('therapyflow.patients'),
  praxis.announce('therapyflow.sessions'),
  praxis.announce('therapyflow.clinical_notes'),
  praxis.announce('therapyflow.session_recordings'),
  praxis.announce('therapyflow.wearable_data'),
  praxis.announce('therapyflow.consent_records');
