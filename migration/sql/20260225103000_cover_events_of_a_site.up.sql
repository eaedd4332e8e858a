-- Events come in by time, whatever their site: those of one site lie on every page of the table. Postgres does not know how
-- many sites a caller has and reckons with ten, so in a network of twenty it read the whole table for a chart of one. With
-- what charts are made of in the index, the table is not read at all. An event stays as it is, so nothing has to be kept up
-- to date; scores are renewed after they are written, and are left as they were.
DROP INDEX idx_events_site_time;
CREATE INDEX idx_events_site_time ON session_events(site_id, event_timestamp) INCLUDE (event_type_id, intensity_level);
COMMENT ON INDEX idx_events_site_time IS
  'Query.sessionEventsGroups and Query.sessionEventsSeries of the caller''s sites, all or in a span of time ("Events by type"); the months of Query.sessionActivities.';
