DROP EVENT TRIGGER IF EXISTS praxis_schema;
DROP FUNCTION praxis.tell_schema_change();
REVOKE EXECUTE ON FUNCTION praxis.was_there_before FROM praxis_gateway;
ALTER FUNCTION praxis.was_there_before SECURITY INVOKER;
