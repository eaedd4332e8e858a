-- Governs the access to a new table whose rows all follow one rule: row-level security that binds the owner too, a policy for each
-- way of access, grants no wider than these, and the triggers that announce changes.
--
-- target: the table.
-- reads: the condition under which a caller reads a row, in SQL. It compares a column of the row with constants of the caller, wrapped
--   in `(SELECT …)`, so that an index serves it: `site_id = ANY ((SELECT praxis.auth_sites())::bigint[])`. Names of functions have their
--   schema.
-- writes: the condition under which a caller inserts, changes and deletes a row; without it, the condition for reading.
-- inserts, updates: the columns that callers set in new rows and change; without columns, nobody does.
-- deletes: true if callers delete rows.
CREATE FUNCTION praxis.govern(
  target regclass, reads text, writes text DEFAULT NULL,
  inserts name[] DEFAULT '{}', updates name[] DEFAULT '{}', deletes boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  written text := coalesce(writes, reads);
BEGIN
  PERFORM praxis.protect(target);
  EXECUTE format('CREATE POLICY governed_read ON %s FOR SELECT USING (%s)', target, reads);
  EXECUTE format('GRANT SELECT ON %s TO anon, authenticated', target);
  PERFORM praxis.grant_columns(target, inserts, updates);
  IF cardinality(inserts) > 0 THEN
    EXECUTE format('CREATE POLICY governed_insert ON %s FOR INSERT WITH CHECK (%s)', target, written);
  END IF;
  IF cardinality(updates) > 0 THEN
    EXECUTE format('CREATE POLICY governed_update ON %s FOR UPDATE USING (%s) WITH CHECK (%s)', target, written, written);
  END IF;
  IF deletes THEN
    EXECUTE format('CREATE POLICY governed_delete ON %s FOR DELETE USING (%s)', target, written);
    EXECUTE format('GRANT DELETE ON %s TO authenticated', target);
  END IF;
  IF deletes OR cardinality(inserts || updates) > 0 THEN
    PERFORM praxis.announce(target);
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = target AND relname LIKE 'ref\_%') THEN
    PERFORM praxis.announce_as_reference(target);
  END IF;
END $$;
REVOKE ALL ON FUNCTION praxis.govern FROM PUBLIC;
