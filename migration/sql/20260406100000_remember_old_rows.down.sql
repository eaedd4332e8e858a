REVOKE USAGE ON SCHEMA praxis FROM anon, authenticated;
DROP FUNCTION praxis.rows_before;
DROP FUNCTION praxis.recall_rows;

-- Notes and announces what a statement has changed. Its arguments are the columns of the primary key, and those of the
-- foreign keys, as arrays. It runs with its owner's rights: clients have no access to schema `praxis`.
--
-- Whoever loads rows that nobody watches sets `praxis.announce` to `off` in the transaction.
--
-- The message holds the transaction (`x`), the oldest one that was still under way (`m`: whatever came before it has been
-- announced before), the moment (`t`, in microseconds since 1970), the table (`n`), the operation (`o`) and the changes
-- (`c`), if they fit; otherwise they are looked up by the transaction.
CREATE OR REPLACE FUNCTION praxis.announce_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  -- Changes that are worth trying to put into a message, and bytes that fit into one.
  most_changes CONSTANT int := 100;
  most_bytes CONSTANT int := 7900;
  -- Arguments of a trigger begin with 0.
  keys CONSTANT text[] := TG_ARGV[0];
  reference_columns CONSTANT text[] := TG_ARGV[1];
  place CONSTANT text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
  what CONSTANT text := lower(TG_OP);
  moment CONSTANT timestamptz := clock_timestamp();
  message CONSTANT jsonb := jsonb_build_object(
    'x', pg_current_xact_id()::text, 'm', pg_snapshot_xmin(pg_current_snapshot())::text,
    't', (extract(epoch FROM moment) * 1000000)::bigint, 'n', place, 'o', what);
  changed jsonb[];
  noted jsonb[];
  whole text;
BEGIN
  IF current_setting('praxis.announce', true) = 'off' THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    changed := ARRAY(SELECT to_jsonb(n) FROM new_rows AS n);
  ELSIF TG_OP = 'UPDATE' THEN
    -- A row that is as it was has not changed.
    changed := ARRAY(SELECT to_jsonb(n) FROM new_rows AS n EXCEPT SELECT to_jsonb(o) FROM old_rows AS o);
  ELSE
    changed := ARRAY(SELECT to_jsonb(o) FROM old_rows AS o);
  END IF;
  IF changed = '{}' THEN
    RETURN NULL;
  END IF;

  WITH written AS (
    INSERT INTO praxis.changes (changed_at, table_name, operation, row_key, row_references)
    SELECT moment, place, what,
      (SELECT jsonb_agg(content -> name ORDER BY n) FROM unnest(keys) WITH ORDINALITY AS key(name, n)),
      (SELECT coalesce(jsonb_object_agg(name, content -> name), '{}') FROM unnest(reference_columns) AS name)
    FROM unnest(changed) WITH ORDINALITY AS changed_row(content, n)
    ORDER BY changed_row.n
    RETURNING change_id, row_key, row_references
  )
  SELECT ARRAY(
    SELECT jsonb_build_array(change_id, row_key, row_references)
    FROM written LIMIT most_changes + 1
  ) INTO noted;

  IF cardinality(noted) <= most_changes THEN
    whole := (message || jsonb_build_object('c', to_jsonb(noted)))::text;
  END IF;
  IF whole IS NULL OR octet_length(whole) > most_bytes THEN
    whole := message::text;
  END IF;
  PERFORM pg_notify('praxis_changes', whole);
  RETURN NULL;
END $$;

DROP INDEX praxis.idx_changes_transaction_row;
ALTER TABLE praxis.changes DROP COLUMN references_before, DROP COLUMN row_before;
