WITH page AS (
  SELECT record_id, session_date, substance_id FROM log_clinical_records ORDER BY record_id LIMIT 21
), nodes AS (
  SELECT
    record_id::text AS "recordId",
    session_date AS "sessionDate",
    (SELECT to_json(s) FROM (
      SELECT substance_name AS "substanceName" FROM ref_substances WHERE substance_id = page.substance_id
    ) s) AS substance,
    (SELECT json_build_object('nodes', coalesce(json_agg(e), '[]')) FROM (
      SELECT
        to_char(event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "eventTimestamp",
        intensity_level AS "intensityLevel",
        (SELECT to_json(t) FROM (
          SELECT event_name AS "eventName", color_code AS "colorCode", icon_name AS "iconName"
          FROM ref_event_types WHERE event_type_id = e.event_type_id
        ) t) AS "eventType"
      FROM session_events e
      WHERE protocol_id = page.record_id
      ORDER BY event_timestamp, event_id
      LIMIT 100
    ) e) AS events
  FROM page ORDER BY record_id LIMIT 20
)
SELECT json_build_object('protocols', json_build_object(
  'totalCount', (SELECT count(*) FROM log_clinical_records),
  'nodes', (SELECT coalesce(json_agg(nodes), '[]') FROM nodes),
  'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 20 FROM page))
))
