WITH numbers AS (
  SELECT
    scale_type,
    date_trunc('week', measured_at, 'America/Denver') AS week,
    json_build_object('count', count(*), 'scoreValue', json_build_object('avg', avg(score_value)::float8)) AS aggregate
  FROM integration_scores
  WHERE measured_at >= $from::timestamptz AND measured_at < $to::timestamptz
  GROUP BY 1, 2
), weeks AS (
  SELECT week AT TIME ZONE 'America/Denver' AS week
  FROM generate_series(
    date_trunc('week', $from::timestamptz AT TIME ZONE 'America/Denver'),
    ($to::timestamptz - interval '1 microsecond') AT TIME ZONE 'America/Denver',
    interval '7 days'
  ) AS week
), points AS (
  SELECT
    scale_type,
    json_agg(json_build_object(
      'start', to_char(week AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'aggregate', coalesce(aggregate, '{"count": 0, "scoreValue": {"avg": null}}')
    ) ORDER BY week) AS points
  FROM (SELECT DISTINCT scale_type FROM numbers) AS lines CROSS JOIN weeks LEFT JOIN numbers USING (scale_type, week)
  GROUP BY scale_type
)
SELECT json_build_object('integrationScoresSeries', (
  SELECT coalesce(
    json_agg(json_build_object('key', json_build_object('scaleType', scale_type), 'points', points) ORDER BY scale_type),
    '[]')
  FROM points
))
