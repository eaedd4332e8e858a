-- The gateway keeps the reference tables in memory: a change of one is announced on the channel `praxis_reference`, with
-- the table's name, once for each transaction that commits.
CREATE FUNCTION praxis.announce_reference() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  PERFORM pg_catalog.pg_notify('praxis_reference', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION praxis.announce_reference FROM PUBLIC;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_substances
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_routes
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_indications
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_assessments
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_assessment_bands
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_support_modality
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_smoking_status
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_severity_grade
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_safety_events
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_resolution_status
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_medications
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_event_types
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ref_homework_types
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference();
