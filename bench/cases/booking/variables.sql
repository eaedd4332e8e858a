SELECT json_build_object(
  'patient', ('be9c0003-0000-4000-8000-' || lpad((turn % 100 * 10)::text, 12, '0')),
  'time', to_char(timestamp '3000-01-01' + turn * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM generate_series(1, 50000) AS turn
