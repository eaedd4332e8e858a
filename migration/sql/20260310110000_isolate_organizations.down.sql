DO $$
DECLARE
  target regclass;
  object record;
BEGIN
  FOREACH target IN ARRAY ARRAY[
    'therapyflow.organizations', 'therapyflow.therapists', 'therapyflow.patients', 'therapyflow.sessions',
    'therapyflow.clinical_notes', 'therapyflow.session_recordings', 'therapyflow.wearable_data',
    'therapyflow.consent_records', 'therapyflow.audit_logs', 'therapyflow.upcoming_sessions'
  ]::regclass[] LOOP
    FOR object IN SELECT polname FROM pg_policy WHERE polrelid = target AND polname <> 'praxis_owner' LOOP
      EXECUTE format('DROP POLICY %I ON %s', object.polname, target);
    END LOOP;
    FOR object IN SELECT tgname FROM pg_trigger WHERE tgrelid = target AND tgname LIKE 'announce\_%' LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', object.tgname, target);
    END LOOP;
    EXECUTE format('REVOKE ALL ON %s FROM anon, authenticated', target);
  END LOOP;
END $$;
ALTER TABLE therapyflow.consent_records ALTER COLUMN patient_id DROP DEFAULT;
ALTER TABLE therapyflow.wearable_data ALTER COLUMN patient_id DROP DEFAULT;
ALTER TABLE therapyflow.sessions ALTER COLUMN therapist_id DROP DEFAULT;
ALTER TABLE therapyflow.patients ALTER COLUMN org_id DROP DEFAULT;
ALTER TABLE therapyflow.therapists ALTER COLUMN org_id DROP DEFAULT;
DROP FUNCTION therapyflow.check_role, therapyflow.keep_org_of_session, therapyflow.keep_org_of_patient CASCADE;
DROP FUNCTION
  therapyflow.current_org_id, therapyflow.staff_org_id, therapyflow.administered_org_id, therapyflow.current_therapist_id,
  therapyflow.current_patient_id, therapyflow.readable_wearers;
REVOKE USAGE ON SCHEMA therapyflow FROM anon, authenticated;
