CREATE OR REPLACE FUNCTION praxis.was_there_before(target regclass) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
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
