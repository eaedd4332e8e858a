-- What a changed row was before, so that those who could see it then are told that it is gone, and nobody else is.
-- docs/decisions/0029-judge-old-rows.md tells why so.
--
-- Only the gateway's login role reads it, and no message on the channel holds any of it. It is forgotten with its change.
ALTER TABLE praxis.changes
  ADD COLUMN row_before JSONB,
  ADD COLUMN references_before JSONB;
COMMENT ON COLUMN praxis.changes.row_before IS
  'The row''s columns before an update or a deletion. Of a long row, long values are left out.';
COMMENT ON COLUMN praxis.changes.references_before IS
  'Values that an update has taken out of the foreign keys'' columns, by name.';
CREATE INDEX idx_changes_transaction_row ON praxis.changes (transaction_id, jsonb_hash(row_key), change_id);
COMMENT ON INDEX praxis.idx_changes_transaction_row IS
  'The first change of a row within a transaction, which knows what the row was before it: praxis.recall_rows().';

-- Notes and announces what a statement has changed. Its arguments are the columns of the primary key, and those of the
-- foreign keys, as arrays. It runs with its owner's rights: clients read nothing in schema `praxis`.
--
-- Whoever loads rows that nobody watches sets `praxis.announce` to `off` in the transaction.
--
-- A message holds the transaction (`x`), the oldest one that was still under way (`m`: whatever came before it has been
-- announced before), the moment (`t`, in microseconds since 1970), the table (`n`), the operation (`o`) and the changes
-- (`c`) with the foreign keys that they had before where these differ (`b`, by the change's number), if they fit; otherwise
-- they are looked up by the transaction. An update that gives a row another key is a deletion and an insertion.
CREATE OR REPLACE FUNCTION praxis.announce_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  -- Changes that are worth trying to put into a message, and bytes that fit into one.
  most_changes CONSTANT int := 100;
  most_bytes CONSTANT int := 7900;
  -- Bytes of a row that is remembered whole, and of a value that is remembered of a longer one.
  whole_row CONSTANT int := 8192;
  short_value CONSTANT int := 256;
  -- Arguments of a trigger begin with 0.
  keys CONSTANT text[] := TG_ARGV[0];
  reference_columns CONSTANT text[] := TG_ARGV[1];
  place CONSTANT text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
  moment CONSTANT timestamptz := clock_timestamp();
  message CONSTANT jsonb := jsonb_build_object(
    'x', pg_current_xact_id()::text, 'm', pg_snapshot_xmin(pg_current_snapshot())::text,
    't', (extract(epoch FROM moment) * 1000000)::bigint, 'n', place);
  old_side jsonb[];
  new_side jsonb[];
  announced record;
  whole text;
BEGIN
  IF current_setting('praxis.announce', true) = 'off' THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    old_side := ARRAY(SELECT to_jsonb(o) FROM old_rows AS o);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_side := ARRAY(SELECT to_jsonb(n) FROM new_rows AS n);
  END IF;
  FOR announced IN
    WITH before AS (
      SELECT content, n,
        (SELECT jsonb_agg(content -> name ORDER BY key.n) FROM unnest(keys) WITH ORDINALITY AS key(name, n)) AS row_key
      FROM unnest(old_side) WITH ORDINALITY AS old_row(content, n)
    ), after AS (
      SELECT content, n,
        (SELECT jsonb_agg(content -> name ORDER BY key.n) FROM unnest(keys) WITH ORDINALITY AS key(name, n)) AS row_key
      FROM unnest(new_side) WITH ORDINALITY AS new_row(content, n)
    ), written AS (
      INSERT INTO praxis.changes
        (changed_at, table_name, operation, row_key, row_references, references_before, row_before)
      SELECT moment, place,
        CASE WHEN before.n IS NULL THEN 'insert' WHEN after.n IS NULL THEN 'delete' ELSE 'update' END,
        coalesce(after.row_key, before.row_key),
        (SELECT coalesce(jsonb_object_agg(name, coalesce(after.content, before.content) -> name), '{}')
          FROM unnest(reference_columns) AS name),
        (SELECT jsonb_object_agg(name, before.content -> name) FROM unnest(reference_columns) AS name
          WHERE after.n IS NOT NULL AND before.content -> name <> after.content -> name),
        CASE WHEN octet_length(before.content::text) <= whole_row THEN before.content ELSE (
          SELECT jsonb_object_agg(name, value) FROM jsonb_each(before.content) AS part(name, value)
          WHERE octet_length(value::text) <= short_value
        ) END
      FROM after FULL JOIN before ON before.row_key = after.row_key
      -- A row that is as it was has not changed.
      WHERE after.content IS DISTINCT FROM before.content
      -- Each operation is a message: within a transaction their numbers rise from one message to the next.
      ORDER BY 3, coalesce(after.n, before.n)
      RETURNING change_id, operation, row_key, row_references, references_before
    )
    SELECT operation,
      CASE WHEN count(*) <= most_changes THEN
        jsonb_agg(jsonb_build_array(change_id, row_key, row_references) ORDER BY change_id)
          FILTER (WHERE nth <= most_changes)
      END AS changes,
      jsonb_object_agg(change_id::text, references_before)
        FILTER (WHERE nth <= most_changes AND references_before IS NOT NULL) AS references_before
    FROM (SELECT written.*, row_number() OVER (PARTITION BY operation ORDER BY change_id) AS nth FROM written) AS one
    GROUP BY operation ORDER BY min(change_id)
  LOOP
    whole := (message || jsonb_strip_nulls(jsonb_build_object('b', announced.references_before))
      || jsonb_build_object('o', announced.operation, 'c', announced.changes))::text;
    IF announced.changes IS NULL OR octet_length(whole) > most_bytes THEN
      whole := (message || jsonb_build_object('o', announced.operation))::text;
    END IF;
    PERFORM pg_notify('praxis_changes', whole);
  END LOOP;
  RETURN NULL;
END $$;

-- Takes what rows were before some changes, each named by transaction and number, into the transaction, for
-- praxis.rows_before(). Of several changes of a row within one transaction the first one knows it: nobody else has seen what
-- came in between. The gateway calls it as its login role, before it becomes a client.
CREATE FUNCTION praxis.recall_rows(transactions xid8[], changes bigint[]) RETURNS void LANGUAGE sql AS $$
  SELECT pg_catalog.set_config('praxis.rows_before', coalesce((
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(change.change_id, first.row_before))
    FROM ROWS FROM (pg_catalog.unnest(transactions), pg_catalog.unnest(changes)) AS asked(transaction_id, change_id)
    JOIN praxis.changes AS change USING (transaction_id, change_id)
    CROSS JOIN LATERAL (
      SELECT earlier.row_before FROM praxis.changes AS earlier
      WHERE earlier.transaction_id = change.transaction_id
        AND pg_catalog.jsonb_hash(earlier.row_key) = pg_catalog.jsonb_hash(change.row_key)
        AND earlier.row_key = change.row_key AND earlier.table_name = change.table_name
      ORDER BY earlier.change_id LIMIT 1
    ) AS first
    WHERE first.row_before IS NOT NULL
  ), '[]')::text, true)
