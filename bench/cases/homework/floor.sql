WITH written AS (
  INSERT INTO integration_homework (protocol_id, homework_type_id, due_date)
  SELECT $protocol::bigint, homework_type_id, '2999-01-01' FROM ref_homework_types WHERE homework_name = 'Journaling'
  RETURNING due_date, is_completed
)
SELECT json_build_object('assignHomework', json_build_object(
  'nodes', json_agg(json_build_object('dueDate', due_date, 'isCompleted', is_completed))
))
FROM written
