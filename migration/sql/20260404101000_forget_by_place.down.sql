-- As they were.
CREATE OR REPLACE FUNCTION praxis.forget_changes(older_than interval, most int DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  newest xid8;
  forgotten bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('praxis.forget_changes')) THEN
    RETURN 0;
  END IF;
  WITH gone AS (
    DELETE FROM praxis.changes AS old
    USING (
      SELECT transaction_id, change_id FROM praxis.changes
      WHERE changed_at < now() - older_than ORDER BY changed_at LIMIT most
    ) AS oldest
    WHERE old.transaction_id = oldest.transaction_id AND old.change_id = oldest.change_id
    RETURNING old.transaction_id
  )
  SELECT max(transaction_id::text::numeric)::text::xid8, count(*) INTO newest, forgotten FROM gone;
  UPDATE praxis.changes_forgotten SET up_to = newest WHERE newest > up_to;
  RETURN forgotten;
END $$;

CREATE OR REPLACE FUNCTION praxis.forget_idempotency_keys(older_than interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH old AS (
    SELECT owner, key FROM praxis.idempotency_keys WHERE created_at < now() - older_than
    ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  ), forgotten AS (
    DELETE FROM praxis.idempotency_keys AS known USING old WHERE known.owner = old.owner AND known.key = old.key
    RETURNING 1
  )
  SELECT count(*) FROM forgotten
$$;