$$;

-- The recalled rows of a table, given as NULL of its type, that the caller could see by what the table's policies say of
-- them. A policy that looks elsewhere, say at memberships, finds what is there now: who may not see a row any more is not
-- told of it. `columns`: those that the caller's filter looks at; a row of which one of these, or one that a policy looks
-- at, was not remembered is not given, nor is any if the caller may not read one of them.
--
-- The conditions are those of this moment, as Postgres prints them, and run with the caller's rights. Where they cannot run
-- no row is given.
CREATE FUNCTION praxis.rows_before(kind anyelement, columns text[], OUT change_id bigint, OUT row_before anyelement)
RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  target CONSTANT oid := (SELECT typrelid FROM pg_catalog.pg_type WHERE oid = pg_catalog.pg_typeof(kind));
  place CONSTANT text := pg_catalog.format_type(pg_catalog.pg_typeof(kind), NULL);
  alias CONSTANT text := (SELECT pg_catalog.quote_ident(relname) FROM pg_catalog.pg_class WHERE oid = target);
  recalled CONSTANT jsonb := nullif(pg_catalog.current_setting('praxis.rows_before', true), '');
  needed text[] := columns;
  condition text := 'true';
BEGIN
  IF recalled IS NULL OR NOT pg_catalog.has_any_column_privilege(target, 'SELECT') OR EXISTS (
    SELECT FROM unnest(columns) AS name WHERE NOT pg_catalog.has_column_privilege(target, name, 'SELECT')
  ) THEN
    RETURN;
  END IF;
  IF pg_catalog.row_security_active(target) THEN
    SELECT
      coalesce('(' || string_agg('(' || qual || ')', ' OR ') FILTER (WHERE polpermissive) || ')', 'false')
        || coalesce(' AND ' || string_agg('(' || qual || ')', ' AND ') FILTER (WHERE NOT polpermissive), ''),
      needed || ARRAY(
        SELECT attname::text FROM pg_catalog.pg_depend
        JOIN pg_catalog.pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
        WHERE classid = 'pg_catalog.pg_policy'::regclass AND objid = ANY (array_agg(policy.oid))
          AND refclassid = 'pg_catalog.pg_class'::regclass AND refobjid = target AND refobjsubid > 0
      )
    INTO condition, needed
    FROM pg_catalog.pg_policy AS policy
    CROSS JOIN LATERAL pg_catalog.pg_get_expr(polqual, polrelid) AS qual
    WHERE polrelid = target AND polcmd IN ('r', '*') AND EXISTS (
      SELECT FROM unnest(polroles) AS role WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE'));
    -- A policy that looks at the row as a whole needs all of it.
    IF strpos(condition, alias || '.*') > 0 THEN
      needed := ARRAY(
        SELECT attname::text FROM pg_catalog.pg_attribute
        WHERE attrelid = target AND attnum > 0 AND NOT attisdropped);
    END IF;
  END IF;
  -- A subquery of its own: there the row's columns come before all other names.
  RETURN QUERY EXECUTE format(
    'SELECT (pair ->> 0)::bigint, jsonb_populate_record(NULL::%1$s, pair -> 1) FROM jsonb_array_elements($1) AS pair '
    'WHERE pair -> 1 ?& $2 AND EXISTS (SELECT FROM jsonb_populate_record(NULL::%1$s, pair -> 1) AS %2$s WHERE %3$s)',
    place, alias, condition) USING recalled, needed;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
  RAISE WARNING 'what was deleted from % is told to nobody: the conditions of its policies cannot be asked of a row',
    place USING DETAIL = SQLSTATE;
END $$;

REVOKE ALL ON FUNCTION praxis.recall_rows, praxis.rows_before FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.recall_rows TO praxis_gateway;
GRANT EXECUTE ON FUNCTION praxis.rows_before TO anon, authenticated;
-- The conditions of policies call functions of this schema by name. Everything in it has grants of its own.
GRANT USAGE ON SCHEMA praxis TO anon, authenticated;
