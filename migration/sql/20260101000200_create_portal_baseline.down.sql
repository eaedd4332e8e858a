-- Drops what the baseline created. A table that was there before keeps its rows and the columns it was given.
DO $$
DECLARE
  created text;
BEGIN
  FOREACH created IN ARRAY ARRAY[
    'table public.outcomes_summary',
    'table public.assessment_responses',
    'table public.log_clinical_records',
    'table public.ref_resolution_status',
    'table public.ref_safety_events',
    'table public.ref_severity_grade',
    'table public.ref_smoking_status',
    'table public.ref_support_modality',
    'table public.ref_assessment_bands',
    'table public.ref_assessments',
    'table public.ref_indications',
    'table public.ref_routes',
    'table public.ref_substances',
    'table public.user_sites',
    'table public.sites'
  ] LOOP
    IF EXISTS (SELECT FROM praxis.baseline WHERE object = created) THEN
      EXECUTE 'DROP ' || created;
      DELETE FROM praxis.baseline WHERE object = created;
    END IF;
  END LOOP;
END $$;
