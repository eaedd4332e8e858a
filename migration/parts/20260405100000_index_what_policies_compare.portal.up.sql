-- A page of a list costs what the page costs, whoever asks: a column that a policy compares with the caller leads an index that
-- the primary key follows. `praxis lint` asks for it of every table (policy-key-index). Decision 27.
--
-- An index that ends before the key, and one that the key makes no longer than that of a foreign key, are made anew.

CREATE INDEX idx_log_clinical_records_site_key ON log_clinical_records(site_id, record_id);
CREATE INDEX idx_events_site_key ON session_events(site_id, event_id);
CREATE INDEX idx_scores_site_key ON integration_scores(site_id, score_id);
CREATE INDEX idx_responses_site_key ON assessment_responses(site_id, response_id);
CREATE INDEX idx_homework_site_key ON integration_homework(site_id, homework_id);
CREATE INDEX idx_summary_site_key ON outcomes_summary(site_id, summary_id);
CREATE INDEX idx_user_sites_user_key ON user_sites(user_id, id);
COMMENT ON INDEX idx_log_clinical_records_site_key IS 'Query.protocols by key, a page of each of the caller''s sites ("Timeline").';
COMMENT ON INDEX idx_log_clinical_records_site IS
  'Query.protocols of the caller''s sites by date, and Query.protocolsGroups; Site.protocols; substances in Query.scoreTrendsGroups; the months of Query.outcomesSummaries.';
COMMENT ON INDEX idx_events_site_key IS 'Query.sessionEvents by key, a page of each of the caller''s sites.';
COMMENT ON INDEX idx_scores_site_key IS 'Query.integrationScores by key, a page of each of the caller''s sites.';
COMMENT ON INDEX idx_responses_site_key IS 'Query.assessmentResponses by key, a page of each of the caller''s sites.';
COMMENT ON INDEX idx_homework_site_key IS 'Query.integrationHomeworks by key, a page of each of the caller''s sites.';
COMMENT ON INDEX idx_summary_site_key IS 'Query.outcomesSummaries by key, a page of each of the caller''s sites.';
COMMENT ON INDEX idx_user_sites_user_key IS 'Query.userSites by key: the caller''s own.';

DROP INDEX idx_relationships_supervisor;
CREATE INDEX idx_relationships_supervisor ON supervision_relationships(supervisor_id, relationship_id);
DROP INDEX idx_relationships_supervisee;
CREATE INDEX idx_relationships_supervisee ON supervision_relationships(supervisee_id, relationship_id);
COMMENT ON INDEX idx_relationships_supervisor IS 'Query.supervisionRelationships of a supervisor by key; the policy of the table.';
COMMENT ON INDEX idx_relationships_supervisee IS 'Query.supervisionRelationships of a supervisee by key; the policy of the table.';

-- Whose rows of a reference row, such as the events of a type, are many: the caller's among them, by key.
DROP INDEX idx_events_type;
CREATE INDEX idx_events_type ON session_events(event_type_id, site_id, event_id);
COMMENT ON INDEX idx_events_type IS 'EventType.events and Query.sessionEvents of a type by key, a page of each of the caller''s sites.';
DROP INDEX idx_responses_assessment;
CREATE INDEX idx_responses_assessment ON assessment_responses(assessment_id, site_id, response_id);
COMMENT ON INDEX idx_responses_assessment IS
  'Assessment.responses and Query.assessmentResponses by an instrument, by key, a page of each of the caller''s sites.';
DROP INDEX idx_homework_type;
CREATE INDEX idx_homework_type ON integration_homework(homework_type_id, site_id, homework_id);
COMMENT ON INDEX idx_homework_type IS
  'HomeworkType.homework and Query.integrationHomeworks of a kind, by key, a page of each of the caller''s sites.';

-- What is still open, from the earliest day on: what is done lies before it and is not read.
DROP INDEX idx_homework_completed;
CREATE INDEX idx_homework_completed ON integration_homework(is_completed, due_date, homework_id);
COMMENT ON INDEX idx_homework_completed IS 'Query.integrationHomeworks that are still open, across all sites.';
CREATE INDEX idx_homework_site_open ON integration_homework(site_id, is_completed, due_date, homework_id);
COMMENT ON INDEX idx_homework_site_open IS 'Query.integrationHomeworks of the caller''s sites that are still open, in order of the day they are due.';

-- Summaries by month.
CREATE INDEX idx_summary_month ON outcomes_summary(month, summary_id);
CREATE INDEX idx_summary_site_month ON outcomes_summary(site_id, month, summary_id);
CREATE INDEX idx_benchmarks_month ON network_benchmarks(month, site_id, substance_id);
CREATE INDEX idx_benchmarks_site_month ON network_benchmarks(site_id, month, substance_id);
CREATE INDEX idx_activities_month ON session_activities(month, site_id, event_type_id);
CREATE INDEX idx_activities_site_month ON session_activities(site_id, month, event_type_id);
COMMENT ON INDEX idx_summary_month IS 'Query.outcomesSummaries of all sites by month.';
COMMENT ON INDEX idx_summary_site_month IS 'Query.outcomesSummaries of the caller''s sites by month.';
COMMENT ON INDEX idx_benchmarks_month IS 'Query.networkBenchmarks of all sites by month.';
COMMENT ON INDEX idx_benchmarks_site_month IS 'Query.networkBenchmarks of the caller''s sites by month ("Beside the network").';
COMMENT ON INDEX idx_activities_month IS 'Query.sessionActivities of all sites by month.';
COMMENT ON INDEX idx_activities_site_month IS 'Query.sessionActivities of the caller''s sites by month.';
