WITH page AS (
  SELECT record_id, session_date, substance_id FROM log_clinical_records ORDER BY record_id LIMIT 21
), types AS MATERIALIZED (
  SELECT
    event_type_id,
    json_build_object('eventName', event_name, 'colorCode', color_code, 'iconName', icon_name) AS type
  FROM ref_event_types
), nodes AS (
  SELECT
    record_id::text AS "recordId",
    session_date AS "sessionDate",
    (SELECT json_build_object('substanceName', substance_name)
      FROM ref_substances WHERE substance_id = page.substance_id) AS substance,
    (SELECT json_build_object('nodes', coalesce(json_agg(e), '[]')) FROM (
      SELECT
        to_char(event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "eventTimestamp",
        intensity_level AS "intensityLevel",
        type AS "eventType"
      FROM (
        SELECT event_timestamp, intensity_level, event_type_id, event_id FROM session_events
        WHERE protocol_id = page.record_id
        ORDER BY event_timestamp, event_id
        LIMIT 100
      ) e LEFT JOIN types USING (event_type_id)
      ORDER BY event_timestamp, event_id
    ) e) AS events
  FROM page ORDER BY record_id LIMIT 20
)
SELECT json_build_object('protocols', json_build_object(
  'totalCount', (SELECT count(*) FROM log_clinical_records),
  'nodes', (SELECT coalesce(json_agg(nodes), '[]') FROM nodes),
  'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 20 FROM page))
))
