-- Every time of the portal that a list is filtered or ordered by has an index, as the brief asks. The site does not come
-- first: an index by site is there for every table that has one, and Postgres would take any of them for a site alone.
CREATE INDEX idx_log_clinical_records_submitted_at ON log_clinical_records(submitted_at);
COMMENT ON INDEX idx_log_clinical_records_submitted_at IS
  'Query.protocols in a span of submittedAt, and in its order.';
CREATE INDEX idx_homework_assigned_date ON integration_homework(assigned_date);
COMMENT ON INDEX idx_homework_assigned_date IS
  'Query.integrationHomeworks in a span of assignedDate, and in its order.';
CREATE INDEX idx_homework_completed_date ON integration_homework(completed_date);
COMMENT ON INDEX idx_homework_completed_date IS
  'Query.integrationHomeworks in a span of completedDate, and in its order.';
CREATE INDEX idx_relationships_started_at ON supervision_relationships(started_at);
COMMENT ON INDEX idx_relationships_started_at IS
  'Query.supervisionRelationships in a span of startedAt, and in its order.';
CREATE INDEX idx_relationships_ended_at ON supervision_relationships(ended_at);
COMMENT ON INDEX idx_relationships_ended_at IS
  'Query.supervisionRelationships in a span of endedAt, and in its order.';
CREATE INDEX idx_circle_members_joined_at ON circle_members(joined_at);
COMMENT ON INDEX idx_circle_members_joined_at IS 'Query.circleMembers in a span of joinedAt, and in its order.';
