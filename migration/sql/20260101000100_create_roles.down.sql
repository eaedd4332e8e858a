-- The roles stay: they belong to the cluster, and other databases may use them.
REVOKE ALL ON praxis.seaql_migrations, praxis.migration_checksums FROM praxis_gateway;
REVOKE ALL ON SCHEMA praxis FROM praxis_gateway;
DO $$
BEGIN
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'schema auth') THEN
    REVOKE ALL ON SCHEMA auth FROM anon, authenticated;
  END IF;
END $$;
