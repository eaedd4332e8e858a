-- What all systems need of the grants by column: the functions, without the portal's tables.

-- Whether a table was there before the first migration. Such a table keeps the privileges that it had.
CREATE FUNCTION praxis.was_there_before(target regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = '' AS $$
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
