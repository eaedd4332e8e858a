WITH events AS MATERIALIZED (
  SELECT
    event_timestamp,
    intensity_level,
    notes,
    event_type_id,
    event_name,
    color_code,
    icon_name,
    row_number() OVER course AS sequence,
    extract(epoch FROM event_timestamp - first_value(event_timestamp) OVER course) AS offset_seconds,
    extract(epoch FROM event_timestamp - lag(event_timestamp) OVER course) AS gap_seconds
  FROM session_events LEFT JOIN ref_event_types USING (event_type_id)
  WHERE protocol_id = $id::bigint
  WINDOW course AS (ORDER BY event_timestamp, event_id)
), numbers AS (
  SELECT date_bin('15 minutes', event_timestamp, '2000-01-03Z') AS start, avg(intensity_level)::float8 AS avg,
    max(intensity_level) AS max
  FROM events
  WHERE intensity_level IS NOT NULL
  GROUP BY 1
), grid AS (
  SELECT start, avg, max, count(avg) OVER (ORDER BY start) AS filled
  FROM generate_series((SELECT min(start) FROM numbers), (SELECT max(start) FROM numbers), '15 minutes') AS start
  LEFT JOIN numbers USING (start)
), points AS (
  SELECT start, max(avg) OVER (PARTITION BY filled) AS avg, max(max) OVER (PARTITION BY filled) AS max FROM grid
)
SELECT json_build_object('protocol', (SELECT to_json(p) FROM (
  SELECT
    session_date AS "sessionDate",
    (SELECT json_build_object('substanceName', substance_name)
      FROM ref_substances WHERE ref_substances.substance_id = log_clinical_records.substance_id) AS substance,
    (SELECT json_build_object(
      'aggregate', json_build_object(
        'count', count(*),
        'offsetSeconds', json_build_object('max', max(offset_seconds)),
        'gapSeconds', json_build_object('max', max(gap_seconds))),
      'nodes', coalesce(json_agg(json_build_object(
        'sequence', sequence,
        'eventTimestamp', to_char(event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'offsetSeconds', offset_seconds,
        'gapSeconds', gap_seconds,
        'intensityLevel', intensity_level,
        'notes', notes,
        'eventType', CASE WHEN event_type_id IS NOT NULL THEN
          json_build_object('eventName', event_name, 'colorCode', color_code, 'iconName', icon_name) END
      ) ORDER BY sequence) FILTER (WHERE sequence <= 200), '[]')
    ) FROM events) AS timeline,
    (SELECT json_build_array(json_build_object('points', coalesce(json_agg(json_build_object(
      'start', to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'aggregate', json_build_object('intensityLevel', json_build_object('avg', avg, 'max', max))
    ) ORDER BY start), '[]'))) FROM points) AS "timelineSeries",
    (SELECT coalesce(json_agg(json_build_object(
      'key', json_build_object('eventType', json_build_object('eventName', event_name, 'colorCode', color_code)),
      'aggregate', json_build_object('count', count, 'intensityLevel', json_build_object('avg', avg))
    )), '[]') FROM (
      SELECT event_name, color_code, count(*) AS count, avg(intensity_level)::float8 AS avg
      FROM events
      GROUP BY 1, 2
      ORDER BY count DESC, event_name DESC, color_code DESC
      LIMIT 100
    ) groups) AS "timelineGroups"
  FROM log_clinical_records
  WHERE record_id = $id::bigint
) p))
