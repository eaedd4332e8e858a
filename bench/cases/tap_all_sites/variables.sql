SELECT json_build_object('protocol', record_id::text) FROM (
  SELECT record_id FROM log_clinical_records ORDER BY record_id DESC LIMIT 200
) AS protocol
