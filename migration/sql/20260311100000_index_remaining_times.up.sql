-- Every time of the portal that a list is filtered or ordered by has an index, as the brief asks. Where policies compare the
-- site, it comes first.
CREATE INDEX idx_homework_site_assigned ON integration_homework(site_id, assigned_date);
COMMENT ON INDEX idx_homework_site_assigned IS
  'Query.integrationHomeworks of the caller''s sites in a span of assignedDate, and in its order.';
CREATE INDEX idx_homework_site_completed ON integration_homework(site_id, completed_date);
COMMENT ON INDEX idx_homework_site_completed IS
  'Query.integrationHomeworks of the caller''s sites in a span of completedDate, and in its order.';
CREATE INDEX idx_relationships_started_at ON supervision_relationships(started_at);
COMMENT ON INDEX idx_relationships_started_at IS
  'Query.supervisionRelationships in a span of startedAt, and in its order.';
CREATE INDEX idx_relationships_ended_at ON supervision_relationships(ended_at);
COMMENT ON INDEX idx_relationships_ended_at IS
  'Query.supervisionRelationships in a span of endedAt, and in its order.';
CREATE INDEX idx_circle_members_joined_at ON circle_members(joined_at);
COMMENT ON INDEX idx_circle_members_joined_at IS 'Query.circleMembers in a span of joinedAt, and in its order.';
