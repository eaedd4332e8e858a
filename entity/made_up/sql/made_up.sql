CREATE SCHEMA made_up;
GRANT USAGE ON SCHEMA made_up TO anon, authenticated;
CREATE TABLE made_up.companies (
  company_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name TEXT NOT NULL
);
SELECT praxis.protect('made_up.companies');
CREATE POLICY companies_read ON made_up.companies FOR SELECT USING (name IS NOT NULL);
GRANT SELECT ON made_up.companies TO authenticated;
