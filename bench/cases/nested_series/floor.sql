SELECT json_build_object('protocols', json_build_object('nodes', (SELECT coalesce(json_agg(p), '[]') FROM (
  SELECT
    record_id::text AS "recordId",
    session_date AS "sessionDate",
    (SELECT coalesce(json_agg(line ORDER BY scale_type), '[]') FROM (
      SELECT
        scale_type,
        json_build_object('key', json_build_object('scaleType', scale_type), 'points', json_agg(json_build_object(
          'start', to_char(week AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          'aggregate', json_build_object('count', count, 'scoreValue', json_build_object('avg', avg))
        ) ORDER BY week)) AS line
      FROM (
        SELECT
          scale_type,
          date_trunc('week', measured_at, 'America/Denver') AS week,
          count(*) AS count,
          avg(score_value)::float8 AS avg
        FROM integration_scores
        WHERE protocol_id = record_id
        GROUP BY 1, 2
      ) numbers
      GROUP BY scale_type
    ) lines) AS "integrationScoresSeries"
  FROM log_clinical_records
  ORDER BY session_date DESC, record_id DESC
  LIMIT 50
) p)))
