SELECT json_build_object('sessionActivitiesGroups', (SELECT coalesce(json_agg(json_build_object(
  'key', json_build_object('eventTypeId', event_type_id::text, 'siteId', site_id::text),
  'aggregate', json_build_object('eventCount', json_build_object('sum', sum::text))
)), '[]') FROM (
  SELECT event_type_id, site_id, sum(event_count) AS sum
  FROM session_activities
  WHERE month >= '2025-06-01'
  GROUP BY 1, 2
  ORDER BY sum DESC, event_type_id DESC, site_id DESC
  LIMIT 1000
) groups))
