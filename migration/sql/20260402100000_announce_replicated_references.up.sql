-- A reference table may be filled by logical replication. Its rows are then applied one by one, and no statement trigger
-- fires: what the gateway keeps in memory would stay as it was. A row trigger that fires for replication only announces
-- them too, and so does one for TRUNCATE. Of a transaction's announcements with the same text Postgres sends one.

-- Makes the changes of a reference table known, whoever makes them. A reference table calls this once in its migration.
CREATE FUNCTION praxis.announce_as_reference(target regclass) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
    'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference()', target);
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce_replicated AFTER INSERT OR UPDATE OR DELETE ON %s '
    'FOR EACH ROW EXECUTE FUNCTION praxis.announce_reference()', target);
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER announce_replicated_truncate AFTER TRUNCATE ON %s '
    'FOR EACH STATEMENT EXECUTE FUNCTION praxis.announce_reference()', target);
  EXECUTE format('ALTER TABLE %s ENABLE REPLICA TRIGGER announce_replicated', target);
  EXECUTE format('ALTER TABLE %s ENABLE REPLICA TRIGGER announce_replicated_truncate', target);
END $$;
REVOKE ALL ON FUNCTION praxis.announce_as_reference FROM PUBLIC;

SELECT
  praxis.announce_as_reference('ref_substances'),
  praxis.announce_as_reference('ref_routes'),
  praxis.announce_as_reference('ref_indications'),
  praxis.announce_as_reference('ref_assessments'),
  praxis.announce_as_reference('ref_assessment_bands'),
  praxis.announce_as_reference('ref_support_modality'),
  praxis.announce_as_reference('ref_smoking_status'),
  praxis.announce_as_reference('ref_severity_grade'),
  praxis.announce_as_reference('ref_safety_events'),
  praxis.announce_as_reference('ref_resolution_status'),
  praxis.announce_as_reference('ref_medications'),
  praxis.announce_as_reference('ref_event_types'),
  praxis.announce_as_reference('ref_homework_types');
