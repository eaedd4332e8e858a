-- What gateways need to tell that a table was emptied, and which functions are compared with those of the migrations.

-- Whether the migrations made an object, as `schema x`, `table x.y` or `function x.y()`, or found it there.
CREATE FUNCTION praxis.is_of_migrations(named text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (SELECT FROM praxis.baseline WHERE object = named)
$$;
REVOKE ALL ON FUNCTION praxis.is_of_migrations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.is_of_migrations TO praxis_gateway;

-- Announces that a table was emptied at once. No row of it is named: who watches the table has to read it anew. What was
-- noted before counts as forgotten, so that nobody goes on from a moment before.
CREATE FUNCTION praxis.announce_truncation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF current_setting('praxis.announce', true) = 'off' THEN
    RETURN NULL;
  END IF;
  UPDATE praxis.changes_forgotten SET up_to = greatest(up_to, pg_current_xact_id());
  PERFORM pg_notify('praxis_changes', jsonb_build_object(
    'x', pg_current_xact_id()::text, 'm', pg_snapshot_xmin(pg_current_snapshot())::text,
    't', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, 'n', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
    'o', 'truncate')::text);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION praxis.announce_truncation FROM PUBLIC;

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

-- The tables that are watched already.
DO $$
DECLARE
  watched regclass;
BEGIN
  FOR watched IN
    SELECT tgrelid FROM pg_catalog.pg_trigger
    WHERE tgfoid = to_regprocedure('praxis.announce_changes()') AND tgname = 'announce_insert'
  LOOP
    EXECUTE format(
      'CREATE TRIGGER announce_truncate AFTER TRUNCATE ON %s '
      'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_truncation()', watched);
  END LOOP;
END $$;
