WITH written AS (
  INSERT INTO therapyflow.sessions (therapist_id, patient_id, scheduled_at)
  VALUES (therapyflow.current_therapist_id(), $patient::uuid, $time::timestamptz)
  RETURNING status, duration_minutes
)
SELECT json_build_object('therapyflowScheduleSession', json_build_object('session', json_build_object(
  'status', upper(status),
  'durationMinutes', duration_minutes
)))
FROM written
