DO $$
DECLARE
  watched regclass;
BEGIN
  FOR watched IN
    SELECT tgrelid FROM pg_catalog.pg_trigger WHERE tgfoid = to_regprocedure('praxis.announce_truncation()')
  LOOP
    EXECUTE format('DROP TRIGGER announce_truncate ON %s', watched);
  END LOOP;
END $$;
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
END $$;
DROP FUNCTION praxis.announce_truncation();
DROP FUNCTION praxis.is_of_migrations(text);
