DROP INDEX idx_circle_members_profile;
DROP INDEX idx_homework_created_by;
DROP INDEX idx_events_created_by;
