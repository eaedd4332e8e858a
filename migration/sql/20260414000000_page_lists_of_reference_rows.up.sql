-- What belongs to a row of a reference table, such as the protocols of a substance, belongs to all tenants. An index by that row, the
-- tenant and the key gives a page of each of the caller's; `praxis lint` asks for it of every table (reference-key-index). The index
-- of the foreign key is made longer, so that no write keeps one more but for the summaries. Decision 49.

DROP INDEX idx_log_clinical_records_substance;
CREATE INDEX idx_log_clinical_records_substance ON log_clinical_records(substance_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_substance IS
  'Substance.protocols and Query.protocols of a substance, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_route;
CREATE INDEX idx_log_clinical_records_route ON log_clinical_records(route_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_route IS
  'Route.protocols and Query.protocols of a route, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_indication;
CREATE INDEX idx_log_clinical_records_indication ON log_clinical_records(indication_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_indication IS
  'Indication.protocols and Query.protocols of an indication, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_modality;
CREATE INDEX idx_log_clinical_records_modality ON log_clinical_records(modality_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_modality IS
  'SupportModality.protocols and Query.protocols of a form of support, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_smoking_status;
CREATE INDEX idx_log_clinical_records_smoking_status ON log_clinical_records(smoking_status_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_smoking_status IS
  'SmokingStatus.protocols and Query.protocols of a smoking status, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_safety_event;
CREATE INDEX idx_log_clinical_records_safety_event ON log_clinical_records(safety_event_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_safety_event IS
  'SafetyEvent.protocols and Query.protocols of a kind of safety event, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_severity_grade;
CREATE INDEX idx_log_clinical_records_severity_grade ON log_clinical_records(severity_grade_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_severity_grade IS
  'SeverityGrade.protocols and Query.protocols of a grade of severity, by key, a page of each of the caller''s sites.';

DROP INDEX idx_log_clinical_records_resolution_status;
CREATE INDEX idx_log_clinical_records_resolution_status ON log_clinical_records(resolution_status_id, site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_resolution_status IS
  'ResolutionStatus.protocols and Query.protocols of a status of resolution, by key, a page of each of the caller''s sites.';

-- Summaries, of which whoever runs the network sees those of all sites: in the order of their keys too.
CREATE INDEX idx_summary_substance_site ON outcomes_summary(substance_id, site_id, summary_id NULLS FIRST);
COMMENT ON INDEX idx_summary_substance_site IS
  'Substance.outcomes by key, a page of each of the caller''s sites.';
CREATE INDEX idx_summary_substance_key ON outcomes_summary(substance_id, summary_id);
COMMENT ON INDEX idx_summary_substance_key IS
  'Substance.outcomes of all sites by key.';
CREATE INDEX idx_benchmarks_substance_site ON network_benchmarks(substance_id, site_id, month);
COMMENT ON INDEX idx_benchmarks_substance_site IS
  'Substance.benchmarks by key, of all sites and of each of the caller''s.';
CREATE INDEX idx_activities_type_site ON session_activities(event_type_id, site_id, month);
COMMENT ON INDEX idx_activities_type_site IS
  'EventType.activities by key, of all sites and of each of the caller''s.';
