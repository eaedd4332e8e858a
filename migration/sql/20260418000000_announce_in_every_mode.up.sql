-- Gateways hear of changes also where `session_replication_role` is `replica`, as loads and tools for moving databases set it:
-- triggers that are only enabled do not fire then. Logical replication applies rows one by one and fires no trigger of a
-- statement, but for TRUNCATE.

-- Makes the changes of a table known. A table that can be written calls this once in its migration, and again where it
-- gets another foreign key. The
-- triggers fire whatever `session_replication_role` says: a load that nobody is to be told of sets `praxis.announce = off`.
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
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER announce_insert, ENABLE ALWAYS TRIGGER announce_update, '
    'ENABLE ALWAYS TRIGGER announce_delete, ENABLE ALWAYS TRIGGER announce_truncate', target);
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
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER announce_insert, ENABLE ALWAYS TRIGGER announce_update, '
      'ENABLE ALWAYS TRIGGER announce_delete, ENABLE ALWAYS TRIGGER announce_truncate', watched);
  END LOOP;
END $$;

-- Only its owner, a superuser, may change the event trigger, and it may not be there. `praxis doctor` says so.
DO $$
BEGIN
  ALTER EVENT TRIGGER praxis_schema ENABLE ALWAYS;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL;
END $$;
