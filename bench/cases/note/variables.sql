SELECT json_build_object('session', id) FROM (
  SELECT id FROM therapyflow.sessions WHERE therapist_id = 'be9c0002-0000-4000-8000-000000000000' ORDER BY id LIMIT 1000
) AS session
