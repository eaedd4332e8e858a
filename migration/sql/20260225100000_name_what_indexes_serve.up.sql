-- The comment of an index says which query it serves; for the large tables it names the fields of the schema, and, in
-- quotation marks, the ready-made queries. A test looks these names up in the schema and in the plans that Postgres makes
-- for the ready-made queries.
COMMENT ON INDEX log_clinical_records_record_id_site_id_key IS
  'A protocol and its policy from the index alone: Protocol.timeline ("Session chart"), Query.protocol by its key. Target of the key that ties the site of a row to the site of its protocol.';
COMMENT ON INDEX idx_log_clinical_records_site IS
  'Query.protocols and Query.protocolsGroups of the caller''s sites ("Timeline"); Site.protocols; substances in Query.scoreTrendsGroups; the months of Query.outcomesSummaries.';
COMMENT ON INDEX idx_log_clinical_records_session_date IS
  'Latest Query.protocols across sites; Query.protocolsSeries in a span of time.';
COMMENT ON INDEX idx_log_clinical_records_session_number IS
  'Query.protocols that are a first session, a second and so on.';
COMMENT ON INDEX idx_log_clinical_records_subject IS 'Query.protocols of a patient.';
COMMENT ON INDEX idx_log_clinical_records_subject_session IS 'Query.protocols of a patient, the latest session first.';
COMMENT ON INDEX idx_log_clinical_records_created_by IS 'Query.protocols by createdBy; deleting an account.';

COMMENT ON INDEX idx_events_site_time IS
  'Query.sessionEventsGroups and Query.sessionEventsSeries of the caller''s sites, all or in a span of time ("Events by type"); the months of Query.sessionActivities.';
COMMENT ON INDEX idx_events_protocol IS
  'Protocol.events and Protocol.timeline in order of time ("Timeline", "One protocol", "Session chart").';
COMMENT ON INDEX idx_events_type IS 'EventType.events; Query.sessionEvents of a type.';
COMMENT ON INDEX idx_events_timestamp IS 'Latest Query.sessionEvents across the caller''s sites.';
COMMENT ON INDEX idx_events_created_by IS 'Query.sessionEvents by createdBy; deleting an account.';

COMMENT ON INDEX idx_scores_site_time IS
  'Query.integrationScoresSeries of the caller''s sites ("Scores by week"); Query.scoreTrendsGroups and Query.scoreTrendsSeries ("Trend by day"); Site.scoreTrends.';
COMMENT ON INDEX idx_scores_protocol IS
  'Protocol.integrationScores in order of time ("One protocol"); Protocol.scoreTrends ("Score trend").';
COMMENT ON INDEX idx_scores_type IS 'Query.integrationScores of a scale across the caller''s sites.';
COMMENT ON INDEX idx_scores_measured_at IS 'Latest Query.integrationScores across the caller''s sites.';

COMMENT ON INDEX idx_responses_site_time IS
  'Query.scoreTrendsGroups and Query.scoreTrendsSeries of the caller''s sites ("Trend by day"); Site.scoreTrends; Query.assessmentResponsesSeries.';
COMMENT ON INDEX idx_responses_protocol_time IS
  'Protocol.assessmentResponses in order of time; Protocol.scoreTrends ("Score trend"); the judgement of Query.outcomesSummaries.';
COMMENT ON INDEX idx_responses_assessment IS 'Assessment.responses; Query.assessmentResponses by an instrument.';
COMMENT ON INDEX idx_responses_completed_at IS 'Latest Query.assessmentResponses across the caller''s sites.';

COMMENT ON INDEX idx_homework_site_time IS
  'Query.integrationHomeworks of the caller''s sites in a span of time, and Query.integrationHomeworksSeries.';
COMMENT ON INDEX idx_homework_protocol IS 'Protocol.homework in order of the day it is due ("One protocol").';
COMMENT ON INDEX idx_homework_type IS 'HomeworkType.homework; Query.integrationHomeworks of a kind.';
COMMENT ON INDEX idx_homework_completed IS 'Query.integrationHomeworks that are still open.';
COMMENT ON INDEX idx_homework_due_date IS
  'Query.integrationHomeworks across the caller''s sites in order of the day they are due.';
COMMENT ON INDEX idx_homework_created_by IS 'Query.integrationHomeworks by createdBy; deleting an account.';
