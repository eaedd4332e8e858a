-- What a Supabase database has in schema `auth`, created only where it is missing. Everything that is already there,
-- including the security of a table `auth.users`, stays as it is.

-- What the baseline created itself, so that going down never drops what was there before.
CREATE TABLE praxis.baseline (
  object TEXT PRIMARY KEY
);

-- Secures a table that the migrations created: row-level security holds for its owner too, the owner (the role that
-- runs the migrations; never a client) is let through by a policy, so that data migrations work, and nobody else has
-- any privilege that is not granted afterwards. Supabase grants everything to `anon` on each new table: not here.
CREATE FUNCTION praxis.protect(target regclass) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  client name;
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY praxis_owner ON %s TO %I USING (true) WITH CHECK (true)', target,
    (SELECT pg_get_userbyid(relowner) FROM pg_catalog.pg_class WHERE oid = target));
  EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', target);
  FOR client IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', target, client);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION praxis.protect FROM PUBLIC;

SELECT praxis.protect('praxis.baseline');

INSERT INTO praxis.baseline
  SELECT 'schema auth' WHERE to_regnamespace('auth') IS NULL
  UNION ALL SELECT 'table auth.users' WHERE to_regclass('auth.users') IS NULL
  UNION ALL SELECT 'function auth.jwt()' WHERE to_regprocedure('auth.jwt()') IS NULL
  UNION ALL SELECT 'function auth.uid()' WHERE to_regprocedure('auth.uid()') IS NULL
  UNION ALL SELECT 'function auth.role()' WHERE to_regprocedure('auth.role()') IS NULL;

DO $$
BEGIN
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'schema auth') THEN
    CREATE SCHEMA auth;
  END IF;

  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'table auth.users') THEN
    CREATE TABLE auth.users (
      id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
      email TEXT UNIQUE,
      encrypted_password TEXT,
      raw_user_meta_data JSONB DEFAULT '{}',
      created_at TIMESTAMPTZ DEFAULT NOW(),
      updated_at TIMESTAMPTZ DEFAULT NOW()
    );
    PERFORM praxis.protect('auth.users');
  END IF;

  -- The claims of the caller's token, or NULL outside a request. These three have no search_path of their own, since
  -- that would keep Postgres from inlining them; what they call is named in full instead.
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'function auth.jwt()') THEN
    CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $f$
      SELECT nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb
    $f$;
  END IF;

  -- The account of the caller, or NULL.
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'function auth.uid()') THEN
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $f$
      SELECT coalesce(
        nullif(pg_catalog.current_setting('request.jwt.claim.sub', true), ''),
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb OPERATOR(pg_catalog.->>) 'sub'
      )::uuid
    $f$;
  END IF;

  -- The role of the caller: `anon`, `authenticated`, `service_role`, or NULL.
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'function auth.role()') THEN
    CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
      SELECT coalesce(
        nullif(pg_catalog.current_setting('request.jwt.claim.role', true), ''),
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb OPERATOR(pg_catalog.->>) 'role'
      )
    $f$;
  END IF;
END $$;
