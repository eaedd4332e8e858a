-- The change feed: what has changed, for those who watch. A statement's changes are written beside it, in its transaction,
-- and announced when that commits, on the channel `praxis_changes`. docs/decisions/0015-change-feed.md tells why so.
--
-- A change names a row and where it belongs, and holds nothing else of it: who may read the row is decided when it is read.
CREATE TABLE praxis.changes (
  change_id BIGINT GENERATED ALWAYS AS IDENTITY,
  transaction_id XID8 NOT NULL DEFAULT pg_current_xact_id(),
  changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  table_name TEXT NOT NULL,
  operation TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
  row_key JSONB NOT NULL,
  row_references JSONB NOT NULL,
  PRIMARY KEY (transaction_id, change_id)
);
CREATE INDEX idx_changes_time ON praxis.changes(changed_at);
COMMENT ON TABLE praxis.changes IS 'What has changed lately, for subscriptions.';
COMMENT ON COLUMN praxis.changes.table_name IS 'Schema and table.';
COMMENT ON COLUMN praxis.changes.row_key IS 'Values of the primary key, in its order.';
COMMENT ON COLUMN praxis.changes.row_references IS 'Values of the foreign keys'' columns, by name.';
COMMENT ON INDEX praxis.idx_changes_time IS 'Old changes, to be forgotten.';
SELECT praxis.protect('praxis.changes');

-- The newest transaction of which changes were forgotten. One row.
CREATE TABLE praxis.changes_forgotten (
  is_only BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only),
  up_to XID8 NOT NULL
);
SELECT praxis.protect('praxis.changes_forgotten');
INSERT INTO praxis.changes_forgotten (up_to) VALUES ('0');

-- Read: the gateway as itself, before it becomes a client.
CREATE POLICY changes_read ON praxis.changes FOR SELECT TO praxis_gateway USING (true);
CREATE POLICY changes_forgotten_read ON praxis.changes_forgotten FOR SELECT TO praxis_gateway USING (true);
GRANT SELECT ON praxis.changes, praxis.changes_forgotten TO praxis_gateway;

-- Notes and announces what a statement has changed. Its arguments are the columns of the primary key, and those of the
-- foreign keys, as arrays. It runs with its owner's rights: clients have no access to schema `praxis`.
--
-- Whoever loads rows that nobody watches sets `praxis.announce` to `off` in the transaction.
--
-- The message holds the transaction (`x`), the oldest one that was still under way (`m`: whatever came before it has been
-- announced before), the moment (`t`, in microseconds since 1970), the table (`n`), the operation (`o`) and the changes
-- (`c`), if they fit; otherwise they are looked up by the transaction.
CREATE FUNCTION praxis.announce_changes() RETURNS trigger
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

-- Makes the changes of a table known. A table that can be written calls this once in its migration, and again where it
-- gets another foreign key.
CREATE FUNCTION praxis.announce(target regclass) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  keys CONSTANT text[] := ARRAY(
    SELECT attname FROM pg_catalog.pg_index AS key
    CROSS JOIN LATERAL unnest(key.indkey) WITH ORDINALITY AS part(number, n)
    JOIN pg_catalog.pg_attribute ON attrelid = target AND attnum = part.number
    WHERE key.indrelid = target AND key.indisprimary ORDER BY part.n);
  reference_columns CONSTANT text[] := ARRAY(
    SELECT DISTINCT attname FROM pg_catalog.pg_constraint AS key
    JOIN pg_catalog.pg_attribute ON attrelid = target AND attnum = ANY (key.conkey)
    WHERE key.conrelid = target AND key.contype = 'f' ORDER BY attname);
BEGIN
  IF keys = '{}' THEN
    RAISE EXCEPTION '% has no primary key to name its rows by', target;
  END IF;
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_changes(%L, %L)', target, keys, reference_columns);
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce_update AFTER UPDATE ON %s '
    'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_changes(%L, %L)', target, keys, reference_columns);
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_changes(%L, %L)', target, keys, reference_columns);
END $$;

-- Forgets changes that are older than this, at most so many at a time; says how many it was. Of several gateways that
-- call it at the same time, one does it.
CREATE FUNCTION praxis.forget_changes(older_than interval, most int DEFAULT 10000) RETURNS bigint
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

REVOKE ALL ON FUNCTION praxis.announce_changes, praxis.announce, praxis.forget_changes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.forget_changes TO praxis_gateway;

SELECT
  praxis.announce('log_clinical_records'),
  praxis.announce('session_events'),
  praxis.announce('integration_homework'),
  praxis.announce('integration_scores'),
  praxis.announce('assessment_responses'),
  praxis.announce('practitioner_profiles'),
  praxis.announce('supervision_relationships'),
  praxis.announce('supervision_circles'),
  praxis.announce('circle_members'),
  praxis.announce('ref_substances'),
  praxis.announce('ref_routes'),
  praxis.announce('ref_indications'),
  praxis.announce('ref_assessments'),
  praxis.announce('ref_assessment_bands'),
  praxis.announce('ref_support_modality'),
  praxis.announce('ref_smoking_status'),
  praxis.announce('ref_severity_grade'),
  praxis.announce('ref_safety_events'),
  praxis.announce('ref_resolution_status'),
  praxis.announce('ref_medications'),
  praxis.announce('ref_event_types'),
  praxis.announce('ref_homework_types');
