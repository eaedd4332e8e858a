SELECT json_build_object('protocol', (SELECT to_json(p) FROM (
  SELECT
    record_id::text AS "recordId",
    (SELECT to_json(s) FROM (SELECT site_name AS "siteName" FROM sites WHERE site_id = p.site_id) s) AS site,
    (SELECT json_build_object('nodes', coalesce(json_agg(json_build_object('eventId', event_id::text, 'notes', notes)
        ORDER BY event_timestamp, event_id), '[]'))
      FROM (
        SELECT event_id, notes, event_timestamp FROM session_events
        WHERE protocol_id = p.record_id AND event_type_id IN (
          SELECT event_type_id FROM ref_event_types WHERE event_name IN ('Distress', 'Breakthrough'))
        ORDER BY event_timestamp DESC, event_id DESC
        LIMIT 3
      ) e) AS events,
    (SELECT json_build_object('nodes', coalesce(json_agg(s), '[]')) FROM (
      SELECT
        to_char(measured_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "measuredAt",
        score_value AS "scoreValue",
        days_post_dose AS "daysPostDose"
      FROM integration_scores
      WHERE protocol_id = p.record_id AND scale_type = 'IES'
      ORDER BY measured_at, score_id
      LIMIT 100
    ) s) AS "integrationScores",
    (SELECT json_build_object('nodes', coalesce(json_agg(h), '[]')) FROM (
      SELECT
        due_date AS "dueDate",
        is_completed AS "isCompleted",
        (SELECT to_json(t) FROM (
          SELECT homework_name AS "homeworkName" FROM ref_homework_types WHERE homework_type_id = h.homework_type_id
        ) t) AS "homeworkType"
      FROM integration_homework h
      WHERE protocol_id = p.record_id
      ORDER BY due_date, homework_id
      LIMIT 100
    ) h) AS homework
  FROM log_clinical_records p
  WHERE record_id = $id::bigint
) p))
