-- The course of each session as a chart draws it: every event with its seconds since the first one and since the one
-- before.
--
-- A view reads with its caller's rights (`security_invoker`), so the policies of the tables below it decide. Postgres
-- has that since version 15; an older one would only complain of an unknown parameter.
DO $$
BEGIN
  IF current_setting('server_version_num')::int < 150000 THEN
    RAISE feature_not_supported USING MESSAGE = 'Postgres 15 or newer is needed, for views with their caller''s rights';
  END IF;
END $$;

-- The window stands in a subquery for each protocol, and not over all events PARTITION BY protocol: into that Postgres
-- can put a constant key, but not the keys of a join, and would number every event that the caller sees.
-- An event at infinity has no place on a line, and no difference from another.
CREATE VIEW timeline_events WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  event.event_id,
  protocol.site_id,
  event.event_type_id,
  event.event_timestamp,
  event.intensity_level,
  event.notes,
  event.sequence,
  event.offset_seconds,
  event.gap_seconds
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    event_id,
    event_type_id,
    event_timestamp,
    intensity_level,
    notes,
    (row_number() OVER course)::int AS sequence,
    extract(epoch FROM event_timestamp - first_value(event_timestamp) OVER course)::double precision AS offset_seconds,
    extract(epoch FROM event_timestamp - lag(event_timestamp) OVER course)::double precision AS gap_seconds
  FROM session_events
  WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp)
  WINDOW course AS (ORDER BY event_timestamp, event_id)
) AS event;

REVOKE ALL ON timeline_events FROM PUBLIC, anon, authenticated;
GRANT SELECT ON timeline_events TO anon, authenticated;
