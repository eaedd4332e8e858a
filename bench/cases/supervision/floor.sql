WITH written AS (
  INSERT INTO supervision_relationships (supervisor_id) VALUES ($supervisor::bigint) RETURNING status, started_at
)
SELECT json_build_object('requestSupervision', json_build_object('supervisionRelationship', json_build_object(
  'status', upper(status),
  'startedAt', started_at
)))
FROM written
