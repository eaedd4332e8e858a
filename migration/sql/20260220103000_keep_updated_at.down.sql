DROP TRIGGER keep_updated_at ON practitioner_profiles;
DROP TRIGGER keep_updated_at ON ref_medications;
DROP TRIGGER keep_updated_at ON log_clinical_records;
DROP TRIGGER keep_updated_at ON sites;
DROP FUNCTION praxis.keep_updated_at;
