-- The rules that a writer can break, in the words that the writer reads. The gateway shows the comment of the constraint
-- that was broken.

-- The words of a constraint, or NULL, and its columns: Postgres itself does not name them where row-level security holds. The
-- gateway asks before it becomes a client, and clients cannot ask at all.
CREATE FUNCTION praxis.describe_constraint(
  schema_name text, table_name text, constraint_name text, OUT words text, OUT columns text[]
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT pg_catalog.obj_description(pg_constraint.oid, 'pg_constraint'),
    ARRAY(SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey) ORDER BY attnum)
  FROM pg_catalog.pg_constraint
  JOIN pg_catalog.pg_class ON pg_class.oid = conrelid
  JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
  WHERE nspname = schema_name AND relname = table_name AND conname = constraint_name
$$;
REVOKE ALL ON FUNCTION praxis.describe_constraint FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.describe_constraint TO praxis_gateway;

-- One band of an instrument begins at a score: a constraint, which can have words, and not only an index.
DO $$
BEGIN
  IF NOT praxis.was_there_before('ref_assessment_bands') THEN
    COMMENT ON INDEX ref_assessment_bands_assessment_id_min_score_key IS NULL;
    ALTER TABLE ref_assessment_bands ADD CONSTRAINT ref_assessment_bands_assessment_id_min_score_key
      UNIQUE USING INDEX ref_assessment_bands_assessment_id_min_score_key;
  END IF;
END $$;

