CREATE TABLE {schema}.ref_stages (
  stage_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stage_name TEXT NOT NULL UNIQUE
);
COMMENT ON CONSTRAINT ref_stages_stage_name_key ON {schema}.ref_stages IS 'There is such a stage of {schema} already.';
INSERT INTO {schema}.ref_stages (stage_name) VALUES ('The stage of {schema}');
SELECT praxis.govern('{schema}.ref_stages', '(SELECT auth.role()) = ''authenticated''',
  inserts => '{stage_name}', updates => '{stage_name}', deletes => true);
CREATE FUNCTION {schema}.submit(entry bigint) RETURNS {schema}.tool_data LANGUAGE sql AS $$
  UPDATE {schema}.tool_data SET status = 'submitted' WHERE entry_id = entry RETURNING *
$$;
CREATE FUNCTION {schema}.entries_of_company(company bigint) RETURNS TABLE (entry_id bigint, version int)
LANGUAGE sql STABLE AS $$
  SELECT entry_id, version FROM {schema}.tool_data WHERE company_id = company
$$;
REVOKE ALL ON FUNCTION {schema}.submit, {schema}.entries_of_company FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.submit TO authenticated;
GRANT EXECUTE ON FUNCTION {schema}.entries_of_company TO anon, authenticated;
