-- `updated_at` says when a row was last changed, whatever the client sends.
CREATE FUNCTION praxis.keep_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION praxis.keep_updated_at FROM PUBLIC;

CREATE TRIGGER keep_updated_at BEFORE UPDATE ON sites
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_updated_at();
CREATE TRIGGER keep_updated_at BEFORE UPDATE ON log_clinical_records
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_updated_at();
CREATE TRIGGER keep_updated_at BEFORE UPDATE ON ref_medications
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_updated_at();
CREATE TRIGGER keep_updated_at BEFORE UPDATE ON practitioner_profiles
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_updated_at();
