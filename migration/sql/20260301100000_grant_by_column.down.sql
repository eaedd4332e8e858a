ALTER FUNCTION praxis.renew_days_post_dose() SECURITY INVOKER;
ALTER TABLE integration_homework ALTER COLUMN assigned_date DROP DEFAULT;
ALTER TABLE session_events ALTER COLUMN event_timestamp DROP DEFAULT;
ALTER TABLE circle_members ALTER COLUMN profile_id DROP DEFAULT;
ALTER TABLE supervision_relationships ALTER COLUMN supervisee_id DROP DEFAULT;
ALTER TABLE practitioner_profiles ALTER COLUMN user_id DROP DEFAULT;
DROP FUNCTION praxis.auth_profile;
DROP TRIGGER keep_created_by ON integration_homework;
DROP TRIGGER keep_created_by ON session_events;
DROP TRIGGER keep_created_by ON log_clinical_records;
DROP FUNCTION praxis.keep_created_by;

-- Taking a privilege from a table takes it from its columns too.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'ref_substances',
    'ref_routes',
    'ref_indications',
    'ref_assessments',
    'ref_assessment_bands',
    'ref_support_modality',
    'ref_smoking_status',
    'ref_severity_grade',
    'ref_safety_events',
    'ref_resolution_status',
    'ref_medications',
    'ref_event_types',
    'ref_homework_types',
    'log_clinical_records',
    'assessment_responses',
    'integration_homework',
    'integration_scores',
    'practitioner_profiles',
    'supervision_circles'
  ] LOOP
    IF NOT praxis.was_there_before(name::regclass) THEN
      EXECUTE format('REVOKE INSERT, UPDATE ON %I FROM authenticated', name);
      EXECUTE format('GRANT INSERT, UPDATE ON %I TO authenticated', name);
    END IF;
  END LOOP;
END $$;
REVOKE INSERT ON session_events, circle_members, supervision_relationships FROM authenticated;
GRANT INSERT ON session_events, circle_members, supervision_relationships TO authenticated;
GRANT UPDATE (started_at, ended_at) ON supervision_relationships TO authenticated;
DROP FUNCTION praxis.grant_columns;
DROP FUNCTION praxis.was_there_before;
