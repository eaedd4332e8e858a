-- The indexes by which a page of one tenant's rows is found hold missing values first: such an order only they give. Otherwise
-- Postgres takes an index that no tenant leads, where it believes that a tenant's rows lie evenly among all, and walks past
-- everybody else's. Those by a day end with the key, for many rows have the same day. Decision 40.

DROP INDEX idx_log_clinical_records_site_key;
CREATE INDEX idx_log_clinical_records_site_key ON log_clinical_records(site_id, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_site_key IS
  'Query.protocols by key, a page of each of the caller''s sites ("Timeline").';

DROP INDEX idx_events_site_key;
CREATE INDEX idx_events_site_key ON session_events(site_id, event_id NULLS FIRST);
COMMENT ON INDEX idx_events_site_key IS
  'Query.sessionEvents by key, a page of each of the caller''s sites.';

DROP INDEX idx_scores_site_key;
CREATE INDEX idx_scores_site_key ON integration_scores(site_id, score_id NULLS FIRST);
COMMENT ON INDEX idx_scores_site_key IS
  'Query.integrationScores by key, a page of each of the caller''s sites.';

DROP INDEX idx_responses_site_key;
CREATE INDEX idx_responses_site_key ON assessment_responses(site_id, response_id NULLS FIRST);
COMMENT ON INDEX idx_responses_site_key IS
  'Query.assessmentResponses by key, a page of each of the caller''s sites.';

DROP INDEX idx_homework_site_key;
CREATE INDEX idx_homework_site_key ON integration_homework(site_id, homework_id NULLS FIRST);
COMMENT ON INDEX idx_homework_site_key IS
  'Query.integrationHomeworks by key, a page of each of the caller''s sites.';

DROP INDEX idx_summary_site_key;
CREATE INDEX idx_summary_site_key ON outcomes_summary(site_id, summary_id NULLS FIRST);
COMMENT ON INDEX idx_summary_site_key IS
  'Query.outcomesSummaries by key, a page of each of the caller''s sites.';

DROP INDEX idx_events_site_time;
CREATE INDEX idx_events_site_time ON session_events(site_id, event_timestamp NULLS FIRST) INCLUDE (event_type_id, intensity_level);
COMMENT ON INDEX idx_events_site_time IS
  'Query.sessionEventsGroups and Query.sessionEventsSeries of the caller''s sites, all or in a span of time ("Events by type"); the months of Query.sessionActivities.';

DROP INDEX idx_scores_site_time;
CREATE INDEX idx_scores_site_time ON integration_scores(site_id, measured_at NULLS FIRST);
COMMENT ON INDEX idx_scores_site_time IS
  'Query.integrationScoresSeries of the caller''s sites between two times; Query.scoreTrendsGroups and Query.scoreTrendsSeries ("Trend by day"); Site.scoreTrends.';

DROP INDEX idx_responses_site_time;
CREATE INDEX idx_responses_site_time ON assessment_responses(site_id, completed_at NULLS FIRST);
COMMENT ON INDEX idx_responses_site_time IS
  'Query.scoreTrendsGroups and Query.scoreTrendsSeries of the caller''s sites ("Trend by day"); Site.scoreTrends; Query.assessmentResponsesSeries.';

DROP INDEX idx_homework_site_time;
CREATE INDEX idx_homework_site_time ON integration_homework(site_id, due_date NULLS FIRST, homework_id NULLS FIRST);
COMMENT ON INDEX idx_homework_site_time IS
  'Query.integrationHomeworks of the caller''s sites in a span of time, and Query.integrationHomeworksSeries.';

DROP INDEX idx_homework_site_assigned;
CREATE INDEX idx_homework_site_assigned ON integration_homework(site_id, assigned_date NULLS FIRST, homework_id NULLS FIRST);
COMMENT ON INDEX idx_homework_site_assigned IS
  'Query.integrationHomeworks of the caller''s sites in a span of assignedDate, and in its order.';

DROP INDEX idx_homework_site_open;
CREATE INDEX idx_homework_site_open ON integration_homework(site_id, is_completed, due_date NULLS FIRST, homework_id NULLS FIRST);
COMMENT ON INDEX idx_homework_site_open IS
  'Query.integrationHomeworks of the caller''s sites that are still open, in order of the day they are due.';

DROP INDEX idx_events_type;
CREATE INDEX idx_events_type ON session_events(event_type_id, site_id, event_id NULLS FIRST);
COMMENT ON INDEX idx_events_type IS
  'EventType.events and Query.sessionEvents of a type by key, a page of each of the caller''s sites.';

DROP INDEX idx_responses_assessment;
CREATE INDEX idx_responses_assessment ON assessment_responses(assessment_id, site_id, response_id NULLS FIRST);
COMMENT ON INDEX idx_responses_assessment IS
  'Assessment.responses and Query.assessmentResponses by an instrument, by key, a page of each of the caller''s sites.';

DROP INDEX idx_homework_type;
CREATE INDEX idx_homework_type ON integration_homework(homework_type_id, site_id, homework_id NULLS FIRST);
COMMENT ON INDEX idx_homework_type IS
  'HomeworkType.homework and Query.integrationHomeworks of a kind, by key, a page of each of the caller''s sites.';

DROP INDEX idx_summary_site_month;
CREATE INDEX idx_summary_site_month ON outcomes_summary(site_id, month NULLS FIRST, summary_id NULLS FIRST);
COMMENT ON INDEX idx_summary_site_month IS
  'Query.outcomesSummaries of the caller''s sites by month.';

DROP INDEX idx_benchmarks_site_month;
CREATE INDEX idx_benchmarks_site_month ON network_benchmarks(site_id, month NULLS FIRST, substance_id NULLS FIRST);
COMMENT ON INDEX idx_benchmarks_site_month IS
  'Query.networkBenchmarks of the caller''s sites by month ("Beside the network").';

DROP INDEX idx_activities_site_month;
CREATE INDEX idx_activities_site_month ON session_activities(site_id, month NULLS FIRST, event_type_id NULLS FIRST);
COMMENT ON INDEX idx_activities_site_month IS
  'Query.sessionActivities of the caller''s sites by month.';

-- The day of a session may be missing. Rows with a day and rows without are asked for apart.
CREATE INDEX idx_log_clinical_records_site_date ON log_clinical_records(site_id, session_date NULLS FIRST, record_id NULLS FIRST);
COMMENT ON INDEX idx_log_clinical_records_site_date IS
  'Query.protocols by date, a page of each of the caller''s sites; Site.protocols by date.';

-- As it was, and NULL alone for whoever is a member of all sites too.
CREATE OR REPLACE FUNCTION public.auth_sites_or_network() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF praxis.auth_is_network_admin() THEN
    RETURN '{NULL}';
  END IF;
  RETURN public.auth_sites_or_all();
END $$;
