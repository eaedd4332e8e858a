-- Copies of the first tenant of each system with all its rows: `fill.copies` within the tenant, then whole tenants, `fill.tenants`
-- with the first, one after the other. What belongs to no tenant is copied with them. It is told from the catalog what to copy and
-- how, so that a new table is filled by itself; a copy has keys of its own and refers to copies.
CREATE FUNCTION pg_temp.key_of_copy(value bigint, step bigint, n bigint) RETURNS bigint
  LANGUAGE sql IMMUTABLE RETURN value + step * n;
CREATE FUNCTION pg_temp.key_of_copy(value uuid, step bigint, n bigint) RETURNS uuid
  LANGUAGE sql IMMUTABLE RETURN md5(format('%s %s %s', value, step, n))::uuid;

CREATE TEMPORARY VIEW copied AS
  SELECT c.oid AS relation, nspname AS schema, relname,
    CASE nspname WHEN 'public' THEN 'site_id' ELSE 'org_id' END AS tenant,
    relname IN ('sites', 'organizations') AS is_tenant
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
  WHERE relkind = 'r' AND nspname IN ('public', 'therapyflow') AND relname NOT LIKE 'ref\_%';

-- How each column of a copy comes from that of its original: `n` is the number of the copy.
CREATE TEMPORARY VIEW copied_columns AS
  SELECT relation, attnum, attname, atttypid,
    CASE
      WHEN attname = tenant OR is_tenant AND is_key THEN 'tenant'
      WHEN is_key OR refers_to_copy OR (relname, attname) = ('audit_logs', 'record_id') THEN 'key'
      WHEN is_unique AND NOT attnotnull THEN 'missing'
      WHEN is_unique AND atttypid = 'uuid'::regtype THEN 'key'
      WHEN is_unique AND atttypid = 'date'::regtype THEN 'year'
      WHEN is_unique AND atttypid = 'text'::regtype THEN 'suffix'
      WHEN atttypid IN ('date'::regtype, 'timestamptz'::regtype) AND NOT is_unique THEN 'day'
      ELSE 'same'
    END AS how
  FROM copied JOIN pg_attribute ON attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '',
    LATERAL (SELECT
      EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND contype = 'p' AND attnum = ANY (conkey)
        AND (cardinality(conkey) = 1 OR NOT is_tenant) AND cardinality(conkey) = 1) AS is_key,
      EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND contype = 'f' AND attnum = ANY (conkey)
        AND confrelid IN (SELECT relation FROM copied)) AS refers_to_copy,
      EXISTS (SELECT FROM pg_index WHERE indrelid = relation AND indisunique AND attnum = ANY (indkey)) AS is_unique) AS facts;

CREATE FUNCTION pg_temp.multiply(number bigint, step bigint, of_tenants boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
  list text;
  names text;
  has_tenant boolean;
BEGIN
  FOR one IN SELECT * FROM copied WHERE of_tenants OR NOT is_tenant LOOP
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
      string_agg(CASE
        WHEN how = 'key' OR how = 'tenant' AND of_tenants THEN format('pg_temp.key_of_copy(t.%I, %s, n)', attname, step)
        WHEN how = 'missing' THEN 'NULL'
        WHEN how = 'year' THEN format('(t.%I - make_interval(years => (%s * n)::int))::date', attname,
          CASE WHEN of_tenants THEN 0 ELSE 10 END)
        WHEN how = 'day' THEN format('(t.%I + make_interval(days => n::int))::%s', attname, atttypid::regtype)
        WHEN how = 'suffix' THEN format('t.%I || ''-%s-'' || n', attname, step)
        ELSE format('t.%I', attname) END, ', ' ORDER BY attnum),
      bool_or(how = 'tenant')
    INTO names, list, has_tenant FROM copied_columns WHERE relation = one.relation;
    EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s AS t CROSS JOIN generate_series(1, %s) AS n %s ORDER BY n',
      one.relation::regclass, names, list, one.relation::regclass, number,
      CASE WHEN has_tenant THEN format('WHERE t.%I = (SELECT %s FROM first_tenant)',
        (SELECT attname FROM copied_columns WHERE relation = one.relation AND how = 'tenant'), one.schema) END);
  END LOOP;
END $$;

CREATE TEMPORARY TABLE first_tenant AS
  SELECT (SELECT site_id FROM user_sites JOIN auth.users AS u ON u.id = user_id WHERE email = 'clinician.north@praxis.example') AS public,
    (SELECT org_id FROM therapyflow.therapists JOIN auth.users AS u ON u.id = user_id WHERE u.email = 'therapist@mindful.example') AS therapyflow;
SELECT pg_temp.multiply(current_setting('fill.copies')::bigint - 1, 1000000, false);
SELECT pg_temp.multiply(current_setting('fill.tenants')::bigint - 1, 1000000000, true);
