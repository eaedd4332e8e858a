CREATE SCHEMA made_up;
GRANT USAGE ON SCHEMA made_up TO anon, authenticated;
CREATE TABLE made_up.companies (
  company_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name TEXT NOT NULL
);
SELECT praxis.govern('made_up.companies', '(SELECT auth.role()) = ''authenticated''');
