-- Copies of two rows of each table below others, `fill.pile` of each, so that their parents have most rows of the table. The keys and
-- times of the first row's copies lie before all others, those of the last row's behind them. The catalog says what to copy
-- and how, so that a new table is filled by itself. Both rows belong to the first tenant of their system.
CREATE TEMPORARY VIEW below AS
  SELECT c.conrelid AS relation, a.attname AS reference,
    (SELECT attname FROM pg_attribute WHERE attrelid = c.conrelid AND attname IN ('site_id', 'org_id')) AS tenant
  FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_class AS parent ON parent.oid = c.confrelid
  JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND t.relname NOT LIKE 'ref\_%' AND parent.relname NOT LIKE 'ref\_%'
    AND t.relnamespace IN ('public'::regnamespace, 'therapyflow'::regnamespace) AND parent.relnamespace = t.relnamespace
    AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.conrelid AND indisunique AND indkey::int2[] = c.conkey);

-- The columns that copies cannot share below one parent: of each unique index a number or UUID rather than another column. An index
-- that contains the whole key needs none but the key's.
CREATE TEMPORARY VIEW changed AS
  SELECT relation, reference, column_name
  FROM below JOIN pg_index AS i ON indrelid = relation AND indisunique,
    LATERAL (
      SELECT attname AS column_name FROM pg_attribute
      WHERE attrelid = relation AND attnum = ANY (indkey) AND attname <> reference AND attname IS DISTINCT FROM tenant
      ORDER BY atttypid IN ('bigint'::regtype, 'uuid'::regtype) DESC, attnum LIMIT 1) AS one
  WHERE NOT EXISTS (
    SELECT FROM pg_index AS of_key WHERE of_key.indrelid = relation AND of_key.indisprimary AND of_key.indnkeyatts = 1
      AND of_key.indexrelid <> i.indexrelid AND of_key.indkey::int2[] <@ i.indkey::int2[]);

CREATE TEMPORARY TABLE first_tenant AS
  SELECT (SELECT site_id::text FROM user_sites JOIN auth.users AS u ON u.id = user_id WHERE email = 'clinician.north@praxis.example') AS site_id,
    (SELECT org_id::text FROM therapyflow.therapists JOIN auth.users AS u ON u.id = user_id WHERE u.email = 'therapist@mindful.example') AS org_id;

CREATE FUNCTION pg_temp.value_of_copy(one below, name text, type regtype, is_nullable boolean, is_first boolean) RETURNS text
LANGUAGE sql AS $$
  SELECT CASE
    WHEN is_changed AND type = 'bigint'::regtype
      -- Beyond the numbers that the table gives new rows.
      THEN format('(SELECT %s(%I) FROM %s) %s (1000000 + n)', CASE WHEN is_first THEN 'min' ELSE 'max' END, name, one.relation::regclass, sign)
    WHEN is_changed AND type = 'uuid'::regtype THEN format('md5(t.%I::text || %L || n)::uuid', name, one.reference || sign)
    WHEN is_changed AND is_nullable THEN 'NULL'
    WHEN is_changed THEN format('t.%I || %L || n', name, sign)
    WHEN type IN ('date'::regtype, 'timestamptz'::regtype) AND name <> 'month'
      THEN format('(t.%I %s make_interval(years => 10, days => n::int))::%s', name, sign, type)
    ELSE format('t.%I', name) END
  FROM (SELECT CASE WHEN is_first THEN '-' ELSE '+' END AS sign, EXISTS (
    SELECT FROM changed WHERE relation = one.relation AND reference = one.reference AND column_name = name) AS is_changed) AS facts
$$;

-- The rows to copy, before there are copies: the first and the last one with a parent in each column.
CREATE TEMPORARY TABLE original (relation oid, is_first boolean, place tid);
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT relation, tenant, string_agg(quote_ident(reference), ', ') AS parents FROM below GROUP BY 1, 2 LOOP
    EXECUTE format('INSERT INTO original SELECT %1$s, is_first, place FROM (VALUES (true), (false)) AS ends(is_first), LATERAL (
        SELECT ctid AS place FROM %2$s WHERE %3$s ORDER BY num_nonnulls(%4$s) DESC, (ctid::text::point)[0] * CASE WHEN is_first THEN 1 ELSE -1 END,
          (ctid::text::point)[1] * CASE WHEN is_first THEN 1 ELSE -1 END LIMIT 1) AS t',
      one.relation, one.relation::regclass,
      CASE WHEN one.tenant IS NULL THEN 'true' ELSE format('%1$I::text = (SELECT %1$I FROM first_tenant)', one.tenant) END,
      one.parents);
  END LOOP;
END $$;

DO $$
DECLARE
  one below;
  is_first boolean;
  names text;
  list text;
  piled text[] = '{}';
BEGIN
  FOR one IN SELECT * FROM below ORDER BY relation, reference LOOP
    -- The copies below one parent are below its others as well, unless the column differs.
    CONTINUE WHEN format('%s.%s', one.relation, one.reference) = ANY (piled);
    FOREACH is_first IN ARRAY ARRAY[true, false] LOOP
      SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
        string_agg(pg_temp.value_of_copy(one, attname, atttypid, NOT attnotnull, is_first), ', ' ORDER BY attnum)
      INTO names, list
      FROM pg_attribute WHERE attrelid = one.relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
      EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
          SELECT %3$s FROM %1$s AS t CROSS JOIN generate_series(1, current_setting(''fill.pile'')::int) AS n
          WHERE t.ctid = (SELECT place FROM original WHERE relation = %4$s AND is_first = %5$L)',
        one.relation::regclass, names, list, one.relation::oid, is_first);
    END LOOP;
    piled = piled || ARRAY(SELECT format('%s.%s', relation, reference) FROM below AS other WHERE relation = one.relation
      AND reference NOT IN (SELECT column_name FROM changed AS c WHERE c.relation = one.relation AND c.reference = one.reference));
  END LOOP;
END $$;
