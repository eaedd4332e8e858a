-- Whether a table was there before the first migration is found out in every database, also in one that lacks some of these
-- tables: TherapyFlow may be made without the portal, and its version of this function is the same.
CREATE OR REPLACE FUNCTION praxis.was_there_before(target regclass) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  -- What is not there is NULL.
  SELECT coalesce(target IN (
      to_regclass('public.sites'),
      to_regclass('public.user_sites'),
      to_regclass('public.ref_substances'),
      to_regclass('public.ref_routes'),
      to_regclass('public.ref_indications'),
      to_regclass('public.ref_assessments'),
      to_regclass('public.ref_assessment_bands'),
      to_regclass('public.ref_support_modality'),
      to_regclass('public.ref_smoking_status'),
      to_regclass('public.ref_severity_grade'),
      to_regclass('public.ref_safety_events'),
      to_regclass('public.ref_resolution_status'),
      to_regclass('public.log_clinical_records'),
      to_regclass('public.assessment_responses'),
      to_regclass('public.outcomes_summary')
    ), false)
    AND NOT EXISTS (
      SELECT FROM praxis.baseline JOIN pg_catalog.pg_class ON pg_class.oid = target
      WHERE object = 'table public.' || relname)
$$;
