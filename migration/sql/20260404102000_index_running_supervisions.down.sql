DROP INDEX idx_relationships_running;
DROP INDEX idx_relationships_active;
