-- "Index time fields", says the portal's schema brief. An index that begins with the site finds the rows of a site in a
-- span of time, but cannot give the rows of several sites in order: these give the latest rows across them.
CREATE INDEX idx_scores_measured_at ON integration_scores(measured_at);
COMMENT ON INDEX idx_scores_measured_at IS 'Latest scores across sites.';
CREATE INDEX idx_responses_completed_at ON assessment_responses(completed_at);
COMMENT ON INDEX idx_responses_completed_at IS 'Latest answers to questionnaires across sites.';
CREATE INDEX idx_homework_due_date ON integration_homework(due_date);
COMMENT ON INDEX idx_homework_due_date IS 'Homework across sites in order of the day it is due.';
