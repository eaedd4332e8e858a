-- What clients may write, column by column: what the database sets by itself (keys, `created_at`, `created_by`,
-- `updated_at`, `site_id` below a protocol, days and baselines of scores) is not granted, so that no client can say it.

-- Whether a table was there before the first migration. Such a table keeps the privileges that it had.
CREATE FUNCTION praxis.was_there_before(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT target IN (
      'public.sites'::regclass,
      'public.user_sites'::regclass,
      'public.ref_substances'::regclass,
      'public.ref_routes'::regclass,
      'public.ref_indications'::regclass,
      'public.ref_assessments'::regclass,
      'public.ref_assessment_bands'::regclass,
      'public.ref_support_modality'::regclass,
      'public.ref_smoking_status'::regclass,
      'public.ref_severity_grade'::regclass,
      'public.ref_safety_events'::regclass,
      'public.ref_resolution_status'::regclass,
      'public.log_clinical_records'::regclass,
      'public.assessment_responses'::regclass,
      'public.outcomes_summary'::regclass
    )
    AND NOT EXISTS (
      SELECT FROM praxis.baseline JOIN pg_catalog.pg_class ON pg_class.oid = target
      WHERE object = 'table public.' || relname)
$$;
REVOKE ALL ON FUNCTION praxis.was_there_before FROM PUBLIC;

-- Lets clients give these columns to a new row, and change those of a row, and no others.
CREATE FUNCTION praxis.grant_columns(target regclass, of_new_rows name[], of_rows name[]) RETURNS void
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
  IF praxis.was_there_before(target) THEN
    RETURN;
  END IF;
  EXECUTE format('REVOKE INSERT, UPDATE ON %s FROM authenticated', target);
  IF cardinality(of_new_rows) > 0 THEN
    EXECUTE format('GRANT INSERT (%s) ON %s TO authenticated',
      (SELECT string_agg(quote_ident(column_name), ', ') FROM unnest(of_new_rows) AS column_name), target);
  END IF;
  IF cardinality(of_rows) > 0 THEN
    EXECUTE format('GRANT UPDATE (%s) ON %s TO authenticated',
      (SELECT string_agg(quote_ident(column_name), ', ') FROM unnest(of_rows) AS column_name), target);
  END IF;
END $$;
REVOKE ALL ON FUNCTION praxis.grant_columns FROM PUBLIC;

-- Clinical data. A row does not move to another protocol, and a protocol not to another site.
SELECT
  praxis.grant_columns('log_clinical_records', columns || '{site_id}'::name[], columns)
FROM (VALUES (ARRAY[
  'subject_id', 'patient_link_code', 'substance_id', 'route_id', 'indication_id', 'session_number', 'session_date',
  'session_type', 'session_status', 'dosage_mg', 'modality_id', 'support_modality_ids', 'concomitant_med_ids',
  'patient_sex', 'patient_age', 'patient_weight_range', 'smoking_status_id', 'baseline_phq9_score', 'phq9_score',
  'difficulty_score', 'verified_consent', 'prep_hours', 'integration_hours', 'contraindication_verdict',
  'safety_event_id', 'severity_grade_id', 'resolution_status_id', 'is_submitted', 'submitted_at'
]::name[])) AS protocol(columns);
SELECT
  praxis.grant_columns('session_events',
    '{protocol_id, event_type_id, event_timestamp, intensity_level, notes}', '{}'),
  praxis.grant_columns('integration_homework',
    '{protocol_id, homework_type_id, assigned_date, due_date, completed_date, is_completed, completion_notes}',
    '{homework_type_id, assigned_date, due_date, completed_date, is_completed, completion_notes}'),
  praxis.grant_columns('integration_scores',
    '{protocol_id, scale_type, score_value, measured_at}',
    '{scale_type, score_value, measured_at}'),
  praxis.grant_columns('assessment_responses',
    '{protocol_id, assessment_id, score, completed_at}',
    '{assessment_id, score, completed_at}');

-- The supervision exchange. Nobody speaks for another: the profile is that of the caller.
SELECT
  praxis.grant_columns('practitioner_profiles', columns, columns)
FROM (VALUES (ARRAY[
  'display_name', 'specialties', 'modalities', 'years_experience', 'hourly_rate', 'is_accepting_supervision',
  'max_supervisees', 'bio'
]::name[])) AS profile(columns);
SELECT
  praxis.grant_columns('supervision_relationships', '{supervisor_id}', '{status}'),
  praxis.grant_columns('supervision_circles',
    '{circle_name, max_members, meeting_frequency}', '{circle_name, max_members, meeting_frequency}'),
  praxis.grant_columns('circle_members', '{circle_id, profile_id}', '{}');

-- Reference tables: everything but the key and the times.
SELECT praxis.grant_columns(reference, columns, columns)
FROM (
  SELECT attrelid::regclass AS reference, array_agg(attname ORDER BY attnum) AS columns
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  JOIN pg_index ON indrelid = attrelid AND indisprimary
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'ref\_%'
    AND attnum > 0 AND NOT attisdropped AND attnum <> ALL (indkey) AND attname NOT IN ('created_at', 'updated_at')
  GROUP BY attrelid
) AS own;

-- Who made a row, whatever is sent. Maintenance, which acts for no account, keeps what it gives.
CREATE FUNCTION praxis.keep_created_by() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.created_by := coalesce(auth.uid(), NEW.created_by);
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION praxis.keep_created_by FROM PUBLIC;

CREATE TRIGGER keep_created_by BEFORE INSERT ON log_clinical_records
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_created_by();
CREATE TRIGGER keep_created_by BEFORE INSERT ON session_events
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_created_by();
CREATE TRIGGER keep_created_by BEFORE INSERT ON integration_homework
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_created_by();

-- The profile of the caller, or NULL.
CREATE FUNCTION praxis.auth_profile() RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN (SELECT profile_id FROM public.practitioner_profiles WHERE user_id = caller);
END $$;
REVOKE ALL ON FUNCTION praxis.auth_profile FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.auth_profile TO anon, authenticated;

ALTER TABLE practitioner_profiles ALTER COLUMN user_id SET DEFAULT auth.uid();
ALTER TABLE supervision_relationships ALTER COLUMN supervisee_id SET DEFAULT praxis.auth_profile();
ALTER TABLE circle_members ALTER COLUMN profile_id SET DEFAULT praxis.auth_profile();

-- What is logged or given without saying when, is logged now and given today.
ALTER TABLE session_events ALTER COLUMN event_timestamp SET DEFAULT now();
ALTER TABLE integration_homework ALTER COLUMN assigned_date SET DEFAULT CURRENT_DATE;

-- It writes columns that its caller may not write.
ALTER FUNCTION praxis.renew_days_post_dose() SECURITY DEFINER;
