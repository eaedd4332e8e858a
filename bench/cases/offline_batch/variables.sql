SELECT json_build_object(
  'protocol', record_id::text,
  'names', names,
  'events', (
    SELECT json_agg(json_build_object(
      'eventType', 'Distress', 'intensityLevel', 5, 'notes', 'bench', 'clientEventId', name))
    FROM unnest(names) AS name
  ))
FROM (
  SELECT record_id, (
    SELECT array_agg(gen_random_uuid()) FROM generate_series(1, 20) WHERE record_id IS NOT NULL AND turn IS NOT NULL
  ) AS names
  FROM (
    SELECT record_id FROM log_clinical_records
    WHERE site_id = (
      SELECT site_id FROM user_sites JOIN auth.users ON users.id = user_id WHERE email = 'clinician.001@bench.example')
    ORDER BY record_id DESC LIMIT 200
  ) AS protocol
  CROSS JOIN generate_series(1, 40) AS turn
  ORDER BY turn, record_id
) AS batch
