SELECT json_build_object('sessionEventsGroups', (SELECT coalesce(json_agg(json_build_object(
  'key', json_build_object('eventTypeId', event_type_id::text, 'siteId', site_id::text),
  'aggregate', json_build_object('count', count)
)), '[]') FROM (
  SELECT event_type_id, site_id, count(*) AS count
  FROM session_events
  WHERE event_timestamp >= $from::timestamptz AND event_timestamp < $to::timestamptz
  GROUP BY 1, 2
  ORDER BY count DESC, event_type_id DESC, site_id DESC
  LIMIT 1000
) groups))
