-- Whether a reference row is in use is found out with one look into an index. The check of a foreign key stops at the first row
-- that refers to it, but its plan does not know that: where many refer to it, it gathers all of them, or reads the table.
CREATE FUNCTION praxis.check_references_by_index() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  -- Until the end of the transaction: the checks come at the end of the statement, and are planned then.
  PERFORM pg_catalog.set_config('enable_seqscan', 'off', true), pg_catalog.set_config('enable_bitmapscan', 'off', true);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION praxis.check_references_by_index FROM PUBLIC;

DO $$
DECLARE
  target regclass;
BEGIN
  FOR target IN
    SELECT DISTINCT confrelid::regclass FROM pg_constraint JOIN pg_class ON pg_class.oid = confrelid
    WHERE contype = 'f' AND relnamespace = 'public'::regnamespace AND relname LIKE 'ref\_%'
  LOOP
    EXECUTE format('CREATE TRIGGER check_references_by_index BEFORE DELETE ON %s '
      'FOR EACH STATEMENT EXECUTE FUNCTION praxis.check_references_by_index()', target);
  END LOOP;
END $$;
