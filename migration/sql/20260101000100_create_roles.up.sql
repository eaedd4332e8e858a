-- The roles that policies and grants speak of, named as in Supabase, and the role that the gateway logs in as. Roles
-- belong to the whole cluster: each is created only if it does not exist, and another database may be creating it at
-- this very moment.
DO $$
BEGIN
  IF to_regrole('anon') IS NULL THEN
    CREATE ROLE anon NOLOGIN NOINHERIT;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
  IF to_regrole('authenticated') IS NULL THEN
    CREATE ROLE authenticated NOLOGIN NOINHERIT;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

-- Only for maintenance beside the gateway, which can never become it. Only a superuser can give BYPASSRLS.
DO $$
BEGIN
  IF to_regrole('service_role') IS NULL THEN
    BEGIN
      CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
    EXCEPTION WHEN insufficient_privilege THEN
      CREATE ROLE service_role NOLOGIN NOINHERIT;
    END;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

-- The gateway logs in as this role and then becomes `anon` or `authenticated`. It owns nothing, inherits nothing and
-- cannot bypass row-level security; without a password it can only come through a socket or rule that needs none.
DO $$
BEGIN
  IF to_regrole('praxis_gateway') IS NULL THEN
    CREATE ROLE praxis_gateway LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
      IN ROLE anon, authenticated;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
DECLARE
  client name;
BEGIN
  FOREACH client IN ARRAY ARRAY['anon', 'authenticated'] LOOP
    IF NOT pg_has_role('praxis_gateway', client, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO praxis_gateway', client);
    END IF;
    IF NOT has_schema_privilege(client, 'public', 'USAGE') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', client);
    END IF;
  END LOOP;
  IF NOT has_database_privilege('praxis_gateway', current_database(), 'CONNECT') THEN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO praxis_gateway', current_database());
  END IF;
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'schema auth') THEN
    GRANT USAGE ON SCHEMA auth TO anon, authenticated;
  END IF;
END $$;

-- The gateway refuses to serve while migrations are pending: it may read which have been applied, and nothing else.
-- It does so before it becomes a client; the clients themselves have no access to schema `praxis`.
GRANT USAGE ON SCHEMA praxis TO praxis_gateway;
GRANT SELECT ON praxis.seaql_migrations, praxis.migration_checksums TO praxis_gateway;
