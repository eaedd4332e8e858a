-- What is old is deleted where it lies. A join with the rows to be deleted is planned for as many as a tenth of the table, and
-- then reads all of it.
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
    WHERE old.ctid = ANY (ARRAY(
      SELECT oldest.ctid FROM praxis.changes AS oldest
      WHERE oldest.changed_at < now() - older_than ORDER BY oldest.changed_at LIMIT most))
    RETURNING old.transaction_id
  )
  SELECT max(transaction_id::text::numeric)::text::xid8, count(*) INTO newest, forgotten FROM gone;
  UPDATE praxis.changes_forgotten SET up_to = newest WHERE newest > up_to;
  RETURN forgotten;
END $$;

-- The rows are locked where they lie, so that none of them moves before it is deleted.
CREATE OR REPLACE FUNCTION praxis.forget_idempotency_keys(older_than interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH forgotten AS (
    DELETE FROM praxis.idempotency_keys AS known
    WHERE known.ctid = ANY (ARRAY(
      SELECT old.ctid FROM praxis.idempotency_keys AS old WHERE old.created_at < now() - older_than
      ORDER BY old.created_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM forgotten
$$;
