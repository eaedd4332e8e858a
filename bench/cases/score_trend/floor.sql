SELECT json_build_object('scoreTrendsGroups', (SELECT coalesce(json_agg(json_build_object(
  'key', json_build_object(
    'assessment', json_build_object('assessmentCode', assessment_code),
    'measuredAt', to_char(week AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
  'aggregate', json_build_object(
    'count', count,
    'score', json_build_object('avg', score),
    'change', json_build_object('avg', change),
    'isResponse', json_build_object('countTrue', responses))
)), '[]') FROM (
  SELECT
    assessment_code,
    date_trunc('week', measured_at, 'America/Denver') AS week,
    count(*) AS count,
    avg(score)::float8 AS score,
    avg(change)::float8 AS change,
    count(*) FILTER (WHERE is_response) AS responses
  FROM score_trends LEFT JOIN ref_assessments USING (assessment_id)
  WHERE measured_at >= $from::timestamptz AND measured_at < $to::timestamptz
  GROUP BY 1, 2
  ORDER BY 1, 2
  LIMIT 200
) groups))
