SELECT json_build_object('protocol', record_id::text) FROM (
  SELECT record_id FROM log_clinical_records
  WHERE site_id = (
    SELECT site_id FROM user_sites JOIN auth.users ON users.id = user_id WHERE email = 'clinician.001@bench.example')
  ORDER BY record_id DESC LIMIT 200
) AS protocol
