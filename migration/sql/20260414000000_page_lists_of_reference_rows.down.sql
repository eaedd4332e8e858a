DROP INDEX idx_log_clinical_records_substance;
CREATE INDEX idx_log_clinical_records_substance ON log_clinical_records(substance_id);
COMMENT ON INDEX idx_log_clinical_records_substance IS 'Protocols by substance; Substance.protocols.';

DROP INDEX idx_log_clinical_records_route;
CREATE INDEX idx_log_clinical_records_route ON log_clinical_records(route_id);
COMMENT ON INDEX idx_log_clinical_records_route IS 'Protocols by route; Route.protocols.';

DROP INDEX idx_log_clinical_records_indication;
CREATE INDEX idx_log_clinical_records_indication ON log_clinical_records(indication_id);
COMMENT ON INDEX idx_log_clinical_records_indication IS 'Protocols by condition; Indication.protocols.';

DROP INDEX idx_log_clinical_records_modality;
CREATE INDEX idx_log_clinical_records_modality ON log_clinical_records(modality_id);
COMMENT ON INDEX idx_log_clinical_records_modality IS 'SupportModality.protocols.';

DROP INDEX idx_log_clinical_records_smoking_status;
CREATE INDEX idx_log_clinical_records_smoking_status ON log_clinical_records(smoking_status_id);
COMMENT ON INDEX idx_log_clinical_records_smoking_status IS 'SmokingStatus.protocols.';

DROP INDEX idx_log_clinical_records_safety_event;
CREATE INDEX idx_log_clinical_records_safety_event ON log_clinical_records(safety_event_id);
COMMENT ON INDEX idx_log_clinical_records_safety_event IS 'Protocols with a safety event; SafetyEvent.protocols.';

DROP INDEX idx_log_clinical_records_severity_grade;
CREATE INDEX idx_log_clinical_records_severity_grade ON log_clinical_records(severity_grade_id);
COMMENT ON INDEX idx_log_clinical_records_severity_grade IS 'SeverityGrade.protocols.';

DROP INDEX idx_log_clinical_records_resolution_status;
CREATE INDEX idx_log_clinical_records_resolution_status ON log_clinical_records(resolution_status_id);
COMMENT ON INDEX idx_log_clinical_records_resolution_status IS 'ResolutionStatus.protocols.';

DROP INDEX idx_summary_substance_site;
DROP INDEX idx_summary_substance_key;
DROP INDEX idx_benchmarks_substance_site;
DROP INDEX idx_activities_type_site;
