WITH written AS (
  INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level, notes)
  SELECT $protocol::bigint, event_type_id, now(), 5, 'bench' FROM ref_event_types WHERE event_name = 'Distress'
  RETURNING event_type_id, intensity_level, notes
)
SELECT json_build_object('logSessionEvent', json_build_object('sessionEvent', json_build_object(
  'intensityLevel', intensity_level,
  'notes', notes,
  'eventType', json_build_object('eventName', event_name)
)))
FROM written JOIN ref_event_types USING (event_type_id)
