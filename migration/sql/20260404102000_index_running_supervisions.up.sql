-- How many places a supervisor has left is asked for whenever one accepts a supervision: by those under way, not by all that
-- there have been.
CREATE INDEX idx_relationships_active ON supervision_relationships(supervisor_id) WHERE status = 'active';
COMMENT ON INDEX idx_relationships_active IS
  'Places that are taken: Mutation.acceptSupervision, PractitionerHit.freePlaces, SupervisionMatch.freePlaces.';
CREATE INDEX idx_relationships_supervisor_supervisee ON supervision_relationships(supervisor_id, supervisee_id)
  WHERE status IN ('pending', 'active');
COMMENT ON INDEX idx_relationships_supervisor_supervisee IS 'Whether two have a supervision already: Mutation.requestSupervision.';
