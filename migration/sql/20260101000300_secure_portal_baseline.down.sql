-- Row-level security stays on: a table without policies shows nothing to anyone.
DROP POLICY IF EXISTS sites_read ON sites;
DROP POLICY IF EXISTS user_sites_read ON user_sites;
DROP POLICY IF EXISTS log_clinical_records_read ON log_clinical_records;
DROP POLICY IF EXISTS log_clinical_records_insert ON log_clinical_records;
DROP POLICY IF EXISTS log_clinical_records_update ON log_clinical_records;
DROP POLICY IF EXISTS responses_read ON assessment_responses;
DROP POLICY IF EXISTS responses_write ON assessment_responses;
DROP POLICY IF EXISTS responses_update ON assessment_responses;
DROP POLICY IF EXISTS responses_delete ON assessment_responses;
DROP POLICY IF EXISTS outcomes_summary_read ON outcomes_summary;
DROP POLICY IF EXISTS ref_substances_read ON ref_substances;
DROP POLICY IF EXISTS ref_substances_write ON ref_substances;
DROP POLICY IF EXISTS ref_routes_read ON ref_routes;
DROP POLICY IF EXISTS ref_routes_write ON ref_routes;
DROP POLICY IF EXISTS ref_indications_read ON ref_indications;
DROP POLICY IF EXISTS ref_indications_write ON ref_indications;
DROP POLICY IF EXISTS ref_assessments_read ON ref_assessments;
DROP POLICY IF EXISTS ref_assessments_write ON ref_assessments;
DROP POLICY IF EXISTS ref_assessment_bands_read ON ref_assessment_bands;
DROP POLICY IF EXISTS ref_assessment_bands_write ON ref_assessment_bands;
DROP POLICY IF EXISTS ref_support_modality_read ON ref_support_modality;
DROP POLICY IF EXISTS ref_support_modality_write ON ref_support_modality;
DROP POLICY IF EXISTS ref_smoking_status_read ON ref_smoking_status;
DROP POLICY IF EXISTS ref_smoking_status_write ON ref_smoking_status;
DROP POLICY IF EXISTS ref_severity_grade_read ON ref_severity_grade;
DROP POLICY IF EXISTS ref_severity_grade_write ON ref_severity_grade;
DROP POLICY IF EXISTS ref_safety_events_read ON ref_safety_events;
DROP POLICY IF EXISTS ref_safety_events_write ON ref_safety_events;
DROP POLICY IF EXISTS ref_resolution_status_read ON ref_resolution_status;
DROP POLICY IF EXISTS ref_resolution_status_write ON ref_resolution_status;
DROP POLICY IF EXISTS praxis_owner ON sites;
DROP POLICY IF EXISTS praxis_owner ON user_sites;
DROP POLICY IF EXISTS praxis_owner ON ref_substances;
DROP POLICY IF EXISTS praxis_owner ON ref_routes;
DROP POLICY IF EXISTS praxis_owner ON ref_indications;
DROP POLICY IF EXISTS praxis_owner ON ref_assessments;
DROP POLICY IF EXISTS praxis_owner ON ref_assessment_bands;
DROP POLICY IF EXISTS praxis_owner ON ref_support_modality;
DROP POLICY IF EXISTS praxis_owner ON ref_smoking_status;
DROP POLICY IF EXISTS praxis_owner ON ref_severity_grade;
DROP POLICY IF EXISTS praxis_owner ON ref_safety_events;
DROP POLICY IF EXISTS praxis_owner ON ref_resolution_status;
DROP POLICY IF EXISTS praxis_owner ON log_clinical_records;
DROP POLICY IF EXISTS praxis_owner ON assessment_responses;
DROP POLICY IF EXISTS praxis_owner ON outcomes_summary;

-- A table that was there before keeps its privileges.
DO $$
DECLARE
  created text;
BEGIN
  FOR created IN SELECT split_part(object, ' ', 2) FROM praxis.baseline WHERE object LIKE 'table public.%' LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM anon, authenticated', created);
  END LOOP;
END $$;

ALTER TABLE assessment_responses DROP CONSTRAINT assessment_responses_site_of_protocol;
DROP TRIGGER keep_site ON assessment_responses;
DROP INDEX idx_responses_site_time;
ALTER TABLE assessment_responses DROP COLUMN site_id;
DROP FUNCTION praxis.policy;
DROP FUNCTION praxis.keep_site_of_protocol;
DROP FUNCTION praxis.auth_is_network_admin, praxis.auth_writable_sites, praxis.auth_sites;
