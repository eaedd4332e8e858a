DROP TABLE session_events;
DROP TABLE ref_event_types;
