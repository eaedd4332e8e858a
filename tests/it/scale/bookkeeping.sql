-- What Praxis itself keeps: changes of the last hour, in as many transactions as there were, and answers of the last day.
INSERT INTO praxis.changes (transaction_id, changed_at, table_name, operation, row_key, row_references)
  SELECT (3 + number * (pg_current_xact_id()::text::bigint - 3) / (10 * current_setting('fill.protocols')::bigint))::text::xid8,
    now() - interval '1 hour' + number * interval '1 hour' / (10 * current_setting('fill.protocols')::int),
    'public.session_events', 'insert', jsonb_build_array(number), '{}'
  FROM generate_series(1, 10 * current_setting('fill.protocols')::bigint) AS number;
INSERT INTO praxis.idempotency_keys (owner, key, fingerprint, answer, created_at)
  SELECT id, number, '\x00', '\x00', now() - number * interval '1 day' / current_setting('fill.protocols')::int
  FROM auth.users CROSS JOIN generate_series(1, current_setting('fill.protocols')::int) AS number
  WHERE email IN ('a clinician@tests.example', 'clinician.north@praxis.example');
