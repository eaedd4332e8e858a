CREATE OR REPLACE VIEW session_note_silences WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  silence.number,
  protocol.site_id,
  silence.started_at,
  silence.ended_at,
  silence.minutes
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    (row_number() OVER (ORDER BY ended_at))::int AS number,
    started_at,
    ended_at,
    floor(extract(epoch FROM ended_at - started_at) / 60)::int AS minutes
  FROM (
    SELECT lag(event_timestamp) OVER (ORDER BY event_timestamp) AS started_at, event_timestamp AS ended_at
    FROM session_events
    WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp)
  ) AS event
  WHERE ended_at - started_at >= interval '30 minutes'
) AS silence;

CREATE OR REPLACE VIEW session_notes WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  protocol.site_id,
  session.started_at,
  session.ended_at,
  floor(extract(epoch FROM session.ended_at - session.started_at) / 60)::int AS duration_minutes,
  session.events,
  session.peak_intensity,
  session.peak_at,
  session.mean_intensity,
  session.doses,
  session.total_dose_mg,
  praxis.session_note_text(protocol.record_id) AS text
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    min(event_timestamp) AS started_at,
    max(event_timestamp) AS ended_at,
    count(*)::int AS events,
    max(intensity_level) AS peak_intensity,
    (array_agg(event_timestamp ORDER BY intensity_level DESC, event_timestamp)
      FILTER (WHERE intensity_level IS NOT NULL))[1] AS peak_at,
    avg(intensity_level)::numeric(4,2) AS mean_intensity,
    count(dose_mg)::int AS doses,
    sum(dose_mg)::numeric(10,2) AS total_dose_mg
  FROM session_events
  WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp)
) AS session
WHERE session.events > 0;
