WITH written AS (
  INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level, notes, client_event_id)
  SELECT $protocol::bigint, event_type_id, now(), 5, 'bench', name
  FROM ref_event_types CROSS JOIN unnest($names::uuid[]) AS name WHERE event_name = 'Distress'
  ON CONFLICT (client_event_id, protocol_id) DO NOTHING
  RETURNING intensity_level, notes
)
SELECT json_build_object('logSessionEvents', json_build_object(
  'affectedCount', count(*),
  'nodes', json_agg(json_build_object('intensityLevel', intensity_level, 'notes', notes))
))
FROM written
