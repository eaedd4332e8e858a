DROP INDEX idx_events_site_time;
CREATE INDEX idx_events_site_time ON session_events(site_id, event_timestamp);
COMMENT ON INDEX idx_events_site_time IS
  'Query.sessionEventsGroups and Query.sessionEventsSeries of the caller''s sites, all or in a span of time ("Events by type"); the months of Query.sessionActivities.';
