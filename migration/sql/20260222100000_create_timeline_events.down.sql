DROP VIEW timeline_events;
