SELECT json_build_object('sessionEvents', json_build_object('nodes', (SELECT coalesce(json_agg(json_build_object(
  'eventId', event_id::text,
  'eventTimestamp', to_char(event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'intensityLevel', intensity_level
)), '[]') FROM (
  SELECT event_id, event_timestamp, intensity_level FROM session_events
  ORDER BY event_id LIMIT 20
) page)))