-- A table that was there before stays as it is.
DO $$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT * FROM (VALUES
      ('ref_substances', 'ref_substances_substance_name_key', 'There is a substance of this name already.'),
      ('ref_routes', 'ref_routes_route_name_key', 'There is a route of this name already.'),
      ('ref_indications', 'ref_indications_indication_name_key', 'There is a condition of this name already.'),
      ('ref_assessments', 'ref_assessments_assessment_code_key', 'There is an instrument with this code already.'),
      ('ref_assessments', 'ref_assessments_assessment_name_key', 'There is an instrument of this name already.'),
      ('ref_assessments', 'valid_score_range', 'The highest score of an instrument lies above its lowest.'),
      ('ref_assessments', 'valid_response_change',
        'The change that counts as a response lies above 0 percent, and where a lower score is better at 100 at most.'),
      ('ref_assessments', 'valid_remission_score',
        'The score that counts as remission lies between the lowest and the highest score of the instrument.'),
      ('ref_assessment_bands', 'valid_band', 'A band does not end below its beginning.'),
      ('ref_assessment_bands', 'ref_assessment_bands_assessment_id_min_score_key',
        'There is a band of this instrument that begins at this score already.'),
      ('ref_assessment_bands', 'ref_assessment_bands_assessment_id_fkey', 'There is no such instrument.'),
      ('ref_support_modality', 'ref_support_modality_modality_name_key',
        'There is a form of support of this name already.'),
      ('ref_smoking_status', 'ref_smoking_status_status_name_key', 'There is a smoking status of this name already.'),
      ('ref_severity_grade', 'ref_severity_grade_grade_value_key', 'There is a grade of this number already.'),
      ('ref_safety_events', 'ref_safety_events_event_name_key', 'There is a safety event of this name already.'),
      ('ref_resolution_status', 'ref_resolution_status_status_name_key', 'There is an outcome of this name already.'),
      ('ref_medications', 'ref_medications_medication_name_key', 'There is a medication of this name already.'),
      ('ref_event_types', 'ref_event_types_event_name_key', 'There is an event type of this name already.'),
      ('ref_homework_types', 'ref_homework_types_homework_name_key', 'There is homework of this name already.'),

      ('log_clinical_records', 'log_clinical_records_session_type_check',
        'A session is for preparation, dosing, integration, baseline, follow-up or screening.'),
      ('log_clinical_records', 'log_clinical_records_session_status_check',
        'A protocol is a draft, active or completed.'),
      ('log_clinical_records', 'log_clinical_records_patient_sex_check',
        'The sex of a patient is Male, Female, Intersex or Unknown.'),
      ('log_clinical_records', 'log_clinical_records_patient_age_check',
        'The age of a patient is one of the groups 18-25, 26-35, 36-45, 46-55, 56-65 and 66+.'),
      ('log_clinical_records', 'log_clinical_records_baseline_phq9_score_check', 'A PHQ-9 score lies between 0 and 27.'),
      ('log_clinical_records', 'log_clinical_records_contraindication_verdict_check',
        'The check for contraindications ends with clear, proceed with caution or do not proceed.'),
      ('log_clinical_records', 'log_clinical_records_site_id_fkey', 'There is no such site.'),
      ('log_clinical_records', 'log_clinical_records_substance_id_fkey', 'There is no such substance.'),
      ('log_clinical_records', 'log_clinical_records_route_id_fkey', 'There is no such route.'),
      ('log_clinical_records', 'log_clinical_records_indication_id_fkey', 'There is no such condition.'),
      ('log_clinical_records', 'log_clinical_records_modality_id_fkey', 'There is no such form of support.'),
      ('log_clinical_records', 'log_clinical_records_smoking_status_id_fkey', 'There is no such smoking status.'),
      ('log_clinical_records', 'log_clinical_records_safety_event_id_fkey', 'There is no such safety event.'),
      ('log_clinical_records', 'log_clinical_records_severity_grade_id_fkey', 'There is no such grade of severity.'),
      ('log_clinical_records', 'log_clinical_records_resolution_status_id_fkey',
        'There is no such outcome of a safety event.'),
      ('log_clinical_records', 'log_clinical_records_created_by_fkey', 'There is no such account.'),

      ('session_events', 'session_events_intensity_level_check', 'An intensity lies between 1 and 10.'),
      ('session_events', 'session_events_protocol_id_fkey', 'There is no such protocol.'),
      ('session_events', 'session_events_site_of_protocol', 'There is no such protocol at this site.'),
      ('session_events', 'session_events_event_type_id_fkey', 'There is no such event type.'),
      ('session_events', 'session_events_created_by_fkey', 'There is no such account.'),

      ('integration_homework', 'valid_dates', 'Homework is not due before it is assigned.'),
      ('integration_homework', 'integration_homework_protocol_id_fkey', 'There is no such protocol.'),
      ('integration_homework', 'integration_homework_site_of_protocol', 'There is no such protocol at this site.'),
      ('integration_homework', 'integration_homework_homework_type_id_fkey', 'There is no such homework.'),
      ('integration_homework', 'integration_homework_created_by_fkey', 'There is no such account.'),

      ('integration_scores', 'integration_scores_scale_type_check', 'The scale of an integration score is IES or EIS.'),
      ('integration_scores', 'valid_integration_score', 'A score lies between 0 and 100.'),
      ('integration_scores', 'integration_scores_protocol_id_fkey', 'There is no such protocol.'),
      ('integration_scores', 'integration_scores_site_of_protocol', 'There is no such protocol at this site.'),

      ('assessment_responses', 'valid_score', 'A score lies between 0 and 100.'),
      ('assessment_responses', 'assessment_responses_protocol_id_fkey', 'There is no such protocol.'),
      ('assessment_responses', 'assessment_responses_site_of_protocol', 'There is no such protocol at this site.'),
      ('assessment_responses', 'assessment_responses_assessment_id_fkey', 'There is no such instrument.'),

      ('practitioner_profiles', 'practitioner_profiles_user_id_key', 'You have a profile already.'),
      ('practitioner_profiles', 'practitioner_profiles_user_id_fkey', 'There is no such account.'),
      ('practitioner_profiles', 'practitioner_profiles_years_experience_check',
        'Years of experience cannot be fewer than 0.'),
      ('practitioner_profiles', 'practitioner_profiles_hourly_rate_check', 'An hourly rate cannot be below 0.'),
      ('practitioner_profiles', 'valid_bio', 'A bio has 500 characters at most.'),

      ('supervision_relationships', 'no_self_supervision', 'Nobody supervises themself.'),
      ('supervision_relationships', 'supervision_relationships_status_check',
        'A supervision is pending, active, completed or cancelled.'),
      ('supervision_relationships', 'supervision_relationships_supervisor_id_fkey', 'There is no such supervisor.'),
      ('supervision_relationships', 'supervision_relationships_supervisee_id_fkey', 'There is no such supervisee.'),

      ('circle_members', 'circle_members_pkey', 'The practitioner is a member of this circle already.'),
      ('circle_members', 'circle_members_circle_id_fkey', 'There is no such circle.'),
      ('circle_members', 'circle_members_profile_id_fkey', 'There is no such profile.')
    ) AS word(of_table, of_constraint, words)
    WHERE NOT praxis.was_there_before(of_table::regclass)
  LOOP
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %I IS %L', rule.of_constraint, rule.of_table, rule.words);
  END LOOP;
END $$;
