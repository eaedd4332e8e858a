-- The triggers are enabled as they were.
DO $$
BEGIN
  ALTER EVENT TRIGGER praxis_schema ENABLE;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL;
END $$;

DO $$
DECLARE
  watched regclass;
BEGIN
  FOR watched IN
    SELECT tgrelid FROM pg_catalog.pg_trigger
    WHERE tgfoid = to_regprocedure('praxis.announce_changes()') AND tgname = 'announce_insert'
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER announce_insert, ENABLE TRIGGER announce_update, '
      'ENABLE TRIGGER announce_delete, ENABLE TRIGGER announce_truncate', watched);
  END LOOP;
END $$;

-- Makes the changes of a table known. A table that can be written calls this once in its migration, and again where it
-- gets another foreign key.
CREATE OR REPLACE FUNCTION praxis.announce(target regclass) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
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
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce_truncate AFTER TRUNCATE ON %s '
    'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_truncation()', target);
END $$;
