CREATE SCHEMA {schema};
GRANT USAGE ON SCHEMA {schema} TO anon, authenticated;
CREATE TABLE {schema}.tool_data (
  entry_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id UUID NOT NULL DEFAULT auth.uid(),
  company_id BIGINT NOT NULL REFERENCES made_up.companies ON DELETE RESTRICT,
  version INT NOT NULL DEFAULT 1,
  data JSONB,
  status TEXT NOT NULL DEFAULT 'draft' CONSTRAINT valid_status CHECK (status IN ('draft', 'submitted')),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT entry_version UNIQUE (user_id, version),
  CONSTRAINT positive_version CHECK (version > 0)
);
COMMENT ON CONSTRAINT valid_status ON {schema}.tool_data IS 'An entry of {schema} is a draft or submitted.';
COMMENT ON CONSTRAINT entry_version ON {schema}.tool_data IS 'There is such a version of {schema} already.';
COMMENT ON CONSTRAINT tool_data_company_id_fkey ON {schema}.tool_data IS 'There is no such company for {schema}.';
COMMENT ON CONSTRAINT positive_version ON {schema}.tool_data IS 'Versions of {schema} begin at 1.';
CREATE TABLE {schema}.audit_log (
  audit_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry_id BIGINT NOT NULL REFERENCES {schema}.tool_data ON DELETE CASCADE,
  user_id UUID NOT NULL,
  action TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_tool_data_user ON {schema}.tool_data (user_id, entry_id);
CREATE INDEX idx_tool_data_company ON {schema}.tool_data (company_id, entry_id);
CREATE INDEX idx_tool_data_created ON {schema}.tool_data (created_at);
CREATE INDEX idx_audit_log_user ON {schema}.audit_log (user_id, audit_id);
CREATE INDEX idx_audit_log_entry ON {schema}.audit_log (entry_id, audit_id);
CREATE INDEX idx_audit_log_created ON {schema}.audit_log (created_at);
COMMENT ON INDEX {schema}.idx_tool_data_user IS 'Entries of a writer, by key.';
COMMENT ON INDEX {schema}.idx_tool_data_company IS 'Entries of a company, by key.';
COMMENT ON INDEX {schema}.idx_tool_data_created IS 'Entries in the order of time.';
COMMENT ON INDEX {schema}.idx_audit_log_user IS 'What was done to the entries of a writer, by key.';
COMMENT ON INDEX {schema}.idx_audit_log_entry IS 'What was done to an entry, by key.';
COMMENT ON INDEX {schema}.idx_audit_log_created IS 'What was done, in the order of time.';
SELECT
  praxis.govern('{schema}.tool_data', 'user_id = (SELECT auth.uid())',
    inserts => '{company_id, version, data}', updates => '{version, data, status}', deletes => true),
  praxis.govern('{schema}.audit_log', 'user_id = (SELECT auth.uid())');
CREATE FUNCTION {schema}.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  INSERT INTO {schema}.audit_log (entry_id, user_id, action) VALUES (NEW.entry_id, NEW.user_id, TG_OP);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION {schema}.note FROM PUBLIC;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON {schema}.tool_data FOR EACH ROW EXECUTE FUNCTION {schema}.note();
