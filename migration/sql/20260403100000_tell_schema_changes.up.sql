-- What gateways need to see whether the database protects what they serve.

-- A table that was there before the first migration keeps privileges and policies of its owner's; the gateway asks which.
ALTER FUNCTION praxis.was_there_before SECURITY DEFINER;
GRANT EXECUTE ON FUNCTION praxis.was_there_before TO praxis_gateway;

-- Tells gateways that the schema has changed. Tables of a session alone are none of their business.
CREATE FUNCTION praxis.tell_schema_change() RETURNS event_trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp'
  ) OR tg_tag LIKE 'DROP %' THEN
    PERFORM pg_catalog.pg_notify('praxis_schema', '');
  END IF;
END $$;
REVOKE ALL ON FUNCTION praxis.tell_schema_change FROM PUBLIC;

-- Only a superuser may create an event trigger. Without it gateways look every minute.
DO $$
BEGIN
  CREATE EVENT TRIGGER praxis_schema ON ddl_command_end EXECUTE FUNCTION praxis.tell_schema_change();
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
