-- "Index every foreign key", says the portal's schema brief; these are the ones that its own list leaves out.
CREATE INDEX idx_events_created_by ON session_events(created_by);
COMMENT ON INDEX idx_events_created_by IS 'Events logged by a person; deleting an account.';
CREATE INDEX idx_homework_created_by ON integration_homework(created_by);
COMMENT ON INDEX idx_homework_created_by IS 'Homework given by a person; deleting an account.';
CREATE INDEX idx_circle_members_profile ON circle_members(profile_id);
COMMENT ON INDEX idx_circle_members_profile IS 'Circles of a practitioner; who may update a circle.';
